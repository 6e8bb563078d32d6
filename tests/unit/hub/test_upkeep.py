"""Background tasks are started again when they fail, keys are followed, and each change of state is told once."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import threading
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from prometheus_client import CollectorRegistry

from audit.log import AuditLog
from audit.stores.postgres import _first_missing
from hub import upkeep as upkeep_module
from hub.readiness import Readiness
from hub.request import auth
from hub.upkeep import Upkeep
from tests.support.serving import Served, code_of, serving
from tests.support.waiting import until

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(upkeep_module, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(auth, "KEY_SECONDS", 0.02)


def test_case_2_07_a_task_that_fails_or_ends_is_started_again() -> None:
    registry = CollectorRegistry()
    upkeep, starts = Upkeep(registry), {"fails": 0, "ends": 0, "lasts": 0}

    async def fails() -> None:
        starts["fails"] += 1
        raise ValueError("CANARY")

    async def ends() -> None:
        starts["ends"] += 1

    async def lasts() -> None:
        starts["lasts"] += 1
        await asyncio.sleep(3_600)

    async def run() -> None:
        async with upkeep.running({"fails": fails, "ends": ends, "lasts": lasts}):
            await asyncio.to_thread(until, lambda: min(starts["fails"], starts["ends"]) >= 4)

    asyncio.run(run())
    assert starts["lasts"] == 1
    assert (registry.get_sample_value("sluicegate_task_failures_total", {"task": "fails"}) or 0) >= 4
    ended, failed = upkeep.warnings()
    assert ended == "the background task ends failed (it ended); it is started again"
    assert failed.startswith("the background task fails failed (ValueError at test_upkeep.py:")
    assert "CANARY" not in failed


def test_case_2_07_a_thread_that_fails_is_started_again() -> None:
    upkeep, ended = Upkeep(CollectorRegistry()), threading.Event()
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise KeyError("CANARY")

    upkeep.in_thread("work", work, ended).join()
    assert len(tries) == 3
    assert len(upkeep.warnings()) == 1


def test_case_2_07_readyz_tells_a_failed_task_and_the_hub_still_stops(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served:
        served.hub.upkeep.failed("merged grids", RuntimeError("CANARY"))
        warnings = served.client.get("/readyz").json()["warnings"]
        assert warnings == ["the background task merged grids failed (RuntimeError); it is started again"]
        assert 'sluicegate_task_failures_total{task="merged grids"} 1.0' in served.client.get("/metrics").text


def key_set(*keys: ECKey) -> str:
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def signed(key: ECKey, served: Served) -> str:
    plain = served.issuer.issue("fire-inspection", "inspector-1")
    claims = jwt.decode(plain, served.issuer._key, algorithms=["ES256"]).claims
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


def test_case_2_06_the_issuers_keys_are_followed(tmp_path: Path) -> None:
    first, second = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
    file = tmp_path / "jwks.json"
    file.write_text(key_set(first))
    with serving(tmp_path / "home", issuer_jwks=file) as served:
        old, new = signed(first, served), signed(second, served)
        assert [code_of(served.ask(token=each)) for each in (old, new)] == ["OK", "UNAUTHENTICATED"]
        file.write_text(key_set(second))
        until(lambda: code_of(served.ask(token=new)) == "OK")
        assert code_of(served.ask(token=old)) == "UNAUTHENTICATED"
        for bad in ("", "{", '{"keys": []}', key_set(second)[:-9]):
            file.write_text(bad)
            until(lambda: any("keys of before stay" in each for each in warnings(served)))
            assert code_of(served.ask(token=new)) == "OK"
            file.write_text(key_set(first, second))
            until(lambda: warnings(served) == [])
        file.unlink()
        until(lambda: any("keys of before stay" in each for each in warnings(served)))
        assert [code_of(served.ask(token=each)) for each in (old, new)] == ["OK", "OK"]


def warnings(served: Served) -> list[str]:
    found: list[str] = served.client.get("/readyz").json().get("warnings", [])
    return found


def test_case_2_10_each_change_of_state_is_one_line_and_one_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sluicegate.state")
    with serving(tmp_path / "home") as served:
        until(lambda: "graph: it does not answer" in caplog.text)
        moment = [100.0]
        caplog.clear()
        served.hub.telemetry.registry = CollectorRegistry()
        readiness = Readiness(served.hub, lambda: moment[0])
        for state in ("", "", "SQLITE_FULL", "SQLITE_FULL", "STALLED", "", ""):
            moment[0] += 1
            readiness.note({"disk": state})
        lines = [record.getMessage() for record in caplog.records if "disk" in record.getMessage()]
        assert lines == ["disk: SQLITE_FULL", "disk: STALLED", "disk: usable again after 1 s"]
        values = served.hub.telemetry.registry.get_sample_value
        assert values("sluicegate_state_changes_total", {"part": "disk"}) == 3
        assert values("sluicegate_usable", {"part": "disk"}) == 1


def test_case_2_10_a_log_that_cannot_be_written_is_told_without_a_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sluicegate.state")
    with serving(tmp_path / "home") as served:
        served.hub.log.close()
        until(lambda: "audit: CLOSED" in caplog.text)
        assert caplog.text.count("audit: CLOSED") == 1


@pytest.mark.parametrize(
    ("months", "until_day"),
    [([], "2026-11-01"), ([11], "2026-12-01"), ([11, 12], "2027-01-01"), ([10, 12], "2026-11-01")],
)
def test_case_2_09_the_first_month_that_is_not_prepared(months: list[int], until_day: str) -> None:
    names = {f"record_2026_{month:02d}" for month in months}
    assert _first_missing(names, dt.date(2026, 11, 28)).isoformat() == until_day


@pytest.mark.parametrize(("days", "warned"), [(1, True), (30, True), (31, False), (400, False), (None, False)])
def test_case_2_09_the_end_of_the_prepared_months_is_told_30_days_before(
    tmp_path: Path, days: int | None, warned: bool
) -> None:
    log = AuditLog.open(tmp_path / "audit.db")
    today = dt.datetime.now(dt.UTC).date()
    log._store.prepared_until = None if days is None else today + dt.timedelta(days=days)  # type: ignore[misc]
    assert ("audit prepare" in log.ends_soon) is warned
    log.close()
