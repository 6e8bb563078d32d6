"""Commits a batch in a thread of its own, while the statements of the next one are run.

Commits are in order: a batch is committed only when the one before is in, so a pull that is killed leaves what it would
without the thread. The statements of the next batch see nothing of the one that is being committed, so those alone may
be run beside it that look for nothing of it: what they write is of records and nodes that the other does not name. To
commit takes a third of the time of a first load, in which nothing else would be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from connectors.base import Batch, Record
from hub.graph.driver import GraphWriteError
from hub.ingest.known_plans import KnownPlans


@dataclass(frozen=True, slots=True)
class _Committing:
    batch: Batch
    keys: frozenset[str]
    nodes: frozenset[str]
    done: Future[None]


class CommitBehind:
    """At most one batch that is being committed; `again` writes a batch whose commit failed."""

    def __init__(self, plans: KnownPlans, again: Callable[[Batch], object]) -> None:
        self._plans, self._again = plans, again
        self._threads = ThreadPoolExecutor(1, "pull-commit")
        self._last: _Committing | None = None

    def may_begin(self, batch: Batch) -> bool:
        """Whether the statements of a batch may be run now, and its commit be left to a thread."""
        plan = batch.plan
        # The last batch of a stream moves its cursor, and is the one after which all must be in.
        inner = batch.cursor is None and batch.seen_refused is None
        # An edge within the entity waits for a node that the other batch may bring; events come from elsewhere.
        alone = not plan.beside_events and all(each.target != plan.entity for each in plan.edges)
        if not (batch.first and inner and alone):
            return False
        if self._last is None:
            return True
        repeated = (each.key for each in batch.records if each.repeated)
        nodes = self._nodes(batch.records, plan.entity)
        return self._last.keys.isdisjoint(repeated) and self._last.nodes.isdisjoint(nodes)

    def _nodes(self, records: Iterable[Record], entity: str) -> frozenset[str]:
        return frozenset(self._plans.sid(entity, each.identity) for each in records)

    def begin(self, batch: Batch, commit: Callable[[], None]) -> None:
        """Commit a batch that may begin, in the thread; the one before must be in."""
        assert self._last is None  # noqa: S101 - two commits would take place in any order
        keys = frozenset(each.key for each in batch.records)
        nodes = self._nodes(batch.records, batch.plan.entity)
        self._last = _Committing(batch, keys, nodes, self._threads.submit(commit))

    def wait(self) -> None:
        """Wait until the last batch is in; raises GraphWriteError if it could not be committed."""
        if self._last is not None:
            self._last.done.result()
            self._last = None

    def settle(self) -> None:
        """Wait until the last batch is in; one that could not be committed is written again."""
        try:
            self.wait()
        except GraphWriteError:
            (last, self._last) = (self._last, None)
            if last is not None:
                self._again(last.batch)
