"""A list by relations that lead to a node by its key is sought from that node, and has the rows that it had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.filters import page_condition, relation_to_key
from policies.model import PolicySet
from schema import SPINE
from schema.predicate import Related
from tests.support.small_graph import ALL_CLEAR, World, ask, policy, prepare, subject, with_graph

pytestmark = pytest.mark.unit

AT_D1 = {"code": {"eq": "D1"}}
AT_B1 = {"building": {"some": {"code": {"in": ["B1", "B0"]}}}}
SECOND = {"idNumber": {"eq": "2"}}
NEIGHBOURS = {"dwellings": {"some": {"residents": {"some": SECOND}}}}


def some(where: dict[str, Any]) -> dict[str, Any]:
    """People by a condition on their dwellings."""
    return {"dwellings": {"some": where}}


TO_KEY: list[tuple[dict[str, Any], bool]] = [
    (some(AT_D1), True),
    (some(AT_B1), True),
    (NEIGHBOURS, True),
    ({"gender": {"eq": "FEMALE"}, **some(AT_D1)}, True),
    ({"and": [{"gender": {"eq": "FEMALE"}}, {"and": [some(AT_D1)]}]}, True),
    ({"and": [some({"usage": {"eq": "RENTED"}}), {"reports": {"some": {"number": {"eq": "E1"}}}}]}, True),
    ({"idNumber": {"eq": "1"}, **some(AT_D1)}, False),
    (some({"usage": {"eq": "RENTED"}}), False),
    (some({"code": {"startsWith": "D"}}), False),
    (some({"code": {"isNull": False}}), False),
    (some({"region": {"eq": "14/"}}), False),
    (some({"or": [AT_D1, {"usage": {"eq": "RENTED"}}]}), False),
    (some({"not": AT_D1}), False),
    ({"not": some(AT_D1)}, False),
    ({"or": [some(AT_D1), {"gender": {"eq": "FEMALE"}}]}, False),
    ({"dwellings": {"none": AT_D1}}, False),
    ({"not": {"dwellings": {"none": AT_D1}}}, True),
    (some({"building": {"none": {"code": {"eq": "B1"}}}}), False),
]


@pytest.mark.parametrize(("where", "leads"), TO_KEY)
def test_a_condition_leads_to_a_key_where_it_must_hold(where: dict[str, Any], leads: bool) -> None:
    person = SPINE.entity("Person")
    found = relation_to_key(SPINE, person, page_condition(SPINE, person, where))
    assert isinstance(found, Related) == leads


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), ALL_CLEAR)


def test_what_does_not_lead_to_a_key_is_asked_of_each_row(policies: PolicySet) -> None:
    document = """query($d: String!, $n: String!, $e: String!) { people(where: {
        dwellings: {some: {code: {eq: $d}, residents: {none: {name: {eq: $n}}}}}, reports: {some: {number: {eq: $e}}}
    }) { edges { node { id } } } }"""
    _, statement = prepare(policies, subject(policies, "app"), "a", document, {"d": "D1", "n": "a", "e": "E1"})
    assert statement is not None
    assert statement.text.count("EXISTS") == 2
    assert "MATCH (n0)-[:LIVES_IN]->(n2)\n" in statement.text
    assert "NOT EXISTS { MATCH (n2)<-[:LIVES_IN]-" in statement.text
    assert "EXISTS { MATCH (n0)<-[:REPORTED_BY]-" in statement.text


# Two records say that the first lives at D1; the fourth lives in the same building.
PEOPLE = {"p1": "D1", "p2": "D1", "p3": "D1", "p4": "D2", "p5": "D3"}
EXPECTED: list[tuple[dict[str, Any], set[str]]] = [
    (some(AT_D1), {"p1", "p2", "p3"}),
    (some(AT_B1), {"p1", "p2", "p3", "p4"}),
    (NEIGHBOURS, {"p1", "p2", "p3"}),
    ({"gender": {"eq": "FEMALE"}, **some(AT_B1)}, {"p2", "p4"}),
    ({"and": [some(AT_D1), {"reports": {"some": {"number": {"in": ["E1", "E2"]}}}}]}, {"p1"}),
    ({"and": [some(AT_D1), some({"code": {"eq": "D4"}})]}, {"p3"}),
    ({"and": [some(AT_D1), {"dwellings": {"none": {"code": {"eq": "D4"}}}}]}, {"p1", "p2"}),
    (some({"code": {"eq": "gone"}}), set()),
]


@pytest.fixture(scope="module")
def graph(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    made = World(edges=[("d1", "building", "b1"), ("d2", "building", "b1"), ("d3", "building", "b2")])
    for name, dwelling in PEOPLE.items():
        number, gender = name[1:], "FEMALE" if int(name[1:]) % 2 == 0 else "MALE"
        made.nodes[name] = ("Person", {"name": name, "idNumber": number, "gender": gender, "region": "14/01/"})
        made.edges.append((name, "dwellings", dwelling.lower()))
    made.nodes["p6"] = ("Person", {"name": "p6", "idNumber": "6", "region": "14/01/", "deletedAt": "now"})
    for code in ("D1", "D2", "D3", "D4"):
        made.nodes[code.lower()] = ("Dwelling", {"code": code, "region": "14/01/"})
    for code in ("B1", "B2"):
        made.nodes[code.lower()] = ("Building", {"code": code, "region": "14/01/"})
    for number in ("E1", "E2"):
        made.nodes[number] = ("Event", {"number": number, "region": "14/01/"})
        made.edges.append((number, "reporter", "p1"))
    made.edges.extend([("p1", "dwellings", "d1"), ("p3", "dwellings", "d4"), ("p6", "dwellings", "d1")])
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    yield empty_graph


PAGE = """query($w: PersonWhere, $n: Int, $c: String) {
  people(where: $w, first: $n, after: $c, orderBy: [{name: DESC}]) {
    edges { node { name } } pageInfo { hasNextPage endCursor } } }"""
COUNT = "query($w: PersonAggregateWhere) { peopleAggregate(where: $w, groupBy: [GENDER]) { gender count } }"


@pytest.mark.parametrize(("where", "expected"), EXPECTED)
def test_each_row_is_there_once_in_its_order_page_after_page(
    graph: GraphAddress, policies: PolicySet, where: dict[str, Any], expected: set[str]
) -> None:
    async def names(reader: Graph) -> list[str]:
        found: list[str] = []
        page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        while page["pageInfo"]["hasNextPage"]:
            variables = {"w": where, "n": 2, "c": page["pageInfo"]["endCursor"]}
            asked = await ask(reader, policies, subject(policies, "app"), "a", PAGE, variables)
            page = asked.answer.data["people"]
            found += [edge["node"]["name"] for edge in page["edges"]]
        return found

    assert with_graph(graph, names) == sorted(expected, reverse=True)


@pytest.mark.parametrize(("where", "expected"), EXPECTED)
def test_each_row_is_counted_once(
    graph: GraphAddress, policies: PolicySet, where: dict[str, Any], expected: set[str]
) -> None:
    async def counts(reader: Graph) -> dict[str, int]:
        asked = await ask(reader, policies, subject(policies, "app"), "a", COUNT, {"w": where})
        return {cell["gender"]: cell["count"] for cell in asked.answer.data["peopleAggregate"] if cell["count"]}

    women = {name for name in expected if int(name[1:]) % 2 == 0}
    expectation = {"FEMALE": len(women), "MALE": len(expected - women)}
    assert with_graph(graph, counts) == {gender: count for gender, count in expectation.items() if count}
