"""Merged grids: which grid took another's place, as the graph says.

A hub reads it when it starts and again every half minute, because a pull may bring a merge, and never within a query.
Between two readings a merged grid finds nothing under its old path, and never too much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from hub.errors import HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import running_graph
from hub.home.settings import Settings
from policies.succession import Successors, successor
from schema.catalogue import Catalogue

REFRESH_SECONDS = 30.0

_READ = """
MATCH (old:Region) WHERE old.successorCode IS NOT NULL AND old.deletedAt IS NULL
OPTIONAL MATCH (new:Region {code: old.successorCode}) WHERE new.deletedAt IS NULL
RETURN old.region AS old, new.region AS new
"""

_MOVE = """
UNWIND $moves AS move
MATCH (n:{label} {{region: move.old}}) WHERE n.sid IS NOT NULL
WITH n, move LIMIT $most
SET n.formerRegion = n.region, n.region = move.new
RETURN count(n) AS moved
"""
MOVED_AT_ONCE = 10_000
"""How many nodes are moved in one transaction."""


class MergedGrids:
    """What a hub knows of merged grids: `successors`, as last read."""

    def __init__(self) -> None:
        self.successors: Successors = {}

    async def keep_current(self, graph: Graph, deadline_seconds: float) -> None:
        """Read again and again until cancelled; while the graph is away, what was read last holds."""
        while True:
            with suppress(HubError):
                self.successors = await read_successors(graph, deadline_seconds)
            await asyncio.sleep(REFRESH_SECONDS)


async def read_successors(graph: Graph, deadline_seconds: float) -> Successors:
    """Old path → new path of every merged grid; raises HubError where the graph cannot be read."""
    return successors_by_path(await graph.fetch_for_hub(_READ, deadline_seconds=deadline_seconds))


def successors_now(settings: Settings) -> Successors | None:
    """What the graph of a home says now, for a command; None where no graph runs or answers in time."""
    address = running_graph(settings)
    if address is None:
        return None

    async def read() -> Successors:
        graph = Graph(address.url, address.user, address.password, database=settings.graph_database)
        try:
            return await read_successors(graph, settings.graph_deadline)
        finally:
            await graph.close()

    try:
        return asyncio.run(read())
    except HubError:
        return None


def move_merged(writer: GraphWriter, catalogue: Catalogue) -> int:
    """Give what lies in a merged grid the path of the grid that holds it today; returns how many nodes moved.

    The old path is kept. A chain of merges is followed to its end, whenever its links came; what lies in a grid that
    was split, or whose merges form a circle, stays until a steward decides. Idempotent.
    """
    successors = successors_by_path(writer.read(_READ))
    leads = ((old, successor(old, successors)) for old in successors)
    moves = [{"old": old, "new": new} for old, new in leads if new is not None]
    # A division keeps its own path: it is what the old one is known by.
    located = [entity.name for entity in catalogue if entity.located and entity.name != "Region"]
    return sum(_move(writer, name, moves) for name in located) if moves else 0


def _move(writer: GraphWriter, label: str, moves: Sequence[Mapping[str, str]]) -> int:
    total = 0
    while True:
        text = _MOVE.format(label=label)
        (row,) = writer.write(lambda tx, text=text: tx.run(text, moves=moves, most=MOVED_AT_ONCE))  # type: ignore[misc]
        total += int(row["moved"])
        if row["moved"] < MOVED_AT_ONCE:
            return total


def successors_by_path(rows: Iterable[Mapping[str, Any]]) -> Successors:
    """Two successors of one grid are a split: it leads nowhere until a steward decides."""
    found: dict[str, str | None] = {}
    for row in rows:
        found[row["old"]] = None if row["old"] in found else row["new"]
    return found
