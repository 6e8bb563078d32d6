"""What the graph has of the sources that are pushed: they have no runs, so deliveries and records tell how they stand.

Reads the graph and blocks, for a thread.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.source_model import PulledSource, Source
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.removal import COUNT_RECORDS

_LAST: Final = (
    "MATCH (d:DeliveredEvent) USING INDEX d:DeliveredEvent(at) WHERE d.at IS NOT NULL AND d.source = $source "
    "RETURN d.at.epochMillis AS at ORDER BY d.at DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Pushes:
    """When the last event of a source came that is still noted, and its records in the graph, by stream."""

    last: dt.datetime | None
    records: Mapping[str, int]

    @property
    def rows(self) -> int:
        """The records of all its streams."""
        return sum(self.records.values())


def read_pushes(settings: Settings, address: GraphAddress, sources: Sequence[Source]) -> Mapping[str, Pushes]:
    """Of each of these sources that is pushed, by name; raises GraphWriteError."""
    pushed = [each for each in sources if not isinstance(each, PulledSource)]
    if not pushed:
        return {}
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        return {each.name: _pushes(writer, each, settings.zone) for each in pushed}


def _pushes(writer: GraphWriter, source: Source, zone: dt.tzinfo) -> Pushes:
    last = [each["at"] for each in writer.read(_LAST, source=source.name)]
    records = {
        stream.name: writer.read(COUNT_RECORDS, beginning=f"{source.name}/{stream.name}:")[0]["records"]
        for stream in source.records
    }
    return Pushes(dt.datetime.fromtimestamp(last[0] / 1000, zone) if last else None, records)
