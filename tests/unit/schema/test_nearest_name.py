"""The nearest of some known names: letters of either case are alike, and what is compared is bounded."""

from __future__ import annotations

import pytest

from schema.nearest_name import COMPARED_LETTERS, COMPARED_NAMES, nearest_name

pytestmark = pytest.mark.unit
NAMES = ("id", "delayedDays", "RENTED", "basis")


@pytest.mark.parametrize(
    ("word", "least", "near"),
    [
        ("ID", 1.0, "id"),
        ("delayeddays", 1.0, "delayedDays"),
        ("rented", 1.0, "RENTED"),
        ("bassis", 0.7, "basis"),
        ("rental", 0.5, "RENTED"),
        ("rental", 0.7, None),
        ("colour", 0.5, None),
        ("", 0.5, None),
    ],
)
def test_the_nearest_is_as_like_as_asked_whatever_the_case(word: str, least: float, near: str | None) -> None:
    assert nearest_name(word, NAMES, least) == near


def test_of_names_that_differ_in_case_only_the_first_is_told() -> None:
    assert nearest_name("NAME", ["Name", "name"]) == "Name"


def test_long_words_and_names_after_the_first_few_are_not_compared() -> None:
    long = "a" * (COMPARED_LETTERS + 1)
    assert nearest_name(long, ["a" * COMPARED_LETTERS]) is None
    assert nearest_name("a" * COMPARED_LETTERS, [long]) is None
    assert nearest_name("id", [*(f"x{n}" for n in range(COMPARED_NAMES)), "id"]) is None
