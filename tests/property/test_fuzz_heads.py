"""Generated HTTP requests, byte by byte: whatever arrives on a connection, the hub answers or closes, and goes on.

No answer is a 500, one that has a request id is in the log once, and an honest request is answered afterwards.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from random import Random

import pytest

from audit.log import tail
from tests.support.fuzz import cases
from tests.support.serving import Served, serving

pytestmark = [pytest.mark.property, pytest.mark.slow]

BODY = b'{"query": "{ __typename }"}'
LINES = (
    b"GET / HTTP/1.1", b"GET /graphql HTTP/1.1", b"POST /graphql HTTP/1.0", b"POST /graphql HTTP/2.0",
    b"POST /graphql HTTP/9.9",
    b"POST /graphql", b"POST  /graphql  HTTP/1.1", b"post /graphql HTTP/1.1", b"PRI * HTTP/2.0",
    b"CONNECT a:1 HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"HEAD /readyz HTTP/1.1", b"TRACE /graphql HTTP/1.1", b"POST http://x/graphql HTTP/1.1",
    b"POST /graphql?q=%ff%00 HTTP/1.1", b"POST //graphql HTTP/1.1", b"POST /../graphql HTTP/1.1",
    b"POST /graphql# HTTP/1.1",
    b"POST /" + b"a" * 20_000 + b" HTTP/1.1", b"GET /" + b"%2e" * 50 + b" HTTP/1.1", b"GET /metrics HTTP/1.1",
    b"\x16\x03\x01\x02\x00",
    "POST /图 HTTP/1.1".encode(), b"POST /graphql HTTP/1.1\r", b"", b"\x00",
)  # fmt: skip
HEADERS = (
    b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: +5", b"Content-Length: 1e3",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: 5, 5", b"Content-Length: 18446744073709551617", b"Content-Length:", b"Content-Length: 0x10",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding : chunked", b"Expect: 100-continue", b"Expect: x",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAA", b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: \xff", b"Host:", b"Host: a\r\nHost: b", b"Host: " + b"x" * 9_000, b" folded: x", b"\tx",
    b"no colon", b": no name",
    b"X\x00: y", b"X: \x00", b"X: \xff\xfe", b"X: a\rb", b"X: a\nY: b",
    b"Access-Purpose: a\r\nAccess-Purpose: b", b"X" * 20_000 + b": y",
    b"Authorization: Bearer " + b"." * 6_000, b"Authorization: Bearer \xc3\xa9", b"Authorization:",
    b"Content-Encoding: gzip",
    b"Content-Type: application/json; charset=utf-16", b"Accept: " + b"*/*," * 1_000, b"Cookie: a=b",
    b"X-Forwarded-For: 1.2.3.4",
    b"traceparent: 00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"traceparent: x", b"\r\n".join([b"A: b"] * 150),
)  # fmt: skip
BODIES = (
    b"", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\nx", b"-1\r\nx\r\n",
    b"5;" + b"x" * 9_000 + b"\r\nhello\r\n0\r\n\r\n",
    b"0\r\nX: y\r\n\r\n", b"0\r\n" + b"T: y\r\n" * 400 + b"\r\n", b"{" * 3_000, BODY + BODY, BODY[:-4],
    b"\x1f\x8b\x08\x00" + bytes(40),
    b"POST /graphql HTTP/1.1\r\n\r\n", b"\xff" * 500, b"1\r\n{\r\n" * 60 + b"0\r\n\r\n",
)  # fmt: skip
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("heads") / "home") as running:
        running.hub.floods.needs_counting = lambda source: False  # type: ignore[method-assign]
        yield running


def request(rng: Random, token: str) -> bytes:
    """One request with something wrong in its line, headers, framing or bytes."""
    line, body = b"POST /graphql HTTP/1.1", BODY
    headers = [b"Host: hub", b"Authorization: Bearer " + token.encode(), b"Access-Purpose: safety.fire.rental"]
    headers += [b"Content-Type: application/json"]
    if rng.random() < 0.2:
        line = rng.choice(LINES)
    if rng.random() < 0.2:
        body = rng.choice(BODIES)
    if rng.random() < 0.9:
        headers.append(b"Content-Length: %d" % len(body))
    for _ in range(rng.choice((0, 0, 1, 2))):
        headers.insert(rng.randrange(len(headers) + 1), rng.choice(HEADERS))
    if rng.random() < 0.2:
        del headers[rng.randrange(len(headers))]
    end = b"\r\n" if rng.random() < 0.9 else rng.choice((b"\n", b"\r", b"\r\n "))
    sent = end.join([line, *headers]) + end + end + body
    if rng.random() < 0.2:
        at = rng.randrange(len(sent))
        sent = (
            sent[:at]
            + rng.choice((b"", b"\x00", b"\xff", b"\r", b"\n", b" ", b":"))
            + sent[at + rng.choice((0, 1, 1, 9)) :]
        )
    return sent


def exchanged(port: int, sent: bytes, pieces: int) -> bytes:
    """All that the hub answers to these bytes, sent in pieces, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answer = b""
        # The hub may close while something is still being sent.
        with suppress(OSError):
            for at in range(0, len(sent), max(1, len(sent) // pieces)):
                connection.sendall(sent[at : at + max(1, len(sent) // pieces)])
            connection.settimeout(0.3)
            with suppress(TimeoutError):
                answer = connection.recv(65_536)
            connection.settimeout(60)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                answer += part
        return answer


def request_ids(answer: bytes) -> set[str]:
    """The request ids in an answer, of which there may be several on one connection."""
    return {found.decode() for found in re.findall(rb'"requestId":\s*"([^"]+)"', answer)}


def test_whatever_arrives_is_answered_or_closed(served: Served) -> None:
    token = served.issuer.issue("fire-inspection", "tester")
    statuses: dict[str, int] = {}
    for case in cases(300):
        sent = request(case.rng, token)
        answer = exchanged(served.port, sent, case.rng.choice((1, 1, 2, 7)))
        found = STATUS.match(answer)
        assert not answer or found, f"{case}: {sent[:2_000]!r}\n{answer[:300]!r}"
        status = found.group(1).decode() if found else "closed"
        assert b" 500 " not in answer.partition(b"\r\n")[0] and b'"INTERNAL"' not in answer, f"{case}: {sent[:2_000]!r}"
        recorded = [each.record.request_id for each in tail(served.hub.settings.audit_file, 20)]
        assert all(recorded.count(each) == 1 for each in request_ids(answer)), f"{case}: {sent[:2_000]!r}\n{answer!r}"
        statuses[status] = statuses.get(status, 0) + 1
    print(dict(sorted(statuses.items())))
    assert {"200", "400", "431"} <= set(statuses)
    assert served.ask().status_code == 200
