"""Days are those of the installation's zone, in grants, caps, logs and searches, whatever the zone of the process."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import hub.home.issuer
import hub.home.settings
from audit.record import Record
from hub.auditor.search_terms import read_filters
from hub.home.audit_log import open_log
from hub.home.settings import Settings, SettingsError
from hub.home.zone import day_of, read_moment, show_time
from hub.steward.changes import steward_session
from policies.versions import ChangeRefused
from schema import SPINE
from tests.support.policy_stores import FILES
from tests.support.searched_log import searched_home
from tests.support.serving import COUNTY, Served, code_of, serving
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit

CHINA = ZoneInfo("Asia/Shanghai")
POLICY = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: b, zh: 乙, en: B}
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - {id: last-day, to: {application: [app]}, for: [a], basis: law, valid: {to: 2026-06-30}, rows: {Person: {}},
     fields: {Person.name: clear}}
  - {id: capped, to: {application: [app]}, for: [b], basis: law, rows: {Person: {}}, fields: {Person.name: clear},
     obligations: {dailyCap: 2}}
"""
LIST = "{ people(first: 1) { edges { node { name } } } }"
PASSED = "GRAPH_UNAVAILABLE"
"""These hubs have no graph: what is not refused before gets that far."""


class Now:
    """The clock of a process, which stands where a test puts it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = dt.datetime.now(dt.UTC)

        class Stopped(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Any:
                return self.moment.astimezone(tz)

        monkeypatch.setattr(hub.home.settings, "dt", SimpleNamespace(datetime=Stopped))
        monkeypatch.setattr(hub.home.issuer, "time", SimpleNamespace(time=self.timestamp))

    def timestamp(self) -> float:
        return self.moment.timestamp()

    def at(self, text: str) -> None:
        self.moment = dt.datetime.fromisoformat(text)


@pytest.fixture(params=["UTC", "America/New_York"])
def now(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Now]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield Now(monkeypatch)
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def served(tmp_path: Path, now: Now) -> Iterator[Served]:
    with serving(tmp_path / "home", policy=policy(tmp_path / "policy", POLICY)) as running:
        yield running


def code(served: Served, purpose: str) -> str:
    return code_of(served.ask(LIST, app="app", purpose=purpose))


def test_case_1_16_a_grants_last_day_ends_at_midnight_of_the_zone(served: Served, now: Now) -> None:
    for moment, wanted in (
        ("2026-06-30T00:00:00+08:00", PASSED),
        ("2026-06-30T23:59:59+08:00", PASSED),
        ("2026-07-01T00:00:00+08:00", "PURPOSE_DENIED"),
        ("2026-07-01T07:00:00+08:00", "PURPOSE_DENIED"),
    ):
        now.at(moment)
        assert code(served, "a") == wanted, moment


def test_case_1_16_a_daily_cap_begins_anew_at_midnight_of_the_zone(tmp_path: Path, now: Now) -> None:
    now.at("2026-06-30T23:59:00+08:00")
    with (
        steward_session(home_with_policy(tmp_path), SPINE) as changes,
        serving(tmp_path / "home", store=changes.store) as served,
    ):
        assert [code(served, "b") for _ in range(3)] == [PASSED, PASSED, "DAILY_CAP"]
        assert served.ask(LIST, app="app", purpose="b").headers["Retry-After"] == "61"
        now.at("2026-07-01T00:00:00+08:00")
        assert [code(served, "b") for _ in range(3)] == [PASSED, PASSED, "DAILY_CAP"]
        now.at("2026-07-01T08:30:00+08:00")  # another day in UTC, and no other here
        assert code(served, "b") == "DAILY_CAP"


def home_with_policy(folder: Path) -> Settings:
    policies = folder / "policy"
    policies.mkdir()
    for name, content in {**FILES, "policy.yaml": POLICY.encode()}.items():
        (policies / name).write_bytes(content)
    return Settings.load(home=folder / "home", policies=policies)


def test_case_1_16_a_version_is_checked_on_the_day_of_the_zone(tmp_path: Path, now: Now) -> None:
    expected = b"expect: [{app: app, purpose: a, coordinate: Person.name, effects: [clear]}]"
    now.at("2026-06-30T23:00:00+08:00")
    with steward_session(home_with_policy(tmp_path), SPINE) as changes:
        files = {**changes.store.in_force().files, "expect.yaml": expected}
        version = changes.store.draft(files, "zhang")
        changes.store.approve(version.number, version.hash, "li")
        with pytest.raises(ChangeRefused, match=r"Person\.name"):
            changes.store.activate(version.number, "li", dt.datetime(2026, 6, 30, 16, tzinfo=dt.UTC))
        now.at("2026-07-01T07:00:00+08:00")
        with pytest.raises(ChangeRefused, match=r"Person\.name"):
            changes.store.draft({**files, "expect.yaml": expected + b"\n"}, "zhang")


def test_case_1_16_a_search_takes_days_and_bare_times_in_the_zone() -> None:
    def read(*words: str) -> Any:
        return read_filters(words, None, str, str, CHINA).query

    day = read("since=2026-06-30", "until=2026-06-30")
    assert day.since == dt.datetime(2026, 6, 29, 16, tzinfo=dt.UTC)
    assert day.until == dt.datetime(2026, 6, 30, 16, tzinfo=dt.UTC)
    assert read("since=2026-06-30T07:00").since == dt.datetime(2026, 6, 29, 23, tzinfo=dt.UTC)
    assert read("since=2026-06-30T07:00Z").since == dt.datetime(2026, 6, 30, 7, tzinfo=dt.UTC)


def sluicegate(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process in New York, without the machine's own names of zones."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    given = {"SLUICEGATE_HOME": str(home), "SLUICEGATE_LOCAL_STEWARDS": "1", "SLUICEGATE_POLICIES": str(COUNTY)}
    given |= {"PYTHONTZPATH": "", "TZ": "America/New_York"}
    command = [sys.executable, "-m", "hub", *arguments]
    environment = {**known, **given, **environment}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=environment)


@pytest.mark.slow
def test_case_1_16_a_log_is_shown_and_searched_in_the_zone(tmp_path: Path) -> None:
    settings = searched_home(tmp_path / "home")
    with closing(open_log(settings)) as log:
        for at in ("2026-06-29T15:59:59.000Z", "2026-06-29T16:00:00.000Z", "2026-06-30T15:59:59.000Z"):
            log.append_sync(Record(kind="pull", request_id="d", result="OK", http_status=0, time=at))
    words = ("kind=pull", "since=2026-06-30", "until=2026-06-30")
    found = sluicegate("audit", "search", *words, "--as", "wu", home=settings.home)
    assert [line.split()[1:3] for line in found.stdout.splitlines()[:-1]] == [
        ["2026-06-30", "23:59:59.000+08:00"],
        ["2026-06-30", "00:00:00.000+08:00"],
    ], found.stderr
    shown = sluicegate("audit", "show", "4", "--as", "wu", home=settings.home, SLUICEGATE_TIME_ZONE="America/New_York")
    assert '"localTime": "2026-06-29 11:59:59.000-04:00"' in shown.stdout, shown.stderr


@pytest.mark.slow
def test_case_1_16_todays_grants_are_those_of_the_zone_and_not_of_the_process(tmp_path: Path) -> None:
    """At every moment it is a later day in Kiritimati than at twelve hours behind UTC."""
    yesterday = dt.datetime.now(ZoneInfo("Pacific/Kiritimati")).date() - dt.timedelta(days=1)
    folder = tmp_path / "policy"
    policy(folder, POLICY.replace("2026-06-30", yesterday.isoformat()))
    asked = ("policy", "explain", "--app", "app", "--purpose", "a", "--folder", str(folder), "Person.name")

    def told(zone: str) -> str:
        found = sluicegate(*asked, home=tmp_path / "home", SLUICEGATE_TIME_ZONE=zone)
        assert found.returncode == 0, found.stderr
        return found.stdout.splitlines()[0].rpartition(": ")[2]

    assert (told("Pacific/Kiritimati"), told("Etc/GMT+12")) == ("nothing", "clear")


@pytest.mark.parametrize("name", ["Asia/Peking", "localtime", "America", "../Asia/Shanghai", "right/UTC", "+08:00"])
def test_case_1_16_an_unknown_zone_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SLUICEGATE_TIME_ZONE", name)
    with pytest.raises(SettingsError, match=r"such as Asia/Shanghai .*\(SLUICEGATE_TIME_ZONE\)"):
        Settings.load()


def test_moments_are_read_and_shown_with_their_zone() -> None:
    assert read_moment("2026-07-01", CHINA) == dt.datetime(2026, 6, 30, 16, tzinfo=dt.UTC)
    assert read_moment("2026-07-01T07:00-04:00", CHINA).isoformat() == "2026-07-01T19:00:00+08:00"
    for text in ("0001-01-01", "9999-12-31T23:59-12:00", "2026-02-31", "soon"):
        with pytest.raises(ValueError):
            read_moment(text, CHINA)
    assert day_of("2026-06-30T16:00:00.000Z", CHINA) == dt.date(2026, 7, 1)
    assert show_time("2026-06-30T16:00:00.000000Z", CHINA) == "2026-07-01 00:00:00.000+08:00"
