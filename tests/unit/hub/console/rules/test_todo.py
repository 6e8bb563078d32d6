"""What waits for a steward: grants that end, and grants that nobody used."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from hub.console.rules.todo import _ending_grants, _unused
from policies.language import load
from policies.review.undecided import in_short
from policies.rules import Validity
from policies.stewards import Steward
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 6, 30)
POLICY = load(COUNTY, SPINE)
HOTLINE = Steward("a", "p", owns=("hotline",))


def test_an_answer_that_no_rule_names_is_told_as_undecided() -> None:
    names = [name for name, _ in SPINE.coordinates()]
    assert in_short(SPINE, names) == [f"{each.name}.*" for each in SPINE]
    answers = [f"{each.name}.{answer.name}" for each in SPINE for answer in each.answers]
    assert answers
    assert in_short(SPINE, answers) == answers


def test_grants_that_end_soon_or_did_are_told_the_earliest_first() -> None:
    days = {"fire-case": 30, "statistics": -1, "grid-events": 31}
    grants = [
        replace(each, valid=Validity(None, TODAY + dt.timedelta(days=days[each.id]))) if each.id in days else each
        for each in POLICY.grants
    ]
    found = _ending_grants(replace(POLICY, grants=tuple(grants)), HOTLINE, TODAY)
    assert [(each.name, each.over, each.mine) for each in found] == [
        ("statistics", True, False),
        ("fire-case", False, True),
    ]


def test_a_grant_is_used_by_its_own_application_for_its_purpose_and_what_it_gives() -> None:
    def unused(application: str, purpose: str, coordinate: str) -> bool:
        found = _unused(POLICY, HOTLINE, {(application, purpose): frozenset({coordinate})}, TODAY, {"fire-places"})
        return "fire-places" in {each.name for each in found}

    assert _unused(POLICY, HOTLINE, {}, TODAY, ()) == [], "a grant that is too new is not told"
    assert not unused("fire-inspection", "safety.fire", "Dwelling.code")
    assert not unused("fire-inspection", "safety.fire.rental", "Building.code"), "a purpose below"
    assert unused("fire-inspection", "safety", "Dwelling.code"), "a purpose above"
    assert unused("grid-desk", "safety.fire", "Dwelling.code")
    assert unused("fire-inspection", "safety.fire", "Person.name")
