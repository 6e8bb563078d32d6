"""Follows the graph's notes of changes for all subscribers of a hub, and checks each open operation again.

There is one reading of the notes a second, however many subscribe, and none while nobody does. Nothing is missed in
silence: where notes are gone that were not read, each operation is ended and told so. Each second every operation's
token, registry entry and policy are looked at, whether or not something changed; an alert that has waited long enough
is woken then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.errors import Code, HubError, internal_error
from hub.graph.change_notes import Notes, notes_since
from hub.request.running import Hub
from hub.subscriptions.delivery import check
from hub.subscriptions.operation import Operation

POLL_SECONDS: Final = 1.0
CHECK_SECONDS: Final = 1.0
CHECKED_AT_ONCE: Final = 50
"""How many operations are checked before others may use the event loop."""
CONNECTIONS: Final = 64
"""How many connections one application may have for its subscriptions, at one worker of the hub."""
_log = logging.getLogger("sluicegate.subscriptions")


class Subscriptions:
    """The open operations of one hub; used on its event loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: dict[Operation, None] = {}
        self._connections: Counter[str] = Counter()
        self._last: int | None = None
        self._doubted: int | None = None
        """The number after which notes seemed to be missing the last time."""

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def connection(self, application: str) -> Iterator[None]:
        """Counts a connection of an application inside this context; raises HubError TOO_MANY_REQUESTS."""
        if self._connections[application] >= CONNECTIONS:
            text = f"this application has {CONNECTIONS} connections for subscriptions; close one, or share it"
            raise HubError(Code.TOO_MANY_REQUESTS, text, retry_after=1)
        self._connections[application] += 1
        try:
            yield
        finally:
            self._connections[application] -= 1
            if not self._connections[application]:
                del self._connections[application]

    async def add(self, operation: Operation) -> None:
        """Tell an operation what changes from now on; raises HubError where the graph cannot be read."""
        operation.since = (await self._read(None)).head
        # Of two that come at once, the one that read first may come second.
        self._last = operation.since if self._last is None else min(self._last, operation.since)
        self._open[operation] = None

    def remove(self, operation: Operation) -> None:
        """Tell an operation nothing more."""
        self._open.pop(operation, None)
        if not self._open:
            self._last = None

    async def follow_changes(self) -> None:
        """Read the notes each second, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
            except HubError as away:
                # What was noted meanwhile is read when the graph is back.
                _log.warning("changes cannot be read now (%s); trying again", away.code)

    async def poll(self) -> None:
        """Offer what was noted since the last time; raises HubError where the graph cannot be read."""
        while self._open and (last := self._last) is not None:
            read = await self._read(last)
            if self._last != last:
                return
            if not read.follow(last):
                # A note that has just been committed may come to be seen a moment after its number: look once more.
                if self._doubted == last:
                    self._miss(read.head)
                self._doubted = last
                return
            self._doubted = None
            if not read.notes:
                return
            self._last = read.notes[-1].number
            for note in read.notes:
                for operation in tuple(self._open):
                    if operation.query.entity.name == note.entity and operation.since < note.number:
                        operation.offer(note.sids)

    def _miss(self, head: int) -> None:
        self._last = head
        text = "changes were missed while the graph could not be read; ask with a query, then subscribe again"
        for operation in self._open:
            operation.end(HubError(Code.OVERLOADED, text))

    async def _read(self, last: int | None) -> Notes:
        return await notes_since(self._hub.graph, last, self._hub.settings.graph_deadline)

    async def check_operations(self) -> None:
        """Check each operation every second, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for at, operation in enumerate(tuple(self._open), 1):
                self._check(operation)
                if at % CHECKED_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _check(self, operation: Operation) -> None:
        try:
            check(self._hub, operation)
            if operation.has_waiting:
                operation.woken()
        except HubError as refusal:
            operation.end(refusal)
        except Exception as fault:
            self._hub.telemetry.fault("check of a subscription", fault)
            operation.end(internal_error())
