"""A hub's start and stop stand in its log, as soon as the log takes them; a closed terminal does not end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from audit.log import AuditUnavailable, Receipt, read
from audit.record import Record
from hub.home.audit_log import append_record, operator_digest
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.serve import record_start_and_stop
from tests.support.ports import free_port
from tests.support.serving import COUNTY, NOWHERE, Served, serving
from tests.support.waiting import until as wait_until

pytestmark = pytest.mark.conformance


def acts(served: Served) -> list[tuple[str, str | None]]:
    return [(each.kind, each.operation_name) for each in served.records()]


def until(served: Served, count: int) -> None:
    while len(served.records()) < count:
        time.sleep(0.01)


def test_start_and_stop_are_records(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as hub:
        with record_start_and_stop(hub.hub.settings, hub.hub.policy.version, hub.hub.catalogue.version):
            until(hub, 1)
            hub.ask()
        assert acts(hub) == [("admin", "hub start"), ("query", None), ("admin", "hub stop")]
        start = hub.records()[0]
        assert (start.policy_version, start.subject) == (hub.hub.policy.version, operator_digest(hub.hub.digester))


def test_a_start_that_cannot_be_recorded_yet_is_recorded_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.serve.RETRY_SECONDS", 0.01)
    with serving(tmp_path / "home") as hub:
        tried = threading.Event()

        def away(settings: Settings, record: Record) -> Receipt:
            if not tried.is_set():
                tried.set()
                raise AuditUnavailable("away")
            return append_record(settings, record)

        monkeypatch.setattr("hub.serve.append_record", away)
        with record_start_and_stop(hub.hub.settings, "", ""):
            until(hub, 1)
        assert tried.is_set()
        assert acts(hub) == [("admin", "hub start"), ("admin", "hub stop")]


def test_a_stop_that_cannot_be_recorded_stops_all_the_same(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as hub:
        with record_start_and_stop(hub.hub.settings, "", ""):
            until(hub, 1)
            wait_until(lambda: all(each.name != "record of the start" for each in threading.enumerate()))
            head = hub.hub.settings.audit_head
            kept = head.read_bytes()
            head.write_bytes(b"no note")
        head.write_bytes(kept)
        assert acts(hub) == [("admin", "hub start")]


@contextmanager
def own_process(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A hub in a process of its own, whose graph is away; it is told to stop at the end, and waited for."""
    given = {
        "SLUICEGATE_HOME": str(settings.home),
        "SLUICEGATE_POLICIES": str(COUNTY),
        "SLUICEGATE_GRAPH_URL": NOWHERE.url,
        "SLUICEGATE_GRAPH_PASSWORD": NOWHERE.password,
    }
    command = [sys.executable, "-m", "hub", "serve", "--port", str(settings.port)]
    with subprocess.Popen(command, env={**os.environ, **given}, stderr=subprocess.DEVNULL) as hub:
        try:
            yield hub
        finally:
            hub.send_signal(signal.SIGTERM)


def answers(settings: Settings) -> bool:
    """Whether the hub answers a query with a token of the key that its home has now."""
    headers = {
        "Authorization": f"Bearer {Issuer(settings).issue('fire-inspection', 'inspector-1')}",
        "Access-Purpose": "safety.fire.rental",
    }
    url = f"http://127.0.0.1:{settings.port}/graphql"
    with suppress(httpx.HTTPError), httpx.Client(trust_env=False) as client:
        return client.post(url, json={"query": "{ __typename }"}, headers=headers).status_code == 200
    return False


def test_a_hangup_does_not_end_a_hub_and_has_it_read_its_keys_again(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home", port=free_port())
    with own_process(settings) as hub:
        wait_until(lambda: answers(settings))
        key = ECKey.generate_key("P-256", {"kid": "next"}, private=True)
        (settings.keys_folder / "issuer.jwk").write_text(json.dumps(key.as_dict(private=True)))
        hub.send_signal(signal.SIGHUP)
        wait_until(lambda: answers(settings))
    assert hub.returncode == 0
    kept = [(each.record.operation_name, each.record.kind) for each in read(settings.audit_file)]
    assert [name for name, kind in kept if kind == "admin"][-2:] == ["hub start", "hub stop"]
