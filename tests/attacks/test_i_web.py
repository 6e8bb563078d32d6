"""I: a browser, a proxy or a curious client gets no other way in."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("web") / "home") as running:
        yield running


@pytest.mark.parametrize("query", ["{__typename}", "mutation{x}"])
def test_i01_get(served: Served, query: str) -> None:
    response = served.client.get("/graphql", params={"query": query})
    assert (response.status_code, code_of(response)) == (405, "METHOD")


@pytest.mark.parametrize(
    "media",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "", "application/jsonx"],
)
def test_i01_what_a_form_can_send(served: Served, media: str) -> None:
    headers = {"Content-Type": media, "Authorization": f"Bearer {served.issuer.issue('fire-inspection', 'p')}"}
    response = served.client.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("document", ["mutation { x }", "subscription { x }", "{ __typename } mutation M { x }"])
def test_i01_only_queries(served: Served, document: str) -> None:
    response = served.ask(document)
    assert (response.status_code, code_of(response)) == (400, "VALIDATION")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_i04_no_cross_origin_header_ever(served: Served, origin: str, method: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = served.client.request(method, "/graphql", headers=headers)
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/graphiql", "/playground", "/console/", "/docs", "/openapi.json", "/schema"])
def test_i05_no_page_for_anonymous(served: Served, path: str) -> None:
    assert served.client.get(path).status_code == 404


def test_i05_introspection_needs_a_token(served: Served) -> None:
    query = "{ __schema { queryType { name } } }"
    anonymous = served.client.post("/graphql", json={"query": query})
    assert (anonymous.status_code, code_of(anonymous)) == (401, "UNAUTHENTICATED")
    assert served.ask(query).json()["data"] == {"__schema": {"queryType": {"name": "Query"}}}


@pytest.mark.parametrize(
    ("headers", "members"),
    [
        ({"X-Debug": "1"}, {}),
        ({"X-Apollo-Tracing": "1", "Apollo-Require-Preflight": "1"}, {}),
        ({"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}, {}),
        ({}, {"extensions": {}}),
        ({}, {"extensions": {"tracing": True}}),
    ],
)
def test_i06_no_tracing_on_demand(served: Served, headers: dict[str, str], members: dict[str, Any]) -> None:
    told = served.ask(headers=headers, **members).json()
    assert told["extensions"].keys() == {"policyVersion", "catalogueVersion", "requestId", "receipt"}


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: +5\r\n",
    ],
)
def test_i09_smuggling(served: Served, head: bytes) -> None:
    """Two readings of where a request ends: refused, and the bytes that follow are not a second request."""
    hidden = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    start = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as wire:
        wire.sendall(start + head + b"\r\n0\r\n\r\n" + hidden)
        wire.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"sluicegate_requests_total" not in answer


def test_i09_a_second_request_on_a_connection_is_read_whole(served: Served) -> None:
    body = json.dumps({"query": "{ __typename }"}).encode()
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as wire:
        wire.sendall(head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body)
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert answer.count(b"UNAUTHENTICATED") == 2


UPGRADES = ["h2c", "websocket", "TLS/1.0, HTTP/1.1"]


def _answers(served: Served, *pieces: bytes) -> bytes:
    """What is answered to bytes that arrive in these pieces, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as wire:
        for piece in pieces:
            wire.sendall(piece)
            time.sleep(0.1)
        return b"".join(iter(lambda: wire.recv(65_536), b""))


def _post(served: Served, framing: str, upgrade: str) -> bytes:
    token = served.issuer.issue("fire-inspection", "inspector-1")
    stated = (
        f"Authorization: Bearer {token}\r\nAccess-Purpose: safety.fire.rental\r\nContent-Type: application/json\r\n"
    )
    wish = (
        f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAEAAEAA\r\n" if upgrade else ""
    )
    return f"POST /graphql HTTP/1.1\r\nHost: x\r\n{stated}{wish}{framing}\r\n\r\n".encode()


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("at", [0, 1, 9], ids=["apart", "a byte", "nine bytes"])
def test_i09_a_request_that_wishes_for_another_protocol_is_answered_in_this_one(
    served: Served, upgrade: str, is_chunked: bool, at: int
) -> None:
    """Java's client wishes for h2c wherever there is no TLS. Its body is a body, and no request of its own."""
    body = b'{"query": "{ __typename }"}'
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(body)}"
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if is_chunked else body
    hidden = _post(served, "Content-Length: 2", "") + b"{}"
    answer = _answers(served, _post(served, framing, upgrade) + sent[:at], sent[at:] + hidden)
    assert answer.startswith(b"HTTP/1.1 200") and b'"__typename":"Query"' in answer
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_i09_a_body_that_looks_like_a_request_is_none(served: Served, upgrade: str) -> None:
    body = b'{"query": "{ __typename }"}'
    hidden = _post(served, f"Content-Length: {len(body)}", "") + body
    before = len(served.records())
    answer = _answers(served, _post(served, f"Content-Length: {len(hidden)}", upgrade), hidden)
    assert answer.startswith(b"HTTP/1.1 400") and answer.count(b"HTTP/1.1 ") == 1
    assert [each.result for each in served.records()[before:]] == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    "extra", ["Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "X: \xe9", "Host: y"]
)
def test_i09_what_is_no_request_for_a_websocket_is_answered_or_closed_at_once(
    served: Served, caplog: pytest.LogCaptureFixture, extra: str
) -> None:
    head = (
        "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n\r\n"
    )
    began = time.monotonic()
    answer = _answers(served, head.encode("latin-1"), b"0\r\n\r\n")
    assert time.monotonic() - began < 4, "nothing waits for it"
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 101"))
    assert [each.message for each in caplog.records if each.name == "asyncio"] == []
