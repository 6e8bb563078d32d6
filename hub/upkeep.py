"""The background tasks of a hub, supervised.

A task that fails or ends is started again, after a pause that doubles up to half a minute; it is named in `/readyz`, in
the log and in a metric. Ending the hub ends every task, whatever state it is in.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from hub.log_lines import describe_exception

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
STOP_SECONDS: Final = 5.0
"""How long a task may take to end; one that takes longer is left behind."""
TOLD_SECONDS: Final = 120.0
"""How long a failure is told in `/readyz`; a task that goes on failing fails again before."""
_log = logging.getLogger("sluicegate.upkeep")


class Upkeep:
    """The background tasks of one hub."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic."""
        self._clock = clock
        self._failures: dict[str, tuple[float, str]] = {}
        self._counter = Counter(
            "sluicegate_task_failures", "Failures of background tasks.", ["task"], registry=registry
        )

    def warnings(self) -> list[str]:
        """Which tasks failed lately, for the operator."""
        now = self._clock()
        return [
            f"the background task {name} failed ({what}); it is started again"
            for name, (when, what) in sorted(self._failures.items())
            if now - when < TOLD_SECONDS
        ]

    def failed(self, name: str, fault: BaseException | None) -> None:
        """Tell that a task failed, or, without a fault, that it ended by itself."""
        what = "it ended" if fault is None else describe_exception(fault)
        self._failures[name] = (self._clock(), what)
        self._counter.labels(name).inc()
        _log.error("the background task %s failed (%s); it is started again", name, what)

    @asynccontextmanager
    async def running(self, tasks: Mapping[str, Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
        """Inside this context each task runs, by its name; at the end all are cancelled."""
        running = [asyncio.create_task(self._supervise(name, work)) for name, work in tasks.items()]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=STOP_SECONDS)

    def in_thread(self, name: str, work: Callable[[], None], ended: threading.Event) -> threading.Thread:
        """A started thread that does `work` once, and again if it fails, until `ended` is set."""

        def run() -> None:
            pause = FIRST_PAUSE
            while not ended.is_set():
                try:
                    work()
                    return
                except Exception as fault:
                    self.failed(name, fault)
                ended.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    async def _supervise(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        pause = FIRST_PAUSE
        while task is None or not task.cancelling():  # the work may have swallowed the cancellation
            began = self._clock()
            try:
                await work()
                self.failed(name, None)
            except asyncio.CancelledError as fault:
                # Cancelled from within it has failed like any other; from without it shall end.
                if task is None or task.cancelling():
                    raise
                self.failed(name, fault)
            except Exception as fault:
                self.failed(name, fault)
            if self._clock() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
