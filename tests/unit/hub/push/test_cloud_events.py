"""Reading events: whatever a body holds, each item is an event or is named by its place, and no value is repeated."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.errors import HubError
from hub.push.cloud_events import LENGTHS, REQUIRED, Event, Invalid, read_events
from hub.request.endpoint import Arrival

pytestmark = pytest.mark.unit

BATCH = "application/cloudevents-batch+json"
CANARY = "CANARY13800000000"
GOOD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1}}
NAMES = (*REQUIRED, *LENGTHS, "data", "datacontenttype", "dataschema", "data_base64", "note", CANARY)
leaf = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False) | st.text(max_size=9)
leaves = leaf | st.just(CANARY) | st.just("1.0")
VALUES = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def arrival(body: bytes, kind: str = BATCH, **headers: str) -> Arrival:
    sent = (("content-type", kind), *headers.items())
    return Arrival("r", dt.datetime.now(dt.UTC), 0, "POST", "/ingest/x", tuple(sent), body)


def read(*events: Any) -> list[Event | Invalid]:
    return read_events(arrival(json.dumps(events).encode()), 100)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES) | VALUES, max_size=4))
@example([{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {}, "time": CANARY}])
def test_each_item_is_an_event_or_is_told(items: list[Any]) -> None:
    try:
        found = read(*items)
    except HubError as refusal:
        assert CANARY not in refusal.public_message
        return
    assert [each.index for each in found] == list(range(len(items)))
    for each in found:
        if isinstance(each, Invalid):
            assert CANARY not in each.field + each.reason
        else:
            assert CANARY not in repr(each)


def test_the_columns_of_a_row_are_data_and_attributes() -> None:
    (event,) = read(GOOD | {"subject": "S", "note": 7, "data": {"a": 1, "ce:id": "false"}})
    assert isinstance(event, Event)
    assert dict(event.row) == {
        "a": 1, "ce:specversion": "1.0", "ce:id": "1", "ce:source": "/s", "ce:type": "t", "ce:subject": "S",
        "ce:note": 7,
    }  # fmt: skip


def test_binary_and_structured_are_one_content() -> None:
    (one,) = read_events(arrival(json.dumps(GOOD | {"subject": "王"}).encode(), "application/cloudevents+json"), 1)
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-subject": "%E7%8E%8B"}
    (other,) = read_events(arrival(b'{ "a": 1 }', "application/json", **headers), 1)
    assert isinstance(one, Event) and isinstance(other, Event)
    assert one.content == other.content


@pytest.mark.parametrize(
    "change",
    [{"data": {"a": 2}}, {"subject": "S"}, {"time": "2026-06-01T08:00:00Z"}, {"note": "x"}, {"type": "u"}],
    ids=lambda each: next(iter(each)),
)
def test_whatever_an_event_says_is_part_of_its_content(change: dict[str, Any]) -> None:
    one, other = read(GOOD, GOOD | change)
    assert isinstance(one, Event) and isinstance(other, Event)
    assert one.content != other.content


def test_a_header_that_comes_twice_is_told() -> None:
    sent = arrival(b"{}", "application/json", **{"ce-specversion": "1.0", "ce-id": "1"})
    twice = Arrival("r", sent.received, 0, "POST", sent.path, (*sent.headers, ("ce-id", "2")), b"{}")
    assert read_events(twice, 1) == [Invalid(0, "attributes", "a ce- header appears more than once")]
