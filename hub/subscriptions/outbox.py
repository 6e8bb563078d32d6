"""What is told on one connection, in turns among its operations, one delivery at a time.

Nothing is kept that was decided: a delivery is decided when the one before has left. So whoever reads slowly has nodes
waiting, which are few and bounded, and no answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hub.request.running import Hub
from hub.subscriptions.delivery import Told, deliver, tell_end
from hub.subscriptions.follower import Subscriptions
from hub.subscriptions.operation import Operation

SEND_SECONDS: Final = 3.0
"""How long what is told may wait for a client that does not read."""
Tell = Callable[[str, Told], Awaitable[None]]
"""Sends what is told of the operation of this name; code OK is a delivery, any other its end."""


class Outbox:
    """The operations of one connection, by name."""

    def __init__(self, hub: Hub, subscriptions: Subscriptions, tell: Tell) -> None:
        self._hub, self._subscriptions, self._tell = hub, subscriptions, tell
        self._operations: dict[str, Operation] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._operations)

    def __contains__(self, name: str) -> bool:
        return name in self._operations

    async def add(self, name: str, operation: Operation) -> None:
        """Tell an operation's changes from now on; raises HubError where the graph cannot be read."""
        await self._subscriptions.add(operation)
        operation.woken = self._wake.set
        self._operations[name] = operation

    def remove(self, name: str) -> None:
        """Tell nothing more of an operation; one that is not there is none the less."""
        operation = self._operations.pop(name, None)
        if operation is not None:
            self._subscriptions.remove(operation)

    def close(self) -> None:
        """Remove every operation."""
        for name in tuple(self._operations):
            self.remove(name)

    async def run(self) -> None:
        """Tell what there is to tell, until cancelled; raises what `tell` raises."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (name := self._next()) is not None:
                await self._serve(name)

    def _next(self) -> str | None:
        """An operation that has ended, or the one with something to tell that was served longest ago."""
        ended = (name for name, each in self._operations.items() if each.ended is not None)
        ready = (name for name, each in self._operations.items() if each.has_waiting)
        return next(ended, None) or next(ready, None)

    async def _serve(self, name: str) -> None:
        operation = self._operations.pop(name)
        self._operations[name] = operation
        told = None
        if operation.ended is None:
            told = await deliver(self._hub, operation, operation.take())
            if self._operations.get(name) is not operation or (told is None and operation.ended is None):
                return
        if operation.ended is not None and (told is None or told.code == "OK"):
            # Whatever was decided before is not told after the end; a refusal is an end already, and recorded.
            told = await tell_end(self._hub, operation)
        if told is not None:
            if told.code != "OK" or operation.ended is not None:
                self.remove(name)
            await self._tell(name, told)
