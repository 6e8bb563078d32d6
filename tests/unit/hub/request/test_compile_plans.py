"""How the real graph plans statements: it scans nothing for a root, and reads no type whole for each row.

No root field that a jurisdiction scopes is planned as a scan of a label or of the whole graph. A relation in a
condition is followed from the row that it stands at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.language import load
from schema import SPINE
from tests.support.small_graph import SEALS, World, prepare, sid, subject, with_graph

pytestmark = [pytest.mark.unit, pytest.mark.slow]
POLICIES = load(Path(__file__).parents[4] / "examples" / "county" / "policies", SPINE)
SCANS = {"AllNodesScan", "NodeByLabelScan", "PartitionedNodeByLabelScan", "PartitionedAllNodesScan"}
STREETS, EACH = 12, 40

ASKED = (
    *(("fire-inspection", purpose) for purpose in ("safety.fire", "safety.fire.rental")),
    *(("grid-desk", purpose) for purpose in ("event.dispatch", "event.callback")),
    ("welfare-visits", "welfare.elder"),
    ("hotline-insight", "voice.analyse"),
    ("statistics", "stat"),
)


def documents(department: str, purpose: str) -> Iterator[str]:
    """Each root field of each type."""
    for entity in SPINE:
        one = entity.name[0].lower() + entity.name[1:]
        sealed = SEALS.seal_id(department, purpose, entity.tag, sid(entity.name))
        yield f"{{ {entity.plural}(first: 100) {{ edges {{ cursor node {{ id }} }} }} }}"
        yield f"{{ {entity.plural}Aggregate {{ count }} }}"
        yield f'{{ {one}(id: "{sealed}") {{ id }} }}'
        yield f'{{ node(id: "{sealed}") {{ id }} }}'


def county() -> World:
    """Twelve streets in three districts, so that statistics know what a prefix is worth."""
    made = World()
    for entity in SPINE:
        for index in range(STREETS * EACH):
            region = f"14/03/{21 + index % 3}/{index % STREETS:03}/001/{index % EACH:03}/"
            properties = {"region": region, "level": "GRID", "code": f"{index}"}
            made.nodes[f"{entity.name}-{index}"] = (entity.name, properties)
    for edge in SPINE.edges:
        pairs = ((f"{edge.source}-{index}", f"{edge.target}-{index // 2}") for index in range(STREETS * EACH))
        made.edges.extend((source, edge.name, target) for source, target in pairs)
    return made


def relations() -> Iterator[str]:
    """Lists and counts by conditions over relations, of dispatch."""
    closed = "{status: {eq: CLOSED}}"
    for where in (
        f"people(where: {{reports: {{some: {closed}}}}})",
        f"people(where: {{not: {{reports: {{some: {closed}}}}}}})",
        f'people(where: {{or: [{{name: {{eq: "a"}}}}, {{reports: {{some: {closed}}}}}]}}, orderBy: [{{name: ASC}}])',
        f"events(where: {{reporter: {{some: {{reports: {{some: {closed}}}}}}}}})",
        f"events(where: {{reporter: {{none: {{reports: {{none: {closed}}}}}}}}})",
        'events(where: {grid: {some: {events: {some: {number: {eq: "a"}}}}}})',
        "dwellings(where: {building: {some: {dwellings: {some: {usage: {eq: RENTED}}}}}})",
    ):
        yield f"{{ {where} {{ edges {{ node {{ id }} }} }} }}"
    yield f"{{ peopleAggregate(where: {{reports: {{some: {closed}}}}}) {{ count }} }}"


Asked = tuple[str, str, str]
"""Application, purpose and document."""


def test_no_index_seeks_the_division_of_a_policy_for_a_node_over_an_edge() -> None:
    """It would be sought for each row: all buildings of the county, for each dwelling of a page."""
    document = "{ buildings(first: 9) { edges { node { name dwellings { roomNo residents { name } } } } } }"
    _, statement = prepare(POLICIES, subject(POLICIES, "fire-inspection"), "safety.fire", document)
    assert statement is not None
    assert statement.text.count("[:IN_BUILDING]") == statement.text.count("[:LIVES_IN]") == 1
    within = re.findall(r"(\w+)\.region STARTS WITH", statement.text)
    assert within == ["n0"]
    assert statement.text.count("left(n") >= 2


@pytest.fixture(scope="module")
def county_graph(bare_graph: GraphAddress) -> GraphAddress:
    with GraphWriter(bare_graph.url, bare_graph.user, bare_graph.password) as writer:
        county().load(writer)
        ensure_constraints(writer, SPINE)
    return bare_graph


def plans(address: GraphAddress, asked: Iterable[Asked]) -> dict[Asked, set[str]]:
    """The operators by which the graph would answer each of `asked` that is answered from it."""

    async def explain(graph: Graph) -> dict[Asked, set[str]]:
        found = {}
        for application, purpose, document in asked:
            _, statement = prepare(POLICIES, subject(POLICIES, application), purpose, document)
            if statement is not None:
                operators = await graph.explain(statement.text, statement.parameters)
                found[application, purpose, document] = {each.partition("@")[0] for each in operators}
        return found

    return with_graph(address, explain)


def test_no_jurisdiction_scoped_root_scans(county_graph: GraphAddress) -> None:
    found = plans(
        county_graph,
        (
            (application, purpose, document)
            for application, purpose in ASKED
            for document in documents(subject(POLICIES, application).department, purpose)
        ),
    )
    assert {key: operators & SCANS for key, operators in found.items() if operators & SCANS} == {}
    assert len(found) > 30
    assert all(operators for operators in found.values())


def test_an_index_gives_the_order_of_a_page_whichever_way_it_goes(county_graph: GraphAddress) -> None:
    """Only rows of one region are sorted among each other, and the last of a list are not behind all the others."""
    ordered = ("", ", orderBy: [{region: ASC}]", ", orderBy: [{region: DESC}]")
    for order in ordered:
        asked = [
            ("grid-desk", "event.dispatch", f"{{ people({size}: 100{order}) {{ edges {{ cursor }} }} }}")
            for size in ("first", "last")
        ]
        forward, backward = plans(county_graph, asked).values()
        assert forward == backward
        assert "PartialTop" in forward


def test_a_relation_to_a_node_with_a_key_is_followed_from_there(county_graph: GraphAddress) -> None:
    document = '{ people(where: {reports: {some: {grid: {some: {code: {eq: "a"}}}}}}) { edges { node { id } } } }'
    ((_, operators),) = plans(county_graph, [("grid-desk", "event.dispatch", document)]).items()
    assert {each for each in operators if "Seek" in each or "Scan" in each} == {"NodeIndexSeek"}


def test_case_2_03_a_relation_in_a_condition_reads_no_type_whole_for_each_row(county_graph: GraphAddress) -> None:
    found = plans(county_graph, (("grid-desk", "event.dispatch", document) for document in relations()))
    joined = [document for (_, _, document), operators in found.items() if "Expand(Into)" in operators]
    assert joined == []
    assert len(found) == len(list(relations()))
    assert all("Expand(All)" in operators and not operators & SCANS for operators in found.values())
