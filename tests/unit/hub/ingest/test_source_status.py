"""`sluicegate source status` and `retry`: how sources stand, what waits, and how mended rows go in."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from connectors.base import ConnectorError
from hub.cli.main import app
from hub.graph.local import GraphAddress
from tests.support.pulling import ask, empty, one
from tests.support.sources.small_sources import UNITS, SmallSource

pytestmark = pytest.mark.unit

ROWS = [[f"E{i}", f"东街{i}号", f"赵{i % 10}", f"1990321{i:04}"] for i in range(40)]


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    return SmallSource(tmp_path, empty_graph, schedule={"every": "6h"})


def command(small: SmallSource, graph: GraphAddress, *arguments: str) -> Any:
    return CliRunner().invoke(
        app,
        ["source", *arguments, "--sources", str(small.folder / "sources"), "--home", str(small.settings.home)],
        env={"SLUICEGATE_GRAPH_URL": graph.url, "SLUICEGATE_GRAPH_PASSWORD": graph.password, "COLUMNS": "200"},
    )


def ago(driver: neo4j.Driver, hours: float) -> None:
    """Let the last run have been so long ago."""
    driver.execute_query(
        "MATCH (s:SourceRun) WITH s, duration({seconds: $seconds}) AS d "
        "SET s.started = s.started - d, s.ended = s.ended - d, s.good = s.good - d",
        seconds=int(hours * 3600),
    )


def test_a_source_that_was_never_pulled_is_stale_and_due(small: SmallSource, empty_graph: GraphAddress) -> None:
    told = command(small, empty_graph, "status", "--json")
    assert told.exit_code == 3
    (status,) = json.loads(told.stdout)
    assert (status["source"], status["state"], status["stale"]) == ("small", "NEVER", True)
    assert status["schedule"] == "every 6h" and status["due"] is not None


def test_a_status_tells_the_last_run_and_what_waits(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    small.write([*ROWS, ["", "x", "y", "z"], ["", "x", "y", "z"], ["E#1", "x", "y", "z"]])
    small.pull()
    told = command(small, empty_graph, "status", "--json")
    assert told.exit_code == 0, told.stderr
    (status,) = json.loads(told.stdout)
    assert (status["state"], status["stale"], status["refused"], status["unlinked"]) == ("OK", False, 3, 0)
    assert [(each["field"], each["rule"], each["rows"]) for each in status["waiting"]] == [
        ("k", "missing", 2), ("k", "not-a-code", 1),
    ]  # fmt: skip
    (stream,) = status["streams"]
    assert (stream["read"], stream["inserted"], stream["quarantined"], stream["incomplete"]) == (43, 40, 3, False)
    assert [each["rows"] for each in stream["refusals"]] == [2, 1]
    ago(graph_driver, 13)
    shown = command(small, empty_graph, "status", "small")
    assert shown.exit_code == 3
    assert "13h STALE" in shown.stdout
    assert "small/events: 2 refused by k missing" in shown.stdout
    assert all(cell not in shown.stdout for cell in ("E#1", "东街", "19903210001"))


def test_a_source_that_is_away_is_shown_with_its_age_and_keeps_its_rows(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    small.write(ROWS)
    small.pull()
    ago(graph_driver, 24)
    (small.folder / "data.csv").unlink()
    with pytest.raises(ConnectorError) as failed:
        small.pull()
    (status,) = json.loads(command(small, empty_graph, "status", "--json").stdout)
    assert (status["state"], status["stale"], status["problem"]) == ("FAILED", True, str(failed.value))
    assert 24 * 3600 <= status["age_seconds"] < 25 * 3600
    assert one(graph_driver, "MATCH (e:Event) WHERE e.deletedAt IS NULL RETURN count(e)") == 40
    assert f"failed: {failed.value}" in command(small, empty_graph, "status").stdout


def test_a_status_names_no_source_that_is_none(small: SmallSource, empty_graph: GraphAddress) -> None:
    told = command(small, empty_graph, "status", "other")
    assert (told.exit_code, told.stderr) == (1, "error: unknown source other; known: small\n")


class Table:
    """A table that is read by its cursor, so that a row before it does not come again by itself."""

    def __init__(self, small: SmallSource) -> None:
        self.path = small.folder / "data.sqlite"
        self.execute("CREATE TABLE events (k TEXT, a TEXT, n TEXT, p TEXT, t TEXT)")
        small.declare(
            stream={**UNITS, "table": "events", "updated": "t", "cursor": True}, kind="sql", where=str(self.path)
        )

    def execute(self, statement: str, *values: str) -> None:
        with sqlite3.connect(self.path) as database:
            database.execute(statement, values)


def test_mended_rows_go_in_at_a_retry(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    table = Table(small)
    for number, row in enumerate(ROWS):
        key = "E#3" if number == 3 else "E#4" if number == 4 else row[0]
        moment = f"2026-01-{number // 2 + 1:02} 00:00:00"
        table.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", key, *row[1:], moment)
    assert small.pull().quarantined == 2
    # Mended at the source, but not told as changed: an incremental read does not bring it.
    table.execute("UPDATE events SET k = 'E3' WHERE k = 'E#3'")
    assert small.pull().inserted == 0
    told = command(small, empty_graph, "retry", "small")
    assert told.exit_code == 0, told.stderr
    assert "small/events: 2 rows were refused, 1 is now" in told.stdout
    assert one(graph_driver, "MATCH (e:Event {number: 'E3'}) RETURN count(e)") == 1
    table.execute("UPDATE events SET k = 'E4' WHERE k = 'E#4'")
    done = json.loads(command(small, empty_graph, "retry", "small", "--json").stdout)
    assert (done["before"], done["after"]) == ({"small/events": 1}, {})
    assert [each["inserted"] for each in done["results"]] == [1]
    again = command(small, empty_graph, "retry", "small")
    assert (again.exit_code, again.stdout) == (0, "no row of small is refused\n")
    # Afterwards it is read by its cursor again.
    assert small.pull().read < 10
    assert command(small, empty_graph, "retry", "other").stderr == "error: unknown source other; known: small\n"
    assert len(ask(graph_driver, "MATCH (e:Event) RETURN e.number AS number")) == 40


PUSHED = """
name: desk
kind: push
accepts: [grid-desk]
collectedFor: housing
trust: 2
records:
  - {name: buildings, event: desk.building, entity: Building, key: number, identity: code, updated: ce:time,
     fields: {code: {column: number, as: code}, name: name}}
"""


def test_what_waits_of_a_source_that_is_pushed_is_shown(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    (small.folder / "sources" / "desk.yaml").write_text(PUSHED, "utf-8")
    small.write([*ROWS, ["", "x", "y", "z"]])
    small.pull()
    entry = {"key": "desk/buildings:B1", "source": "desk", "stream": "desk/buildings", "row": "B1", "field": "number"}
    graph_driver.execute_query(
        "CREATE (q:Quarantined {whole: true, rule: 'not-a-code'}) SET q += $entry", entry=entry
    )  # fmt: skip
    told = command(small, empty_graph, "status", "--json")
    assert told.exit_code == 0, told.stderr
    by_name = {each["source"]: each for each in json.loads(told.stdout)}
    desk = by_name["desk"]
    assert (desk["state"], desk["refused"], desk["schedule"], desk["stale"]) == ("PUSHED", 1, None, None)
    assert [(each["stream"], each["rule"], each["rows"]) for each in desk["waiting"]] == [
        ("desk/buildings", "not-a-code", 1)
    ]  # fmt: skip
    assert (by_name["small"]["state"], by_name["small"]["refused"]) == ("OK", 1)
    shown = command(small, empty_graph, "status", "desk")
    assert shown.exit_code == 0, shown.stderr
    assert "PUSHED" in shown.stdout and "as events come" in shown.stdout
    assert "desk/buildings: 1 refused by number not-a-code" in shown.stdout
    # It is shown, and neither pulled nor retried.
    assert command(small, empty_graph, "retry", "desk").stderr.startswith("error: desk: a push source is not pulled")
