"""A pull is recorded: when it begins, and for each source how it ends, with counts; without a log nothing is pulled."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.log import AuditUnavailable, read
from audit.record import Record
from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from hub.home.audit_log import digester_of, operator_digest
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull
from tests.support.pulling import SOURCES, county, hotline, silent

pytestmark = pytest.mark.conformance


def records(settings: Settings) -> list[Record]:
    return [each.record for each in read(settings.audit_log)]


def test_who_pulled_what_is_on_record(empty_graph: GraphAddress, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    folder = county(tmp_path / "county", people=100)
    with hotline(folder) as variables:
        results = recorded_pull(settings, SOURCES, ["divisions"], folder, variables, silent, empty_graph)
        begun, ended = records(settings)
        assert [each.kind for each in (begun, ended)] == ["pull", "pull"]
        assert {each.subject for each in (begun, ended)} == {operator_digest(digester_of(settings))}
        assert (begun.operation_name, dict(begun.variables)) == ("pull begin", {"sources": "1"})
        counts = {name: sum(getattr(each, name) for each in results) for name in ("read", "inserted", "quarantined")}
        assert (ended.operation_name, ended.result, ended.variables["source"]) == ("pull", "OK", "divisions")
        assert {name: int(ended.variables[name]) for name in counts} == counts
        assert counts["inserted"] > 0

        (folder / "divisions" / "regions.csv").unlink()
        with pytest.raises(ConnectorError):
            recorded_pull(settings, SOURCES, ["divisions"], folder, variables, silent, empty_graph)
        failed = records(settings)[-1]
        assert (failed.result, failed.variables["source"], failed.variables["read"]) == ("FAILED", "divisions", "0")


def test_what_cannot_be_recorded_is_not_pulled(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    settings.prepare_home()
    settings.audit_file.write_bytes(b"this is no audit log, and a pull would not find it")
    nowhere = GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused")
    with pytest.raises(AuditUnavailable):
        recorded_pull(settings, SOURCES, [], tmp_path, {}, silent, nowhere)
