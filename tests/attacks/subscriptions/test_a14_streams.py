"""A14: whatever a client does with a stream of events, it costs the hub a bounded amount."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hub.subscriptions import follower, operation
from hub.subscriptions import stream as bounds
from tests.support.serving import Served, serving
from tests.support.subscribing.scene import DOCUMENT, Scene
from tests.support.subscribing.stream import END, Stream, stream, unread
from tests.support.waiting import until

pytestmark = pytest.mark.attack


def reopened(scene: Scene) -> None:
    """Wait until a stream can be opened where one was too many."""

    def opens() -> bool:
        again = scene.stream()
        again.close()
        return again.status == 200

    until(opens, "the place was not left")


def test_a14_streams_and_connections_of_one_application_are_counted_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "CONNECTIONS", 2)
    socket, first = scene.subscribe(), scene.stream()
    second, other = scene.stream(), scene.stream("next-desk")
    assert (second.status, second.code, second.headers["retry-after"]) == (429, "TOO_MANY_REQUESTS", "1")
    assert other.status == 200
    (refusal,) = [each for each in scene.records("refusal") if each.result == "TOO_MANY_REQUESTS"][-1:]
    assert (refusal.application, refusal.http_status) == ("desk", 429)
    first.close()
    reopened(scene)
    other.close()
    socket.close()


def test_a14_a_stream_that_is_refused_leaves_its_place(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "CONNECTIONS", 1)
    refused = "subscription { eventChanged { idNumber } }"
    until(lambda: scene.stream(document=refused).status != 429, "those of the test before did not leave theirs")
    for document in (refused, "subscription { x }", "{ __typename }"):
        for _ in range(3):
            assert scene.stream(document=document).status in {200, 400}
    first = scene.stream()
    assert first.status == 200
    first.close()
    reopened(scene)


def test_a14_who_does_not_read_is_cut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for it: the next event is made when the one before has left."""
    monkeypatch.setattr(follower, "CONNECTIONS", 1)
    monkeypatch.setattr(bounds, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(bounds, "KEEP_ALIVE_SECONDS", 0.0)
    monkeypatch.setattr(bounds, "COMMENT", b":" + b"x" * 65_536 + b"\n\n")
    before = len(scene.records("query"))
    client = unread(scene.served.port, scene.stated("desk", "event"), {"query": DOCUMENT})
    scene.await_query(before)
    began = time.monotonic()
    reopened(scene)
    assert time.monotonic() - began < 10
    client.close()
    assert scene.served.client.get("/healthz").status_code == 200


def test_a14_who_cannot_follow_is_told_and_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "WAITING", 3)
    scene.write([("S0", "RECEIVED", "001")])
    desk = scene.stream()
    scene.write([(f"S{at}", "CLOSED", "001") for at in range(10)])
    assert desk.code_of_end() == "OVERLOADED"


def test_a14_comments_keep_a_stream_alive(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "KEEP_ALIVE_SECONDS", 0.1)
    desk = scene.stream()
    until(lambda: desk.comments > 3)
    assert desk.is_silent(0.5)
    desk.close()


@contextmanager
def small(scene: Scene, folder: Path) -> Iterator[Served]:
    """A second hub at the scene's graph, for two connections from one address."""
    with serving(folder, scene.address, store=scene.store, connections_per_address=2) as served:
        yield served


def opened(served: Served) -> Stream:
    token = served.issuer.issue("desk", "clerk-1")
    made = stream(served.port, {"Authorization": f"Bearer {token}", "Access-Purpose": "event"}, {"query": DOCUMENT})
    assert made.status == 200
    return made


def test_a14_a_stream_is_never_closed_for_another_connection(scene: Scene, tmp_path: Path) -> None:
    with small(scene, tmp_path) as served:
        streams = [opened(served), opened(served)]
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{served.port}/healthz", trust_env=False).raise_for_status()
        assert all(each.is_silent(0.5) for each in streams)
        streams[0].close()
        streams[1].close()


def test_a14_a_hub_that_stops_ends_its_streams(scene: Scene, tmp_path: Path) -> None:
    """Not as complete: the client is to open it again, at the hub that comes after."""
    with small(scene, tmp_path) as served:
        desk = opened(served)
        assert desk.is_silent(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert desk.receive() == END
    assert not desk.was_cut
