"""The sources of the hub, one of them, and what an operator does there: try it, let mended rows in again.

A form names a source of the hub's own files and nothing else, so the hub connects nowhere but there. Whoever looks,
tries or lets in is recorded first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from connectors.source_model import PulledSource, Source
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.operator.rules import fix_of, word_of
from hub.console.operator.source_reading import (
    MOST_ROWS,
    Declared,
    FilesWrong,
    NoSources,
    declared,
    graph_of,
    shown_source,
    shown_sources,
)
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.graph.local import GraphAddress
from hub.ingest.apart.process import Apart, Busy, Found
from hub.ingest.apart.work import RETRY, TRY, Task
from hub.ingest.trial.remedies import kind_of_problem
from hub.steward.changes import reading_record
from policies.stewards import Role

SOURCES: Final = "sources"
SOURCE: Final = "sources/source"
HEALTH: Final = "health"
TRY_SECONDS: Final = 40.0
"""How long a source may take to be tried; its own `limits.timeout` is 30 s if it does not say otherwise."""
NO_GRAPH: Final = GraphAddress("", "", "")
"""A source can be tried without a graph."""
BEGIN_SECONDS: Final = 8.0
"""How long a page waits for a pull of few rows; one that takes longer goes on, and its page tells how it stands."""


class SourcePages:
    """The pages of the sources of one hub, for operators."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._apart = desk, Apart()

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        operators = frozenset({Role.OPERATOR})
        return (
            Page(SOURCES, self.show, operators, "ops_sources"),
            Page(SOURCE, self.show_source, operators),
            Change("sources/try", self.try_source, operators),
            Change("sources/retry", self.let_in, operators),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """Every source, how it stands, and what waits."""
        hub = self._desk.hub
        await self._record(visitor, "sources", {})
        problem, found = "", None
        try:
            read = partial(shown_sources, hub.settings, hub.catalogue, hub.policy.owners)
            found = await self._desk.beside(Lane.SOURCES, read)
        except NoSources:
            pass
        except FilesWrong as wrong:
            problem = str(wrong)
        return self._page("ops_sources", arrival, visitor, found=found, problem=problem, source=HOME + SOURCE)

    async def show_source(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One source; `name` says which."""
        source = (await self._known()).named(arrival.request.query_params.get("name", ""))
        if source is None:
            raise PageRefused("source")
        return await self._show(arrival, visitor, source)

    async def try_source(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Open a source as a pull would, read its first rows, and say what is wrong; nothing is written."""
        known, source = await self._pulled(form)
        await self._record(visitor, "source try", {"source": source.name})
        found = await self._do(Lane.TRIALS, TRY, known, source, TRY_SECONDS)
        return await self._show(arrival, visitor, source, tried=found, seconds=str(int(TRY_SECONDS)))

    async def let_in(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Read the streams that have refused rows again; what was mended goes in."""
        known, source = await self._pulled(form)
        await self._record(visitor, "source retry", {"source": source.name})
        found = await self._do(Lane.RETRIES, RETRY, known, source, BEGIN_SECONDS)
        if not found.ended:
            return go_to(f"{HOME}{SOURCE}?{urlencode({'name': source.name, 'begun': '1'})}")
        return await self._show(arrival, visitor, source, retried=found)

    async def _show(self, arrival: Arrival, visitor: Visitor, source: Source, **more: Any) -> Response:
        await self._record(visitor, "source", {"source": source.name})
        hub = self._desk.hub
        read = partial(shown_source, hub.settings, source, hub.policy.owners)
        shown, listing = await self._desk.beside(Lane.SOURCES, read)
        problem = shown.status.problem if shown.status else None
        content = {
            "tried": None,
            "retried": None,
            "seconds": "",
            "begun": "begun" in arrival.request.query_params,
            "purposes": hub.policy.purposes,
            "remedy": kind_of_problem(problem) if problem else None,
        }
        return self._page(
            "ops_source", arrival, visitor, shown=shown, listing=listing, most=MOST_ROWS, **{**content, **more}
        )

    def _page(self, name: str, arrival: Arrival, visitor: Visitor, **content: Any) -> Response:
        paths = {
            "to_try": f"{HOME}sources/try",
            "to_retry": f"{HOME}sources/retry",
            "all": HOME + SOURCES,
            "health": HOME + HEALTH,
        }
        types = {each.name: {"zh": each.zh, "en": each.en} for each in self._desk.hub.catalogue}
        return self._desk.page(name, arrival, visitor, word_of=word_of, fix_of=fix_of, types=types, **paths, **content)

    async def _known(self) -> Declared:
        hub = self._desk.hub
        try:
            return await self._desk.beside(Lane.SOURCES, partial(declared, hub.settings, hub.catalogue))
        except NoSources:
            raise PageRefused("source") from None
        except FilesWrong:
            raise PageRefused("sources") from None

    async def _pulled(self, form: Mapping[str, str]) -> tuple[Declared, Source]:
        """The source that a form names; PageRefused unless the hub's files declare it as one that is pulled."""
        known = await self._known()
        source = known.named(form.get("name", ""))
        if source is None:
            raise PageRefused("unnamed")
        if not isinstance(source, PulledSource):
            raise PageRefused("pushed")
        return known, source

    async def _do(self, lane: Lane, act: str, known: Declared, source: Source, seconds: float) -> Found:
        settings = self._desk.hub.settings

        def work() -> Found:
            graph = graph_of(settings)
            if graph is None:
                if act == RETRY:
                    raise PageRefused("graph_away")
                graph = NO_GRAPH
            return self._apart.do(Task(act, source.name, settings, graph, known.locations), seconds)

        try:
            return await self._desk.beside(lane, work)
        except Busy:
            raise PageRefused("trial" if act == TRY else "again") from None

    async def _record(self, visitor: Visitor, act: str, facts: Mapping[str, str]) -> None:
        """Write to the log who looks or acts, under the kind of the commands that do the same."""
        hub = self._desk.hub
        await hub.log.append(reading_record(hub.digester, "pull", f"console {act}", visitor.actor, facts))
