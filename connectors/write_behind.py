"""Writes one batch in a thread of its own, while the next one is read and shaped.

Batches are written one after another, in the order in which they were given: the next one is begun only when the result
of the one before was taken, and all are in when the context ends. So what a batch finds in the graph, and what a
failure leaves there, is what it would be without the thread.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

from connectors.base import Batch, Written

Take = Callable[[Written], None]
"""Is given the result of a write, in the thread that reads."""


class BatchWriter(Protocol):
    """What of a `GraphSink` is used here."""

    def write(self, batch: Batch) -> Written:
        """Write a batch after all of those before."""
        ...

    def settle(self) -> None:
        """Wait until all that was written is in."""
        ...


class WriteBehind:
    """At most one batch is being written; a context that does not end before that is over.

    Where the block fails, the failure of the batch that was being written is raised in its place: it came first.
    """

    def __init__(self, sink: BatchWriter) -> None:
        self._sink = sink
        self._threads = ThreadPoolExecutor(1, "pull-writer")
        self._pending: tuple[Future[Written], Take] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        with self._threads:
            if kind is None or issubclass(kind, Exception):
                self.settle()
                self._sink.settle()

    def begin(self, batch: Batch, take: Take) -> None:
        """Begin to write; nothing else may be in flight."""
        assert self._pending is None  # noqa: S101 - two batches would be written in any order
        self._pending = self._threads.submit(self._sink.write, batch), take

    def settle(self) -> None:
        """Wait for what is in flight, and let its result be taken; raises what the write raised."""
        if self._pending is not None:
            (written, take), self._pending = self._pending, None
            take(written.result())
