"""Lets the refused rows of a source in again, once the row at its source or the source's file was mended.

The streams that have some are read from their beginning, because a row that lies before a stream's cursor would not
come again by itself. What is as it was writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.results import PullResult, Report
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull
from hub.ingest.runs.scheduled_pull import declared_sources

_REFUSED = (
    "MATCH (q:Quarantined) WHERE q.whole AND q.source = $source RETURN q.stream AS stream, count(*) AS rows "
    "ORDER BY stream"
)
# A cursor that was read under no declaration is read from the beginning, by this pull or a later one.
_READ_AGAIN = "MATCH (c:SourceCursor) WHERE c.source IN $streams SET c.manifest = ''"


@dataclass(frozen=True, slots=True)
class Retried:
    """How many rows of each stream were refused before and are after, and what the pull did."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    results: list[PullResult]


def retry_refused(
    settings: Settings,
    folder: Path,
    source: str,
    data: Path,
    variables: Mapping[str, str],
    progress: Report,
    address: GraphAddress,
) -> Retried:
    """Read the streams of a source that have refused rows again; nothing is read if none has.

    Raises what `recorded_pull` raises.
    """
    declared_sources(settings, folder, [source], data, variables)
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        before = _refused(writer, source)
        if not before:
            return Retried({}, {}, [])
        writer.write(lambda transaction: transaction.run(_READ_AGAIN, streams=sorted(before)))
        results = recorded_pull(settings, folder, [source], data, variables, progress, address)
        return Retried(before, _refused(writer, source), results)


def _refused(writer: GraphWriter, source: str) -> dict[str, int]:
    return {row["stream"]: row["rows"] for row in writer.read(_REFUSED, source=source)}
