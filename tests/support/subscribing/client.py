"""A client of graphql-transport-ws that does what a test says, over a real WebSocket."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = "graphql-transport-ws"
SECONDS = 15.0
"""How long a test waits for what must come."""


@dataclass(frozen=True)
class Subscriber:
    """One connection."""

    connection: ClientConnection
    stack: ExitStack

    def send(self, kind: str, **members: Any) -> None:
        """Send a message."""
        self.connection.send(json.dumps({"type": kind, **members}))

    def begin(self, token: str, purpose: str | None, **payload: Any) -> None:
        """Send who asks and for what, and wait for the acknowledgement."""
        stated = {"Authorization": f"Bearer {token}", **({"Access-Purpose": purpose} if purpose else {}), **payload}
        self.send("connection_init", payload=stated)
        assert self.receive() == {"type": "connection_ack"}

    def subscribe(self, name: str, document: str, **members: Any) -> None:
        """Begin an operation."""
        self.send("subscribe", id=name, payload={"query": document, **members})

    def receive(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next message that is no ping; raises TimeoutError, or ConnectionClosed."""
        end = time.monotonic() + seconds
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(max(0.0, end - time.monotonic())))
            if message["type"] != "ping":
                return message
            self.send("pong")

    def next(self) -> dict[str, Any]:
        """The payload of the next delivery."""
        message = self.receive()
        assert message["type"] == "next", message
        payload: dict[str, Any] = message["payload"]
        return payload

    def is_silent(self, seconds: float = 2.5) -> bool:
        """Whether nothing comes for so long, which is longer than the hub takes to tell a change."""
        try:
            self.receive(seconds)
        except TimeoutError:
            return True
        return False

    def code_of_error(self) -> str:
        """The code with which an operation ends."""
        message = self.receive()
        assert message["type"] == "error", message
        code: str = message["payload"][0]["extensions"]["code"]
        return code

    def closed(self, seconds: float = SECONDS) -> int:
        """The code with which the hub closes the connection; raises TimeoutError."""
        end = time.monotonic() + seconds
        try:
            while True:
                self.connection.recv(max(0.0, end - time.monotonic()))
        except ConnectionClosed as closed:
            self.close()
            return closed.rcvd.code if closed.rcvd else 1006

    def close(self) -> None:
        """Close the connection."""
        self.stack.close()


def subscriber(port: int, **named: Any) -> Subscriber:
    """A connection that has not begun."""
    named.setdefault("subprotocols", [Subprotocol(PROTOCOL)])
    stack = ExitStack()
    where = f"ws://127.0.0.1:{port}/graphql"
    connection = stack.enter_context(connect(where, proxy=None, open_timeout=SECONDS, **named))
    return Subscriber(connection, stack)
