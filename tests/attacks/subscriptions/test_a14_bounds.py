"""A14: whatever a client opens, leaves open or does not read, it costs the hub a bounded amount."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from hub.connections import HEAD_BYTES
from hub.subscriptions import follower, operation
from hub.subscriptions import socket as bounds
from tests.support.serving import serving
from tests.support.subscribing.client import subscriber
from tests.support.subscribing.scene import DOCUMENT, Scene

pytestmark = pytest.mark.attack


def test_a14_operations_on_one_connection_are_refused_at_the_limit(scene: Scene) -> None:
    desk = scene.subscribe()
    for at in range(60):
        desk.subscribe(str(at), DOCUMENT)
    codes = [desk.code_of_error() for _ in range(60 - bounds.OPERATIONS)]
    assert set(codes) == {"TOO_MANY_REQUESTS"}
    desk.send("complete", id="0")
    desk.subscribe("again", DOCUMENT)
    assert desk.is_silent(1.0), "one that was completed leaves its place"
    desk.close()


def test_a14_an_operation_too_many_costs_what_a_request_costs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "OPERATIONS", 0)
    desk, rates, refusals = scene.subscribe(), scene.served.hub.rates, 0
    entered = list[object]()
    monkeypatch.setattr(rates, "enter", entered.append)
    for refusals in range(1, 6):
        desk.subscribe(str(refusals), DOCUMENT)
        assert desk.code_of_error() == "TOO_MANY_REQUESTS"
    assert len(entered) == refusals
    desk.close()


def test_a14_a_connection_that_never_begins_is_closed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "INIT_SECONDS", 0.5)
    client = subscriber(scene.served.port)
    client.send("ping")
    began = time.monotonic()
    assert client.closed() == 4408
    assert time.monotonic() - began < 5


def test_a14_a_client_that_answers_no_ping_is_cut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PING_SECONDS", 0.3)
    monkeypatch.setattr(bounds, "PONG_SECONDS", 0.3)
    client = scene.subscribe()
    client.subscribe("1", DOCUMENT)
    assert client.closed() == 4408


def test_a14_a_client_that_answers_pings_stays(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PING_SECONDS", 0.2)
    monkeypatch.setattr(bounds, "PONG_SECONDS", 0.5)
    client = scene.subscribe()
    client.subscribe("1", DOCUMENT)
    assert client.is_silent(2.0)
    client.close()


def test_a14_a_connection_without_an_operation_is_closed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "IDLE_SECONDS", 0.5)
    client = scene.subscribe()
    assert client.closed() == 1000


def test_a14_connections_of_one_application_are_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "CONNECTIONS", 2)
    first, second = scene.subscribe(), scene.subscribe()
    third = subscriber(scene.served.port)
    token = scene.served.issuer.issue("desk", "clerk-2")
    third.send("connection_init", payload={"Authorization": f"Bearer {token}"})
    assert third.closed() == 1013
    other = scene.subscribe("next-desk")
    first.close()
    time.sleep(0.5)
    again = scene.subscribe()
    for each in (second, other, again):
        each.close()


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 4400),
        ("[]", 4400),
        ('{"type": "query"}', 4400),
        ('{"type": "connection_init"}', 4429),
        ('{"type": "subscribe", "payload": {}}', 4400),
        ('{"type": "subscribe", "id": "1"}', 4400),
        (json.dumps({"type": "subscribe", "id": "x" * 1_000, "payload": {}}), 4400),
        (json.dumps({"type": "ping", "payload": "x" * 2_000_000}), 1009),
        ('{"type": "ping", "type": "ping"}', 4400),
    ],
)
def test_a14_a_message_that_is_none_closes_the_connection(scene: Scene, message: str, code: int) -> None:
    client = scene.subscribe()
    before = len(scene.records("refusal"))
    # The hub does not wait for the end of a message that is too long.
    with suppress(ConnectionClosed):
        client.connection.send(message)
    assert client.closed() == code
    # What is cut at its start, because it is too long, was never received.
    told = scene.records("refusal")[before:]
    expected = [] if code == 1009 else [("BAD_REQUEST", "desk", digest_of(scene, message))]
    assert [(each.result, each.application, each.request_digest) for each in told] == expected


def digest_of(scene: Scene, message: str) -> str:
    return scene.served.hub.digester.digest("request", hashlib.sha256(message.encode()).hexdigest())


UNKNOWN = {
    "no message": "",
    "no JSON": "{",
    "no object": "[]",
    "another message": json.dumps({"type": "subscribe", "id": "1", "payload": {"query": DOCUMENT}}),
    "a payload that is none": json.dumps({"type": "connection_init", "payload": ["Bearer x"]}),
    "a payload with more": json.dumps({"type": "connection_init", "payload": {"Authorization": "x", "sub": "desk"}}),
    "a payload that is too long": json.dumps({"type": "connection_init", "payload": {"Authorization": "x" * 20_000}}),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a14_who_is_refused_before_the_sender_is_known_is_recorded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(bounds, "INIT_SECONDS", 0.5)
    before, message = len(scene.records("refusal")), UNKNOWN[kind]
    client = subscriber(scene.served.port)
    if message:
        client.connection.send(message)
    assert client.closed() in {4400, 4401, 4408}
    (told,) = scene.records("refusal")[before:]
    assert (told.result, told.application, told.request_digest) == ("UNAUTHENTICATED", None, digest_of(scene, message))


@pytest.mark.parametrize("name", ["Authorization", "Access-Purpose", "Case-Reference", "Accept-Language"])
def test_a14_what_is_stated_is_no_longer_than_headers_may_be(scene: Scene, name: str) -> None:
    """What a header means is kept, so that a client could have long ones kept by the hundred."""
    client = subscriber(scene.served.port)
    client.send("connection_init", payload={name: "x" * HEAD_BYTES})
    assert client.closed() == 4400


@pytest.mark.parametrize("sign", ["\x00", "\n", "\r", "\x7f"])
def test_a14_what_is_stated_holds_no_sign_that_no_header_holds(scene: Scene, sign: str) -> None:
    token = scene.served.issuer.issue("desk", "clerk-1")
    client = subscriber(scene.served.port)
    client.send("connection_init", payload={"Authorization": f"Bearer {token}", "Case-Reference": f"1{sign}2"})
    assert client.closed() == 4400


def test_a14_an_id_in_use_closes_the_connection(scene: Scene) -> None:
    client = scene.subscribe()
    client.subscribe("1", DOCUMENT)
    before = len(scene.records("refusal"))
    client.subscribe("1", DOCUMENT)
    assert client.closed() == 4409
    assert [each.result for each in scene.records("refusal")[before:]] == ["BAD_REQUEST"]


def test_a14_another_protocol_is_not_spoken(scene: Scene) -> None:
    assert subscriber(scene.served.port, subprotocols=["graphql-ws"]).closed() == 4406


def test_a14_a_websocket_is_opened_at_one_path_only(scene: Scene) -> None:
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{scene.served.port}/access", proxy=None):
        pass


def test_a14_a_websocket_that_is_closed_leaves_its_place(tmp_path: Path) -> None:
    with serving(tmp_path, connections_per_address=2) as served:
        for _ in range(6):
            client = subscriber(served.port)
            client.send("connection_init", payload={"Authorization": "Bearer x"})
            assert client.closed() == 4403
        assert served.client.get("/healthz").status_code == 200


def test_a14_a_websocket_is_never_closed_for_another_connection(tmp_path: Path) -> None:
    with serving(tmp_path, connections_per_address=2) as served:
        first, second = subscriber(served.port), subscriber(served.port)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{served.port}/healthz", trust_env=False).raise_for_status()
        for each in (first, second):
            each.send("ping")
            assert each.receive() == {"type": "pong"}
            each.close()


@contextmanager
def _refused(port: int) -> Iterator[None]:
    """Inside this context a connection that was refused still reads why."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as refused:
        assert refused.recv(65_536).startswith(b"HTTP/1.1 503 ")
        yield


def test_a14_a_connection_that_is_refused_makes_no_room_for_the_next(tmp_path: Path) -> None:
    with serving(tmp_path, connections_per_address=2) as served:
        held = [subscriber(served.port), subscriber(served.port)]
        with _refused(served.port), _refused(served.port), _refused(served.port):
            pass
        for each in held:
            each.send("ping")
            assert each.receive() == {"type": "pong"}
            each.close()


def test_a14_who_cannot_follow_is_told_and_ended(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "WAITING", 3)
    scene.write([("A0", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    scene.write([(f"A{at}", "CLOSED", "001") for at in range(10)])
    assert desk.code_of_error() == "OVERLOADED"
    assert desk.is_silent()
    desk.close()


FLOODS = {
    "pings": Frame(Opcode.PING, b"x"),
    "pongs": Frame(Opcode.PONG, b""),
    "messages": Frame(Opcode.TEXT, b'{"type":"ping"}'),
    "messages that are none": Frame(Opcode.BINARY, b""),
    "completions": Frame(Opcode.TEXT, b'{"type":"complete","id":"1"}'),
}


@pytest.mark.parametrize("kind", FLOODS)
@pytest.mark.parametrize("is_known", [False, True], ids=["nobody", "known"])
def test_a14_who_sends_frames_without_end_is_cut_and_delays_nobody(scene: Scene, kind: str, is_known: bool) -> None:
    client = scene.subscribe() if is_known else subscriber(scene.served.port)
    frames = FLOODS[kind].serialize(mask=True) * 20_000
    began = time.monotonic()

    def send() -> None:
        for _ in range(200):
            client.connection.socket.sendall(frames)

    with ThreadPoolExecutor(1) as beside, suppress(OSError):
        flood = beside.submit(send)
        while not flood.done():
            asked = time.monotonic()
            assert scene.served.client.get("/healthz").status_code == 200
            assert time.monotonic() - asked < 1, "others are answered meanwhile"
        assert time.monotonic() - began < 5, "cut long before it has sent all"
        flood.result()
        pytest.fail("it was not cut")


def test_a14_the_longest_message_and_one_in_many_pieces_are_taken(scene: Scene) -> None:
    client = subscriber(scene.served.port)
    longest = scene.served.hub.settings.body_limit
    text = json.dumps({"type": "ping", "payload": "x" * (longest - 64)})
    for _ in range(2):
        client.connection.send(text)
        assert client.receive() == {"type": "pong"}
    client.connection.send(iter(['{"type":', *[" "] * 60, '"ping"}']))
    assert client.receive() == {"type": "pong"}
    client.close()


def test_a14_who_does_not_read_is_cut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for it: the next message is made when the one before has left."""
    monkeypatch.setattr(bounds, "SEND_SECONDS", 0.5)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    plain.connect(("127.0.0.1", scene.served.port))
    client = subscriber(scene.served.port, sock=plain, max_queue=1)
    token = scene.served.issuer.issue("desk", "clerk-1")
    client.send("connection_init", payload={"Authorization": f"Bearer {token}"})
    end = time.monotonic() + 60
    with pytest.raises((ConnectionClosed, OSError)):
        while time.monotonic() < end:
            client.send("ping")
    assert time.monotonic() < end
    assert scene.served.client.get("/healthz").status_code == 200
