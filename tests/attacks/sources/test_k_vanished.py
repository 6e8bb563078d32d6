"""Group K: what a source that lost rows, has far too many, or leads all of them to one place may do to the graph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.known_people import PROTAGONIST
from tests.support.pulling import ask, empty, one, silent
from tests.support.sources.small_sources import UNITS, SmallSource

pytestmark = pytest.mark.attack

ROWS = [[f"E{i}", f"东街{i}号", f"赵{i % 10}", f"1990321{i:04}"] for i in range(40)]
SERVED = "MATCH (e:Event) WHERE e.deletedAt IS NULL RETURN count(e)"
FULL = {"full": True}


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    source = SmallSource(tmp_path, empty_graph, stream=FULL)
    source.write(ROWS)
    assert source.pull().inserted == 40
    return source


def told(result: PullResult, rule: str) -> str:
    (note,) = [each for each in result.notes if each.rule == rule]
    return note.text


def test_k05_a_row_that_is_gone_at_its_source_is_a_tombstone_with_provenance(
    small: SmallSource, graph_driver: neo4j.Driver
) -> None:
    small.write(ROWS[3:])
    result = small.pull()
    assert (result.read, result.unchanged, result.vanished, result.removed) == (37, 37, 3, 3)
    assert told(result, "vanished").startswith("records are no longer at the source, the first is E0; 3 nodes")
    assert one(graph_driver, SERVED) == 37
    gone = ask(
        graph_driver,
        "MATCH (v:VanishedRecord)-[:ASSERTED]->(e:Event) WHERE e.deletedAt IS NOT NULL "
        "RETURN v.record AS record, v.source AS source, v.collectedFor AS purpose, v.vanishedAt = e.deletedAt AS at, "
        "v.vanishedRun <> v.run AS other ORDER BY record",
    )
    assert gone == [
        {"record": f"E{i}", "source": "small", "purpose": "event", "at": True, "other": True} for i in range(3)
    ]
    # Nothing is written where nothing is new.
    assert (small.pull().changes, small.pull().vanished) == (0, 0)


def test_k05_a_row_that_comes_back_is_served_again(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    small.write(ROWS[3:])
    small.pull()
    small.write(ROWS)
    result = small.pull()
    assert (result.inserted, result.unchanged, result.vanished) == (3, 37, 0)
    assert one(graph_driver, SERVED) == 40
    small.write(ROWS[1:])
    assert small.pull().removed == 1
    # Of one that went twice the last time alone is kept.
    assert one(graph_driver, "MATCH (v:VanishedRecord {record: 'E0'}) RETURN count(v)") == 1
    assert one(graph_driver, SERVED) == 39


def test_k05_an_older_row_that_comes_back_is_served_again(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    """It is not taken for an older version of what is gone."""
    small.declare(stream={**FULL, "updated": "t"})
    later = [[*row, "2026-02-01 00:00:00"] for row in ROWS]
    small.write(later, "k,a,n,p,t")
    small.pull()
    small.write(later[1:], "k,a,n,p,t")
    assert small.pull().removed == 1
    small.write([[*ROWS[0], "2026-01-01 00:00:00"], *later[1:]], "k,a,n,p,t")
    assert small.pull().inserted == 1
    assert one(graph_driver, SERVED) == 40


def test_k05_without_the_declaration_nothing_is_gone(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    small.declare()
    small.write(ROWS[3:])
    result = small.pull()
    assert (result.vanished, result.notes) == (0, ())
    assert one(graph_driver, SERVED) == 40


# A line that is cut in front, one without a number, and one of which the number stands in another column.
UNREADABLE = ["街39号,赵9", ",东街39号,赵,1", "X1,E39,东街39号,赵,1"]


@pytest.mark.parametrize("line", UNREADABLE)
def test_k05_a_row_that_cannot_be_told_apart_keeps_all(
    small: SmallSource, graph_driver: neo4j.Driver, line: str
) -> None:
    small.write(ROWS[:39])
    with (small.folder / "data.csv").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    result = small.pull()
    assert (result.quarantined, result.vanished) == (1, 0)
    text = told(result, "not-removed")
    assert text == (
        "records are no longer at the source, the first is E39; they stay, because of 1 refused rows nobody can say "
        "which records they are"
    )
    assert one(graph_driver, SERVED) == 40


def test_k05_a_row_that_is_refused_is_there(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    small.declare(stream={**FULL, "fields": {**UNITS["fields"], "reportedAt": "t"}})  # type: ignore[dict-item]
    small.write([[*row, "gestern" if row[0] == "E7" else "2026-01-01T00:00:00"] for row in ROWS[:39]], "k,a,n,p,t")
    result = small.pull()
    assert (result.quarantined, result.vanished) == (1, 1)
    assert one(graph_driver, "MATCH (e:Event {number: 'E7'}) RETURN e.deletedAt") is None
    assert one(graph_driver, SERVED) == 39


def test_k13_too_many_that_are_gone_remove_nothing(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    before = one(graph_driver, SERVED)
    small.write(ROWS[9:])
    with pytest.raises(ConnectorError) as stopped:
        small.pull()
    assert str(stopped.value).startswith(
        "small/events: 9 of 40 records are no longer at the source, the first is E0: more than the limit of 20% "
        "(limits.vanished). Nothing is removed"
    )
    # The same again: that it was seen once makes it no truer.
    with pytest.raises(ConnectorError, match=r"9 of 40 records"):
        small.pull()
    assert one(graph_driver, SERVED) == before == 40
    small.declare(stream=FULL, limits={"vanished": 0.25})
    assert small.pull().removed == 9


@pytest.mark.parametrize(
    ("rows", "why"), [([], "no rows, where the last full read had 40"), (ROWS * 100, "more than 10 times the 40 rows")]
)
def test_k13_no_rows_and_a_hundred_times_as_many_stop_the_run(
    small: SmallSource, graph_driver: neo4j.Driver, rows: Sequence[Sequence[str]], why: str
) -> None:
    small.declare(stream=FULL, limits={"vanished": 1})
    small.write([[f"{number}{row[0]}", *row[1:]] for number, row in enumerate(rows)])
    with pytest.raises(ConnectorError, match=why):
        small.pull()
    assert one(graph_driver, SERVED) == 40


PEOPLE = {
    "name": "people", "entity": "Person", "key": "no", "identity": "idNumber", "full": True,
    "fields": {
        "idNumber": {"column": "id", "as": "resident_id"}, "name": "name", "phone": {"column": "p", "as": "phone"},
    },
}  # fmt: skip
CLINIC = {**PEOPLE, "fields": {**PEOPLE["fields"], "address": "a"}}  # type: ignore[dict-item]


class TwoSources:
    """Two registers of persons: `first` with the better trust rank, and `second`, which alone gives addresses."""

    def __init__(self, folder: Path, graph: GraphAddress) -> None:
        self.folder, self._graph = folder, graph
        self._settings = Settings.load(home=folder / "home")
        (folder / "sources").mkdir()
        for trust, (name, stream) in enumerate((("first", PEOPLE), ("second", CLINIC)), 1):
            block = {
                "name": name, "kind": "csv", "where": str(folder / f"{name}.csv"), "collectedFor": "pop",
                "trust": trust, "records": [stream], "limits": {"vanished": 1},
            }  # fmt: skip
            (folder / "sources" / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")

    def pull(self, name: str, *rows: str) -> PullResult:
        header = {"first": "no,id,name,p", "second": "no,id,name,p,a"}[name]
        (self.folder / f"{name}.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
        (result,) = run_pull(
            self._settings, self.folder / "sources", [name], self.folder, {}, silent, address=self._graph
        )
        return result


def person(driver: neo4j.Driver) -> dict[str, Any]:
    (found,) = ask(
        driver,
        "MATCH (p:Person {idNumber: $id}) RETURN p.name AS name, p.phone AS phone, p.address AS address, "
        "p.deletedAt IS NOT NULL AS gone",
        id=PROTAGONIST.id_no,
    )
    return found


def test_k05_what_another_source_says_stays(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    both = TwoSources(tmp_path, empty_graph)
    first, second = f"A1,{PROTAGONIST.id_no},甲,19903210001", f"B1,{PROTAGONIST.id_no},乙,19903210002,东街1号"
    another = "110101199003070011"
    both.pull("first", first, f"A2,{another},丙,19903210003")
    both.pull("second", second)
    assert person(graph_driver) == {"name": "甲", "phone": "19903210001", "address": "东街1号", "gone": False}
    result = both.pull("first", f"A2,{another},丙,19903210003")
    assert (result.vanished, result.removed) == (1, 0)
    # The other source is read again, and what it says counts now.
    both.pull("second", second)
    assert person(graph_driver) == {"name": "乙", "phone": "19903210002", "address": "东街1号", "gone": False}
    both.pull("first", first, f"A2,{another},丙,19903210003")
    result = both.pull("second", f"B2,{another},丙,19903210003,西街")
    assert (result.vanished, result.removed) == (1, 0)
    # Nobody states the address any more.
    assert person(graph_driver) == {"name": "甲", "phone": "19903210001", "address": None, "gone": False}
    assert both.pull("first", f"A2,{another},丙,19903210003").removed == 1
    assert person(graph_driver)["gone"]


def test_k12_a_node_that_everything_leads_to_stops_the_run(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    parts = SmallSource(tmp_path, empty_graph, limits={"fan_out": 30})
    parts.declare(
        stream={"edges": {"reporter": {"entity": "Person", "column": "who", "as": "resident_id"}}},
        limits={"fan_out": 30},
    )
    spread = [[*row, PROTAGONIST.id_no if i < 30 else ""] for i, row in enumerate(ROWS)]
    parts.write(spread, "k,a,n,p,who")
    assert parts.pull().inserted == 40
    # What is as it was is not counted: another thirty are another run's.
    more = [[f"F{row[0]}", *row[1:]] for row in spread[:30]]
    parts.write([*spread, *more], "k,a,n,p,who")
    assert parts.pull().inserted == 30
    parts.write([*spread, *more, *([f"G{row[0]}", *row[1:4], PROTAGONIST.id_no] for row in ROWS)], "k,a,n,p,who")
    with pytest.raises(ConnectorError) as stopped:
        parts.pull()
    text = str(stopped.value)
    assert "more than 30 records lead by reporter (who) to one and the same node" in text
    assert "record GE30 is the first beyond it" in text
    assert PROTAGONIST.id_no not in text
    assert one(graph_driver, "MATCH (e:Event) WHERE e.number STARTS WITH 'G' RETURN count(e)") == 0
