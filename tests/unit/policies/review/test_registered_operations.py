"""What a steward is told of registered operations: which nobody may ask, and what a change lets whom ask."""

from __future__ import annotations

import datetime as dt

import pytest

from policies.model import PolicySet
from policies.review.check import check
from policies.review.diff import diff
from schema import SPINE
from tests.support.registered.county import BUILDINGS, TYPE_NAME, county_with, entry

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
FIRE = "fire-inspection"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (county_with(entry(BUILDINGS, "welfare.elder")), "fire-inspection has no grant in force for welfare.elder"),
        (
            county_with(entry(BUILDINGS, reviewed={"housing": "2026-07-01"})),
            "Buildings was reviewed by housing on a day to come",
        ),
        (county_with(bound=True), "fire-inspection is bound to registered operations and has none"),
    ],
)
def test_an_operation_that_does_nothing_is_a_warning(policy: PolicySet, told: str) -> None:
    (found,) = [each for each in check(SPINE, policy, DAY) if each.rule == "operation"]
    assert found.text.startswith(told) and found.place.partition(":")[0] in {"operations.yaml", "applications.yaml"}


def test_a_sound_operation_is_not_mentioned() -> None:
    sound = county_with(entry(BUILDINGS), bound=True)
    assert [each for each in check(SPINE, sound, DAY) if each.rule == "operation"] == []


def changes(before: PolicySet, after: PolicySet) -> list[tuple[str, str, str, bool]]:
    found = diff(SPINE, before, after, DAY).changes
    return [(each.purpose, each.thing, each.kind.value, each.kind.widens) for each in found]


NONE, ONE = county_with(), county_with(entry(BUILDINGS))
OTHER, BOUND = county_with(entry(BUILDINGS, "safety.fire")), county_with(entry(BUILDINGS), bound=True)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (NONE, ONE, [("safety.fire.rental", "operation Buildings", "new", True)]),
        (ONE, NONE, [("safety.fire.rental", "operation Buildings", "gone", False)]),
        (
            ONE,
            OTHER,
            [
                ("safety.fire", "operation Buildings", "new", True),
                ("safety.fire.rental", "operation Buildings", "gone", False),
            ],
        ),
        (ONE, BOUND, [("*", "documents", "narrowed", False)]),
        (BOUND, ONE, [("*", "documents", "widened", True)]),
        (NONE, county_with(dpop=True), [("*", "dpop", "narrowed", False)]),
        (county_with(dpop=True), NONE, [("*", "dpop", "widened", True)]),
        (ONE, county_with(entry(BUILDINGS, reviewed={"housing": "2026-06-20"})), []),
        (
            ONE,
            county_with(entry(BUILDINGS), entry(TYPE_NAME)),
            [("safety.fire.rental", "operation TypeName", "new", True)],
        ),
    ],
)
def test_another_document_that_may_be_asked_is_a_widening(
    before: PolicySet, after: PolicySet, told: list[tuple[str, str, str, bool]]
) -> None:
    assert changes(before, after) == told
