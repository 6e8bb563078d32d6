"""The record of what came in a delivery says the same, however many events there are."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.record import Digester, decode, pack
from hub.push.cloud_events import Event
from hub.push.record import LISTED, begin_record
from hub.request.endpoint import Arrival
from hub.request.record import Trail
from policies.language import load
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit

DIGESTER = Digester(b"k" * 32)
ARRIVAL = Arrival("0" * 32, dt.datetime(2026, 6, 30, 9, 0, tzinfo=dt.UTC), 0, "POST", "/", ())


def recorded(ids: list[str]) -> dict[str, str]:
    """The variables of a delivery of events with these ids, as they stand in the log."""
    events = [Event(at, each, "desk", "building", {}, b"") for at, each in enumerate(ids)]
    (body, *_) = pack(begin_record(Trail(ARRIVAL, load(COUNTY, SPINE)), DIGESTER, "desk", events))
    return dict(decode(body).variables)


@pytest.mark.parametrize("count", [1, LISTED, LISTED + 1, 1_000])
def test_source_and_count_stay_whatever_the_number_of_events(count: int) -> None:
    ids = [f"e{n}" for n in range(count)]
    found = recorded(ids)
    assert (found["source"], found["events"]) == ("desk", str(count))
    assert found["event.0"] == DIGESTER.digest("event", "desk\x00e0")
    assert len([name for name in found if name.startswith("event.") and name != "event.others"]) == min(count, LISTED)
    assert found.get("others") == (str(count - LISTED) if count > LISTED else None)


def test_one_digest_stands_for_all_further_events() -> None:
    ids = [f"e{n}" for n in range(LISTED + 2)]
    assert recorded(ids)["event.others"] == recorded(ids)["event.others"]
    assert recorded(ids)["event.others"] != recorded([*ids[:-1], "other"])["event.others"]
