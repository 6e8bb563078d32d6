"""The HTTP protocol of the hub's connections: uvicorn's, with bounds on what a client may send, hold and wait for.

Whatever its client does, a connection costs a bounded amount of memory, time and descriptors. A head that is too large
is refused with 431 (414 if it is its target), one that does not arrive in time with 408; silent and idle connections
are closed. If an address or the whole hub has too many, the one that waits longest without a request is closed, never
one that is being answered.
Why uvicorn, and what other servers do: docs/adr/0008-bounded-connections.md.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import resource
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.request.floods import source_address
from hub.websockets import UpgradedProtocol

HEAD_BYTES: Final = 16_384
"""Largest head of a request: request line and headers."""
HEADERS: Final = 100
HEAD_SECONDS: Final = 10.0
"""How long a connection may take for a head, from its start or from the head's first byte."""
BODY_SECONDS: Final = 15.0
"""How long a body may take; the pipeline, which answers a late one, waits less."""
IDLE_SECONDS: Final = 5.0
"""How long a connection may stay open after an answer without another request."""
WRITE_SECONDS: Final = 60.0
"""How long a client may take to read its answer."""
LINGER_SECONDS: Final = 2.0
"""How long a refused client may go on sending: closed at once, it might not get to read why."""
LINGER_BYTES: Final = 1_048_576
FRAMING: Final = 8
"""Most bytes of chunk signs and trailers for each byte of a body, beyond one head."""
SWEEP_SECONDS: Final = 0.5
UPGRADED: Final = "/graphql"
"""The path at which a WebSocket is opened."""
GONE: Final = "sluicegate.gone"
"""The extension of the ASGI scope for its connection.

`is_gone` says whether the client has closed it, `cut` closes it at once, and `stopping` is set when the hub stops.
"""
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""The headers that say how long a body is."""
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
REFUSALS: Final = {
    HTTPStatus.BAD_REQUEST: "this is no HTTP/1.1 request that can be read; send one Host, and the path as the target",
    HTTPStatus.REQUEST_TIMEOUT: "the head of the request did not arrive in time; send it again",
    HTTPStatus.REQUEST_URI_TOO_LONG: "the target of the request is too long; send queries by POST, in the body",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"a request line with its headers has {HEAD_BYTES} bytes and "
    f"{HEADERS} headers at most; shorten them",
    HTTPStatus.SERVICE_UNAVAILABLE: "too many connections are open; try again shortly",
}


class OpenConnections:
    """The open connections of one hub, by the address that they came from."""

    def __init__(self, most: int, most_of_one: int, count: Callable[[str], None]) -> None:
        """At most `most` in all and `most_of_one` for one address; `count` is called with the reason of a refusal."""
        self._most, self._most_of_one = most, most_of_one
        self.count = count
        self._by_address: dict[str, set[BoundedProtocol]] = {}
        self._number = 0
        self._sweeping = False
        self.stopping = asyncio.Event()

    def __len__(self) -> int:
        return self._number

    def add(self, connection: BoundedProtocol) -> None:
        """Add a connection; if there are too many now, close those that wait longest, or this one if none waits."""
        of_address = self._by_address.setdefault(connection.address, set())
        of_address.add(connection)
        self._number += 1
        if (excess := len(of_address) - self._most_of_one) > 0:
            self._close_longest_waiting(of_address, excess, connection)
        elif (excess := self._number - self._most) > 0:
            everyone = (each for group in self._by_address.values() for each in group)
            self._close_longest_waiting(everyone, excess, connection)
        if not self._sweeping:
            self._sweeping = True
            connection.loop.call_later(SWEEP_SECONDS, self._sweep, connection.loop)

    def remove(self, connection: BoundedProtocol) -> None:
        """Forget a connection; it may have been forgotten already."""
        of_address = self._by_address.get(connection.address, set())
        if connection in of_address:
            of_address.discard(connection)
            self._number -= 1
            if not of_address:
                del self._by_address[connection.address]

    def _close_longest_waiting(self, among: Iterable[BoundedProtocol], excess: int, newest: BoundedProtocol) -> None:
        """Close as many as are too many. One that was refused and still reads why is no room for the newest."""
        waiting = [each for each in among if each is not newest and not each.is_answering]
        # Those that never sent a whole request first: an honest client that rests between two requests is kept.
        waiting.sort(key=lambda each: (each.served, each.since))
        self.count("too_many")
        for victim in waiting[:excess]:
            victim.drop()
        if len(waiting) < excess:
            newest.refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [each for group in self._by_address.values() for each in group]:
            if now > connection.deadline:
                connection.end_overdue()
        self._sweeping = self._number > 0
        if self._sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep, loop)


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `deadline` is the loop's time at which it is closed; `since` is when it last began to wait."""

    def __init__(self, *, all_open: OpenConnections, body_limit: int, **named: Any) -> None:
        super().__init__(**named)
        self._open, self._body_limit = all_open, body_limit
        self.address = ""
        self.deadline = math.inf
        self.since = 0.0
        self.served = False
        self._running: RequestResponseCycle | None = None
        self._in_message = self._in_body = self._refused = self._upgraded = self._resuming = False
        self._head_bytes = self._wire_bytes = self._body_bytes = self._refused_bytes = 0

    @property
    def is_answering(self) -> bool:
        """Whether a request of this connection has arrived and its answer is not complete, or it is a WebSocket."""
        return self._upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.address = source_address(self.client[0]) if self.client else ""
        self._wait(HEAD_SECONDS)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection. The request that is answered is told, though others may have followed it."""
        self._open.remove(self)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, never more of a head than one may have."""
        self._unset_keepalive_if_required()
        while data and not (self._refused or self._upgraded or self.transport.is_closing()):
            if not self._in_message:
                self._begin_message()
            room = len(data) if self._in_body else HEAD_BYTES - self._head_bytes
            piece, data = data[:room], data[room:]
            self._head_bytes += 0 if self._in_body else len(piece)
            self._wire_bytes += len(piece)
            self._parse(piece)
            self._check_sizes()
        self._refused_bytes += len(data)
        if self._refused_bytes > LINGER_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request."""
        if not self._resuming:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        if not self._resuming:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; trailers are dropped."""
        if self._in_body:
            return
        if len(self.headers) >= HEADERS:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer: what the application needs of the body, it asks for."""
        if self._refused or self._resuming:
            return
        if self._is_ambiguous():
            self._open.count("malformed")
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        self._in_body = True
        self._wire_bytes = self._body_bytes = 0
        self.deadline = self.loop.time() + BODY_SECONDS
        super().on_headers_complete()
        if self.parser.should_upgrade() and not self._should_upgrade():
            # Whatever follows it could be meant for the other protocol.
            self.cycle.keep_alive = False

    def _is_ambiguous(self) -> bool:
        """Whether another server on the way could take the head for something else (RFC 9112, 3.2 and 6.1)."""
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        named = len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None
        framed = all(value.lower() == b"chunked" for name, value in self.headers if name == b"transfer-encoding")
        return not (
            framed
            and (named or (version == "1.0" and not hosts))
            and version in {"1.0", "1.1"}
            and self.url.startswith(b"/")
        )

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on."""
        if self._refused:
            return
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived; the next byte begins another one."""
        if self._refused or self._resuming:
            return
        stays = self.parser.should_upgrade() and not self._should_upgrade()
        if stays and self._framing():
            return
        self._in_message = self._in_body = False
        super().on_message_complete()
        if self.is_answering:
            self.deadline = math.inf
        else:
            self._wait(IDLE_SECONDS)

    def on_response_complete(self) -> None:
        """Wait for the next request, once the client has read its answer."""
        super().on_response_complete()
        self.served = True
        if self.transport.get_write_buffer_size():
            self._wait(WRITE_SECONDS)
        elif not self._in_message:
            self._wait(IDLE_SECONDS)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        self.deadline = self.loop.time() + WRITE_SECONDS

    def resume_writing(self) -> None:
        """The client has read; an answer under way may go on."""
        super().resume_writing()
        if self.is_answering:
            self.deadline = math.inf

    def shutdown(self) -> None:
        """Take no other request: the hub stops, and what would go on for ever ends."""
        self._open.stopping.set()
        super().shutdown()

    def refuse(self, status: HTTPStatus) -> None:
        """Say why, stop listening, and let the client read it."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        if self.is_answering:
            # The answer under way is given whole; nothing follows it.
            self.cycle.keep_alive = False
            return
        content = json.dumps({"error": REFUSALS[status]}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"cache-control: no-store\r\nconnection: close\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.write_eof()
        self.deadline = self.loop.time() + LINGER_SECONDS
        self.flow.resume_reading()

    def drop(self) -> None:
        """Close at once, without a word; it no longer counts."""
        self._open.remove(self)
        self.transport.abort()

    def end_overdue(self) -> None:
        """Close what took too long; a client that began a head is told so."""
        if self._in_message and not self._in_body and not self._refused:
            self._open.count("head_time")
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.drop()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        # Asked of the connection: to find out by `receive` makes a task wait, and cancels it, for each answer.
        cycle.scope.setdefault("extensions", {})[GONE] = {
            "is_gone": lambda: cycle.disconnected,
            "cut": self.drop,
            "stopping": self._open.stopping,
        }
        super()._start_asgi_task(cycle, app)

    def _wait(self, seconds: float) -> None:
        self.since = self.loop.time()
        self.deadline = self.since + seconds

    def _begin_message(self) -> None:
        self._in_message, self._in_body, self._head_bytes = True, False, 0
        if not self.is_answering:
            self.deadline = self.loop.time() + HEAD_SECONDS

    def _parse(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as end_of_head:
            if self._refused:
                return
            if self._should_upgrade():
                self._upgrade()
            elif framing := self._framing():
                self._resume(framing, piece[end_of_head.args[0] :])
        except httptools.HttpParserError:
            self._open.count("malformed")
            self.refuse(HTTPStatus.BAD_REQUEST)

    def _framing(self) -> bytes:
        """The headers of the request that say how long its body is."""
        return b"".join(b"%s: %s\r\n" % each for each in self.headers if each[0] in _FRAMING)

    def _resume(self, framing: bytes, body: bytes) -> None:
        """Read the body of a request that wishes for a protocol that is not spoken.

        The parser takes the end of such a head for that of the request, and its body for the next one.
        """
        self.parser = httptools.HttpRequestParser(self)
        self._resuming = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")
        self._resuming = False
        self._parse(body)

    def _should_upgrade_to_ws(self) -> bool:
        """Whether a request for a WebSocket is one for subscriptions."""
        asked = (
            self.scope["method"] == "GET" and self.url == UPGRADED.encode() and self.parser.get_http_version() == "1.1"
        )
        return asked and not self._framing() and not self.is_answering and super()._should_upgrade_to_ws()

    def _upgrade(self) -> None:
        """Leave the connection to the WebSocket's protocol; it is counted until that one has lost it."""
        self._upgraded, self.deadline = True, math.inf
        self.handle_websocket_upgrade()
        protocol = cast(UpgradedProtocol, self.transport.get_protocol())
        protocol.when_lost(lambda: self._open.remove(self))
        if not protocol.handshake_initiated:
            # It is waited for by nobody: what HTTP lets pass was no request for a WebSocket.
            self._open.count("malformed")
            self.transport.abort()

    def _check_sizes(self) -> None:
        if not self._in_body:
            if self._in_message and self._head_bytes >= HEAD_BYTES:
                self._open.count("head_size")
                long_target = len(self.url) > HEAD_BYTES / 2
                too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self.refuse(HTTPStatus.REQUEST_URI_TOO_LONG if long_target else too_large)
            return
        padded = self._wire_bytes - self._body_bytes > HEAD_BYTES + FRAMING * self._body_bytes
        unread = not self.is_answering and self._body_bytes > self._body_limit + LINGER_BYTES
        if padded or unread:
            self._open.count("body_size")
            self.drop()


def connections_that_fit(wanted: int) -> int:
    """As many of the wanted connections as leave descriptors for the log, the graph and the hub's own files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // 3))
