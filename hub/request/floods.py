"""Counts floods of refusals, so that they fill neither the log nor the disk.

Still, no refusal leaves before it is recorded. Counted are requests whose sender is not known (no token, a bad one, a
body that cannot be read) and those of a subject that are refused before the graph is asked. While they are few, each
has a record of its own. When a source goes on, one record a second, of kind `flood`, says how many there were and why;
each of them is answered when that record is durable.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from audit.log import AuditUnavailable, Receipt
from audit.record import Record, utc_now
from hub.errors import RULES, Code

KIND: Final = "flood"
BURST: Final = 100
"""Refusals of one source that are recorded one by one, if no more come."""
LEAK: Final = 10.0
"""How many of them are forgotten each second: a source that sends fewer is always recorded one by one."""
SECOND: Final = 1.0
SOURCES: Final = 10_000
"""Sources that are remembered; beyond that, those that were quiet longest are forgotten."""
WAITING: Final = 1_000
"""Requests that may wait for the record of their second; further ones are counted and refused."""

Append = Callable[[Record], Awaitable[Receipt]]


class Meter:
    """How much each source did lately: a leaky bucket for each, which leaks `leak` a second and is full at `most`."""

    def __init__(self, most: int, leak: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._leak, self._now = most, leak, now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def full(self, source: str) -> bool:
        """Add one request of `source`; True if that is more than its bucket holds."""
        now = self._now()
        level, since = self._levels.pop(source, (0.0, now))
        # At most a few seconds' leak above the mark, so that a source that stops is soon recorded one by one again.
        level = min(max(0.0, level - (now - since) * self._leak) + 1, self._most + 1 + 3 * self._leak)
        self._levels[source] = (level, now)
        if len(self._levels) > SOURCES:
            self._levels.popitem(last=False)
        return level > self._most


@dataclass(frozen=True, slots=True)
class Source:
    """Whose refusals are counted together: an address, or a subject of an application; `digest` is keyed."""

    digest: str
    application: str | None = None
    department: str | None = None
    region: str | None = None


@dataclass(slots=True, eq=False)
class _Second:
    began: str
    codes: Counter[Code] = field(default_factory=Counter)
    receipt: asyncio.Future[Receipt] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Floods:
    """The refusals of one hub that are counted; used on its event loop."""

    def __init__(self, append: Append, burst: int = BURST) -> None:
        self._append = append
        self._meter = Meter(burst, LEAK)
        self._seconds: dict[Source, _Second] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0

    def needs_counting(self, source: Source) -> bool:
        """Add one refusal of `source`; True if it is one too many to get a record of its own."""
        return source in self._seconds or self._meter.full(source.digest)

    async def count(self, source: Source, code: Code) -> Receipt:
        """Count a refusal and return when it is recorded; raises AuditUnavailable if it cannot be, or too many wait."""
        second = self.note(source, code)
        if self._waiting >= WAITING:
            raise AuditUnavailable("too many refusals wait for their record")
        self._waiting += 1
        try:
            return await asyncio.shield(second)
        finally:
            self._waiting -= 1

    def note(self, source: Source, code: Code) -> asyncio.Future[Receipt]:
        """Count a refusal without waiting for its record; the future that is returned is done when it is durable."""
        second = self._seconds.get(source)
        if second is None:
            second = self._seconds[source] = _Second(utc_now())
            task = asyncio.get_running_loop().create_task(self._record(source, second))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        second.codes[code] += 1
        return second.receipt

    async def close(self) -> None:
        """Return when every counted refusal is recorded."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _record(self, source: Source, second: _Second) -> None:
        await asyncio.sleep(SECOND)
        del self._seconds[source]
        try:
            receipt = await self._append(flood_record(source, second.began, second.codes))
        except Exception as fault:
            unavailable = fault if isinstance(fault, AuditUnavailable) else AuditUnavailable("the record failed")
            second.receipt.set_exception(unavailable)
            with suppress(AuditUnavailable):
                second.receipt.result()  # fetched here, because asyncio warns of an exception that nobody fetches
        else:
            second.receipt.set_result(receipt)


def flood_record(source: Source, began: str, codes: Counter[Code]) -> Record:
    """The record of what a source was refused in one second: the most frequent code, and the count of each."""
    most_frequent = min(codes, key=lambda code: (-codes[code], str(code)))
    counts = {str(code): str(count) for code, count in codes.items()}
    return Record(
        kind=KIND,
        request_id=secrets.token_hex(16),
        result=str(most_frequent),
        http_status=RULES[most_frequent].http_status,
        time=began,
        application=source.application,
        department=source.department,
        region=source.region,
        variables={"source": source.digest, "count": str(codes.total()), **counts},
        duration_us=int(SECOND * 1_000_000),
    )


def source_address(host: str) -> str:
    """The source that a peer's address stands for: an IPv4 address, or the 64-bit network of an IPv6 site."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
