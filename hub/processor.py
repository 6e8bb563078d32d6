"""The hub's own processor, at which clients take turns: short work on the event loop, long work beside it in a thread.

One piece of each runs at a time, that of the client who used least lately first, so that nobody's work waits for more
than one piece of another's. After heavy work the thread rests, if somebody else came meanwhile: both share one
interpreter, and each step of a short request waits for the thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

from hub.fair_share import Client, FairShare

LONG_BODY: Final = 1_024
"""Bytes of a body from which on its document is long work: 1 KB takes 5 ms, the way to a thread and back 0.1 ms."""
SWITCH_SECONDS: Final = 0.0002
"""How long the thread of long work keeps the interpreter while another one waits for it. Each step of a short request
waits that long, and so does each step of the writer of the log. Beside 200 hostile clients the median and the p99 of an
honest one were 27 and 98 ms with 1 ms, 18 and 52 ms with 0.2 ms, 20 and 93 ms with 0.05 ms (quiet: 12 and 23 ms)."""

HEAVY_SECONDS: Final = 0.01
"""How long a piece of long work may take without a rest: a document of 2 KB, or the ids of a large list."""
REST: Final = 3
"""How many times as long the thread rests after heavy work. Beside 200 hostile clients an honest one had a median and a
p99 of 35 and 187 ms without a rest, 30 and 150 ms with one as long as the work, 22 and 110 ms with three times it
(quiet: 20 and 32 ms); what is heavy and not kept takes four times as long then, and only then."""

T = TypeVar("T")


class Processor:
    """The processor of one hub; used on its event loop. A turn that does not come in `seconds` is refused."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._short, self._long = FairShare(1), FairShare(1)
        self._came_last: Client | None = None

    async def do(self, client: Client, work: Callable[[], T], *, long: bool) -> T:
        """What `work` returns, done at the client's turn; raises HubError as `FairShare.turn`."""
        async with (self._long if long else self._short).turn(client, self._seconds):
            self._came_last = client
            return await self._in_thread(client, work) if long else work()

    async def _in_thread(self, client: Client, work: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            return await asyncio.to_thread(work)
        finally:
            took = time.monotonic() - began
            if took > HEAVY_SECONDS and self._came_last != client:
                await asyncio.sleep(REST * took)
