"""Notes in the graph what the files of sources say about them, because a hub that serves has no other way to know it.

It stands on the source's `SourceRun` node: who asserts what is in it, for how many seconds a good reading counts as
fresh, which types it writes, and whether it is pushed. A value that the file no longer states is removed. What stands
there already is not written again. A pull notes a source under its lease, because the node is locked while another
pull of that source writes.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.source_model import PulledSource, Source
from hub.graph.driver import GraphWriter

_NOTED = """
MATCH (s:SourceRun) WHERE s.source IN $sources
RETURN s.source AS source, s.assertedBy AS assertedBy, s.freshFor AS freshFor, s.writes AS writes, s.pushed AS pushed"""
_NOTE = """
UNWIND $rows AS row
MERGE (s:SourceRun {source: row.source})
SET s.assertedBy = row.assertedBy, s.freshFor = row.freshFor, s.writes = row.writes, s.pushed = row.pushed"""


def note_sources(writer: GraphWriter, sources: Iterable[Source]) -> None:
    """Note what these sources say about themselves; raises GraphWriteError."""
    rows = [
        {
            "source": each.name,
            "assertedBy": each.asserted_by,
            "freshFor": _fresh_for(each),
            "writes": sorted({stream.entity for stream in each.records}),
            "pushed": not isinstance(each, PulledSource),
        }
        for each in sorted(sources, key=lambda each: each.name)
    ]
    noted = writer.read(_NOTED, sources=[each["source"] for each in rows])
    changed = [each for each in rows if each not in noted]
    if changed:
        writer.write(lambda transaction: transaction.run(_NOTE, rows=changed))


def _fresh_for(source: Source) -> int | None:
    """In seconds; None of a source without a schedule, and of one that is pushed."""
    schedule = source.schedule if isinstance(source, PulledSource) else None
    return None if schedule is None else int(schedule.fresh_for.total_seconds())
