"""The hub's own processor, at which clients take turns: short work on the event loop, long work beside it in a thread.

One piece of each runs at a time, that of the client who used least lately first, so that nobody's work waits for more
than one piece of another's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from hub.fair_share import Client, FairShare

LONG_BODY: Final = 1_024
"""Bytes of a body from which on its document is long work: 1 KB takes 5 ms, the way to a thread and back 0.1 ms."""
SWITCH_SECONDS: Final = 0.0002
"""How long the thread of long work keeps the interpreter while another one waits for it. Each step of a short request
waits that long, and so does each step of the writer of the log. Beside 200 hostile clients the median and the p99 of an
honest one were 27 and 98 ms with 1 ms, 18 and 52 ms with 0.2 ms, 20 and 93 ms with 0.05 ms (quiet: 12 and 23 ms)."""

T = TypeVar("T")


class Processor:
    """The processor of one hub; used on its event loop. A turn that does not come in `seconds` is refused."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._short, self._long = FairShare(1), FairShare(1)

    async def do(self, client: Client, work: Callable[[], T], *, long: bool) -> T:
        """What `work` returns, done at the client's turn; raises HubError TOO_MANY_REQUESTS if that does not come."""
        async with (self._long if long else self._short).turn(client, self._seconds):
            return await asyncio.to_thread(work) if long else work()
