"""Removes from a graph what was collected for a purpose: source by source, each under its lease, in batches.

Whatever moment it is killed at, the next purge goes on from there, and ends in the same graph with the same counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from connectors.base import ConnectorError
from hub.graph.driver import GraphWriteError, GraphWriter, Transaction
from hub.ingest.kept_rows import KeptRows
from hub.ingest.lease import Guard, Lease, renewed, take_turn
from hub.ingest.purging import statements as cypher
from hub.ingest.purging.batch import Known, PurgeBatch
from hub.ingest.purging.counts import Counts
from schema.catalogue import Entity

T = TypeVar("T")
BATCH_RECORDS: Final = 1_000
MOST_AT_ONCE: Final = 10_000
"""How many rows in quarantine, or tombstones, go in one transaction."""


@dataclass(frozen=True, slots=True)
class Work:
    """A purge that has begun: when it first did (before it was killed, if it was), and what went until now."""

    begun: dt.datetime
    counts: Counts


class Purge:
    """The purge of one purpose and all below it; `declared` are the sources whose files say that they are for it."""

    def __init__(
        self, writer: GraphWriter, known: Known, rows: KeptRows, purpose: str, declared: Iterable[str], seconds: float
    ) -> None:
        """`seconds` is how long the lease of a source lasts."""
        self._writer, self._known, self._rows, self._purpose = writer, known, rows, purpose
        self._declared, self._seconds = frozenset(declared), seconds
        self._mine = {"purpose": purpose, "below": f"{purpose}."}

    def foresee(self) -> dict[str, Any]:
        """What is there to be removed, counted without writing: records by source, and nodes by type."""
        found, nodes = self._found(), self._writer.read(cypher.FOUND_NODES, **self._mine)
        return {
            "sources": found,
            "nodes": {row["type"]: row["gone"] for row in nodes if row["gone"]},
            "kept": {row["type"]: row["nodes"] - row["gone"] for row in nodes if row["nodes"] > row["gone"]},
        }

    def run(self) -> Work:
        """Remove it all; raises SourceBusy while a source is pulled, LeaseLost, CatalogueMisfit and GraphWriteError."""
        self._begin()
        # Those of a purge that was killed are asked again: what they left beside the graph may still be there.
        for source in sorted({*self._found(), *self._declared, *self._read().counts.sources}):
            self._source(source)
        return self._read()

    def end(self) -> None:
        """Note that the purge is over and reported: the next one begins anew."""
        self._writer.write(lambda tx: tx.run(cypher.END, purpose=self._purpose))

    def _found(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self._writer.read(cypher.FOUND, **self._mine):
            found.setdefault(row["source"], {})["vanished" if row["vanished"] else "records"] = row["records"]
        return found

    def _begin(self) -> None:
        def work(transaction: Transaction) -> None:
            take_turn(transaction)
            rows = transaction.run(cypher.READ_STATE, purpose=self._purpose)
            if not rows or rows[0]["ended"] is not None:
                now = dt.datetime.now(dt.UTC).replace(microsecond=0)
                transaction.run(cypher.BEGIN, purpose=self._purpose, counts=Counts().as_text(), begun=now)

        self._writer.write(work)

    def _read(self) -> Work:
        # As a write, which no replica that lags behind answers.
        (row,) = self._writer.write(lambda tx: tx.run(cypher.READ_STATE, purpose=self._purpose))
        return Work(dt.datetime.fromisoformat(row["begun"]), Counts.read(row["counts"]))

    def _source(self, source: str) -> None:
        lease = Lease(self._writer, source, self._seconds)
        lease.take()
        try:
            with renewed(lease):
                for kind in cypher.RECORD_KINDS:
                    self._records(source, kind, lease.guard)
                for entity in self._entities(source):
                    self._tombstones(entity, lease.guard)
                whole = not self._writer.write(lambda tx: tx.run(cypher.ANY_LEFT, source=source))[0]["some"]
                if whole:
                    self._leftovers(source, lease.guard)
                self._rows.forget(source)
        except BaseException as failed:
            problem = str(failed) if isinstance(failed, ConnectorError) else None
            with suppress(GraphWriteError):
                lease.end("INTERRUPTED", problem, "[]")
            raise
        # A source that is gone is no source that was pulled well.
        lease.end_for_good() if whole else lease.end("OK", None, "[]")

    def _records(self, source: str, kind: str, guard: Guard) -> None:
        while True:
            text = cypher.keys_of(kind)
            (row,) = self._writer.write(lambda tx, text=text: tx.run(text, source=source, **self._mine))  # type: ignore[misc]
            if not row["keys"]:
                return
            for at in range(0, len(row["keys"]), BATCH_RECORDS):
                keys = row["keys"][at : at + BATCH_RECORDS]
                self._in_turn(guard, lambda tx, counts, keys=keys: self._batch(tx, counts).run(source, kind, keys))  # type: ignore[misc]

    def _entities(self, source: str) -> list[Entity]:
        """The types that a source may have written: those of its streams, and where it has no file those that went."""
        mine = {each.entity for each in self._known.streams.values() if each.source == source}
        counts = self._read().counts
        return [self._known.catalogue.entity(each) for each in sorted(mine or {*counts.nodes, *counts.kept})]

    def _tombstones(self, entity: Entity, guard: Guard) -> None:
        """Remove the tombstones of which nobody knows any more who described them: it may have been this source."""
        while self._in_turn(guard, lambda tx, counts: self._batch(tx, counts).bury_nobodys(entity, MOST_AT_ONCE)):
            pass

    def _leftovers(self, source: str, guard: Guard) -> None:
        for what, text in cypher.FORGET_LEFTOVERS.items():

            def forget(tx: Transaction, counts: Counts, what: str = what, text: str = text) -> int:
                (row,) = tx.run(text, source=source, beginning=f"{source}/", most=MOST_AT_ONCE)
                counts.of_source(source, what, row["gone"])
                return int(row["gone"])

            while self._in_turn(guard, forget):
                pass

    def _batch(self, transaction: Transaction, counts: Counts) -> PurgeBatch:
        return PurgeBatch(self._known, transaction, counts)

    def _in_turn(self, guard: Guard, work: Callable[[Transaction, Counts], T]) -> T:
        """Run `work` in one transaction under the lease, beside no event; what it counts is kept in the same."""

        def counted(transaction: Transaction) -> T:
            guard(transaction, self._known.catalogue.version)
            take_turn(transaction)
            (row,) = transaction.run(cypher.READ_STATE, purpose=self._purpose)
            counts = Counts.read(row["counts"])
            done = work(transaction, counts)
            transaction.run(cypher.COUNT, purpose=self._purpose, counts=counts.as_text())
            return done

        return self._writer.write(counted)
