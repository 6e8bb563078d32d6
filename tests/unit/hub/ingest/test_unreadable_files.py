"""A folder, archive or workbook of which nothing can be read fails its pull; of which a part can, is pulled in part."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

from connectors.base import ConnectorError
from hub.cli.main import app
from hub.graph.local import GraphAddress
from tests.support.pulling import ask, empty
from tests.support.sources.small_sources import SmallSource
from tests.support.sources.workbooks import Sheet, write_workbook

pytestmark = [pytest.mark.unit, pytest.mark.server]

GOOD = {"a": [["k", "a", "n", "p"], ["E1", "东街", "", ""]], "b": [["k", "a", "n", "p"], ["E2", "西街", "", ""]]}
BAD = {"a": [["填表说明"], ["一"]], "b": [["别的", "表"], ["二", "三"]]}
Tables = dict[str, list[list[str]]]


def folder(path: Path, tables: Tables) -> None:
    path.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (path / f"{name}.csv").write_text("".join(f"{','.join(row)}\n" for row in rows), "utf-8")


def archive(path: Path, tables: Tables) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name, rows in tables.items():
            made.writestr(f"{name}.csv", "".join(f"{','.join(row)}\n" for row in rows))


def workbook(path: Path, tables: Tables) -> None:
    write_workbook(path, {name: Sheet(rows) for name, rows in tables.items()})


def workbooks(path: Path, tables: Tables) -> None:
    path.mkdir(exist_ok=True)
    for name, rows in tables.items():
        write_workbook(path / f"{name}.xlsx", {"表": Sheet(rows)})


Write = Callable[[Path, Tables], None]
KINDS: dict[str, tuple[Write, str, dict[str, Any], dict[str, Any], str]] = {
    "folder": (folder, "in", {"kind": "csv", "files": "*.csv"}, {}, "{}.csv"),
    "archive": (archive, "in.zip", {"kind": "csv", "files": "*.csv"}, {}, "{}.csv"),
    "workbook": (workbook, "in.xlsx", {"kind": "excel"}, {"sheets": "*"}, "{}"),
    "folder of workbooks": (workbooks, "in", {"kind": "excel", "files": "*.xlsx"}, {}, "{}.xlsx"),
}
"""How it is written, where it lies, its declaration and that of its stream, and how its parts are named."""


class Parts:
    """A source of two parts."""

    def __init__(self, kind: str, tmp_path: Path, graph: GraphAddress) -> None:
        self._write, self._place, more, stream, self.name = KINDS[kind]
        self.small = SmallSource(tmp_path, graph)
        self.small.declare(stream=stream, where=str(tmp_path / self._place), drift={"gone": "refuse"}, **more)
        self._graph = graph

    def write(self, tables: Tables) -> None:
        self._write(self.small.folder / self._place, tables)

    def command(self, *words: str) -> Any:
        folder, home = self.small.folder / "sources", self.small.settings.home
        return CliRunner().invoke(
            app, [*words, "--sources", str(folder), "--home", str(home), "--json"],
            env={"SLUICEGATE_GRAPH_URL": self._graph.url, "SLUICEGATE_GRAPH_PASSWORD": self._graph.password},
        )  # fmt: skip


@pytest.fixture(params=sorted(KINDS))
def parts(
    request: pytest.FixtureRequest, tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> Parts:
    empty(graph_driver)
    return Parts(request.param, tmp_path, empty_graph)


def entries(driver: neo4j.Driver) -> list[str]:
    return [each["row"] for each in ask(driver, "MATCH (q:Quarantined) RETURN q.row AS row ORDER BY row")]


def events(driver: neo4j.Driver) -> list[str]:
    return [
        each["k"] for each in ask(driver, "MATCH (e:Event) WHERE e.deletedAt IS NULL RETURN e.number AS k ORDER BY k")
    ]


def test_where_nothing_can_be_read_the_run_fails_and_the_last_good_stays(
    parts: Parts, graph_driver: neo4j.Driver
) -> None:
    parts.write(GOOD)
    assert parts.small.pull().inserted == 2
    parts.write(BAD)
    with pytest.raises(ConnectorError) as failed:
        parts.small.pull()
    told = str(failed.value)
    assert "no row can be read, and of its files or sheets 2 cannot; nothing is changed" in told
    assert parts.name.format("a") in told
    assert "gone" not in told
    # What could not be read is named, each by itself.
    assert entries(graph_driver) == [parts.name.format("a"), parts.name.format("b")]
    assert events(graph_driver) == ["E1", "E2"]
    command = parts.command("pull")
    assert command.exit_code == 1
    assert command.stderr.startswith("error: small/events: no row can be read")
    (status,) = json.loads(parts.command("source", "status").stdout)
    assert (status["state"], status["problem"]) == ("FAILED", told)
    parts.write(GOOD)
    assert parts.small.pull().unchanged == 2
    assert entries(graph_driver) == []


def test_where_a_part_can_be_read_it_goes_in_and_the_run_is_told_as_partial(
    parts: Parts, graph_driver: neo4j.Driver
) -> None:
    parts.write(GOOD)
    parts.small.pull()
    parts.write({"a": [["k", "a", "n", "p"], ["E3", "南街", "", ""]], "b": BAD["b"]})
    command = parts.command("pull")
    assert command.exit_code == 0, command.stderr
    (stream,) = json.loads(command.stdout)
    assert (stream["inserted"], stream["quarantined"], stream["incomplete"]) == (1, 1, True)
    assert [each["rule"] for each in stream["notes"] if "column" in each["rule"]] == []
    assert entries(graph_driver) == [parts.name.format("b")]
    # Nothing is removed by a read that is not whole.
    assert events(graph_driver) == ["E1", "E2", "E3"]
    (status,) = json.loads(parts.command("source", "status").stdout)
    assert (status["state"], status["refused"]) == ("PARTIAL", 1)


def test_a_first_read_of_nothing_that_can_be_read_fails_too(parts: Parts, graph_driver: neo4j.Driver) -> None:
    parts.write(BAD)
    with pytest.raises(ConnectorError, match="no row can be read"):
        parts.small.pull()
    assert events(graph_driver) == []


def test_of_a_growing_folder_a_bad_file_costs_itself(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    small = SmallSource(tmp_path, empty_graph)
    small.declare(stream={"updated": "p"}, where=str(tmp_path / "in"), files="*.csv", growing=True)
    folder(tmp_path / "in", {"a": [["k", "a", "n", "p"], ["E1", "东街", "", "2026-06-01"]]})
    small.pull()
    folder(tmp_path / "in", {"b": BAD["b"]})
    result = small.pull()
    assert (result.quarantined, result.incomplete) == (1, True)
    assert events(graph_driver) == ["E1"]
