"""Lists the rows that quarantine holds: where each stands at its source, and why it was refused or waits.

No value of a row is shown, because none is kept. Each listing is recorded in the audit log before the graph is asked:
here for a command, by the console for a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
from hub.terminal import escape_unprintable

REPEATED = "repeated-number"
CONTESTED = "contested"
_KNOWN = "MATCH (c:SourceCursor) RETURN c.source AS stream UNION MATCH (q:Quarantined) RETURN q.stream AS stream"
_QUARANTINED = "MATCH (q:Quarantined) WHERE $stream IS NULL OR q.stream = $stream OR q.source = $stream "
_REFUSED = (
    f"{_QUARANTINED}RETURN q.stream AS stream, q.row AS row, q.field AS field, q.rule AS rule, q.reason AS reason, "
    "NOT q.whole AS written ORDER BY stream, rule, field, row LIMIT $limit"
)
_OF_STREAM = "($stream IS NULL OR r.stream = $stream OR r.source = $stream) "
# A record that won over others with the same number and time keeps their digests.
_LOST = f"MATCH (r:SourceRecord) WHERE r.rejected IS NOT NULL AND {_OF_STREAM}"
_REPEATED = (
    f"{_LOST}RETURN r.stream AS stream, r.record AS row, size(r.rejected) AS times ORDER BY stream, row LIMIT $limit"
)
_DOUBTFUL = (
    f"MATCH (r:SourceRecord) WHERE r.contested IS NOT NULL AND {_OF_STREAM}"
    "AND EXISTS { (r)-[:ASSERTS]->()<-[:ASSERTS]-(o) WHERE o.stream = r.stream } "
)
_CONTESTED = (
    f"{_DOUBTFUL}RETURN r.stream AS stream, r.record AS row, r.contested AS fields, r.asOf IS NOT NULL AS timed "
    "ORDER BY stream, row LIMIT $limit"
)
_COUNTS = (
    f"{_QUARANTINED}RETURN q.stream AS stream, q.field + ' ' + q.rule AS reason, q.whole AS refused, count(*) AS rows",
    f"{_LOST}RETURN r.stream AS stream, '{REPEATED}' AS reason, false AS refused, count(*) AS rows",
    f"{_DOUBTFUL}RETURN r.stream AS stream, '{CONTESTED}' AS reason, false AS refused, count(*) AS rows",
)
MOST_REASONS = 20
"""How many reasons the summary counts one by one."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row in quarantine. `written`: the row itself is in the graph, and only what is said here is missing."""

    stream: str
    row: str
    field: str
    rule: str
    reason: str
    written: bool

    @property
    def digested(self) -> bool:
        """Whether a digest of the record's number stands for the row."""
        return self.row.startswith("~")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows of a stream are refused, or written with a reservation, by one reason: a field and a rule."""

    stream: str
    reason: str
    refused: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows that are listed, and how many there are in all for each reason, the most first."""

    rows: Sequence[RefusedRow]
    reasons: Sequence[ReasonCount]

    @property
    def entries(self) -> int:
        """How many there are in all."""
        return sum(each.rows for each in self.reasons)

    @property
    def refused(self) -> int:
        """How many of them are not written."""
        return sum(each.rows for each in self.reasons if each.refused)


class UnknownSource(ValueError):
    """No source and no stream has this name in the graph; the text lists those that were pulled."""


def refused_rows(settings: Settings, address: GraphAddress, stream: str | None, limit: int) -> Listing:
    """Up to `limit` rows of a stream, of a source or of all, recorded as a command.

    Raises GraphWriteError and UnknownSource.
    """
    with closing(open_log(settings)) as log:
        log.append_sync(command_record(digester_of(settings), "pull", "source refused", {"limit": str(limit)}))
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        _check_name(stream, [each["stream"] for each in writer.read(_KNOWN)])
    return read_refused(settings, address, stream, limit)


def read_refused(settings: Settings, address: GraphAddress, stream: str | None, limit: int) -> Listing:
    """The same for a caller who has recorded the look already; of a name that nothing has, none."""
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        rows = [RefusedRow(**each) for each in writer.read(_REFUSED, stream=stream, limit=limit)]
        rows += [
            _repeated(each["stream"], each["row"], each["times"])
            for each in writer.read(_REPEATED, stream=stream, limit=max(0, limit - len(rows)))
        ]
        rows += [
            _contested(each["stream"], each["row"], each["fields"], each["timed"])
            for each in writer.read(_CONTESTED, stream=stream, limit=max(0, limit - len(rows)))
        ]
        counts = [ReasonCount(**each) for text in _COUNTS for each in writer.read(text, stream=stream)]
    return Listing(rows, sorted(counts, key=lambda each: (-each.rows, each.stream, each.reason)))


def _check_name(wanted: str | None, streams: Sequence[str]) -> None:
    known = {*streams, *(each.partition("/")[0] for each in streams)}
    if wanted is not None and wanted not in known:
        pulled = f"pulled were: {', '.join(sorted(known))}" if known else "nothing was pulled yet: sluicegate pull"
        raise UnknownSource(f"no source or stream {wanted!r} was pulled into this graph; {pulled}")


def _repeated(stream: str, row: str, times: int) -> RefusedRow:
    reason = f"{times} more rows have this number, other values and no later time; one is kept, always the same"
    return RefusedRow(stream, row, "row", REPEATED, reason, True)


def _contested(stream: str, row: str, fields: Sequence[str], timed: bool) -> RefusedRow:
    kept = "the latest is kept" if timed else "the one with the largest number is kept"
    reason = f"another row of the stream describes the same node otherwise; {kept}. Correct one at the source"
    return RefusedRow(stream, row, ", ".join(fields), CONTESTED, reason, True)


def refused_table(rows: Sequence[RefusedRow]) -> Table:
    """The rows as a table."""
    table = Table(title="Rows refused, or written with a reservation 待处理的行", box=SIMPLE, title_justify="left")
    for name in ("stream 来源", "row 行", "is 状态", "field 字段", "rule 规则", "reason 原因"):
        table.add_column(name, overflow="fold")
    for each in rows:
        state = "written" if each.written else "refused"
        cells = (each.stream, each.row, state, each.field, each.rule, each.reason)
        table.add_row(*(Text(escape_unprintable(cell)) for cell in cells))
    return table


def listing_summary(listing: Listing) -> list[str]:
    """How many entries there are of each state and reason, and how many of them are not listed."""
    written = listing.entries - listing.refused
    lines = [f"{listing.entries:,} entries: {listing.refused:,} refused, {written:,} about rows that are written"]
    lines += [
        f"  {each.rows:,} {'refused' if each.refused else 'written'} of {each.stream}: {each.reason}"
        for each in listing.reasons[:MOST_REASONS]
    ]
    if len(listing.reasons) > MOST_REASONS:
        lines.append(f"  and others for {len(listing.reasons) - MOST_REASONS:,} more reasons")
    if listing.entries > len(listing.rows):
        lines.append(
            f"not all are listed: {len(listing.rows):,} of {listing.entries:,}; raise --limit, or name a stream"
        )
    return lines
