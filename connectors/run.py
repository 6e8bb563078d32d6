"""Pulls the streams of one source: reads, shapes and writes batch by batch; one is written while the next is read.

Rows, their quarantine entries and their cursor are written together, so a pull may be killed at any moment and the next
one ends in the same graph. So do other orders and repetitions of the rows; a pull without news writes nothing. A stream
with too many refused rows, too many rows or none stops before the current batch is written.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from connectors.base import (
    FILE,
    Annotation,
    Batch,
    Broken,
    ConnectorError,
    FileRead,
    GraphSink,
    Header,
    Note,
    Position,
    Reader,
    Record,
    Refused,
    Row,
    Since,
    StreamPlan,
    Written,
)
from connectors.drift import ColumnWatch
from connectors.fan_out import FanOut
from connectors.findings import Findings
from connectors.quarantine import check_any_read, check_growth, check_not_empty, check_share
from connectors.resolve import is_settled, keep_best, rank
from connectors.results import PullResult, Report, add
from connectors.row_memory import Recalled, RowMemory, RowStore, digest_context
from connectors.shape import Shaper
from connectors.source_model import Limits, PulledSource
from connectors.transforms import Context
from connectors.vanished import VANISHED, Came, is_unnamed, remove_vanished
from connectors.write_behind import WriteBehind
from schema.catalogue import Catalogue

BATCH_ROWS = 2_000
Shaped = Record | Recalled | Refused


def pull(
    source: PulledSource,
    plans: Mapping[str, StreamPlan],
    catalogue: Catalogue,
    sink: GraphSink,
    report: Report,
    rows: RowStore,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Iterator[PullResult]:
    """Pull each stream of a source in declared order; yields what each did. Raises ConnectorError.

    `plans` are those of all sources (`stream_plans.plan_streams`); `rows` keeps what the rows of full reads became;
    `now` decides which days lie in the future.
    """
    for stream in source.records:
        began = time.monotonic()
        moment = now()
        context = Context(sink.places(), source.tzinfo, moment.astimezone(source.tzinfo).date())
        plan = plans[f"{source.name}/{stream.name}"]
        shaper = Shaper(source, stream, catalogue, context, sink.fingerprint)
        reader = source.reader(stream)
        findings = Findings(
            identity=stream.fields[stream.identity].column or stream.identity,
            updated=stream.updated.column if stream.updated else None,
        )
        memory = RowMemory(rows, stream, plan.name, digest_context(source, stream, catalogue, context), context)
        columns = ColumnWatch(plan.name, stream.columns, source.drift, findings)
        fan_out = FanOut(plan.name, source.limits.fan_out)
        digest = source.digest(stream)
        run = _Run(plan, source.limits, digest, sink, moment, findings, memory, columns, fan_out)
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
    findings: Findings
    memory: RowMemory
    columns: ColumnWatch
    fan_out: FanOut
    identifier: str = field(default_factory=lambda: uuid.uuid4().hex)
    rows: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    outvoted: dict[str, tuple[Record, str]] = field(default_factory=dict)
    """Of keys that have come with several contents: the best record of this run, and the digest of the stored one."""
    repeats: set[str] = field(default_factory=set)
    """Keys that came with several contents in this run."""
    total: Written = field(default_factory=Written)
    furthest: dt.datetime | None = None
    expected: dt.datetime | None = None
    """In a full comparison: an incremental read would have begun here."""
    first: bool = False
    """No record of the stream was in the graph when the run began."""
    files: list[str] = field(default_factory=list)
    """Keyed digests of the files of a growing folder that are read."""
    is_whole: bool = True
    """No file of the source was passed over, refused, or read in part."""
    unnamed: int = 0
    """Refused rows of which nobody can say which record they are."""

    def pull(self, reader: Reader, shaper: Shaper, report: Report) -> None:
        """Read, shape and write everything; the last batch closes the pull."""
        with WriteBehind(self.sink.write) as writes:
            full = self._read(reader, shaper, report, writes)
        if self.is_whole:
            self._write_outvoted()
        if full:
            self._remove_vanished()
            self.memory.save()
        for note in shaper.notes():
            self.findings.note(note)
        report(self.plan.name, self.rows)

    def _read(self, reader: Reader, shaper: Shaper, report: Report, writes: WriteBehind) -> bool:
        """Write all rows; returns whether the source was read in full."""
        position = self.sink.position(self.plan)
        # A changed declaration reads or writes differently: the rows before the cursor have to be read again.
        fresh = position.manifest != self.manifest
        since = self._since(reader, position, fresh)
        full = reader.full or since.moment is None
        self.furthest = None if fresh else position.moment
        self.columns.begin(position)
        self.first = position.first
        if full and not position.first:
            self.memory.load()
        batch: list[Shaped] = []
        for row in self._rows(reader, since):
            batch.append(self._take_row(row, shaper, full))
            self.rows += 1
            if full:
                check_growth(self.plan.name, self.rows, position.rows, self.limits.growth)
            if len(batch) == BATCH_ROWS:
                self._check_columns(shaper, full)
                annotated = self._annotate(batch)
                writes.settle()
                cursor = self._cursor(position) if reader.ordered and not fresh else None
                writes.begin(*self._prepare(self._confirmed(batch, shaper), annotated, cursor, full))
                batch = []
                report(self.plan.name, self.rows)
        if full:
            check_not_empty(self.plan.name, self.rows, position.rows)
        compared = full and not reader.full
        full = full and self.is_whole
        self._check_columns(shaper, full)
        annotated = self._annotate(batch)
        writes.settle()
        closing = self._closing(position, full, compared)
        writes.begin(*self._prepare(self._confirmed(batch, shaper), annotated, closing, full, closing=True))
        return full

    def _check_columns(self, shaper: Shaper, full: bool) -> None:
        """Raise ConnectorError if the columns or their values are not what the source's file says."""
        shaper.check_formats(full)
        self.columns.check()

    def _take_row(self, row: Row | Broken, shaper: Shaper, full: bool) -> Shaped:
        """What is remembered of a row of a full read; else the record in it, which is remembered, or its refusal."""
        digest = self.memory.digest(row) if full and isinstance(row, Row) else None
        if isinstance(row, Row):
            self.columns.look(row)
        if digest is None or isinstance(row, Broken):
            shaped = shaper.shape(row)
            self.unnamed += is_unnamed(shaped, row)
            return shaped
        known = self.memory.recall(digest)
        recalled = known and shaper.recall(row, *known)
        if recalled:
            self.memory.remember(digest, recalled)
            return recalled
        cuts = shaper.cuts
        shaped = shaper.shape(row)
        self.unnamed += is_unnamed(shaped, row)
        # A row of which the pull tells something is shaped each time.
        if isinstance(shaped, Record) and shaper.cuts == cuts:
            self.memory.remember(digest, shaped)
        return shaped

    def _annotate(self, batch: Sequence[Shaped]) -> Mapping[str, Annotation]:
        """What is to be kept beside the texts of a batch that will be written, found while the one before is."""
        if not self.first:
            return {}
        records = [each for each in batch if isinstance(each, Record)]
        self.sink.foresee(self.plan, records)
        return self.sink.annotate(self.plan, records)

    def _confirmed(self, batch: Sequence[Shaped], shaper: Shaper) -> list[Shaped]:
        """The batch, in which those recalled rows alone are left whose record the graph holds as it is.

        The others are shaped, and so is each that shares its number with another row: of those more has to be known.
        """
        times = Counter(each.key for each in batch if not isinstance(each, Refused))
        asked = {
            each.key: each.fingerprint
            for each in batch
            if isinstance(each, Recalled) and times[each.key] == 1 and each.key not in self.seen
        }
        there = self.sink.unchanged(asked) if asked else ()
        return [
            shaper.shape(each.row) if isinstance(each, Recalled) and each.key not in there else each for each in batch
        ]

    def _since(self, reader: Reader, position: Position, fresh: bool) -> Since:
        """Where to read from: before the cursor, because a source may state a time long before the row can be read."""
        if fresh or position.moment is None:
            return Since()
        start = position.moment - dt.timedelta(hours=self.limits.overlap)
        due = position.compared is None or self.now - position.compared >= dt.timedelta(days=self.limits.compare)
        if due and not reader.full:
            # A new file may hold old rows.
            self.expected = None if position.files else start
            return Since()
        known = frozenset(position.files)
        return Since(start, position.waiting, position.waiting_since, lambda digest: self._file_key(digest) in known)

    def _file_key(self, digest: str) -> str:
        """What is kept of a file that was read; nobody without the key can try out a content."""
        return self.sink.fingerprint(digest.encode())

    def _rows(self, reader: Reader, since: Since) -> Iterator[Row | Broken]:
        """The rows of a read; what else it yields goes to the findings."""
        for item in reader.read(since):
            match item:
                case Header():
                    self.columns.header(item)
                case Note():
                    self.findings.note(item)
                case FileRead():
                    self.files.append(self._file_key(item.digest))
                    self.is_whole = self.is_whole and not item.known
                case _:
                    self.is_whole = self.is_whole and not (isinstance(item, Broken) and item.field == FILE)
                    yield item

    def _prepare(
        self,
        shaped: Sequence[Shaped],
        annotated: Mapping[str, Annotation],
        cursor: Position | None,
        full: bool,
        closing: bool = False,
    ) -> tuple[Batch, Callable[[Written], None]]:
        """The batch of these rows, and what is done with its result; the results of all before it were taken."""
        records, refused = [], []
        for each in shaped:
            if isinstance(each, Refused):
                refused.append(each)
            elif isinstance(each, Recalled):
                self.seen[each.key] = rank(each.fingerprint, each.as_of)
            else:
                records.append(self._marked(each))
        self.fan_out.count(records)
        # Of a repeated row the first one has the entry.
        entries = {each.key: each for each in reversed(refused) if each.key not in self.refused}
        self.findings.refused(refused)
        self._check_refused(len(refused), len(shaped), entries, closing and not self.files)
        self.refused.update(entries)
        batch = Batch(
            self.plan,
            self.identifier,
            tuple(records),
            tuple(entries.values()),
            () if full else tuple(each.key for each in records if each.key not in self.refused),
            self._moved(cursor, shaped),
            frozenset(self.refused) if closing and full else None,
            self.first,
            annotated,
        )
        recalled = len(shaped) - len(records) - len(refused)
        return batch, partial(self._take, records, len(refused) - len(entries), recalled)

    def _take(self, records: Sequence[Record], repeats: int, recalled: int, written: Written) -> None:
        """Count what a write did; `repeats` are refused rows without an entry, `recalled` ones are unchanged."""
        for record, winner in written.outvoted:
            keep_best(self.outvoted, record, winner)
        self.refused.update(each.key for each in written.orphans)
        self.findings.refused(written.orphans)
        self.findings.contested(written.contested)
        self._find_missed(records, written)
        counted = replace(written, quarantined=written.quarantined + repeats, unchanged=written.unchanged + recalled)
        self.total = add(self.total, counted)

    def _write_outvoted(self) -> None:
        """Where records of a number are gone from the source, write the best of those that are left, or forget them."""
        left = [
            record
            for key, (record, winner) in self.outvoted.items()
            if is_settled(record, winner, self.seen[key], alone=key not in self.repeats)
        ]
        for at in range(0, len(left), BATCH_ROWS):
            records = tuple(replace(each, sole=True) for each in left[at : at + BATCH_ROWS])
            written = self.sink.write(Batch(self.plan, self.identifier, records))
            # They were counted as unchanged when they came.
            self.total = add(self.total, replace(written, unchanged=written.unchanged - len(records)))
            self.findings.refused(written.orphans)

    def _remove_vanished(self) -> None:
        """Remove what the source, which was read in full, no longer has."""
        if self.plan.full:
            came = Came(self.seen.keys(), self.refused, self.unnamed, not self.findings.incomplete)
            most = self.limits.vanished
            gone = remove_vanished(self.plan, self.sink, self.identifier, came, most, self.findings)
            self.total = add(self.total, gone)

    def _marked(self, record: Record) -> Record:
        """The record, marked if its number came before in this pull."""
        this = rank(record.fingerprint, record.as_of)
        before = self.seen.get(record.key)
        self.seen[record.key] = this if before is None else max(before, this)
        if before is None:
            return record
        if before != this:
            self.findings.repeated(record)
            self.repeats.add(record.key)
        return replace(record, repeated=True)

    def _check_refused(self, refused: int, rows: int, entries: Mapping[str, Refused], alone: bool) -> None:
        """Stop the pull if too much is refused, or `alone` is all; the entries are kept, so that they can be seen."""
        try:
            check_share(self.plan.name, refused, rows, self.limits.quarantined, self.findings.summary)
            check_any_read(self.plan.name, self.rows, self.findings.unread if alone else 0, self.findings.summary)
        except ConnectorError:
            self.sink.write(Batch(self.plan, self.identifier, refused=tuple(entries.values())))
            raise

    def _find_missed(self, records: Sequence[Record], written: Written) -> None:
        if self.expected is not None:
            stored = set(written.stored)
            late = [each for each in records if each.as_of is not None and each.as_of < self.expected]
            self.findings.missed([each for each in late if each.key in stored])

    def _cursor(self, position: Position) -> Position:
        return replace(position, moment=self.furthest, waiting=(), waiting_since=None)

    def _closing(self, position: Position, full: bool, compared: bool) -> Position:
        """The position after the pull; `compared`: a stream that need not be was read from its beginning."""
        return replace(
            self._cursor(position),
            manifest=self.manifest,
            rows=self.rows if full else position.rows,
            compared=self.now if compared else position.compared,
            columns=self.findings.columns,
            kinds=self.columns.kinds() if full else position.kinds,
            files=tuple(self.files),
        )

    def _moved(self, cursor: Position | None, shaped: Sequence[Shaped]) -> Position | None:
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
            self.findings.blank,
            total.older,
            self.findings.notes[VANISHED].rows if VANISHED in self.findings.notes else 0,
            total.removed,
            self.findings.incomplete,
            self.findings.refusals(),
            tuple(self.findings.notes.values()),
        )
