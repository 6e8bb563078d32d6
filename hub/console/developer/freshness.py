"""How old the data of each department is: when the newest load from one of its sources began that ended well.

It is what the graph notes of runs of sources, and nothing of a row. Without a graph it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.errors import HubError
from hub.graph.driver import Graph

SECONDS: Final = 2.0
"""How long a page waits for it."""
_READ: Final = """
MATCH (s:SourceRun) WHERE s.good IS NOT NULL AND s.assertedBy IS NOT NULL
RETURN s.assertedBy AS department, max(s.good).epochSeconds AS good
"""


async def newest_loads(graph: Graph) -> Mapping[str, int]:
    """By department: the moment in seconds since 1970; empty if the graph cannot be asked now."""
    try:
        rows = await graph.fetch_for_hub(_READ, deadline_seconds=SECONDS)
    except HubError:
        return {}
    return {row["department"]: row["good"] for row in rows}
