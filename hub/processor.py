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
SWITCH_SECONDS: Final = 0.001
"""How long the thread of long work keeps the interpreter while the loop waits for it. With Python's own 5 ms each step
of a short request waits that long: its median beside 200 hostile clients was 54 ms, and 37 ms with a tenth of that."""

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
