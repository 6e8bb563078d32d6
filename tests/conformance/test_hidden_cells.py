"""A cell that a row may not show is null to every operator, sort and cursor, whatever stands in it (semantics 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.small_graph import World, ask, policy, subject

pytestmark = pytest.mark.conformance

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: everywhere
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear}
  - id: own
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: clear, Person.birthDate: clear}
"""

# Two people here, three elsewhere: of those one has a telephone that would match, one another, one none.
PEOPLE = {
    "here-1": {"name": "甲", "phone": "111", "region": "14/01/"},
    "here-0": {"name": "乙", "region": "14/01/"},
    "far-1": {"name": "丙", "phone": "111", "region": "14/02/"},
    "far-2": {"name": "丁", "phone": "222", "region": "14/02/"},
    "far-0": {"name": "戊", "region": "14/02/"},
}
FAR = {"丙", "丁", "戊"}

CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"phone": {"eq": "111"}}, {"甲"}),
    ({"not": {"phone": {"eq": "111"}}}, set()),
    ({"not": {"phone": {"eq": "999"}}}, {"甲"}),
    ({"phone": {"in": ["111", "222"]}}, {"甲"}),
    ({"not": {"phone": {"in": ["222"]}}}, {"甲"}),
    ({"phone": {"startsWith": "1"}}, {"甲"}),
    ({"not": {"phone": {"startsWith": "2"}}}, {"甲"}),
    ({"phone": {"isNull": False}}, {"甲"}),
    ({"phone": {"isNull": True}}, {"乙"} | FAR),
    ({"not": {"phone": {"isNull": False}}}, {"乙"} | FAR),
    ({"not": {"phone": {"isNull": True}}}, {"甲"}),
    ({"or": [{"phone": {"eq": "111"}}, {"name": {"eq": "丁"}}]}, {"甲", "丁"}),
    ({"not": {"or": [{"phone": {"eq": "222"}}, {"name": {"eq": "丁"}}]}}, {"甲"}),
    ({"and": [{"phone": {"isNull": True}}, {"not": {"name": {"eq": "乙"}}}]}, FAR),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture(scope="module")
def people(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        World({name: ("Person", properties) for name, properties in PEOPLE.items()}).load(writer)
    yield empty_graph


def names(address: GraphAddress, policies: PolicySet, documents: list[tuple[str, dict[str, Any]]]) -> list[list[str]]:
    """The names that each document lists, in order."""

    async def run() -> list[list[str]]:
        graph = Graph(address.url, address.user, address.password)
        try:
            found = []
            for document, variables in documents:
                asked = await ask(graph, policies, subject(policies, "app"), "a", document, variables)
                found.append([edge["node"]["name"] for edge in asked.answer.data["people"]["edges"]])
            return found
        finally:
            await graph.close()

    return asyncio.run(run())


LIST = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"


@pytest.mark.parametrize(("where", "expected"), CASES)
def test_a_hidden_cell_is_null(
    people: GraphAddress, policies: PolicySet, where: dict[str, Any], expected: set[str]
) -> None:
    (found,) = names(people, policies, [(LIST, {"w": where})])
    assert set(found) == expected


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_hidden_cells_sort_among_the_nulls_and_pages_go_through_them(
    people: GraphAddress, policies: PolicySet, direction: str
) -> None:
    document = f"query($c: String) {{ people(first: 1, after: $c, orderBy: [{{phone: {direction}}}]) {{ " + (
        "edges { cursor node { name phone } } pageInfo { hasNextPage endCursor } } }"
    )

    async def pages() -> list[dict[str, Any]]:
        graph = Graph(people.url, people.user, people.password)
        cursor, shown = None, []
        try:
            while True:
                asked = await ask(graph, policies, subject(policies, "app"), "a", document, {"c": cursor})
                page = asked.answer.data["people"]
                shown += [edge["node"] for edge in page["edges"]]
                if not page["pageInfo"]["hasNextPage"]:
                    return shown
                cursor = page["pageInfo"]["endCursor"]
        finally:
            await graph.close()

    shown = asyncio.run(pages())
    phones = [each["phone"] for each in shown]
    assert phones == (["111"] + [None] * 4 if direction == "ASC" else [None] * 4 + ["111"])
    assert {each["name"] for each in shown} == {"甲", "乙"} | FAR
