"""What the page of a draft carries for its editor: each word once, and each error with the line that it is about."""

from __future__ import annotations

import pytest

from hub.console.steward.editing import Mark, marks_of, words_of_policies
from hub.console.words import LANGUAGES, all_words
from policies.language import load
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_those_that_a_policy_may_name(language: str) -> None:
    found = words_of_policies(SPINE, load(COUNTY, SPINE), language)
    by_text = {each.text: each for each in found}
    assert len(by_text) == len(found)
    kinds = {
        "grants": "editor_key",
        "dailyCap": "editor_obligation",
        "clear": "editor_effect",
        "partial(3,4)": "editor_effect",
        "$case": "editor_placeholder",
        "safety.fire.rental": "editor_purpose",
        "fire-inspection": "editor_application",
        "Person": "editor_type",
        "Person.phone": "editor_coordinate",
    }
    assert {text: by_text[text].kind for text in kinds} == kinds
    assert all(all_words()[language][each.kind] for each in found)
    named = {"zh": "出租房屋消防检查", "en": "Fire inspection of rented dwellings"}
    assert by_text["safety.fire.rental"].name == named[language]


def test_each_line_of_a_problem_that_names_a_place_is_a_mark_of_its_own() -> None:
    problem = "fire.yaml:7: unknown key\nwrite another\nmore-apps.yaml:12: twice\nthe whole does not load"
    assert marks_of(None, problem) == [
        Mark("fire.yaml:7: unknown key\nwrite another", "error", "fire.yaml", 7),
        Mark("more-apps.yaml:12: twice\nthe whole does not load", "error", "more-apps.yaml", 12),
    ]


@pytest.mark.parametrize("text", ["it is in force no more", "fire.yaml: no line", "a b.yaml:3: x", "x.yaml:1x: y"])
def test_a_problem_without_a_line_is_told_without_one(text: str) -> None:
    assert marks_of(None, text) == [Mark(text, "error")]


def test_nothing_is_said_of_a_draft_that_was_not_tried() -> None:
    assert marks_of(None, "") == []
