"""`contains` on a real graph: by the full-text index where that is the way, and exact whatever the way."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import neo4j
import pytest

from hub.graph.constraints import drop_obsolete, ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.request.template import Statement
from policies.model import PolicySet
from schema import SPINE
from schema.catalogue import Catalogue, Entity
from schema.conditions.search_text import index_query, is_searchable
from tests.support.search.shops import HERE, load_shops, some_texts
from tests.support.small_graph import Asked, ask, prepare, rows_of, subject, with_graph

pytestmark = pytest.mark.conformance

UNITS = "query($w: UnitWhere) { units(where: $w) { edges { node { name } } } }"
PEOPLE = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"
COUNT = "query($w: UnitAggregateWhere) { unitsAggregate(where: $w) { count } }"
SEARCH = "queryNodes"


@pytest.fixture(scope="module")
def policies(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return load_shops(empty_graph, tmp_path_factory.mktemp("search"))


def asked(address: GraphAddress, policies: PolicySet, document: str, where: dict[str, Any]) -> tuple[Any, str]:
    """What is under the one root field, and the statement; kept plan and plain way make the same one (`ask`)."""

    async def run(graph: Graph) -> Asked:
        return await ask(graph, policies, subject(policies, "market-desk"), "market", document, {"w": where})

    got = with_graph(address, run)
    assert got.statement is not None
    (root,) = got.answer.data.values()
    return [each["node"]["name"] for each in root["edges"]] if "edges" in root else root, got.statement.text


STREET = {"name": {"contains": "东街"}}


@pytest.mark.parametrize(
    ("where", "names", "by_index"),
    [
        (STREET, {"东街便利店", "东街ABC便民超市"}, True),
        ({"name": {"contains": "街ABC便民"}}, {"东街ABC便民超市"}, True),
        ({"name": {"contains": "abc"}}, set(), True),
        ({"name": {"contains": "ABC"}}, {"东街ABC便民超市"}, True),
        ({"name": {"contains": "西街便利"}}, set(), True),
        ({"and": [{"kind": {"eq": "SHOP"}}, {"and": [STREET]}]}, {"东街便利店", "东街ABC便民超市"}, True),
        ({"not": STREET}, {"东便街"}, False),
        ({"or": [STREET, {"kind": {"eq": "SCHOOL"}}]}, {"东街便利店", "东街ABC便民超市", "东便街"}, False),
        ({"region": {"eq": HERE}, **STREET}, {"东街便利店", "东街ABC便民超市"}, False),
        ({"representative": {"some": {"name": {"eq": "甲"}}}, **STREET}, {"东街便利店"}, False),
    ],
)
def test_a_search_finds_what_the_purpose_shows(
    empty_graph: GraphAddress, policies: PolicySet, where: dict[str, Any], names: set[str], by_index: bool
) -> None:
    found, statement = asked(empty_graph, policies, UNITS, where)
    assert set(found) == names
    assert len(found) == len(names)
    assert (SEARCH in statement) == by_index


def test_people_are_found_by_the_fields_of_what_they_are_related_to(
    empty_graph: GraphAddress, policies: PolicySet
) -> None:
    found, statement = asked(empty_graph, policies, PEOPLE, {"represents": {"some": {"name": {"contains": "便利店"}}}})
    assert found == ["甲"]  # the other shop lies in another street
    assert statement.count("MATCH (n0:Person)") == 1
    none, _ = asked(empty_graph, policies, PEOPLE, {"represents": {"none": {"name": {"contains": "便利店"}}}})
    assert none == ["乙"]


def test_two_searches_that_go_together_find_each_their_own(empty_graph: GraphAddress, policies: PolicySet) -> None:
    who = subject(policies, "market-desk")

    def statement(text: str) -> Statement:
        made = prepare(policies, who, "market", UNITS, {"w": {"name": {"contains": text}}})[1]
        assert made is not None
        assert "queryNodes('unit_name_text', each.p0)" in (made.joint.text if made.joint else "")
        return made

    made = [statement("东街便利"), statement("ABC便民")]
    # A kept plan is one for both: what goes together is equal in it.
    both = [replace(each, joint=made[0].joint) for each in made]
    rows = with_graph(empty_graph, lambda graph: rows_of(graph, *both))
    assert [[cells[1] for _, cells in row["r0"]] for row in rows] == [["东街便利店"], ["东街ABC便民超市"]]


def test_what_is_found_is_counted(empty_graph: GraphAddress, policies: PolicySet) -> None:
    found, statement = asked(empty_graph, policies, COUNT, STREET)
    assert found == [{"count": 2}]
    assert SEARCH in statement


def test_the_index_finds_each_text_that_holds_what_is_sought(
    empty_graph: GraphAddress, policies: PolicySet, graph_driver: neo4j.Driver, rng: random.Random
) -> None:
    texts = some_texts(rng, 1_000)
    parts = [text[at : at + rng.randint(2, 9)] for text in texts for at in range(0, len(text), 3)]
    sought = [{"part": each, "query": index_query(each)} for each in dict.fromkeys(parts) if is_searchable(each)]
    assert len(sought) > 300
    graph_driver.execute_query("UNWIND $texts AS text CREATE (:Unit {name: text, probe: true})", texts=texts)
    try:
        missed = graph_driver.execute_query(
            "UNWIND $sought AS each CALL (each) { CALL db.index.fulltext.queryNodes('unit_name_text', each.query) "
            "YIELD node RETURN collect(node.name) AS found } UNWIND $texts AS text "
            "WITH each, found, text WHERE text CONTAINS each.part AND NOT text IN found RETURN each.part AS part, text",
            sought=sought,
            texts=texts,
        ).records
        assert [tuple(each) for each in missed] == []
    finally:
        graph_driver.execute_query("MATCH (n:Unit {probe: true}) DELETE n")


def test_an_index_goes_with_what_asks_for_it(empty_graph: GraphAddress, policies: PolicySet) -> None:
    def unmarked(entity: Entity) -> Entity:
        fields = tuple(replace(each, searchable=False) for each in entity.fields)
        return replace(entity, fields=fields, edges={})

    catalogue = Catalogue(tuple(map(unmarked, SPINE)), SPINE.edges, SPINE.case)
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        assert drop_obsolete(writer, catalogue, {"Unit"}) == ("unit_name_text",)
        assert ensure_constraints(writer, SPINE).created == ("unit_name_text",)
