"""Speaks graphql-transport-ws with one client over a WebSocket.

Whatever its client does, a connection costs a bounded amount of memory and time: who does not begin, does nothing, does
not answer a ping or does not read is cut. Nothing is told before the sender of `connection_init` is known. Source:
github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack, suppress
from typing import Any, Final

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from hub.errors import Code, HubError
from hub.home.strict_json import NotStrict, loads
from hub.request.floods import source_address
from hub.request.running import Hub
from hub.subscriptions.delivery import Told, identify, refuse, subscribe
from hub.subscriptions.follower import Subscriptions
from hub.subscriptions.outbox import SEND_SECONDS, Outbox
from hub.subscriptions.stated import Stated, read_stated

PROTOCOL: Final = "graphql-transport-ws"
INIT_SECONDS: Final = 10.0
"""How long a client may take for its `connection_init`."""
OPERATIONS: Final = 20
"""How many operations one connection may have open."""
IDLE_SECONDS: Final = 60.0
"""How long a connection may stay open without an operation."""
PING_SECONDS: Final = 20.0
"""After how long without a word from the client it is asked for one."""
PONG_SECONDS: Final = 10.0
"""How long it may take to answer."""
MAX_ID: Final = 128

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NO_SUBPROTOCOL, LATE, TAKEN, TOO_MANY = 4400, 4401, 4403, 4406, 4408, 4409, 4429
FAILED: Final = 4500
"""Close codes of the protocol."""
IDLE, SLOW, BUSY = 1000, 1008, 1013
"""Close codes of WebSockets: done, against the rules, try again later."""


class _Close(Exception):
    """The connection is to be closed, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class _Refused(_Close):
    """The same, for what the client sent or failed to send, which is not recorded yet."""


async def speak(hub: Hub, subscriptions: Subscriptions, websocket: WebSocket) -> None:
    """Speak with one client until one side closes the connection."""
    await _Socket(hub, subscriptions, websocket).run()


class _Socket:
    """One connection."""

    def __init__(self, hub: Hub, subscriptions: Subscriptions, websocket: WebSocket) -> None:
        self._hub, self._subscriptions, self._websocket = hub, subscriptions, websocket
        self._outbox = Outbox(hub, subscriptions, self._tell)
        self._stated: Stated | None = None
        self._counted = ExitStack()
        self._clock = asyncio.get_running_loop().time
        self._idle_since = self._clock()
        self._asked = False
        self._received = b""
        """The last message."""

    async def run(self) -> None:
        offered = self._websocket.scope["subprotocols"]
        await self._websocket.accept(PROTOCOL if PROTOCOL in offered else None)
        tasks: set[asyncio.Task[None]] = set()
        with self._counted:
            try:
                if PROTOCOL not in offered:
                    raise _Close(NO_SUBPROTOCOL, "Subprotocol not acceptable")
                tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._outbox.run())}
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            except _Close as close:
                if isinstance(close, _Refused):
                    await self._record(close)
                await self._close(close)
            except (WebSocketDisconnect, OSError):
                pass
            except Exception as fault:
                self._hub.telemetry.fault("subscriptions", fault)
                await self._close(_Close(FAILED, "Internal server error"))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._outbox.close()

    async def _record(self, refused: _Refused) -> None:
        stated = self._stated or self._read_stated(None)
        await refuse(self._hub, stated, HubError(Code.BAD_REQUEST, refused.reason), self._received)

    def _read_stated(self, payload: Any) -> Stated:
        scope, headers = self._websocket.scope, self._websocket.headers.items()
        source = source_address(scope["client"][0]) if scope.get("client") else ""
        return read_stated(headers, payload, scope["path"], source, self._hub.settings.http_profile)

    async def _close(self, close: _Close) -> None:
        # A client that does not read does not get to read this either; the connection is cut after it.
        with suppress(TimeoutError, WebSocketDisconnect, OSError, RuntimeError):
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.close(close.code, close.reason)

    async def _read(self) -> None:
        await self._begin()
        while True:
            await self._handle(await self._receive_in_time())

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                message = await self._receive()
                while message["type"] in {"ping", "pong"}:
                    await self._answer_ping(message)
                    message = await self._receive()
        except TimeoutError:
            raise _Refused(LATE, "Connection initialisation timeout") from None
        if message["type"] != "connection_init":
            raise _Refused(UNAUTHORIZED, "Unauthorized")
        try:
            stated = self._read_stated(message.get("payload"))
        except HubError as wrong:
            raise _Refused(BAD_REQUEST, wrong.public_message[:120]) from None
        application = await identify(self._hub, stated)
        if isinstance(application, Told):
            code = BAD_REQUEST if application.code == Code.BAD_REQUEST else FORBIDDEN
            raise _Close(code, application.code)
        try:
            self._counted.enter_context(self._subscriptions.connection(application))
        except HubError as too_many:
            raise _Close(BUSY, (await refuse(self._hub, stated, too_many)).code) from None
        self._stated = stated
        self._idle_since = self._clock()
        await self._send({"type": "connection_ack"})

    async def _receive_in_time(self) -> dict[str, Any]:
        """The next message; a client that says nothing is asked, and cut if it does not answer."""
        while True:
            now = self._clock()
            if len(self._outbox):
                self._idle_since = now
            idle = self._idle_since + IDLE_SECONDS - now
            if idle <= 0:
                raise _Close(IDLE, "no operation was open for a minute")
            patience = PONG_SECONDS if self._asked else PING_SECONDS
            try:
                async with asyncio.timeout(min(patience, idle)):
                    message = await self._receive()
            except TimeoutError:
                if patience > idle:
                    continue
                if self._asked:
                    raise _Close(LATE, "the ping was not answered") from None
                self._asked = True
                await self._send({"type": "ping"})
                continue
            self._asked = False
            return message

    async def _receive(self) -> dict[str, Any]:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        self._received = received.get("bytes") or (received.get("text") or "").encode("utf-8", "surrogatepass")
        try:
            message = loads(self._received if "text" in received else b"")
        except NotStrict:
            raise _Refused(BAD_REQUEST, "a message is not JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Refused(BAD_REQUEST, "a message is an object with a type")
        return message

    async def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping" | "pong":
                await self._answer_ping(message)
            case "subscribe":
                await self._subscribe(_id_of(message), message.get("payload"))
            case "complete":
                self._outbox.remove(_id_of(message))
            case "connection_init":
                raise _Refused(TOO_MANY, "Too many initialisation requests")
            case _:
                raise _Refused(BAD_REQUEST, "a message has a type that is not known")

    async def _answer_ping(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            await self._send({"type": "pong"})

    async def _subscribe(self, name: str, payload: Any) -> None:
        if self._stated is None or not isinstance(payload, dict):
            raise _Refused(BAD_REQUEST, "subscribe has a payload with a query")
        if name in self._outbox:
            raise _Refused(TAKEN, "Subscriber for this id already exists")
        if len(self._outbox) >= OPERATIONS:
            text = f"this connection has {OPERATIONS} operations open; complete one, or ask for more in one"
            await self._tell(name, await refuse(self._hub, self._stated, HubError(Code.TOO_MANY_REQUESTS, text)))
            return
        opened = await subscribe(self._hub, self._stated, json.dumps(payload).encode())
        if not isinstance(opened, Told):
            try:
                await self._outbox.add(name, opened)
                return
            except HubError as away:
                opened = await refuse(self._hub, self._stated, away)
        await self._send_error(name, opened)

    async def _tell(self, name: str, told: Told) -> None:
        if told.code != "OK":
            await self._send_error(name, told)
            if told.code == Code.UNAUTHENTICATED:
                raise _Close(FORBIDDEN, told.code)
            return
        await self._write(_message("next", name, told.answer))

    async def _send_error(self, name: str, told: Told) -> None:
        await self._write(_message("error", name, told.errors))

    async def _send(self, message: dict[str, Any]) -> None:
        await self._write(orjson.dumps(message).decode())

    async def _write(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise _Close(SLOW, "the client does not read") from None


def _message(kind: str, name: str, payload: bytes) -> str:
    return f'{{"id":{orjson.dumps(name).decode()},"type":"{kind}","payload":{payload.decode()}}}'


def _id_of(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID:
        raise _Refused(BAD_REQUEST, f"an operation has an id of at most {MAX_ID} characters")
    return name
