"""On a server, the end of the prepared months is seen 30 days ahead, and a month that is prepared ends the warning."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from audit import log as audit_log
from audit.log import AuditLog
from audit.stores import postgres as store
from audit.stores.postgres_schema import prepare
from tests.support.postgres import Postgres
from tests.support.postgres_log import server_log

pytestmark = pytest.mark.unit


def names(*months: str) -> set[str]:
    return {f"record_{month}" for month in months}


@pytest.mark.parametrize(
    ("prepared", "today", "expected"),
    [
        (names("2026_11", "2026_12", "2027_01"), "2026-11-30", "2027-02-01"),
        (names("2026_12"), "2026-12-31", "2027-01-01"),
        (names("2026_01", "2026_03"), "2026-01-31", "2026-02-01"),
        (set(), "2026-01-31", "2026-01-01"),
    ],
)
def test_case_2_09_the_first_day_without_a_month(prepared: set[str], today: str, expected: str) -> None:
    assert store._first_missing(prepared, dt.date.fromisoformat(today)) == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(("days", "warned"), [(31, False), (30, True), (0, True), (-3, True)])
def test_case_2_09_it_is_told_30_days_before(server: Postgres, days: int, warned: bool) -> None:
    log = AuditLog.open(server_log(server, "log_months").append, 60)
    try:
        log._store.__dict__["prepared_until"] = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
        assert ("audit prepare" in log.ends_soon) == warned
    finally:
        log.close()


def test_case_2_09_a_running_log_sees_the_months_that_there_are(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MONTHS_SECONDS", 0.0)
    # A month more than a month ahead is prepared at no time: the warning holds on each day of the year.
    monkeypatch.setattr(audit_log, "WARN_DAYS", 31)
    kept = server_log(server, "log_months", months=0)
    log = AuditLog.open(kept.append, 60)

    def wait(warned: bool) -> None:
        deadline = time.monotonic() + 20
        while bool(log.ends_soon) != warned and time.monotonic() < deadline:
            time.sleep(0.05)
        assert bool(log.ends_soon) == warned

    try:
        wait(True)
        assert log.healthy
        prepare(kept.admin, 12, append=["hub"], read=["auditor"])
        wait(False)
        assert log.healthy
    finally:
        log.close()
