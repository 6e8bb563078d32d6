"""The fire alarms agree with docs/sample-county.md, section 11; they are taken one by one, as a receiver would."""

import json
from typing import Any

import pytest

from hub.sample.known_people import PROTAGONIST_HOME
from tests.unit.hub.sample.whole.conftest import Whole, first
from tests.unit.hub.sample.whole.test_units import units

pytestmark = pytest.mark.unit

Event = dict[str, Any]


def events(whole: Whole) -> list[Event]:
    return [json.loads(line) for line in (whole.folder / "alarms" / "alarms.jsonl").read_text("utf-8").splitlines()]


class Receiver:
    """Remembers the events by id, and the time of the last one about each alarm."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole
        self._seen: dict[str, Event] = {}
        self._times: dict[str, str] = {}
        self._codes = {unit["creditCode"] for unit in units(whole)}

    def take(self, event: Event) -> str:
        """What is wrong with an event that arrives now."""
        before, last = self._seen.get(event["id"]), self._times.get(event["subject"], "")
        self._seen[event["id"]] = event
        self._times[event["subject"]] = max(last, event["time"])
        data = event.get("data")
        if data is None:
            return "no_data"
        assert data["creditCode"] is None or data["creditCode"] in self._codes
        return first(
            ("duplicate", before == event),
            ("id_reused", before is not None),
            ("impossible_date", data["raisedAt"].startswith("2026-02-31T")),
            ("unknown_kind", data["kind"] not in {"烟感", "温感", "手动"}),
            ("unknown_dwelling", data["dwellingNo"] is not None and data["dwellingNo"] not in self._whole.dwellings),
            ("out_of_order", event["time"] < last),
        ) or self._whole.place_flaw(data["gridCode"])


def test_the_events_hold_what_the_summary_says(whole: Whole) -> None:
    receiver = Receiver(whole)
    whole.agrees("alarms", [receiver.take(event) for event in events(whole)])
    assert whole.summary.sources["alarms"].good > 50


def test_an_event_has_the_attributes_of_cloudevents(whole: Whole) -> None:
    for event in events(whole):
        assert (event["specversion"], event["datacontenttype"]) == ("1.0", "application/json")
        assert (event["source"], event["type"]) == ("/fire-centre/140321", "cn.pingding.fire.alarm")
        assert event["id"].startswith(event["subject"])
        assert "data" not in event or event["data"]["alarmNo"] == event["subject"]


def test_an_alarm_is_raised_and_then_ended(whole: Whole) -> None:
    alarms: dict[str, list[str]] = {}
    for event in sorted(events(whole), key=lambda event: event["time"]):
        if "data" in event and event["data"]["status"] not in alarms.get(event["subject"], []):
            alarms.setdefault(event["subject"], []).append(event["data"]["status"])
    assert {states[0] for states in alarms.values()} == {"报警"}
    assert {state for states in alarms.values() for state in states[1:]} == {"误报", "确认", "已扑灭"}
    assert {len(states) for states in alarms.values()} == {1, 2}


def test_the_protagonist_s_dwelling_had_an_alarm(whole: Whole) -> None:
    mine = [event["data"] for event in events(whole) if event["subject"] == "HJB00000001"]
    assert {(data["dwellingNo"], data["gridCode"]) for data in mine} == {
        (PROTAGONIST_HOME.dwelling_no, PROTAGONIST_HOME.grid_code)
    }
