"""Tells the changes of one subscription as Server-Sent Events, the answer to a POST that accepts them.

It is the "distinct connections mode" of GraphQL over SSE, but that a refusal before the stream begins is an ordinary
answer with its status. Whoever lets an answer begin is known by then, and the opening is recorded. A query that is
asked so is answered with one event. Whatever its client does, a stream costs a bounded amount of memory and time.
Source: github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.connections import GONE
from hub.processor import LONG_BODY
from hub.request import endpoint
from hub.request.answers.preferences import EVENTS
from hub.request.endpoint import Arrival, Reply
from hub.request.pipeline import client_of, identify_sender, read_request, run_stages
from hub.request.record import Trail
from hub.request.respond import Answer
from hub.request.running import Hub
from hub.subscriptions.as_query import asks_for_changes
from hub.subscriptions.delivery import NOTHING_YET, Told, let_in, recorded
from hub.subscriptions.follower import Subscriptions
from hub.subscriptions.outbox import SEND_SECONDS, Outbox
from hub.subscriptions.stated import of_stream, without_form

KEEP_ALIVE_SECONDS: Final = 20.0
"""After how long without an event a comment is sent, so that nobody between takes the stream for dead."""
COMMENT: Final = b":\n\n"
COMPLETE: Final = b"event: complete\ndata:\n\n"
_ONLY: Final = "stream"
"""The name of a stream's one operation."""


class _Over(Exception):
    """The operation has ended, and its client was told so."""


class _Unread(Exception):
    """The client does not read."""


async def answer_stream(
    subscriptions: Subscriptions,
    hub: Hub,
    arrival: Arrival,
    gone: Callable[[], Awaitable[bool]],
    receive_body: Callable[[Arrival], Awaitable[Arrival]],
) -> Response:
    """The response to an arrival that accepts events: a stream of them, or why there is none. It is recorded already.

    The arguments are those of `pipeline.answer`.
    """
    arrival, opening = without_form(arrival), _Opening(subscriptions, hub)
    trail = Trail(arrival, hub.policy, hub.catalogue.version)
    with ExitStack() as otherwise:
        otherwise.callback(opening.close)
        left = await recorded(hub, trail, partial(opening.run, trail, gone, receive_body), _settled)
        if left is None:
            raise ValueError("a stream was neither opened nor refused")
        code, response = left
        if code != "OK":
            return response
        headers = _headers(response.headers)
        if not opening.is_open:
            return Response(_next(bytes(response.body)) + COMPLETE, headers=headers)
        otherwise.pop_all()
        return _Stream(opening, headers)


def _settled(reply: Reply) -> Reply:
    """An event has no status: what it tells is in it."""
    return replace(reply, status=200) if reply.code == "OK" else reply


def _headers(rendered: Mapping[str, str]) -> dict[str, str]:
    """The headers of a stream, which is not of the length and type of the answer that was rendered."""
    kept = {name: value for name, value in rendered.items() if name not in {"content-length", "content-type"}}
    return {**kept, "Content-Type": f"{EVENTS}; charset=utf-8", "X-Accel-Buffering": "no"}


def _next(answer: bytes) -> bytes:
    # JSON as the hub writes it has no line break.
    return b"event: next\ndata: " + answer + b"\n\n"


class _Opening:
    """A stream that is to begin: its operation, and what it is counted by."""

    def __init__(self, subscriptions: Subscriptions, hub: Hub) -> None:
        self.hub, self._subscriptions = hub, subscriptions
        self.counted = ExitStack()
        self.outbox = Outbox(hub, subscriptions, self._tell)
        self.write: Callable[[bytes], Awaitable[None]] = _nowhere

    @property
    def is_open(self) -> bool:
        """Whether it was let in."""
        return _ONLY in self.outbox

    def close(self) -> None:
        """Tell and count nothing more."""
        self.outbox.close()
        self.counted.close()

    async def run(
        self,
        trail: Trail,
        gone: Callable[[], Awaitable[bool]],
        receive_body: Callable[[Arrival], Awaitable[Arrival]],
    ) -> Answer:
        """Let a subscription in, or answer a query; raises HubError."""
        hub, now = self.hub, self.hub.now()
        head = identify_sender(hub, trail, now)
        hub.rates.enter(trail.account)
        trail.arrival = await receive_body(trail.arrival)
        request = await read_request(hub, trail, head)
        work, long = partial(asks_for_changes, request.query), len(request.query) > LONG_BODY
        if not await hub.processor.do(client_of(trail), work, long=long):
            answer = await run_stages(hub, trail, head, now)
        else:
            trail.request, answer = request, NOTHING_YET
            self.counted.enter_context(
                self._subscriptions.connection(trail.subject.application if trail.subject else "")
            )
            await self.outbox.add(_ONLY, await let_in(hub, trail, request, of_stream(trail.arrival), now))
        if await gone():
            raise endpoint.client_gone()
        return answer

    async def _tell(self, _: str, told: Told) -> None:
        await self.write(_next(told.answer))
        if told.code != "OK":
            self.close()  # first, so that who is told of the end can begin anew at once
            await self.write(COMPLETE)
            raise _Over


async def _nowhere(_: bytes) -> None:
    raise _Over


class _Stream(Response):
    """A stream of events, which begins when it is sent."""

    def __init__(self, opening: _Opening, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        # It ends when it ends.
        del self.headers["content-length"]
        self._opening = opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = scope.get("extensions", {}).get(GONE, {})
        try:
            await self._run(receive, send, connection.get("stopping", asyncio.Event()))
        except _Unread:
            if connection:
                connection["cut"]()
                # Let the connection be lost: what is not complete is no fault then.
                await asyncio.sleep(0)
        except Exception as fault:
            self._opening.hub.telemetry.fault("subscriptions", fault)
        finally:
            self._opening.close()

    async def _run(self, receive: Receive, send: Send, stopping: asyncio.Event) -> None:
        self._opening.write = partial(_send, send)
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await _in_time(send(start))
        with suppress(_Over):
            await _first_of([self._opening.outbox.run(), self._keep_alive(), _leaving(receive), stopping.wait()])
        await _send(send, b"", more=False)

    async def _keep_alive(self) -> None:
        while True:
            await self._opening.write(COMMENT)
            await asyncio.sleep(KEEP_ALIVE_SECONDS)


async def _first_of(works: Iterable[Any]) -> None:
    """Do all of these until one ends, and raise what it raises."""
    tasks = [asyncio.ensure_future(each) for each in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _leaving(receive: Receive) -> None:
    """Wait until the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, content: bytes, *, more: bool = True) -> None:
    await _in_time(send({"type": "http.response.body", "body": content, "more_body": more}))


async def _in_time(sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await sending
    except TimeoutError:
        raise _Unread from None
