"""How old the data of each type is: for each source that writes it, when its newest load began that ended well.

It is what a pull notes of its sources in the graph, and nothing of a row. A source is told by the department that its
file names, and by no name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import HubError
from hub.graph.driver import Graph

SECONDS: Final = 2.0
"""How long a page waits for it."""
_READ: Final = """
MATCH (s:SourceRun)
RETURN s.writes AS writes, s.assertedBy AS department, s.good.epochSeconds AS good, coalesce(s.pushed, false) AS pushed,
  s.freshFor IS NOT NULL AND (s.good IS NULL OR s.good < datetime() - duration({seconds: s.freshFor})) AS stale
ORDER BY s.source"""


@dataclass(frozen=True, slots=True)
class Load:
    """A source of a type: the department that its file names, empty if none; when its newest good load began.

    `good` is in seconds since 1970: None of one that never ended well, and of one that is pushed. `stale` is by the
    schedule of the source.
    """

    department: str
    good: int | None
    pushed: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class Loads:
    """The sources of each type; `whole` if these are all, so that a type which is not named has none."""

    by_type: Mapping[str, tuple[Load, ...]] = field(default_factory=dict)
    whole: bool = False


async def newest_loads(graph: Graph) -> Loads:
    """What the graph says; nothing, and not whole, if it cannot be asked now.

    It is not whole either while a source has not been read since an older release, which did not note its types.
    """
    try:
        rows = await graph.fetch_for_hub(_READ, deadline_seconds=SECONDS)
    except HubError:
        return Loads()
    found: dict[str, tuple[Load, ...]] = {}
    for row in rows:
        for name in row["writes"] or ():
            found[name] = (*found.get(name, ()), _load(row))
    return Loads(found, all(row["writes"] is not None for row in rows))


def _load(row: Mapping[str, Any]) -> Load:
    return Load(row["department"] or "", row["good"], row["pushed"], row["stale"])
