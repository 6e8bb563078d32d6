"""A case opens what it is about to the department that works on it, while it is open (semantics 12)."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.respond import respond
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import SEALS, World, compiled, denial_errors, policy, prepare, subject

pytestmark = pytest.mark.conformance

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}
grants:
  - id: events
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Event: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Event.number: clear}
  - id: reporter-of-the-case
    to: {application: [app]}
    for: [a]
    basis: law
    rows:
      Person: {reports: {some: {number: {eq: $case}}}}
      Event: {number: {eq: $case}}
    fields: {Person.name: clear, Event.reporterPhone: clear}
  - id: buildings-with-a-case
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Building: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Building.name: clear}
    obligations: {case: required}
"""

WORLD = World(
    {
        "p": ("Person", {"name": "甲", "region": "14/01/"}),
        "q": ("Person", {"name": "乙", "region": "14/01/"}),
        "b": ("Building", {"name": "楼", "region": "14/01/"}),
        **{
            number: (
                "Event",
                {
                    "number": number,
                    "region": "14/02/" if number == "far" else "14/01/",
                    "status": "CLOSED" if number == "closed" else "HANDLING",
                    "handlingDepartment": "police" if number == "theirs" else "fire",
                    "reporterPhone": "111",
                    **({"deletedAt": "2026-01-01"} if number == "gone" else {}),
                },
            )
            for number in ("open", "closed", "theirs", "far", "gone")
        },
    },
    [(number, "reporter", "p") for number in ("open", "closed", "theirs", "far", "gone")],
)

QUESTION = """{
  people { edges { node { name } } }
  buildings { edges { node { name } } }
  events { edges { node { number reporterPhone } } }
}"""

NOTHING: dict[str, Any] = {"people": [], "buildings": [], "phones": set()}
CASES: list[tuple[str | None, dict[str, Any]]] = [
    ("open", {"people": ["甲"], "buildings": ["楼"], "phones": {"open"}}),
    ("closed", NOTHING),
    ("theirs", NOTHING),
    ("far", NOTHING),
    ("gone", NOTHING),
    ("no such case", NOTHING),
    ("", NOTHING),
    (None, NOTHING),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture(scope="module")
def graph_with_cases(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
    yield empty_graph


def answer(address: GraphAddress, policies: PolicySet, case: str | None) -> dict[str, Any]:
    """What the question finds under a case."""
    planned, _ = prepare(policies, subject(policies, "app"), "a", QUESTION)
    planned = dataclasses.replace(planned, decision=dataclasses.replace(planned.decision, case=case))
    statement = compiled(planned)
    assert statement is not None

    async def run() -> dict[str, Any]:
        graph = Graph(address.url, address.user, address.password)
        try:
            rows = await graph.fetch(statement.text, statement.parameters, deadline_seconds=30, byte_cap=1_000_000)
        finally:
            await graph.close()
        found = respond(planned, rows[0], {}, SPINE, SEALS, denial_errors(policies, planned), 1_000_000)
        assert not found.errors, "whether a case holds is never told"
        return found.data

    data = asyncio.run(run())
    nodes = {root: [edge["node"] for edge in data[root]["edges"]] for root in data}
    return {
        "people": [each["name"] for each in nodes["people"]],
        "buildings": [each["name"] for each in nodes["buildings"]],
        "phones": {each["number"] for each in nodes["events"] if each["reporterPhone"]},
    }


@pytest.mark.parametrize(("case", "expected"), CASES)
def test_only_an_open_case_of_ones_own_opens_anything(
    graph_with_cases: GraphAddress, policies: PolicySet, case: str | None, expected: dict[str, Any]
) -> None:
    assert answer(graph_with_cases, policies, case) == expected
