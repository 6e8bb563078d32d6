"""Writes the batches of connectors into the graph. Implements `connectors.base.GraphSink`.

A batch is written in one transaction with its provenance, its quarantine and its cursor, or not at all
(`batch_write.py`). No id holds a value: digests are keyed.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping, Sequence, Set
from typing import Any

from connectors.base import Annotation, Batch, Place, Position, Record, StreamPlan, TextAnnotator, Written
from hub.graph.change_notes import told_types
from hub.graph.driver import GraphWriteError, GraphWriter, Transaction
from hub.home.surrogates import KeyedDigest
from hub.ingest import removal
from hub.ingest import sink_statements as cypher
from hub.ingest.batch_write import BatchWrite, NotApart
from hub.ingest.commit_behind import CommitBehind
from hub.ingest.known_plans import KnownPlans
from hub.ingest.lease import Guard, take_turn
from hub.ingest.positions import read_position
from hub.ingest.text_properties import Reading
from schema.catalogue import Catalogue

TAKEN = "Neo.ClientError.Schema.ConstraintValidationFailed"
"""What was to be created is in the graph already."""
_PLACES = (
    "MATCH (n:Region) WHERE n.deletedAt IS NULL RETURN n.code AS code, n.region AS path, n.level AS level, "
    "n.validTo AS ended, n.successorCode AS successor"
)


class Sink:
    """Writes batches. `plans` are those of all sources, because survivorship needs to know every writer of a field.

    `annotator` checks each free text that is written, in the same transaction. `guard` is asked first in each
    transaction that writes.
    """

    def __init__(
        self,
        writer: GraphWriter,
        key: bytes,
        plans: Mapping[str, StreamPlan],
        catalogue: Catalogue,
        annotator: TextAnnotator,
        today: dt.date,
        guard: Guard,
    ) -> None:
        self._writer, self._plans = writer, KnownPlans(plans, key, told_types(catalogue))
        self._catalogue, self._annotator = catalogue, annotator
        self._digest = KeyedDigest(hmac.digest(key, b"record fingerprint", "sha256"))
        self._today, self._guard = today, guard
        self._commits = CommitBehind(self._plans, self._write_alone)
        self._made: dict[str, set[str]] = {}
        """Of entities without a node when a stream began: the nodes that it has made since."""

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest, so that whoever reads the graph cannot guess the content of a record from it."""
        return self._digest(content)

    def places(self) -> Mapping[str, Place]:
        """All divisions in the graph, by official code."""
        return {
            row["code"]: Place(
                row["path"],
                row["level"] == "GRID",
                row["ended"] is not None and row["ended"] < self._today.isoformat(),
                row["successor"],
            )
            for row in self._writer.read(_PLACES)
        }

    def position(self, plan: StreamPlan) -> Position:
        """The stream's cursor, and the refused or outdated records that reading again would change."""
        position = read_position(self._writer, plan)
        self._made.pop(plan.entity, None)
        if position.first and not plan.alone and not self._writer.read(cypher.any_node(plan.entity)):
            self._made[plan.entity] = set()
        return position

    def unchanged(self, records: Mapping[str, str]) -> set[str]:
        """The keys of records, given with their digests, that are stored as they are; raises GraphWriteError."""
        # As a write, which no replica that lags behind answers.
        rows = [list(each) for each in records.items()]
        (row,) = self._writer.write(lambda tx: tx.run(cypher.UNCHANGED, rows=rows), plan_once=True)
        return set(row["keys"])

    def annotate(self, plan: StreamPlan, records: Sequence[Record]) -> Mapping[str, Annotation]:
        """What is to be kept beside the texts of records, by text."""
        reading = Reading(self._catalogue.entity(plan.entity), self._annotator, {})
        reading.read(each.values for each in records)
        return reading.found

    def foresee(self, plan: StreamPlan, records: Sequence[Record]) -> None:
        """Compute what depends on the records alone."""
        self._plans.foresee(plan, records)

    def write(self, batch: Batch) -> Written:
        """Write a batch in one transaction, which may not be committed before `settle`.

        Raises GraphWriteError, and CatalogueMisfit where the note has changed.
        """
        if self._commits.may_begin(batch):
            try:
                return self._write_ahead(batch)
            except (GraphWriteError, NotApart):
                # In the ordinary way it is tried again where that helps.
                pass
        self._commits.settle()
        return self._write_alone(batch)

    def settle(self) -> None:
        """Wait until each batch is in; raises as `write`."""
        self._commits.settle()

    def _write_ahead(self, batch: Batch) -> Written:
        """Run the statements of a batch while the one before is being committed."""
        made, reading = self._made.get(batch.plan.entity), self._reading(batch)

        def work(transaction: Transaction) -> Written:
            written = BatchWrite(self._plans, transaction, batch, reading, made, careful=False, beside=True).run()
            self._commits.wait()
            # The lease is held by the batch before until that is in.
            self._guard(transaction, self._catalogue.version)
            return written

        written, commit = self._writer.begin(work, plan_once=True)
        self._commits.begin(batch, commit)
        return written

    def _reading(self, batch: Batch) -> Reading:
        return Reading(self._catalogue.entity(batch.plan.entity), self._annotator, batch.annotated)

    def _write_alone(self, batch: Batch) -> Written:
        reading = self._reading(batch)
        try:
            return self._write(batch, reading, careful=False)
        except GraphWriteError as failed:
            # Somebody else made a node after this transaction had looked for it.
            if failed.code != TAKEN:
                raise
        return self._write(batch, reading, careful=True)

    def _write(self, batch: Batch, reading: Reading, careful: bool) -> Written:
        made = None if careful else self._made.get(batch.plan.entity)
        # A graph that grows has each statement planned anew again and again: half of Neo4j's processor.
        return self._writer.write(
            lambda tx: BatchWrite(self._plans, self._guarded(tx, batch.plan), batch, reading, made, careful).run(),
            plan_once=True,
        )

    def count_records(self, plan: StreamPlan) -> int:
        """How many records of a stream the graph holds; raises GraphWriteError."""
        return int(self._of_stream(removal.COUNT_RECORDS, plan)["records"])

    def record_keys(self, plan: StreamPlan) -> Set[str]:
        """The keys of all records of a stream that the graph holds; raises GraphWriteError."""
        return frozenset(self._of_stream(removal.RECORD_KEYS, plan)["keys"])

    def _of_stream(self, statement: str, plan: StreamPlan) -> dict[str, Any]:
        # As a write, which no replica that lags behind answers.
        (row,) = self._writer.write(lambda tx: tx.run(statement, beginning=f"{plan.name}:"), plan_once=True)
        return row

    def remove(self, plan: StreamPlan, run: str, keys: Sequence[str]) -> Written:
        """Take records back in one transaction; raises GraphWriteError."""
        reading = Reading(self._catalogue.entity(plan.entity), self._annotator, {})
        return self._writer.write(
            lambda tx: removal.RecordRemoval(self._plans, self._guarded(tx, plan), plan, reading).run(run, keys),
            plan_once=True,
        )

    def _guarded(self, transaction: Transaction, plan: StreamPlan) -> Transaction:
        """The transaction, in which lease and catalogue are held, and the turn where the stream meets events.

        None of it is part of what the batch changed.
        """
        self._guard(transaction, self._catalogue.version)
        if plan.beside_events:
            take_turn(transaction)
        transaction.totals.clear()
        return transaction
