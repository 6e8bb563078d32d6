"""Pulls the streams of one source: reads, shapes and writes batch by batch.

Rows, their quarantine entries and their cursor are written together, so a pull may be killed at any moment and the next
one ends in the same graph. So do other orders and repetitions of the rows; a pull without news writes nothing. A stream
with too many refused rows, too many rows or none stops before the current batch is written.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from connectors.base import (
    Batch,
    GraphSink,
    Position,
    PullResult,
    Reader,
    Record,
    Refused,
    Report,
    Since,
    StreamPlan,
    Written,
)
from connectors.manifest import Limits, Source, Stream
from connectors.quarantine import check_growth, check_not_empty, check_share
from connectors.readers.csv_files import CsvReader
from connectors.readers.database import TableReader
from connectors.readers.rest import RestReader
from connectors.shape import Shaper
from connectors.transforms import Context
from schema.catalogue import Catalogue

BATCH_ROWS = 2_000
_READERS: Mapping[str, Callable[[Source, Stream], Reader]] = {
    "csv": CsvReader,
    "sql": TableReader,
    "rest": RestReader,
}


def pull(
    source: Source,
    plans: Mapping[str, StreamPlan],
    catalogue: Catalogue,
    sink: GraphSink,
    report: Report,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Iterator[PullResult]:
    """Pull each stream of a source in declared order; yields what each did. Raises ConnectorError.

    `plans` are those of all sources (`stream_plans.plan_streams`); `now` decides which days lie in the future.
    """
    for stream in source.records:
        began = time.monotonic()
        moment = now()
        context = Context(sink.places(), source.tzinfo, moment.astimezone(source.tzinfo).date())
        plan = plans[f"{source.name}/{stream.name}"]
        shaper = Shaper(source, stream, catalogue, context, sink.fingerprint)
        reader = _READERS[source.kind](source, stream)
        run = _Run(plan, source.limits, source.digest(stream), sink, moment)
        run.pull(reader, shaper, report)
        yield run.result(time.monotonic() - began)


@dataclass(slots=True)
class _Run:
    """One pull of one stream: the keys seen, the counts, and how far the cursor may move."""

    plan: StreamPlan
    limits: Limits
    manifest: str
    sink: GraphSink
    now: dt.datetime
    identifier: str = field(default_factory=lambda: uuid.uuid4().hex)
    rows: int = 0
    seen: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    total: Written = field(default_factory=Written)
    furthest: dt.datetime | None = None

    def pull(self, reader: Reader, shaper: Shaper, report: Report) -> None:
        """Read, shape and write everything; the last batch closes the pull."""
        position = self.sink.position(self.plan)
        # A changed declaration reads or writes differently: the rows before the cursor have to be read again.
        fresh = position.manifest != self.manifest
        since = Since() if fresh else Since(position.moment, position.waiting, position.waiting_since)
        self.furthest = since.moment
        full = reader.full or since.moment is None
        batch: list[Record | Refused] = []
        for row in reader.read(since):
            batch.append(shaper.shape(row))
            self.rows += 1
            if full:
                check_growth(self.plan.name, self.rows, position.rows, self.limits.growth)
            if len(batch) == BATCH_ROWS:
                self._write(batch, self._cursor(position) if reader.ordered and not fresh else None, full)
                batch = []
                report(self.plan.name, self.rows)
        if full:
            check_not_empty(self.plan.name, self.rows, position.rows)
        last = replace(self._cursor(position), manifest=self.manifest, rows=self.rows if full else position.rows)
        self._write(batch, last, full, closing=True)
        report(self.plan.name, self.rows)

    def _write(
        self, shaped: list[Record | Refused], cursor: Position | None, full: bool, closing: bool = False
    ) -> None:
        records, refused = [], []
        for each in shaped:
            if isinstance(each, Refused):
                refused.append(each)
            else:
                records.append(replace(each, repeated=True) if each.key in self.seen else each)
                self.seen.add(each.key)
        check_share(self.plan.name, len(refused), len(shaped), self.limits.quarantined)
        # Of a repeated row the first one has the entry.
        entries = {each.key: each for each in reversed(refused) if each.key not in self.refused}
        self.refused.update(entries)
        written = self.sink.write(
            Batch(
                self.plan,
                self.identifier,
                tuple(records),
                tuple(entries.values()),
                () if full else tuple(each.key for each in records if each.key not in self.refused),
                self._moved(cursor, shaped),
                frozenset(self.refused) if closing and full else None,
            )
        )
        self.refused.update(written.orphans)
        repeats = len(refused) - len(entries)
        self.total = _sum(self.total, replace(written, quarantined=written.quarantined + repeats))

    def _cursor(self, position: Position) -> Position:
        return Position(self.furthest, position.manifest, position.rows)

    def _moved(self, cursor: Position | None, shaped: list[Record | Refused]) -> Position | None:
        """The cursor after this batch. A time in the future never moves it: that would hide all rows until then."""
        times = [each.as_of for each in shaped if each.as_of is not None and each.as_of <= self.now]
        known = [*times, self.furthest] if self.furthest else times
        self.furthest = max(known, default=None)
        return None if cursor is None else replace(cursor, moment=self.furthest)

    def result(self, seconds: float) -> PullResult:
        """What the pull did."""
        total = self.total
        return PullResult(
            self.plan.source,
            self.plan.name.partition("/")[2],
            self.rows,
            total.inserted,
            total.updated,
            total.unchanged,
            total.quarantined,
            total.linked,
            total.unlinked,
            total.changes,
            round(seconds, 3),
            total.texts,
            total.personal,
            total.whole,
        )


def _sum(one: Written, other: Written) -> Written:
    return Written(
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.unchanged + other.unchanged,
        one.quarantined + other.quarantined,
        one.linked + other.linked,
        one.unlinked + other.unlinked,
        one.changes + other.changes,
        texts=one.texts + other.texts,
        personal=one.personal + other.personal,
        whole=dict(Counter(one.whole) + Counter(other.whole)),
    )
