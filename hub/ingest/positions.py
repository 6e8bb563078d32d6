"""Reads where the last pull of a stream ended, from the graph.

Beside the cursor these are the records that a new read would change although their source did not: refused ones whose
target has come, and those whose node another record left.
"""

from __future__ import annotations

import datetime as dt

from connectors.base import Position, StreamPlan
from hub.graph.driver import GraphWriter
from hub.ingest import sink_statements as cypher


def read_position(writer: GraphWriter, plan: StreamPlan) -> Position:
    """The position of a stream; raises GraphWriteError."""
    found = writer.read(cypher.POSITION, stream=plan.name)
    waiting = list(writer.read(cypher.STALE, stream=plan.name))
    rows = writer.read(cypher.WAITING, stream=plan.name)
    for entity in sorted({row["entity"] for row in rows}):
        mine = [row for row in rows if row["entity"] == entity]
        (there,) = writer.read(cypher.existing(entity), sids=[row["target"] for row in mine])
        sids = set(there["sids"])
        waiting += [row for row in mine if row["target"] in sids]
    times = [_moment(row["asOf"]) for row in waiting]
    oldest = None if None in times else min((each for each in times if each), default=None)
    numbers = tuple(sorted({row["record"] for row in waiting}))
    first = not writer.read(cypher.ANY_RECORD, beginning=f"{plan.name}:")
    if not found:
        return Position(waiting=numbers, waiting_since=oldest, first=first)
    cursor = found[0]
    return Position(
        _moment(cursor["position"]),
        cursor["manifest"],
        cursor["rows"],
        numbers,
        oldest,
        _moment(cursor["compared"]),
        tuple(cursor["columns"] or ()),
        dict(each.rsplit("=", 1) for each in cursor["kinds"] or ()),
        first,
        tuple(cursor["files"] or ()),
    )


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
