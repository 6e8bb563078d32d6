"""Takes statements to the graph at their senders' turns; those that wait for one plan and one decision go together.

A request that finds a turn free goes at once, alone, unless one that differs from it in nothing is on its way. While it
waits, others of its company join it in the order of their arrival, and all of them are one statement with a row for
each. What fails for all is tried again for each alone, so that one request's time-out, size or fault is not another's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import HubError, internal_error
from hub.fair_share import LEAST, Client, FairShare
from hub.graph.driver import Graph
from hub.request.template import JointTemplate, Statement

MOST: Final = 32
"""How many requests go together at most."""
TOGETHER_SECONDS: Final = 0.1
"""About how long a statement for several may take: what takes long gains little by company, and makes others wait."""

Row = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class _Companion:
    """One that joined another; its answer is None where it has to go alone."""

    client: Client
    statement: Statement = field(repr=False)
    answer: asyncio.Future[Row | None]


class RoundTrips:
    """The way to the graph for the requests of one hub; used on its event loop."""

    def __init__(self, graph: Graph, turns: FairShare, seconds: float, byte_cap: int) -> None:
        """Each request has `seconds`, waiting included, and its answer at most `byte_cap` bytes."""
        self.turns, self.seconds = turns, seconds
        self._graph, self._byte_cap = graph, byte_cap
        self._open: dict[Hashable, list[_Companion]] = {}
        self._going: dict[Hashable, asyncio.Future[None]] = {}
        """Statements on their way from which the next of their company differ in nothing, and when they are back."""

    async def fetch(self, client: Client, statement: Statement) -> Row:
        """The one row of a statement; raises HubError as `Graph.fetch` and `FairShare.turn`."""
        asked = time.monotonic()
        companions = self._open.get(statement.company)
        if statement.joint is None or companions is None or len(companions) + 1 >= self._most(statement.joint):
            return await self._go(client, statement)
        companion = _Companion(client, statement, asyncio.get_running_loop().create_future())
        companions.append(companion)
        row = await companion.answer
        if row is not None:
            return row
        async with self.turns.turn(client, max(LEAST, self.seconds - (time.monotonic() - asked))) as left:
            return await self._alone(statement, left)

    def _most(self, joint: JointTemplate) -> int:
        """How many may go together, by what one took at last."""
        if not joint.own:
            # They are asked as one, which takes no longer; but each that fails so is asked again.
            return MOST if joint.seconds <= self.seconds / 4 else 1
        return MOST if joint.seconds * MOST <= TOGETHER_SECONDS else max(1, int(TOGETHER_SECONDS / joint.seconds))

    async def _go(self, client: Client, statement: Statement) -> Row:
        """Wait for a turn and go, with whoever joined meanwhile."""
        companions: list[_Companion] = []
        clients: list[Client] = [client]
        if statement.joint is not None:
            self._open[statement.company] = companions
        asked = time.monotonic()
        try:
            await self._after_its_like(statement)
            left = max(LEAST, self.seconds - (time.monotonic() - asked))
            async with self.turns.turn(client, left, clients) as left:
                self._close(statement, companions)
                clients += [each.client for each in companions]
                with self._on_its_way(statement):
                    return await self._together(statement, companions, left)
        finally:
            self._close(statement, companions)
            for each in companions:
                _give(each, None)

    async def _after_its_like(self, statement: Statement) -> None:
        """Wait for one that is on its way and differs in nothing: whoever else asks the same comes along meanwhile.

        32 clients who all count a county's events by street have 9 answers a second if each goes as it comes.
        """
        end = time.monotonic() + self.seconds / 2
        while (going := self._going.get(statement.company)) is not None and (left := end - time.monotonic()) > 0:
            await asyncio.wait([going], timeout=left)

    @contextmanager
    def _on_its_way(self, statement: Statement) -> Iterator[None]:
        """Marks a statement that has none of its own parameters as being on its way, inside this context."""
        if statement.joint is None or statement.joint.own:
            yield
            return
        back = self._going[statement.company] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            if self._going.get(statement.company) is back:
                del self._going[statement.company]
            back.set_result(None)

    def _close(self, statement: Statement, companions: list[_Companion]) -> None:
        if self._open.get(statement.company) is companions:
            del self._open[statement.company]

    async def _together(self, statement: Statement, companions: list[_Companion], left: float) -> Row:
        began = time.monotonic()
        rows: Mapping[int, Row | HubError] = {}
        if statement.joint is not None and companions:
            every = [statement, *(each.statement for each in companions)]
            rows = await self.joint_rows(statement.joint, every, left / 2)
            if not rows:
                # The next goes alone, and what it takes says how many may go together again.
                statement.joint.seconds = max(TOGETHER_SECONDS, left / 2)
            for number, each in enumerate(companions, 1):
                _give(each, rows.get(number))
        own = rows.get(0)
        if own is None:
            own = await self._alone(statement, max(LEAST, left - (time.monotonic() - began)))
        if statement.joint is not None and (rows or not companions):
            statements = 1 + len(companions) if statement.joint.own else 1
            statement.joint.seconds = (time.monotonic() - began) / statements
        if isinstance(own, HubError):
            raise own
        return own

    async def joint_rows(
        self, joint: JointTemplate, every: list[Statement], seconds: float
    ) -> Mapping[int, Row | HubError]:
        """The row of each, or its own refusal, by number; none at all where the statement failed for all."""
        first = every[0].parameters
        same = {name: value for name, value in first.items() if name not in joint.own}
        # What differs in nothing is asked once.
        asked = every if joint.own else every[:1]
        own = [{"i": i, **{name: each.parameters[name] for name in joint.own}} for i, each in enumerate(asked)]
        try:
            rows = await self._graph.fetch_numbered(
                joint.text, {**same, "all": own}, deadline_seconds=seconds, byte_cap=self._byte_cap
            )
        except HubError:
            return {}
        return rows if joint.own else dict.fromkeys(range(len(every)), rows[0]) if rows else {}

    async def _alone(self, statement: Statement, seconds: float) -> Row:
        rows = await self._graph.fetch(
            statement.text, statement.parameters, deadline_seconds=seconds, byte_cap=self._byte_cap
        )
        if len(rows) != 1:
            raise internal_error()
        return rows[0]


def _give(companion: _Companion, answer: Row | HubError | None) -> None:
    """Answer one that has not been answered, and has not given up."""
    if companion.answer.done():
        return
    if isinstance(answer, HubError):
        companion.answer.set_exception(answer)
    else:
        companion.answer.set_result(answer)
