"""New nodes are created, not merged: what happens where one of them, or what it needs, is not as found."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest
from neo4j.exceptions import ClientError

import hub.ingest.sink
from connectors.base import EdgePlan, Position, StreamPlan
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.ingest import sink_statements as cypher
from hub.ingest.positions import read_position
from hub.sample.known_people import PROTAGONIST
from schema import SPINE
from tests.support.pulling import SOURCES, ask, canonical, county, empty, one, pull

pytestmark = pytest.mark.unit

LODGER, OTHER = "110101199003070011", "110101199003070038"
OWN_CELLS = ["p", 7, "k", "1", None, "h", None, None, None]
"""What is the own of a record, in the order of `OWN`."""
EDGE = EdgePlan("dwellings", "Person", "LIVES_IN", True, "Dwelling", True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("new-nodes") / "data", 100)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("new-nodes-home")


def test_a_node_that_is_there_against_expectation_is_merged(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    """As where another pull makes it at the same moment: no node of a stream that is alone is looked for."""
    pull(home, empty_graph, folder)
    before = canonical(graph_driver)
    graph_driver.execute_query("MATCH (r:SourceRecord {stream: 'housing/buildings'}) DETACH DELETE r")
    graph_driver.execute_query("MATCH (c:SourceCursor {source: 'housing/buildings'}) DELETE c")
    result = pull(home, empty_graph, folder, "housing")["buildings"]
    assert result.inserted == one(graph_driver, "MATCH (b:Building) RETURN count(b)") > 0
    assert canonical(graph_driver) == before


def test_records_that_are_there_against_expectation_are_unchanged(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another pull of the stream began at the same moment, and was faster."""
    empty(graph_driver)
    pull(home, empty_graph, folder)
    before = canonical(graph_driver)
    graph_driver.execute_query("MATCH (c:SourceCursor) DELETE c")
    monkeypatch.setattr(
        hub.ingest.sink, "read_position", lambda writer, plan: replace(read_position(writer, plan), first=True)
    )
    results = pull(home, empty_graph, folder)
    assert {name: (each.inserted, each.updated) for name, each in results.items()} == dict.fromkeys(results, (0, 0))
    assert canonical(graph_driver) == before


def test_only_the_first_pull_of_a_stream_finds_no_record(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(graph_driver)
    told: list[tuple[str, bool]] = []

    def watched(writer: GraphWriter, plan: StreamPlan) -> Position:
        position = read_position(writer, plan)
        told.append((plan.name, position.first))
        return position

    monkeypatch.setattr(hub.ingest.sink, "read_position", watched)
    pull(home, empty_graph, folder, "divisions", "police")
    # As where it was killed before its last batch.
    graph_driver.execute_query("MATCH (c:SourceCursor) DELETE c")
    pull(home, empty_graph, folder, "police", "divisions")
    regions, register = "divisions/regions", "police/register"
    assert told == [(regions, True), (register, True), (register, False), (regions, False)]


def test_the_records_of_a_node_that_another_left_are_written_again(
    home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    """Though they come as they are stored: what the other record said of their node is gone."""
    empty(graph_driver)
    changed = county(tmp_path / "data", 100)
    pull(home, empty_graph, changed)
    (shared,) = ask(
        graph_driver,
        "MATCH (a {source: 'housing'})-[:ASSERTS]->(p:Person)<-[:ASSERTS]-({source: 'police'}) "
        "WHERE p.idNumber <> $id RETURN a.record AS record LIMIT 1",
        id=PROTAGONIST.id_no,
    )
    with sqlite3.connect(changed / "housing/housing.sqlite") as database:
        database.execute(
            "UPDATE occupancy SET occupant_id_no = ?, updated_at = '2026-07-01 00:00:00' WHERE occupancy_no = ?",
            (PROTAGONIST.id_no, shared["record"]),
        )
    pull(home, empty_graph, changed, "housing")
    left = one(graph_driver, "MATCH (r:Stale {source: 'police'}) RETURN count(r)")
    assert left == pull(home, empty_graph, changed, "police")["register"].updated == 1
    assert one(graph_driver, "MATCH (r:Stale {source: 'police'}) RETURN count(r)") == 0


LODGERS = """
name: lodgers
kind: csv
where: ${DATA}/lodgers.csv
collectedFor: pop
trust: 4
after: [divisions, police]
records:
  - name: lodgers
    entity: Person
    key: number
    identity: idNumber
    fields: {idNumber: {column: id, as: resident_id}, name: name}
    edges: {dwellings: {entity: Dwelling, column: home}}
"""


def test_one_source_may_require_a_target_that_another_does_not(
    folder: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    """The occupancy of the housing authority has no row without its dwelling; a lodger's dwelling may come later."""
    empty(graph_driver)
    sources, data = tmp_path / "sources", tmp_path / "data"
    shutil.copytree(SOURCES, sources)
    (sources / "lodgers.yaml").write_text(LODGERS, "utf-8")
    shutil.copytree(folder, data)
    (data / "lodgers.csv").write_text(f"number,name,id,home\nL1,甲,{LODGER},FW00000001\nL2,乙,{OTHER},FW77\n", "utf-8")
    first = pull(tmp_path / "home", empty_graph, data, "divisions", "lodgers", "police", "housing", sources=sources)
    assert (first["lodgers"].inserted, first["lodgers"].unlinked, first["dwellings"].linked) == (2, 2, 1)
    again = pull(tmp_path / "home", empty_graph, data, sources=sources)
    assert {each.changes for name, each in again.items() if name != "tickets"} == {0}
    homes = ask(graph_driver, "MATCH (p:Person {idNumber: $id})-[:LIVES_IN]->(d) RETURN d.code AS code", id=LODGER)
    assert homes == [{"code": "FW00000001"}]


def test_an_edge_is_created_with_its_node_or_neither_is(empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> None:
    empty(graph_driver)
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
    row = [*OWN_CELLS, "gone", "甲", "1949-10-01"]
    columns = {"name": "", "birthDate": "date"}
    shared = dict.fromkeys(("source", "stream", "collectedFor", "trust", "run"))
    with pytest.raises(ClientError):
        graph_driver.execute_query(cypher.create("Person", columns, (EDGE,), None), rows=[row], shared=shared)
    assert one(graph_driver, "MATCH (n) RETURN count(n)") == 0
    graph_driver.execute_query("CREATE (:Dwelling {sid: 'gone', region: '14/'})")
    graph_driver.execute_query(cypher.create("Person", columns, (EDGE,), EDGE), rows=[row], shared=shared)
    (found,) = ask(
        graph_driver,
        "MATCH (n:Person)-[l:LIVES_IN]->() RETURN n.region AS region, n.lot AS lot, l.records AS records, "
        "n.birthDate.year AS born",
    )
    assert found == {"region": "14/", "lot": 7, "records": ["k"], "born": 1949}


@pytest.mark.parametrize("gone", ["Person", "Dwelling"])
def test_a_further_record_is_written_with_its_edge_or_not_at_all(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, gone: str
) -> None:
    empty(graph_driver)
    shared = dict.fromkeys(("source", "stream", "collectedFor", "trust", "run"))
    graph_driver.execute_query("CREATE (:Person {sid: 'p', deletedAt: 1}), (:Dwelling {sid: 'd'})")
    graph_driver.execute_query(f"MATCH (n:{gone}) SET n.kept = n.sid REMOVE n.sid")
    with pytest.raises(ClientError):
        graph_driver.execute_query(
            cypher.extend("Person", (EDGE,)), rows=[[*OWN_CELLS, "d", {"name": "甲"}]], shared=shared
        )
    assert one(graph_driver, "MATCH (n) RETURN count(n)") == 2
    graph_driver.execute_query(f"MATCH (n:{gone}) SET n.sid = n.kept")
    for key in ("k", "a"):
        row = ["p", 7, key, *OWN_CELLS[3:], "d", {"name": "甲"}]
        graph_driver.execute_query(cypher.extend("Person", (EDGE,)), rows=[row], shared=shared)
    found = ask(
        graph_driver,
        "MATCH (r:SourceRecord)-[:ASSERTS]->(n:Person)-[l:LIVES_IN]->() "
        "RETURN r.key AS key, l.records AS records, n.name AS name, n.deletedAt AS gone ORDER BY key",
    )
    assert found == [{"key": each, "records": ["a", "k"], "name": "甲", "gone": None} for each in ("a", "k")]


@pytest.mark.parametrize(("others", "mine", "may"), [(0, 0, False), (5, 0, False), (5, 1, True), (1_000, 0, True)])
def test_nodes_are_asked_for_one_by_one_where_an_edge_may_wait(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, others: int, mine: int, may: bool
) -> None:
    """A thousand entries are not all looked through."""
    empty(graph_driver)
    entry = "CREATE (:Quarantined {key: toString(i), target: 't', entity: $entity, whole: false})"
    for entity, count in (("Dwelling", others), ("Person", mine)):
        graph_driver.execute_query(
            f"UNWIND range(1, $count) AS n WITH $entity + n AS i {entry}", count=count, entity=entity
        )
    assert one(graph_driver, cypher.MAY_WAIT, entity="Person") is may
