"""The sink: the counts of a pull agree with plain Cypher on the graph and with the raw files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.base import ConnectorError, EdgePlan
from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.ingest import removal
from hub.ingest import sink_statements as cypher
from hub.sample.known_people import CANARIES, DIRTY_CANARY, PROTAGONIST
from tests.support.pulling import POLICE, ask, canonical, county, edit, empty, one, pull, rows_of

pytestmark = pytest.mark.unit

PEOPLE = 300
STREAMS = ("regions", "register", "buildings", "dwellings", "occupancy", "tickets")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("county") / "data", PEOPLE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pull-home")


@pytest.fixture(scope="module")
def pulled(folder: Path, home: Path, empty_graph: GraphAddress) -> dict[str, PullResult]:
    return pull(home, empty_graph, folder)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """The county's data again, to be changed."""
    return county(tmp_path / "data", PEOPLE)


@pytest.fixture
def restored(folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Callable[[], None]:
    """Brings the graph back to one clean pull."""

    def run() -> None:
        empty(graph_driver)
        pull(home, empty_graph, folder)

    return run


@pytest.mark.parametrize("stream", STREAMS)
def test_l34_table_agrees_with_the_summary(pulled: dict[str, PullResult], folder: Path, stream: str) -> None:
    told = json.loads((folder / "summary.json").read_text("utf-8"))["sources"][stream]
    duplicates = told["dirty"].get("duplicate", 0)
    result = pulled[stream]
    assert (result.read, result.inserted, result.updated, result.unchanged, result.quarantined) == (
        told["rows"], told["good"], 0, duplicates, sum(told["dirty"].values()) - duplicates,
    )  # fmt: skip


def test_people_agree_with_the_raw_files(
    pulled: dict[str, PullResult], folder: Path, graph_driver: neo4j.Driver
) -> None:
    valid = {r["公民身份号码"]: r for r in rows_of(folder, POLICE)}
    stored = ask(graph_driver, "MATCH (p:Person) RETURN p.idNumber AS id, p.name AS name, p.phone AS phone")
    register = {
        each["id"] for each in ask(
            graph_driver,
            "MATCH (p:Person)<-[:ASSERTS]-(r {source: 'police'}) RETURN p.idNumber AS id",
        )
    }  # fmt: skip
    assert len(register) == PEOPLE == pulled["register"].inserted
    for each in stored:
        if each["id"] in register:
            row = valid[each["id"]]
            assert (each["name"], each["phone"] or "") == (row["姓名"], row["联系电话"])
    with sqlite3.connect(folder / "housing/housing.sqlite") as database:
        occupants = {row[0] for row in database.execute("SELECT occupant_id_no FROM occupancy")}
    strangers = {each["id"] for each in stored} - register
    assert strangers <= occupants
    told = json.loads((folder / "summary.json").read_text("utf-8"))["facts"]
    assert len(strangers) == told["occupants_not_in_register"]
    no_grid = one(
        graph_driver,
        "MATCH (p:Person)<-[:ASSERTS]-({source: 'police'}) WHERE p.region IS NULL RETURN count(p)",
    )
    assert no_grid == told["residents_without_grid"]


@pytest.mark.parametrize(
    ("label", "table"), [("Building", "buildings"), ("Dwelling", "dwellings"), ("Event", "tickets")]
)
def test_nodes_are_as_many_as_the_table_says(
    pulled: dict[str, PullResult], graph_driver: neo4j.Driver, label: str, table: str
) -> None:
    assert one(graph_driver, f"MATCH (n:{label}) RETURN count(n)") == pulled[table].inserted


def test_edges_agree_with_the_raw_database(
    pulled: dict[str, PullResult], folder: Path, graph_driver: neo4j.Driver
) -> None:
    with sqlite3.connect(folder / "housing/housing.sqlite") as database:
        lives = set(
            database.execute(
                "SELECT occupant_id_no, o.dwelling_no FROM occupancy o JOIN dwellings d USING (dwelling_no)"
            )
        )
        grids = dict(
            database.execute(
                "SELECT dwelling_no, grid_code FROM dwellings JOIN buildings USING (building_no) WHERE area_m2 >= 0"
            )
        )
    known = {row["id"] for row in ask(graph_driver, "MATCH (p:Person) RETURN p.idNumber AS id")}
    stored = {
        (row["p"], row["d"])
        for row in ask(graph_driver, "MATCH (p:Person)-[:LIVES_IN]->(d:Dwelling) RETURN p.idNumber AS p, d.code AS d")
    }
    assert stored == {pair for pair in lives if pair[0] in known}
    paths = {row["c"]: row["r"] for row in ask(graph_driver, "MATCH (d:Dwelling) RETURN d.code AS c, d.region AS r")}
    cut = (0, 2, 4, 6, 9, 12, 15)
    assert paths == {code: "".join(f"{grid[a:b]}/" for a, b in pairwise(cut)) for code, grid in grids.items()}


def test_values_have_the_catalogues_types(pulled: dict[str, PullResult], graph_driver: neo4j.Driver) -> None:
    person = ask(
        graph_driver,
        "MATCH (p:Person {idNumber: $id}) "
        "RETURN valueType(p.birthDate) AS birth, p.gender AS gender, p.region AS region",
        id=PROTAGONIST.id_no,
    )
    assert person == [{"birth": "DATE NOT NULL", "gender": "FEMALE", "region": "14/03/21/001/001/001/"}]
    event = "MATCH (e:Event) RETURN DISTINCT valueType(e.reportedAt)"
    assert one(graph_driver, event) == "ZONED DATETIME NOT NULL"


@pytest.mark.parametrize("stream", STREAMS)
def test_second_pull_writes_nothing(
    pulled: dict[str, PullResult], folder: Path, home: Path, empty_graph: GraphAddress, stream: str
) -> None:
    again = pull(home, empty_graph, folder)[stream]
    assert (again.changes, again.inserted, again.updated) == (0, 0, 0)
    assert again.read == again.unchanged + again.quarantined


def test_quarantine_and_provenance_hold_no_value(pulled: dict[str, PullResult], graph_driver: neo4j.Driver) -> None:
    everything = " ".join(
        str(row["p"])
        for row in ask(
            graph_driver,
            "MATCH (n:Quarantined|SourceRecord|SourceCursor) RETURN properties(n) AS p",
        )
    )
    for person in (*CANARIES, DIRTY_CANARY, PROTAGONIST):
        for value in (person.name, person.id_no, person.phone):
            assert value not in everything
    raw = "MATCH (q:Quarantined) RETURN count(q) AS c, count(DISTINCT q.key) AS k, min(size(q.reason)) AS r"
    assert ask(graph_driver, raw)[0]["r"] > 0


def test_dirty_canary_is_nowhere(pulled: dict[str, PullResult], graph_driver: neo4j.Driver) -> None:
    held = "MATCH (n) WHERE any(k IN keys(n) WHERE toStringOrNull(n[k]) CONTAINS $name) RETURN count(n)"
    assert one(graph_driver, held, name=DIRTY_CANARY.name) == 0
    assert one(graph_driver, held, name=PROTAGONIST.name) > 0


def test_a_changed_row_is_one_update(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    phone = PROTAGONIST.phone.encode()
    edit(copy, POLICE, lambda lines: [each.replace(phone, b"13800000000") for each in lines])
    result = pull(home, empty_graph, copy, "police")["register"]
    assert (result.inserted, result.updated) == (0, 1)
    found = one(graph_driver, "MATCH (p:Person {idNumber: $id}) RETURN p.phone", id=PROTAGONIST.id_no)
    assert found == "13800000000"
    restored()


def test_k04_an_older_version_is_ignored(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    def older(lines: list[bytes]) -> list[bytes]:
        cells = next(each for each in lines if PROTAGONIST.id_no.encode() in each).rstrip(b"\r\n").split(b",")
        cells[5], cells[-1] = b"13800000001", b"1999-01-01 00:00:00"
        return [*lines, b",".join(cells) + b"\r\n"]

    edit(copy, POLICE, older)
    result = pull(home, empty_graph, copy, "police")["register"]
    assert (result.inserted, result.updated) == (0, 0)
    found = one(graph_driver, "MATCH (p:Person {idNumber: $id}) RETURN p.phone", id=PROTAGONIST.id_no)
    assert found == PROTAGONIST.phone
    restored()


def test_a_corrected_row_leaves_the_quarantine(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    before = one(graph_driver, "MATCH (q:Quarantined {stream: 'police/register'}) RETURN count(q)")
    edit(copy, POLICE, lambda lines: [e.replace(b"140321999999999", b"140321001001001") for e in lines])
    result = pull(home, empty_graph, copy, "police")["register"]
    assert (result.inserted, result.quarantined) == (1, before - 1)
    after = one(graph_driver, "MATCH (q:Quarantined {stream: 'police/register'}) RETURN count(q)")
    assert after == before - 1
    restored()


def test_an_edge_waits_for_its_target(
    pulled: dict[str, PullResult], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    drawn = one(graph_driver, "MATCH (:Event)-[r:REPORTED_BY]->(:Person) RETURN count(r)")
    empty(graph_driver)
    first = pull(home, empty_graph, folder, "divisions", "hotline")["tickets"]
    assert one(graph_driver, "MATCH ()-[r:REPORTED_BY]->() RETURN count(r)") == 0
    waiting = "MATCH (q:Quarantined {field: 'reporter', rule: 'target-not-found'}) RETURN count(q)"
    assert one(graph_driver, waiting) == first.unlinked >= drawn
    second = pull(home, empty_graph, folder, "police")["register"]
    assert second.linked == drawn == one(graph_driver, "MATCH ()-[r:REPORTED_BY]->() RETURN count(r)")
    assert one(graph_driver, waiting) == first.unlinked - drawn
    restored()


def test_a_row_waits_for_the_node_it_needs(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    with sqlite3.connect(copy / "housing/housing.sqlite") as database:
        missing = database.execute(
            "SELECT dwelling_no FROM occupancy WHERE dwelling_no NOT IN (SELECT dwelling_no FROM dwellings)"
        ).fetchall()
        database.execute(
            "INSERT INTO dwellings SELECT ?, building_no, '', '1', '自住', 50, '2026-07-01 00:00:00' "
            "FROM buildings LIMIT 1",
            missing[0],
        )
    result = pull(home, empty_graph, copy, "housing")
    assert (result["dwellings"].inserted, result["occupancy"].inserted) == (1, 1)
    assert one(graph_driver, "MATCH (:Person)-[r:LIVES_IN]->({code: $c}) RETURN count(r)", c=missing[0][0]) == 1
    assert pull(home, empty_graph, copy, "housing")["occupancy"].changes == 0
    restored()


def test_regions_follow_a_building_that_moves(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    other = one(
        graph_driver,
        "MATCH (r:Region {level: 'GRID'}) WHERE r.region > '14/03/21/100/' AND r.validTo IS NULL RETURN min(r.code)",
    )
    stranger = ask(
        graph_driver,
        "MATCH (p:Person)-[:LIVES_IN]->()-[:IN_BUILDING]->(b) WHERE NOT (p)<-[:ASSERTS]-({source: 'police'}) "
        "RETURN p.sid AS sid, b.code AS code LIMIT 1",
    )[0]
    with sqlite3.connect(copy / "housing/housing.sqlite") as database:
        database.execute(
            "UPDATE buildings SET grid_code = ?, updated_at = '2026-07-01 00:00:00' WHERE building_no = ?",
            (other, stranger["code"]),
        )
    assert pull(home, empty_graph, copy, "housing")["buildings"].updated == 1
    paths = ask(
        graph_driver,
        "MATCH (r:Region {code: $grid}), (p:Person {sid: $sid}) "
        "MATCH (d)-[:IN_BUILDING]->(b:Building {code: $code})-[:LOCATED_IN]->(g) "
        "RETURN DISTINCT r.region AS path, p.region AS person, d.region AS dwelling, b.region AS building, "
        "g.code AS at",
        grid=other, **stranger,
    )  # fmt: skip
    assert len(paths) == 1
    assert len({paths[0][each] for each in ("path", "person", "dwelling", "building")}) == 1
    assert paths[0]["at"] == other
    restored()


def test_a_record_that_turns_to_another_person_leaves_the_first(
    pulled: dict[str, PullResult], copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, restored: Callable[[], None],
) -> None:  # fmt: skip
    alone = ask(
        graph_driver,
        "MATCH (p:Person)<-[:ASSERTS]-(r:SourceRecord) WITH p, collect(r) AS told WHERE size(told) = 1 "
        "AND told[0].source = 'housing' RETURN p.sid AS sid, told[0].record AS record LIMIT 1",
    )[0]
    with sqlite3.connect(copy / "housing/housing.sqlite") as database:
        database.execute(
            "UPDATE occupancy SET occupant_id_no = ?, updated_at = '2026-07-01 00:00:00' WHERE occupancy_no = ?",
            (PROTAGONIST.id_no, alone["record"]),
        )
    assert pull(home, empty_graph, copy, "housing")["occupancy"].updated == 1
    gone = ask(
        graph_driver,
        "MATCH (p:Person {sid: $sid}) RETURN p.deletedAt IS NOT NULL AS gone, COUNT { (p)-[:LIVES_IN]->() } AS homes",
        sid=alone["sid"],
    )
    assert gone == [{"gone": True, "homes": 0}]
    assert one(graph_driver, "MATCH (p {idNumber: $i})-[r:LIVES_IN]->() RETURN count(r)", i=PROTAGONIST.id_no) == 2
    pull(home, empty_graph, copy, "police")
    with sqlite3.connect(copy / "housing/housing.sqlite") as database:
        database.execute(
            "UPDATE occupancy SET updated_at = '2026-07-02 00:00:00' WHERE occupancy_no = ?", (alone["record"],)
        )
    assert pull(home, empty_graph, copy, "housing")["occupancy"].updated == 1
    assert one(graph_driver, "MATCH (p {idNumber: $i})-[r:LIVES_IN]->() RETURN count(r)", i=PROTAGONIST.id_no) == 2
    restored()


def spoiled(lines: list[bytes]) -> list[bytes]:
    """Every other row without its id number."""
    return [each.replace(b"140321", b"140321x") if i % 2 else each for i, each in enumerate(lines)]


@pytest.mark.fault
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [], "no rows, where the last full read had"),
        (lambda lines: lines * 12, "more than 10 times"),
        (spoiled, "rows of a batch are refused"),
        (lambda lines: [each.replace(b"140321", b"140321x") for each in lines], "rows of a batch are refused"),
    ],
    ids=["empty", "swollen", "half malformed", "all malformed"],
)
def test_l34_k06_k13_a_source_that_must_be_wrong_changes_nothing(
    pulled: dict[str, PullResult], folder: Path, copy: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, change: Callable[[list[bytes]], list[bytes]], told: str,
) -> None:  # fmt: skip
    before = canonical(graph_driver)
    edit(copy, POLICE, change)
    with pytest.raises(ConnectorError, match=told):
        pull(home, empty_graph, copy, "police")
    assert in_force(canonical(graph_driver)) == in_force(before)
    pull(home, empty_graph, folder, "police")
    assert canonical(graph_driver) == before


def in_force(graph: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    """A graph without quarantine, where a pull that stops leaves its reasons."""
    return [each for each in graph[0] if not each.startswith("['Quarantined']")], graph[1]


def test_no_statement_scans_a_label_that_grows(empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> None:
    edge = EdgePlan("dwellings", "Person", "LIVES_IN", True, "Dwelling", True)
    made = [
        *(make("Person") for make in (cypher.existing, cypher.assertions, cypher.values, cypher.upsert)),
        *(make("Person") for make in (cypher.create_records, cypher.change_records)),
        *(make(edge) for make in (cypher.link, cypher.link_waiting, cypher.unlink, cypher.owners, cypher.derive)),
        cypher.create("Event", {"number": "", "reportedAt": "datetime"}, (edge, replace(edge, name="other")), edge),
        cypher.extend("Person", (edge, replace(edge, name="other"))),
        cypher.STORED, cypher.UNCHANGED, cypher.ANY_RECORD, cypher.ENTER_CHANGED, cypher.FORGET, cypher.REJECT,
        cypher.ENTER, cypher.FORGET_UNSEEN, cypher.ANY_WAITING,
        cypher.release(),
        removal.COUNT_RECORDS, removal.RECORD_KEYS, removal.FORGET_VANISHED, removal.RETIRE,
        removal.bury("Person"), removal.take_back("Person"),
    ]  # fmt: skip
    parameters = dict.fromkeys(
        ("stream", "keys", "rows", "shared", "sids", "run", "now", "better", "beginning", "entity")
    )
    for statement in made:
        plan = graph_driver.execute_query("EXPLAIN " + statement, parameters).summary.plan
        found = set(operators(plan))
        assert found & SEEKS, statement
        assert not found & {"NodeByLabelScan", "AllNodesScan", "DirectedRelationshipTypeScan"}, statement


SEEKS = {
    "NodeUniqueIndexSeek",
    "NodeUniqueIndexSeekByRange",
    "NodeIndexSeekByRange",
    "NodeUniqueIndexSeek(Locking)",
    "MergeUniqueNode",
    "NodeIndexSeek",
}


def operators(plan: Any) -> Iterator[str]:
    """Names of a plan's operators."""
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)
