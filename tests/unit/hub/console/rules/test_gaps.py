"""What a form leaves empty is told by the label that it stands under."""

from __future__ import annotations

from typing import Any

import pytest

from hub.console.rules.choices import Choices
from hub.console.rules.gaps import gaps_of
from policies.editing.rules import rules_of
from policies.language import load, read_folder
from policies.stewards import Role, Steward
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
CHOICES = Choices(SPINE, load(COUNTY, SPINE), Steward("a", "p", roles=(Role.STEWARD,)))
GRANT: dict[str, Any] = {
    "id": "new-one",
    "to": {"application": ["grid-desk"]},
    "for": ["event.dispatch"],
    "rows": {"Person": {"region": {"startsWith": "14/"}}},
    "fields": {"Person.name": "clear"},
    "basis": "law",
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"id": ""}, ["id"]),
        ({"id": "New one"}, ["id_form"]),
        ({"id": "a" * 65}, ["id_form"]),
        ({"id": "fire-case"}, ["id_taken"]),
        ({"to": {}}, ["who"]),
        ({"for": [], "basis": None}, ["why", "basis"]),
        ({"fields": {}}, ["what"]),
        ({"rows": {}}, ["rows"]),
        ({"match": ["Person.idNumber"]}, ["match"]),
        ({"match": ["Person.idNumber"], "obligations": {"case": "required"}}, []),
        ({"valid": {"from": "2026-02-01", "to": "2026-01-01"}}, ["until"]),
    ],
)
def test_each_gap_of_a_grant_is_told(changed: dict[str, Any], told: list[str]) -> None:
    assert [each.kind for each in gaps_of({**GRANT, **changed}, "grants", CHOICES, is_new=True)] == told


def test_an_empty_prohibition_has_three_gaps_and_a_name() -> None:
    found = gaps_of({"id": ""}, "prohibitions", CHOICES, is_new=True)
    assert [(each.kind, each.place) for each in found] == [
        ("id", "rule-id"),
        ("why_not", "rule-why"),
        ("what_not", "rule-what"),
        ("basis", "rule-basis"),
    ]


def test_no_rule_that_is_in_force_has_a_gap() -> None:
    for rule in rules_of(read_folder(COUNTY)):
        assert gaps_of(rule.content, rule.section, CHOICES, is_new=False) == [], rule.id
