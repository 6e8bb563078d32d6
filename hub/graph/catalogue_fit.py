"""Whether the graph of a running hub was loaded for the hub's catalogue.

It is never older than five seconds when a statement is sent: a hub reads it each second, and a request that finds it
older reads it itself. A graph that was loaded for another catalogue, or that does not say for which, answers nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from hub.errors import Code, HubError
from hub.graph.driver import Graph

EVERY_SECONDS: Final = 1.0
TRUSTED_SECONDS: Final = 5.0
MISFIT: Final = "it was loaded for another catalogue than this hub's, nothing is answered; see: sluicegate schema diff"
FITS: Final = ""
_PUBLIC: Final = "the graph does not fit this hub's catalogue now; its operators have to mend that, try again later"

_READ: Final = """
OPTIONAL MATCH (c:LoadedCatalogue)
RETURN c.version AS version, c.before IS NOT NULL AS unfinished, EXISTS { (:SourceRecord) } AS filled
"""


class CatalogueFit:
    """What a hub knows of its graph's note. `why` says why it does not fit, as last read, or nothing."""

    def __init__(
        self, graph: Graph, version: str, deadline_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`version` is that of the hub's catalogue; `clock` is monotonic."""
        self._graph, self._version = graph, version
        self._deadline, self._clock = deadline_seconds, clock
        self._read_at: float | None = None
        self.why = FITS

    async def check(self) -> None:
        """Raises GRAPH_UNAVAILABLE where the graph does not fit, and where the graph cannot be asked."""
        if self._read_at is None or self._clock() - self._read_at > TRUSTED_SECONDS:
            try:
                await self.read()
            except HubError as failed:
                # A connection that broke meanwhile is noticed at its next use; the second reading takes a new one.
                if failed.code is not Code.GRAPH_UNAVAILABLE:
                    raise
                await self.read()
        if self.why:
            raise HubError(Code.GRAPH_UNAVAILABLE, _PUBLIC)

    async def keep_current(self) -> None:
        """Read again and again until cancelled; while the graph is away, requests find that out."""
        while True:
            with suppress(HubError):
                await self.read()
            await asyncio.sleep(EVERY_SECONDS)

    async def read(self) -> None:
        """Ask the graph; raises HubError where it cannot be asked."""
        began = self._clock()
        rows = await self._graph.fetch_for_hub(_READ, deadline_seconds=self._deadline)
        self.why = FITS if fits(rows, self._version) else MISFIT
        self._read_at = began


def fits(rows: Sequence[Mapping[str, Any]], version: str) -> bool:
    """Whether a graph with this note was loaded for the catalogue of this version; an empty graph was for any."""
    if len(rows) != 1 or rows[0]["unfinished"]:
        return False
    noted = rows[0]["version"]
    return bool(noted == version) if noted is not None else not rows[0]["filled"]
