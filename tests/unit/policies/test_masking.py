"""Masks: one that cannot be applied as asked shows nothing of the value; bands of age by days are those by years."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.masking import AGE_BANDS, OLDEST_BAND, REDACTED, age_band, mask_fetched
from policies.rules import Subject, placeholder_value
from schema.predicate import Placeholder
from tests.support.small_graph import TODAY

pytestmark = pytest.mark.unit


class Odd(str):
    """A text that cannot be encoded, so that the method itself fails."""

    def __str__(self) -> str:
        raise RuntimeError("this text cannot be read")


@pytest.mark.parametrize(
    ("mask", "value", "key", "shown"),
    [
        ("pseudonym", "13811110001", b"", REDACTED),
        ("pseudonym", Odd("13811110001"), b"k", REDACTED),
        ("address(street)", Odd("平定县榆关街道"), b"k", REDACTED),
        ("unknown", "13811110001", b"k", REDACTED),
        ("partial(3,x)", "13811110001", b"k", REDACTED),
        ("year", "not a date", b"k", REDACTED),
        ("age_band", 42, b"k", None),
        ("pseudonym", dt.date(1957, 3, 1), b"", None),
    ],
)
def test_a_failing_mask_redacts(mask: str, value: Any, key: bytes, shown: Any) -> None:
    assert mask_fetched(mask, value, TODAY, key) == shown


def test_a_mask_that_works_is_applied() -> None:
    assert mask_fetched("address(street)", "平定县榆关街道12号", TODAY, b"k") == "平定县榆关街道"


@pytest.mark.parametrize("today", ["2026-06-30", "2024-02-28", "2024-02-29", "2024-03-01", "2023-02-28", "2023-03-01"])
def test_the_days_at_which_bands_end_are_those_of_ages_in_whole_years(today: str) -> None:
    now = dt.date.fromisoformat(today)
    nobody = Subject("", "", "", "", "", "")
    days = [placeholder_value(Placeholder("today", years), nobody, now) for years in range(10, OLDEST_BAND + 1, 10)]
    for before in range(103 * 366):
        birth = now - dt.timedelta(days=before)
        assert AGE_BANDS[sum(birth <= each for each in days)] == age_band(birth, now)
