"""What a pull tells: why rows were refused, what a source looks like now, and numbers that came twice."""

from __future__ import annotations

import datetime as dt
import io
import json
import sqlite3
from pathlib import Path

import neo4j
import pytest
from rich.console import Console
from typer.testing import CliRunner

from connectors.base import ConnectorError
from hub.cli.main import app
from hub.graph.local import GraphAddress
from hub.ingest.pull import pull_table
from hub.ingest.refused_rows import (
    Listing,
    ReasonCount,
    RefusedRow,
    UnknownSource,
    listing_summary,
    refused_rows,
    refused_table,
)
from tests.support.ports import free_port
from tests.support.pulling import ask, empty
from tests.support.sources.small_sources import SmallSource

pytestmark = pytest.mark.unit

ROWS = [[f"E{i}", f"东街{i}号", f"赵{'一二三四五六七八九十'[i % 10]}", f"1990321{i:04}"] for i in range(40)]

NOTHING = Listing([], [])


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    return SmallSource(tmp_path, empty_graph)


def rules(result: object) -> set[str]:
    return {each.rule for each in result.notes}  # type: ignore[attr-defined]


def test_case_3_16_the_reasons_of_a_stopped_pull_are_told_and_kept(
    small: SmallSource, empty_graph: GraphAddress
) -> None:
    small.write([["编号", *row[1:]] if i % 5 else row for i, row in enumerate(ROWS)])
    with pytest.raises(ConnectorError) as stopped:
        small.pull()
    told = str(stopped.value)
    assert "32 of 40 rows of a batch are refused" in told
    assert "32 by k not-a-code (a plain code" in told
    assert "sluicegate source refused small/events" in told
    kept = refused_rows(small.settings, empty_graph, "small/events", 1_000).rows
    assert {(each.field, each.rule) for each in kept} == {("k", "not-a-code")}
    small.write(ROWS)
    assert small.pull().inserted == 40
    assert refused_rows(small.settings, empty_graph, None, 1_000) == NOTHING
    for name in ("small", "small/events"):
        assert refused_rows(small.settings, empty_graph, name, 5) == NOTHING


def test_a_source_that_was_never_pulled_is_not_a_clean_one(small: SmallSource, empty_graph: GraphAddress) -> None:
    small.write(ROWS)
    small.pull()
    for name in ("other", "small/event", "smal", "events"):
        with pytest.raises(UnknownSource, match=rf"'{name}' was pulled .*; pulled were: small, small/events"):
            refused_rows(small.settings, empty_graph, name, 5)


def test_a_graph_that_is_away_is_said_to_be_away(home: Path) -> None:
    environment = {
        "SLUICEGATE_GRAPH_URL": f"bolt://127.0.0.1:{free_port()}",
        "SLUICEGATE_GRAPH_PASSWORD": "x",
        "SLUICEGATE_HOME": str(home),
    }
    ended = CliRunner().invoke(app, ["source", "refused"], env=environment)
    assert ended.exit_code == 1 and ended.stdout == ""
    assert "the graph cannot be reached; see that it runs" in ended.stderr and "ServiceUnavailable" in ended.stderr


def test_case_3_16_the_table_counts_reasons_and_names_the_first(small: SmallSource) -> None:
    small.write([*ROWS, ["", "x", "y", "z"], ["", "x", "y", "z"], ["E#1", "x", "y", "z"]])
    result = small.pull()
    assert (result.read, result.inserted, result.quarantined) == (43, 40, 3)
    shown = io.StringIO()
    Console(width=200, file=shown).print(pull_table([result]))
    assert "small/events: 2 refused by k missing: the record has no number; first: line 42" in shown.getvalue()
    assert "1 refused by k not-a-code: " in shown.getvalue()
    assert "(line 44); first: ~" in shown.getvalue()


def test_a_total_below_the_table_is_said_to_be_no_record(small: SmallSource) -> None:
    small.write([*ROWS, ["", "", "", ""], ["合计", "40", "", ""], ["制表人:赵一", "", "", ""], ["", "x", "y", "z"]])
    result = small.pull()
    reasons = {(each.rule, "may stay refused" in each.reason) for each in result.refusals}
    assert (result.inserted, result.quarantined) == (40, 3)
    assert reasons == {("not-a-code", True), ("missing", False)}


def test_a_listing_says_what_it_leaves_out_and_what_is_written(small: SmallSource, empty_graph: GraphAddress) -> None:
    small.write([*ROWS, ["", "x", "y", "z"], ["", "x", "y", "z"], ["E7", "西街7号", "钱七", "19903210007"]])
    small.pull()
    for limit, states in ((1, [False]), (2, [False, False]), (3, [False, False, True]), (4, [False, False, True])):
        listing = refused_rows(small.settings, empty_graph, "small", limit)
        assert ([each.written for each in listing.rows], listing.entries, listing.refused) == (states, 3, 2)
    other = refused_rows(small.settings, empty_graph, "small/events", 1)
    assert listing_summary(other) == [
        "3 entries: 2 refused, 1 about rows that are written",
        "  2 refused of small/events: k missing",
        "  1 written of small/events: repeated-number",
        "not all are listed: 1 of 3; raise --limit, or name a stream",
    ]
    assert len(listing_summary(listing)) == 3


def test_a_listing_counts_the_commonest_reasons_one_by_one() -> None:
    reasons = [ReasonCount("s/t", f"k rule-{i}", True, 30 - i) for i in range(23)]
    lines = listing_summary(Listing([], reasons))
    assert lines[1] == "  30 refused of s/t: k rule-0"
    assert lines[20:22] == ["  11 refused of s/t: k rule-19", "  and others for 3 more reasons"]


def test_a_table_of_rows_tells_which_are_written() -> None:
    shown = io.StringIO()
    rows = [RefusedRow("s/t", f"E{written}", "k", "rule", "why", written) for written in (False, True)]
    Console(width=120, file=shown).print(refused_table(rows))
    lines = [line.split()[1:3] for line in shown.getvalue().splitlines() if "s/t" in line]
    assert lines == [["EFalse", "refused"], ["ETrue", "written"]]


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_tells_that_its_list_is_cut(
    small: SmallSource, empty_graph: GraphAddress, monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    small.write([*ROWS, ["", "x", "y", "z"], ["", "x", "y", "z"]])
    small.pull()
    environment = {
        "SLUICEGATE_GRAPH_URL": empty_graph.url,
        "SLUICEGATE_GRAPH_USER": empty_graph.user,
        "SLUICEGATE_GRAPH_PASSWORD": empty_graph.password,
        "SLUICEGATE_HOME": str(small.settings.home),
    }
    arguments = ["source", "refused", "--limit", "1", *(["--json"] if as_json else [])]
    ended = CliRunner().invoke(app, arguments, env=environment)
    assert ended.exit_code == 0
    said, not_said = (ended.stderr, ended.stdout) if as_json else (ended.stdout, ended.stderr)
    assert "not all are listed: 1 of 2; raise --limit" in said
    assert "not all" not in not_said
    if as_json:
        assert len(json.loads(ended.stdout)) == 1


def test_case_4_06_a_number_twice_with_other_values_is_told(small: SmallSource, empty_graph: GraphAddress) -> None:
    small.write([*ROWS, ["E7", "西街7号", "钱七", "19903210007"], ROWS[3]])
    result = small.pull()
    (note,) = [each for each in result.notes if each.rule == "repeated-number"]
    assert note.rows == 1
    assert note.text == (
        "rows repeat a number with other values, the first is E7; one is kept, always the same, for no `updated` "
        "column is declared; correct the numbers at the source"
    )
    (kept,) = refused_rows(small.settings, empty_graph, "small", 10).rows
    assert (kept.row, kept.rule, kept.written) == ("E7", "repeated-number", True)
    small.write(ROWS)
    assert "repeated-number" not in rules(small.pull())


def test_a_number_twice_names_the_column_of_times_that_is_declared(small: SmallSource) -> None:
    small.declare({"updated": "u"})
    small.write([["2026-01-01 08:00:00", *row] for row in (*ROWS, ["E7", "西街7号", "钱七", "1"])], "u,k,a,n,p")
    (note,) = [each for each in small.pull().notes if each.rule == "repeated-number"]
    assert note.text.endswith("; the latest by u is kept, and of equally late ones always the same")


def test_without_a_column_of_times_the_record_with_the_largest_number_is_kept(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    small.declare({"key": "r"})
    small.write([["R2", *ROWS[7][:2], "钱七", ROWS[7][3]], ["R1", *ROWS[7]]], "r,k,a,n,p")
    (note,) = [each for each in small.pull().notes if each.rule == "contested"]
    assert "Of them the one with the largest number is kept: correct the k" in note.text
    assert ask(graph_driver, "MATCH (e:Event) RETURN e.reporterName AS name") == [{"name": "钱七"}]
    for row in refused_rows(small.settings, empty_graph, "small", 10).rows:
        assert "; the one with the largest number is kept. Correct" in row.reason


def test_a_wrong_row_that_won_by_its_digest_goes_with_its_removal(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    wrong = [[row[0], f"西街{row[0]}号", *row[2:]] for row in ROWS[:20]]
    small.write([*ROWS, *wrong])
    assert small.pull().inserted == 40
    streets = "MATCH (e:Event) RETURN e.address AS street ORDER BY street"
    assert any(row["street"].startswith("西") for row in ask(graph_driver, streets))
    small.write(ROWS)
    result = small.pull()
    assert result.updated + result.unchanged == 40
    assert result.updated > 0
    assert [row["street"] for row in ask(graph_driver, streets)] == sorted(row[1] for row in ROWS)
    assert refused_rows(small.settings, empty_graph, "small", 10) == NOTHING
    assert small.pull().changes == 0


REGISTER = {"key": "r", "updated": "u"}
"""A stream whose rows have numbers of their own, beside what they are about."""
HEADER = "r,u,k,a,n,p"


def registered(number: str, day: str, *values: str) -> list[str]:
    return [number, f"{day} 08:00:00", *values]


@pytest.mark.parametrize("at_once", [True, False], ids=["in one pull", "in a later pull"])
def test_case_4_06_another_row_about_the_same_is_told(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, at_once: bool
) -> None:
    small.declare(REGISTER)
    own = [registered(f"R{row[0]}", "2026-01-01", *row) for row in ROWS]
    other = registered("R99", "2026-02-01", "E7", ROWS[7][1], "钱七", "19903219999")
    if not at_once:
        small.write(own, HEADER)
        assert "contested" not in rules(small.pull())
    small.write([*own, other, registered("R98", "2026-02-01", *ROWS[8])], HEADER)
    result = small.pull()
    (note,) = [each for each in result.notes if each.rule == "contested"]
    assert note.rows == (2 if at_once else 1)
    first = "RE7" if at_once else "R99"
    assert f"rows have the k of another row under another number, and say otherwise; the first is {first}" in note.text
    assert "in reporterName, reporterPhone. Of them the latest by u is kept" in note.text
    for value in ("E7", "钱七", "19903219999"):
        assert value not in note.text.replace("RE7", "")
    held = "MATCH (e:Event {number: 'E7'}) RETURN e.reporterName AS name"
    assert ask(graph_driver, held) == [{"name": "钱七"}]
    kept = refused_rows(small.settings, empty_graph, "small", 10).rows
    assert {(each.row, each.field, each.rule) for each in kept} >= {("R99", "reporterName, reporterPhone", "contested")}
    assert "R98" not in {each.row for each in kept}
    assert small.pull().changes == 0
    small.write([*own, registered("R99", "2026-03-01", "E99", "x", "y", "19903210099")], HEADER)
    assert "contested" not in rules(small.pull())
    small.pull()
    assert refused_rows(small.settings, empty_graph, "small", 10) == NOTHING
    assert ask(graph_driver, held) == [{"name": ROWS[7][2]}]


def test_case_4_05_new_and_missing_columns_are_told(small: SmallSource) -> None:
    small.write([[*row, "x"] for row in ROWS], "k,a,n,p,old")
    assert not rules(small.pull()) & {"new-columns", "missing-columns"}
    small.write([[*row, "x"] for row in ROWS], "k,a,n,p,new")
    result = small.pull()
    texts = {each.rule: each.text for each in result.notes}
    assert texts["new-columns"].endswith(": new")
    assert texts["missing-columns"].endswith(": old")
    assert not rules(small.pull()) & {"new-columns", "missing-columns"}


@pytest.mark.parametrize("header", ["k,n,a,p", "k,a,p,n"], ids=["two texts", "name and telephone"])
def test_case_4_05_exchanged_columns_refuse_the_batch(
    small: SmallSource, graph_driver: neo4j.Driver, header: str
) -> None:
    small.write(ROWS)
    small.pull()
    before = ask(graph_driver, "MATCH (e:Event) RETURN properties(e) AS p ORDER BY e.number")
    small.write(ROWS, header)
    with pytest.raises(ConnectorError, match="are exchanged in 40 of 40 changed records"):
        small.pull()
    assert ask(graph_driver, "MATCH (e:Event) RETURN properties(e) AS p ORDER BY e.number") == before
    small.declare(limits={"exchanged": 1})
    assert small.pull().updated == 40


def test_columns_in_another_order_change_nothing(small: SmallSource) -> None:
    small.write(ROWS)
    small.pull()
    small.write([[p, n, a, k] for k, a, n, p in ROWS], "p,n,a,k")
    assert small.pull().unchanged == 40


@pytest.fixture
def table(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Incremental:
    empty(graph_driver)
    return Incremental(tmp_path, empty_graph)


class Incremental:
    """A table read by its cursor; `put` commits rows of (number, minutes before now)."""

    def __init__(self, folder: Path, graph: GraphAddress) -> None:
        self.path = folder / "source.sqlite"
        self.now = dt.datetime.now(dt.UTC)
        with sqlite3.connect(self.path) as database:
            database.execute("CREATE TABLE t (k TEXT, a TEXT, n TEXT, p TEXT, u TEXT)")
        stream = {"table": "t", "updated": "u", "cursor": True}
        self.source = SmallSource(folder, graph, kind="sql", where=str(self.path), stream=stream)

    def put(self, *rows: tuple[str, float]) -> None:
        with sqlite3.connect(self.path) as database:
            for key, minutes in rows:
                moment = (self.now - dt.timedelta(minutes=minutes)).isoformat()
                database.execute("INSERT INTO t VALUES (?, '', '', '', ?)", (key, moment))


def test_case_4_08_rows_that_come_late_are_read(table: Incremental) -> None:
    """The cursor's own second, a fraction of it, and a commit an hour later than its time."""
    table.put(("old", 60 * 24 * 30), ("last", 5))
    assert table.source.pull().inserted == 2
    table.put(("same-second", 5), ("just-before", 5.001), ("late-commit", 60))
    result = table.source.pull()
    assert (result.read, result.inserted) == (4, 3)
    assert table.source.pull().changes == 0


def test_case_4_08_the_full_comparison_finds_and_tells_what_was_missed(
    table: Incremental, graph_driver: neo4j.Driver
) -> None:
    table.put(("last", 5))
    table.source.pull()
    table.put(("missed", 60 * 24 * 9))
    assert table.source.pull().inserted == 0
    graph_driver.execute_query("MATCH (c:SourceCursor) SET c.compared = c.compared - duration({days: 8})")
    result = table.source.pull()
    assert result.inserted == 1
    (note,) = [each for each in result.notes if each.rule == "missed"]
    assert note.rows == 1
    assert "the first is missed" in note.text
    again = table.source.pull()
    assert (again.read, again.changes, again.notes) == (1, 0, ())
