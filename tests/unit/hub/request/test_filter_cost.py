"""What conditions may cost the graph is bounded before it is asked, in literals and in variables alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.request.selection import FILTER_COMPARISONS, FILTER_DEPTH, FILTER_EDGES, FILTER_EDGES_IN_A_ROW
from policies.model import PolicySet
from tests.support.small_graph import ALL_CLEAR, policy, prepare, subject

pytestmark = pytest.mark.unit

NAME = {"name": {"eq": "a"}}
CODE = {"code": {"eq": "a"}}


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), ALL_CLEAR)


def up(edges: list[str], last: dict[str, Any]) -> dict[str, Any]:
    """`some` within `some`, over the named edges from the row on."""
    for edge in reversed(edges):
        last = {edge: {"some": last}}
    return last


def chain(length: int) -> dict[str, Any]:
    """`some` within `some`, from people to dwellings and back."""
    where: dict[str, Any] = NAME if length % 2 == 0 else {"code": {"eq": "a"}}
    for left in range(length):
        edge = "dwellings" if (length - left) % 2 else "residents"
        where = {edge: {"some": where}}
    return where


def nested(levels: int, join: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    where: dict[str, Any] = NAME
    for _ in range(levels):
        where = join(where)
    return where


def negated(where: dict[str, Any]) -> dict[str, Any]:
    return {"not": where}


def alternated(where: dict[str, Any]) -> dict[str, Any]:
    return {"or": [where, NAME]}


ALLOWED = [
    up(["dwellings", "building", "grid", "parent"], NAME),
    up(["dwellings", "residents"], NAME),
    up(["dwellings", "building", "dwellings"], CODE),
    {"and": [up(["dwellings", "residents"], NAME)] * 2},
    nested(FILTER_DEPTH, negated),
    nested(FILTER_DEPTH, alternated),
    {"and": [chain(1)] * FILTER_EDGES},
    {"or": [NAME] * FILTER_COMPARISONS},
]
REFUSED = [
    (chain(FILTER_EDGES_IN_A_ROW + 1), Code.DEPTH_LIMIT, f"{FILTER_EDGES_IN_A_ROW} edges"),
    (chain(25), Code.DEPTH_LIMIT, "levels"),
    (nested(FILTER_DEPTH + 1, negated), Code.DEPTH_LIMIT, f"{FILTER_DEPTH} levels"),
    (nested(FILTER_DEPTH + 1, alternated), Code.DEPTH_LIMIT, f"{FILTER_DEPTH} levels"),
    ({"and": [chain(1)] * (FILTER_EDGES + 1)}, Code.COST_LIMIT, f"{FILTER_EDGES} times"),
    (
        {"dwellings": {"some": {"or": [{"code": {"eq": "a"}}] * 70}}},
        Code.COST_LIMIT,
        f"{FILTER_COMPARISONS} comparisons",
    ),
    (up(["dwellings", "residents", "dwellings"], CODE), Code.COST_LIMIT, "back and forth over Person.dwellings"),
    (up(["reports", "reporter", "reports"], {"number": {"eq": "a"}}), Code.COST_LIMIT, "Person.reports"),
    ({"not": up(["dwellings", "residents", "dwellings"], CODE)}, Code.COST_LIMIT, "Person.dwellings"),
    ({"or": [NAME, up(["dwellings", "residents", "dwellings"], CODE)]}, Code.COST_LIMIT, "Person.dwellings"),
    ({"dwellings": {"none": up(["residents", "dwellings"], CODE)}}, Code.COST_LIMIT, "Person.dwellings"),
    (up(["dwellings", "building", "dwellings", "residents"], NAME), Code.COST_LIMIT, "1,000 edges"),
    ({"and": [up(["dwellings", "residents"], NAME)] * 3}, Code.COST_LIMIT, "1,000 edges"),
]


def ask(policies: PolicySet, where: dict[str, Any], by: str) -> None:
    """A page by a condition that is written in the document, stands in a variable, or is a part of one."""
    condition, variables = {
        "literal": (re.sub(r'"(\w+)":', r"\1:", json.dumps(where)), {}),
        "variable": ("$w", {"w": where}),
        "part": ("{and: [$w]}", {"w": where}),
    }[by]
    head = "query($w: PersonWhere!)" if variables else "query"
    document = f"{head} {{ people(where: {condition}) {{ edges {{ node {{ name }} }} }} }}"
    prepare(policies, subject(policies, "app"), "a", document, variables)


@pytest.mark.parametrize("by", ["literal", "variable"])
@pytest.mark.parametrize("where", ALLOWED, ids=range(len(ALLOWED)))
def test_case_2_03_a_condition_within_the_bounds_is_taken(policies: PolicySet, where: dict[str, Any], by: str) -> None:
    ask(policies, where, by)


@pytest.mark.parametrize("by", ["literal", "variable", "part"])
@pytest.mark.parametrize(("where", "code", "says"), REFUSED, ids=range(len(REFUSED)))
def test_case_2_03_a_condition_beyond_the_bounds_is_refused(
    policies: PolicySet, where: dict[str, Any], code: Code, says: str, by: str
) -> None:
    with pytest.raises(HubError) as caught:
        ask(policies, where, by)
    assert caught.value.code is code
    assert says in caught.value.public_message or code is Code.DEPTH_LIMIT


def test_case_2_03_the_conditions_of_all_roots_count_together(policies: PolicySet) -> None:
    condition = ", ".join(['{name: {eq: "a"}}'] * 10)
    roots = [f"r{n}: people(where: {{or: [{condition}]}}) {{ edges {{ node {{ name }} }} }}" for n in range(7)]
    with pytest.raises(HubError, match="comparisons") as caught:
        prepare(policies, subject(policies, "app"), "a", f"{{ {' '.join(roots)} }}")
    assert caught.value.code is Code.COST_LIMIT


@pytest.mark.parametrize("root", ["people", "peopleAggregate"])
def test_case_2_03_the_edges_that_conditions_follow_count_together(policies: PolicySet, root: str) -> None:
    where = 'where: {dwellings: {some: {residents: {some: {name: {eq: "a"}}}}}}'
    shown = "{ edges { node { name } } }" if root == "people" else "{ count }"

    def document(roots: int) -> str:
        return f"{{ {' '.join(f'r{each}: {root}({where}) {shown}' for each in range(roots))} }}"

    prepare(policies, subject(policies, "app"), "a", document(2))
    with pytest.raises(HubError, match="the second by `in`") as caught:
        prepare(policies, subject(policies, "app"), "a", document(3))
    assert caught.value.code is Code.COST_LIMIT
