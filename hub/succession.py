"""Which grid took another's place is read from the graph beside the queries, never within one.

Read when the hub starts and again every so often, because a pull may bring a merge; between two readings a merged grid
finds nothing under its old path, and never too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.graph import Graph
from policies.succession import Successors

REFRESH_SECONDS = 30.0

_READ = """
MATCH (old:Region) WHERE old.successorCode IS NOT NULL AND old.deletedAt IS NULL
OPTIONAL MATCH (new:Region {code: old.successorCode}) WHERE new.deletedAt IS NULL
RETURN old.region AS old, new.region AS new
"""


async def read_successors(graph: Graph, deadline_seconds: float) -> Successors:
    """Old path → new path of every merged grid; raises HubError where the graph cannot be read."""
    return paired(await graph.fetch(_READ, {}, deadline_seconds=deadline_seconds, byte_cap=1_000_000))


def paired(rows: Iterable[Mapping[str, Any]]) -> Successors:
    """Two successors of one grid are a split: it leads nowhere until a steward decides."""
    found: dict[str, str | None] = {}
    for row in rows:
        found[row["old"]] = None if row["old"] in found else row["new"]
    return found
