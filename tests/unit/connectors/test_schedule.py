"""When a source is due: by a length of time or a time of day, sooner after a run that did not end well."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from connectors.manifest import ManifestError, read_yaml, source_of
from connectors.schedule import Schedule, is_stale, next_due

pytestmark = pytest.mark.unit

SHANGHAI = ZoneInfo("Asia/Shanghai")
SIX_HOURS, AT_NIGHT = Schedule(every="6h"), Schedule(daily="03:30")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-11-{text}:00+00:00")


DUE = [
    # The schedule, when the last run began and ended, whether well, and when the source is due.
    (SIX_HOURS, None, None, False, None),
    (SIX_HOURS, "01T00:00", "01T00:05", True, "01T06:00"),
    (SIX_HOURS, "01T00:00", "01T00:05", False, "01T00:20"),
    (SIX_HOURS, "01T00:00", "01T05:59", False, "01T06:00"),
    (SIX_HOURS, "01T00:00", None, False, None),
    (Schedule(every="30m"), "01T00:00", "01T00:05", True, "01T00:30"),
    (Schedule(every="2d"), "01T00:00", "01T00:05", True, "03T00:00"),
    # 03:30 in Shanghai is 19:30 of the day before.
    (AT_NIGHT, "01T00:00", "01T00:05", True, "01T19:30"),
    (AT_NIGHT, "01T19:30", "01T19:35", True, "02T19:30"),
    (AT_NIGHT, "01T19:29", "01T19:35", True, "01T19:30"),
    (AT_NIGHT, "01T19:31", "01T19:35", False, "01T19:50"),
]


@pytest.mark.parametrize(("schedule", "started", "ended", "well", "due"), DUE)
def test_a_source_is_due(schedule: Schedule, started: str | None, ended: str | None, well: bool, due: str) -> None:
    found = next_due(schedule, started and utc(started), ended and utc(ended), well, SHANGHAI)  # type: ignore[arg-type]
    assert found == (due and utc(due))


def test_a_source_is_stale_after_two_of_its_own_cycles() -> None:
    now = utc("03T00:00")
    assert is_stale(SIX_HOURS, None, now)
    assert is_stale(SIX_HOURS, utc("02T11:59"), now)
    assert not is_stale(SIX_HOURS, utc("02T12:00"), now)
    assert not is_stale(AT_NIGHT, utc("02T11:59"), now)


WRONG = [
    ("{every: 6h, daily: '03:30'}", "a schedule takes either `every: 6h` or"),
    ("{every: 6}", "schedule.every: one text is expected; put quotes around it"),
    ("{every: 6 h}", "write a number and m, h or d"),
    ("{every: 0h}", "write a number and m, h or d"),
    ("{daily: '24:00'}", "write hours and minutes in quotes"),
    ("{daily: '3:30'}", "write hours and minutes in quotes"),
    ("{weekly: mo}", "schedule.weekly: unknown name; allowed: every, daily"),
    ("6h", "a map is expected; write schedule: {every: 6h}"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_schedule_that_is_none_refuses_the_file(tmp_path: object, text: str, told: str) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "small.yaml"
    path.write_text(
        "name: small\nkind: csv\nwhere: data.csv\ncollectedFor: event\ntrust: 1\n"
        f"schedule: {text}\nrecords: [{{name: e, entity: Event, key: k, identity: number, fields: {{number: k}}}}]\n"
    )
    with pytest.raises(ManifestError) as refused:
        source_of(read_yaml(path), {})
    assert told in str(refused.value)
    assert "small.yaml:6: schedule" in str(refused.value)
