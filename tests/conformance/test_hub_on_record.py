"""A hub's start and stop stand in its log, as soon as the log takes them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from audit.log import AuditUnavailable, Receipt
from audit.record import Record
from hub.home.audit_log import operator_digest
from hub.serve import record_start_and_stop
from tests.support.serving import Served, serving

pytestmark = pytest.mark.conformance


def acts(served: Served) -> list[tuple[str, str | None]]:
    return [(each.kind, each.operation_name) for each in served.records()]


def until(served: Served, count: int) -> None:
    while len(served.records()) < count:
        time.sleep(0.01)


def test_start_and_stop_are_records(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as hub:
        with record_start_and_stop(hub.hub):
            until(hub, 1)
            hub.ask()
        assert acts(hub) == [("admin", "hub start"), ("query", None), ("admin", "hub stop")]
        start = hub.records()[0]
        assert (start.policy_version, start.subject) == (hub.hub.policy.version, operator_digest(hub.hub.digester))


def test_a_start_that_cannot_be_recorded_yet_is_recorded_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.serve.RETRY_SECONDS", 0.01)
    with serving(tmp_path / "home") as hub:
        written, tried = hub.hub.log.append_sync, threading.Event()

        def away(record: Record, text: str | None = None) -> Receipt:
            if not tried.is_set():
                tried.set()
                raise AuditUnavailable("away")
            return written(record, text)

        monkeypatch.setattr(hub.hub.log, "append_sync", away)
        with record_start_and_stop(hub.hub):
            until(hub, 1)
        assert tried.is_set()
        assert acts(hub) == [("admin", "hub start"), ("admin", "hub stop")]


def test_a_stop_that_cannot_be_recorded_stops_all_the_same(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as hub:
        with record_start_and_stop(hub.hub):
            until(hub, 1)
            head = hub.hub.settings.audit_head
            kept = head.read_bytes()
            head.write_bytes(b"no note")
        head.write_bytes(kept)
        assert acts(hub) == [("admin", "hub start")]
