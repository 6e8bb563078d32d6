"""Stops a run that would lead too many edges to one node: a mistake that puts ten million residents into one community.

Edges of records that are as they were are not counted. What is kept of a target is a number that does not tell which it
is (attack catalogue K12).
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.base import ConnectorError, Record


class FanOut:
    """Counts the edges that one run leads to each node; `most` is the limit (`limits.fan_out`)."""

    def __init__(self, stream: str, most: int) -> None:
        self._stream, self._most = stream, most
        self._counts: dict[int, int] = {}

    def count(self, records: Iterable[Record]) -> None:
        """Count the edges of records that will be written; raises ConnectorError beyond the limit."""
        for record in records:
            if record.repeated:
                continue
            for link in record.links:
                target = hash((link.edge, link.identity))
                found = self._counts[target] = self._counts.get(target, 0) + 1
                if found > self._most:
                    raise ConnectorError(
                        self._stream,
                        f"more than {self._most} records lead by {link.edge} ({link.column}) to one and the same node, "
                        f"which is the limit (limits.fan_out); record {record.number} is the first beyond it. Its "
                        "batch is not written: correct the column at the source, or raise the limit",
                    )
