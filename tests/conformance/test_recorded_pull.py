"""A pull is recorded: when it begins, and for each source how it ends, with counts; without a log nothing is pulled."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import neo4j
import pytest

from audit.log import AuditUnavailable, read
from audit.record import Record
from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.audit_log import digester_of, operator_digest
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull
from tests.support.pulling import POLICE, SOURCES, county, empty, hotline, silent

pytestmark = [pytest.mark.conformance, pytest.mark.wide]
ROOT = Path(__file__).parents[2]


def records(settings: Settings) -> list[Record]:
    return [each.record for each in read(settings.audit_log)]


def test_who_pulled_what_is_on_record(empty_graph: GraphAddress, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    folder = county(tmp_path / "county", people=100)
    with hotline(folder) as variables:
        results = recorded_pull(settings, SOURCES, ["divisions"], folder, variables, silent, empty_graph)
        begun, ended, end = records(settings)
        assert [each.kind for each in (begun, ended, end)] == ["pull", "pull", "pull"]
        assert {each.subject for each in (begun, ended, end)} == {operator_digest(digester_of(settings))}
        assert (begun.operation_name, begun.result, dict(begun.variables)) == ("pull begin", "BEGUN", {"sources": "1"})
        assert (end.operation_name, end.result, end.request_id) == ("pull end", "OK", begun.request_id)
        counts = {name: sum(getattr(each, name) for each in results) for name in ("read", "inserted", "quarantined")}
        assert (ended.operation_name, ended.result, ended.variables["source"]) == ("pull", "OK", "divisions")
        assert {name: int(ended.variables[name]) for name in counts} == counts
        assert counts["inserted"] > 0

        (folder / "divisions" / "regions.csv").unlink()
        with pytest.raises(ConnectorError):
            recorded_pull(settings, SOURCES, ["divisions"], folder, variables, silent, empty_graph)
        failed, end = records(settings)[-2:]
        assert (end.operation_name, end.result) == ("pull end", "FAILED")
        assert (failed.result, failed.variables["source"], failed.variables["read"]) == ("FAILED", "divisions", "0")


def test_what_was_done_before_a_failure_is_told(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    """Of the sources before it, and of the streams of its own source before it; by the command too."""
    empty(graph_driver)
    settings = Settings.load(home=tmp_path / "home")
    folder = county(tmp_path / "county", people=100)
    with sqlite3.connect(folder / "housing" / "housing.sqlite") as database:
        database.execute("DROP TABLE occupancy")
    results: list[PullResult] = []
    with hotline(folder) as variables, pytest.raises(ConnectorError, match="occupancy"):
        recorded_pull(settings, SOURCES, [], folder, variables, silent, empty_graph, results)
    done = ["divisions/regions", "police/register", "hotline/tickets", "housing/buildings", "housing/dwellings"]
    assert [f"{each.source}/{each.stream}" for each in results] == done
    assert all(each.inserted > 0 for each in results)

    (folder / POLICE).unlink()
    told = {
        **os.environ,
        "SLUICEGATE_GRAPH_URL": empty_graph.url,
        "SLUICEGATE_GRAPH_PASSWORD": empty_graph.password,
        "SLUICEGATE_HOME": str(tmp_path / "home"),
    }
    for more, shown in (([], "divisions/regions"), (["--json"], '"stream": "regions"')):
        command = [sys.executable, "-m", "hub", "pull", "--data", str(folder), *more, "divisions", "police"]
        command += ["--set", "HOTLINE_URL=http://127.0.0.1:9"]
        ended = subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert shown in ended.stdout
        *progress, refusal = ended.stderr.splitlines()
        assert refusal.startswith("error: police/register: ")
        assert all(line.endswith(" rows read") for line in progress)  # on a slow machine


def test_what_cannot_be_recorded_is_not_pulled(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    settings.prepare_home()
    digester_of(settings)  # makes its key: one that is missing beside a log is refused before
    settings.audit_file.write_bytes(b"this is no audit log, and a pull would not find it")
    nowhere = GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused")
    with pytest.raises(AuditUnavailable):
        recorded_pull(settings, SOURCES, [], tmp_path, {}, silent, nowhere)
