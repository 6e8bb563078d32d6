"""Compares what is in the demo's graph with what `summary.json` says of its registers.

For each table: the rows that went in, those that were refused, and the edges that wait; for the alarms also what the
hub answered. Counts only, no value of a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.box import SIMPLE
from rich.table import Table

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.sample.generate import SampleSummary
from hub.sample.whole.alarms import alarms_of
from hub.sample.whole.defects import QUARANTINE, SAME, WAIT

ALARMS: Final = "alarms"
_TICKETS: Final = "tickets"
_RECORDS: Final = "MATCH (r:SourceRecord) RETURN r.stream AS stream, count(*) AS rows"
_ENTRIES: Final = "MATCH (q:Quarantined) RETURN q.stream AS stream, q.whole AS whole, count(*) AS rows"
_IN: Final = ("stored", "outdated")
_TAKEN: Final = " or ".join(_IN)
_NEW_ALARMS: Final = ("unknown_dwelling", "merged_grid", "out_of_order")
"""Defects that are an alarm of their own, which goes in."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one table: records in the graph, rows refused as a whole, edges that wait for their target."""

    records: int
    refused: int
    waiting: int


def counts_of(address: GraphAddress, database: str) -> dict[str, Counts]:
    """What is in the graph, by table; streams of one table are counted together. Raises GraphWriteError."""
    records, refused, waiting = Counter[str](), Counter[str](), Counter[str]()
    with GraphWriter(address.url, address.user, address.password, database=database) as graph:
        for row in graph.read(_RECORDS):
            records[_table_of(row["stream"])] += row["rows"]
        for row in graph.read(_ENTRIES):
            (refused if row["whole"] else waiting)[_table_of(row["stream"])] += row["rows"]
    tables = {*records, *refused, *waiting}
    return {each: Counts(records[each], refused[each], waiting[each]) for each in tables}


def expected_counts(summary: SampleSummary) -> dict[str, Counts]:
    """What has to be in the graph of a whole county, by table."""
    return {table: _expected(summary, table) for table in summary.sources}


def expected_answers(summary: SampleSummary) -> dict[str, int]:
    """What the hub has to answer to the alarms, by status; an event that comes twice has the answer that it had.

    `stored` and `outdated` are one: of two versions in one batch the earlier is outdated already.
    """
    planted = {each.defect.reason: each.count for each in summary.defects if each.defect.stream == ALARMS}
    return {
        _TAKEN: summary.sources[ALARMS].good + planted["duplicate"] + planted["out_of_order"],
        "refused": planted["impossible_date"] + planted["unknown_kind"],
        "waits": planted["unknown_grid"],
        "invalid": planted["no_data"],
        "reused": planted["id_reused"],
    }


def differences(summary: SampleSummary, found: Mapping[str, Counts], answers: Mapping[str, int]) -> Iterator[str]:
    """A line for each count that is not as the manifest says; none if all are."""
    for table, expected in expected_counts(summary).items():
        there = found.get(table, Counts(0, 0, 0))
        if there != expected:
            yield f"{table}: {_told(there)}, but summary.json says: {_told(expected)}"
    given = Counter[str]()
    for status, count in answers.items():
        given[_TAKEN if status in _IN else status] += count
    for status, count in expected_answers(summary).items():
        if given[status] != count:
            yield f"{ALARMS}: {given[status]} events {status}, but summary.json says: {count}"


def counts_table(summary: SampleSummary, found: Mapping[str, Counts]) -> Table:
    """The counts, to be shown."""
    table = Table("table", box=SIMPLE, title="each row is in the graph, or is told 数据核对", title_justify="left")
    for heading in ("rows", "records in the graph", "refused", "edges that wait"):
        table.add_column(heading, justify="right")
    for name, source in summary.sources.items():
        each = found.get(name, Counts(0, 0, 0))
        table.add_row(name, f"{source.rows:,}", f"{each.records:,}", f"{each.refused:,}", f"{each.waiting:,}")
    return table


def _table_of(stream: str) -> str:
    """The table of a stream: `visits-1/visits` is one of four that are `visits`."""
    return stream.partition("/")[2]


def _expected(summary: SampleSummary, table: str) -> Counts:
    source = summary.sources[table]
    planted = [each for each in summary.defects if each.defect.stream == table and not each.defect.folder]
    kinds = {"duplicate": SAME} | {each.defect.reason: each.defect.expected for each in planted}
    refused = sum(rows for reason, rows in source.dirty.items() if kinds.get(reason, QUARANTINE) == QUARANTINE)
    waiting = sum(each.count for each in planted if each.defect.expected == WAIT)
    if table == _TICKETS:
        waiting = summary.facts["reporters_not_in_register"]
    if table != ALARMS:
        return Counts(source.good, refused, waiting)
    alarms = alarms_of(summary.people) + sum(each.count for each in planted if each.defect.reason in _NEW_ALARMS)
    return Counts(alarms, refused, waiting)


def _told(counts: Counts) -> str:
    return f"{counts.records} records, {counts.refused} refused, {counts.waiting} waiting"
