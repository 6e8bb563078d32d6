"""The matrix says of each cell what `policy explain` says of it, for the applications that are chosen."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from hub.console.steward.matrix import STRONGEST, Chosen, Effect, Matrix, Sensitivity, matrix_of
from hub.steward.explain_coordinate import explain_coordinate
from policies.language import load
from policies.model import PolicySet
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 6, 30)
WORDS = {each.value: each for each in (Effect.CLEAR, Effect.AGGREGATE, Effect.ANSWER, Effect.MATCH, Effect.VERIFY)}
"""What `policy explain` calls them; every other word is a mask."""


@pytest.fixture(scope="module")
def policy() -> PolicySet:
    return load(COUNTY, SPINE)


def shown(policy: PolicySet, **chosen: str) -> Matrix:
    return matrix_of(SPINE, policy, Chosen(**chosen), TODAY)


def explained(policy: PolicySet, applications: list[str], purpose: str, coordinate: str) -> Effect:
    """The strongest of what `policy explain` tells of each application."""
    told = [explain_coordinate(SPINE, policy, each, purpose, coordinate, TODAY) for each in applications]
    effects = [WORDS.get(word.partition("(")[0], Effect.MASK) for each in told if each.granted for word in each.effects]
    return min([*effects, Effect.NOTHING], key=STRONGEST.index)


def test_each_cell_is_what_explain_says(policy: PolicySet) -> None:
    found, seen = shown(policy), set()
    for group in found.groups:
        for row in group.rows:
            for purpose, cell in zip(found.purposes, row.cells, strict=True):
                assert cell == explained(policy, list(policy.applications), purpose, row.coordinate), (purpose, row)
                seen.add(cell)
    assert seen == set(Effect), "every effect is in the county's policies"
    assert {row.coordinate for group in found.groups for row in group.rows} == {name for name, _ in SPINE.coordinates()}


@pytest.mark.parametrize("application", ["fire-inspection", "statistics", "grid-desk"])
def test_one_application_has_its_own_purposes_and_effects(policy: PolicySet, application: str) -> None:
    found, department = shown(policy, application=application), policy.applications[application].department
    assert 0 < len(found.purposes) < len(shown(policy).purposes)
    for group in found.groups:
        for row in group.rows:
            for purpose, cell in zip(found.purposes, row.cells, strict=True):
                assert cell == explained(policy, [application], purpose, row.coordinate)
    assert set(found.purposes) <= set(shown(policy, department=department).purposes)
    assert shown(policy, department="none of them", application=application).purposes == ()


def test_a_text_of_a_field_or_its_type_leaves_the_rest_out(policy: PolicySet) -> None:
    everything = {row.coordinate for group in shown(policy).groups for row in group.rows}
    for text, meant in (("电话", "Person.phone"), ("PHONE", "Person.phone"), ("Person.ph", "Person.phone")):
        rows = {row.coordinate for group in shown(policy, text=text).groups for row in group.rows}
        assert meant in rows
        assert len(rows) < len(everything) / 4
    of_type = {row.coordinate for group in shown(policy, text="实有人口").groups for row in group.rows}
    assert {each for each in everything if each.startswith("Person.")} <= of_type
    assert shown(policy, text="no such words").groups == ()


def test_a_purpose_and_a_sensitivity_leave_the_rest_out(policy: PolicySet) -> None:
    found = shown(policy, purpose="safety.fire.rental", sensitivity="sensitive")
    assert found.purposes == ("safety.fire.rental",)
    rows = [row for group in found.groups for row in group.rows]
    assert {row.sensitivity for row in rows} == {Sensitivity.SENSITIVE}
    assert "Person.idNumber" in {row.coordinate for row in rows}
    whole = {row.coordinate: row for group in shown(policy).groups for row in group.rows}
    by_sensitivity = [len(shown(policy, sensitivity=each).groups) for each in Sensitivity]
    assert all(by_sensitivity)
    assert sum(sum(len(group.rows) for group in shown(policy, sensitivity=each).groups) for each in Sensitivity) == len(
        whole
    )


def test_an_application_without_a_grant_has_no_purpose_to_show(policy: PolicySet) -> None:
    bare = replace(policy, grants=())
    assert matrix_of(SPINE, bare, Chosen(), TODAY).purposes == ()
