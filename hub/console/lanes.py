"""Threads for what a page waits for, apart from those of requests: no flood of pages takes a thread from the API.

Each lane has few threads and a short queue, so that a store or a provider that hangs holds up its own pages alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, unique
from typing import Final, TypeVar

from hub.console.refusals import PageRefused

MOST_WAITING: Final = 60
"""Pieces of work of one lane, begun or waiting; a further one is refused."""
Result = TypeVar("Result")


@unique
class Lane(Enum):
    """What is waited for: how many threads it has, and why a page is refused when too much waits."""

    SESSIONS = (4, "store")
    POLICY = (1, "store")
    """Versions are loaded and compared: work for the processor, one at a time."""
    LOG = (2, "store")
    COUNTS = (1, "over_busy")
    """Counts over many records, and exports: seconds of work, one at a time."""
    PROVIDER = (2, "provider")
    RESIDENTS = (2, "my_later")
    """Residents are many: what they ask of the log holds up nobody else's pages."""
    RESIDENT_PROVIDER = (2, "my_provider")
    SOURCES = (2, "sources")
    """Source files, and what the graph knows of the sources."""
    TRIALS = (2, "trial")
    """One is done at a time; the second thread refuses the others at once."""
    RETRIES = (2, "again")
    HEALTH = (1, "sources")


class Lanes:
    """The threads of one console; used on its event loop."""

    def __init__(self) -> None:
        self._threads = {lane: ThreadPoolExecutor(lane.value[0], f"console-{lane.name.lower()}") for lane in Lane}
        self._waiting = dict.fromkeys(Lane, 0)

    @property
    def busiest(self) -> int:
        """Pieces of work, begun or waiting, of the lane that has most."""
        return max(self._waiting.values())

    async def do(self, lane: Lane, work: Callable[[], Result]) -> Result:
        """What `work` returns; PageRefused if too much waits already."""
        if self._waiting[lane] >= MOST_WAITING:
            raise PageRefused(lane.value[1])
        self._waiting[lane] += 1
        running = self._threads[lane].submit(work)
        # Counted until it is done, also where nobody waits for it any more.
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done, lane))
        return await asyncio.wrap_future(running)

    def _done(self, lane: Lane) -> None:
        self._waiting[lane] -= 1
