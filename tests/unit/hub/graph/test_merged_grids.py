"""A grid merged yesterday: who answered for it answers for its successor, and nobody for more than that."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hub.graph.merged_grids import successors_by_path
from policies.decide import decide
from policies.model import Decision
from policies.succession import NOWHERE, Successors, follow, successor
from schema import SPINE
from schema.predicate import FALSE, All, Compare, Op, Placeholder
from tests.support.small_graph import policy, subject

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: grid, jurisdiction: 14/01/}]
grants:
  - id: one
    to: {application: [app]}
    for: [a]
    basis: law
    rows:
      Person: {region: {startsWith: 14/01/}, dwellings: {some: {region: {in: [14/01/, 14/09/]}}}}
      Dwelling: {region: {startsWith: $subject.jurisdiction}}
    fields: {Person.name: clear, Dwelling.usage: clear}
"""

PATHS: list[tuple[Successors, str | None]] = [
    ({}, "14/01/"),
    ({"14/02/": "14/03/"}, "14/01/"),
    ({"14/01/": "14/02/"}, "14/02/"),
    ({"14/01/": "14/02/", "14/02/": "14/03/"}, "14/03/"),
    ({"14/01/": None}, None),
    ({"14/01/": "14/02/", "14/02/": "14/01/"}, None),
]


@pytest.mark.parametrize(("successors", "expected"), PATHS)
def test_a_path_leads_to_where_it_is_today(successors: Successors, expected: str | None) -> None:
    assert successor("14/01/", successors) == expected


@pytest.fixture
def decision(tmp_path: Path) -> Decision:
    policies = policy(tmp_path, POLICY)
    return decide(SPINE, policies, subject(policies, "app"), "a", dt.date(2026, 6, 30))


def test_jurisdiction_and_rows_follow_a_merge(decision: Decision) -> None:
    today = follow(decision, {"14/01/": "14/02/"})
    (person,), (dwelling,) = today.of("Person").rows, today.of("Dwelling").rows
    assert today.subject.jurisdiction == "14/02/"
    assert isinstance(person, All)
    assert person.parts[0] == Compare("region", Op.STARTS_WITH, "14/02/")
    assert "14/02/" in str(person.parts[1])
    assert "14/09/" in str(person.parts[1])
    assert dwelling == Compare("region", Op.STARTS_WITH, Placeholder("subject.jurisdiction"))


def test_a_split_holds_nowhere(decision: Decision) -> None:
    today = follow(decision, {"14/01/": None})
    (person,) = today.of("Person").rows
    assert today.subject.jurisdiction == NOWHERE
    assert isinstance(person, All)
    assert person.parts[0] == FALSE
    assert "14/01/" not in str(today.types)


def test_no_merge_changes_nothing(decision: Decision) -> None:
    assert follow(decision, {}) is decision
    assert follow(decision, {"14/07/": "14/08/"}) == decision


def test_two_successors_are_a_split() -> None:
    rows = [{"old": "a/", "new": "b/"}, {"old": "c/", "new": "d/"}, {"old": "c/", "new": "e/"}]
    assert successors_by_path(rows) == {"a/": "b/", "c/": None}
