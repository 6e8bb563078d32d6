"""F12: each event of a stream is one statement and one record, with what was shown; what is hidden leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.serving import serving
from tests.support.subscribing.scene import DOCUMENT, Scene, check_one_delivery
from tests.support.subscribing.stream import END, stream

pytestmark = pytest.mark.attack


def test_f12_each_delivery_is_one_statement_and_one_record(scene: Scene) -> None:
    scene.write([("G1", "RECEIVED", "001")])
    desk = scene.stream(Accept_Encoding="gzip")
    check_one_delivery(scene, desk, "G1")
    desk.close()


def test_f12_a_stream_is_recorded_when_it_is_opened(scene: Scene) -> None:
    before = len(scene.records("query"))
    desk = scene.stream(Accept_Encoding="gzip")
    (record,) = scene.records("query")[before:]
    assert (record.nodes, record.http_status, record.result) == (0, 200, "OK")
    wanted = {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
    }
    assert {name: desk.headers.get(name) for name in wanted} == wanted
    assert not desk.headers.keys() & {"content-encoding", "content-length"}
    assert "ratelimit" in desk.headers
    desk.close()


def test_f12_what_is_denied_is_listed_for_who_asks_for_it(scene: Scene) -> None:
    scene.write([("G2", "RECEIVED", "001")])
    desk = scene.stream(Access_Errors="list")
    scene.write([("G2", "CLOSED", "001")])
    told = desk.next()
    assert [each["path"] for each in told["errors"]] == [["eventChanged", "reporterName"]]
    assert told["data"]["eventChanged"]["number"] == "G2"
    desk.close()


def test_f12_what_lies_elsewhere_is_neither_told_nor_recorded(scene: Scene) -> None:
    scene.write([("G3", "RECEIVED", "001"), ("G4", "RECEIVED", "100")])
    desk = scene.stream()
    before = len(scene.records())
    scene.write([("G3", "RECEIVED", "001"), ("G4", "CLOSED", "100")])
    assert desk.is_silent()
    assert [each.kind for each in scene.records()[before:] if each.kind != "pull"] == []
    scene.write([("G3", "CLOSED", "001"), ("G4", "CLOSED", "100")])
    assert desk.next()["data"]["eventChanged"]["number"] == "G3"
    desk.close()


def test_f12_changes_that_were_missed_are_not_sent_later(scene: Scene) -> None:
    """They would be told to one who may not have been let in then; no event has an id to go on from."""
    scene.write([("G5", "RECEIVED", "001")])
    desk = scene.stream()
    scene.write([("G5", "HANDLING", "001")])
    assert desk.next()["data"]["eventChanged"]["status"] == "HANDLING"
    desk.close()
    scene.write([("G5", "CLOSED", "001")])
    again = scene.stream(Last_Event_ID="1")
    assert again.is_silent()
    again.close()


@pytest.mark.parametrize("document", ["{ __typename }", "query { events(first: 1) { edges { node { number } } } }"])
def test_f12_a_query_is_one_event_and_one_record(scene: Scene, document: str) -> None:
    before = len(scene.records("query"))
    answered = scene.stream(document=document, Accept_Encoding="gzip")
    assert answered.status == 200
    assert set(answered.next()["data"]) <= {"__typename", "events"}
    assert answered.receive() == ("complete", "")
    assert answered.receive() == END
    (record,) = scene.records("query")[before:]
    assert (record.result, record.http_status) == ("OK", 200)


def test_f12_in_the_strict_profile_too(scene: Scene, tmp_path: Path) -> None:
    """Data beside errors have a status of their own there, which an event has not."""
    with serving(tmp_path, scene.address, store=scene.store, http_profile="strict") as served:
        token = served.issuer.issue("desk", "clerk-1")
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "event"}
        document = "{ events(first: 1) { edges { node { number reporterName } } } }"
        answered = stream(served.port, headers, {"query": document})
        assert answered.status == 200
        assert answered.next()["errors"][0]["extensions"]["code"] == "FIELD_DENIED"
        opened = stream(served.port, headers, {"query": DOCUMENT})
        assert opened.status == 200
        opened.close()
        assert [each.http_status for each in served.records()[-2:]] == [200, 200]
