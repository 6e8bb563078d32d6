"""The page *Preview as*: a query answered under the version in force and under another, side by side.

Every row is invented: the answers come from a sample in a graph of its own, as for `policy preview`, and the graph of
the hub is never asked. A query stands in no address; it is sent by POST, and recorded as every query is.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.review.apart import Apart, NotDone
from hub.console.review.choices import chosen_of, number_in_force, version_chosen
from hub.console.review.side_by_side import MOST_LINES, answers, effects, example_query
from hub.console.review.work import preview_versions
from hub.console.steward.in_words import spoken_in
from hub.console.visitor import Visitor
from hub.home.settings import Settings
from hub.steward.acting import READERS
from hub.steward.preview import Question, has_sample, is_previewing, make_sample
from policies.decide import decide
from policies.model import PolicySet
from policies.review.check import subject_of

PREVIEW: Final = "preview"
PREPARE: Final = "preview/prepare"
RUN: Final = "preview/run"
SECONDS: Final = 120.0
"""How long a preview may take: its graph starts in ten seconds on a quiet machine."""
PREPARE_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = 5
"""After how many seconds the page that waits for the sample asks again."""
LONGEST_QUERY: Final = 10_000
SOURCES: Final = Path("examples", "county", "sources")


class PreviewPages:
    """The pages of one console, for those who may read versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._making, self._asking = desk, Apart(PREPARE_SECONDS), Apart(SECONDS)
        self._under_way: set[asyncio.Task[None]] = set()
        self._problem = ""

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        readers = frozenset(READERS)
        return (
            Page(PREVIEW, self.show, readers, "review_preview"),
            Change(PREPARE, self.prepare, readers),
            Change(RUN, self.run, readers, dict),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What is chosen, with an example of a query once application and purpose are."""
        content = await self._chosen(arrival.request.query_params)
        facts = {"number": str(content["number"]), **{name: each for name, each in content["chosen"].items() if each}}
        await self._desk.record_reading(visitor, "preview", facts)
        page = self._page(arrival, visitor, content)
        if content["state"] == "making":
            page.headers["Refresh"] = str(AGAIN_SECONDS)
        return page

    async def prepare(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Begin to make the sample, beside whatever else is done."""
        number, _, _ = await self._desk.beside(Lane.POLICY, lambda: version_chosen(self._desk.hub, _number(form)))
        sources = sources_here(self._desk.hub.settings)
        if sources is None:
            raise PageRefused("review_no_sample")
        if not self._making.is_busy:
            await self._desk.record(visitor.actor, "preview prepare")
            task = asyncio.create_task(self._make(sources))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return go_to(f"{HOME}{PREVIEW}?number={number}")

    async def _make(self, sources: Path) -> None:
        self._problem = ""
        try:
            await self._making.do(make_sample, self._desk.hub.settings, sources)
        except NotDone as why:
            self._problem = str(why)
        except PageRefused:
            self._problem = "-"

    async def run(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Ask the query of a form under the version in force and under the one that is chosen."""
        hub, query = self._desk.hub, form.get("query", "").replace("\r\n", "\n")
        _number(form)
        content = await self._chosen(form)
        chosen, sources = content["chosen"], sources_here(hub.settings)
        if not (chosen["application"] and chosen["purpose"]):
            raise PageRefused("choice", name="application")
        if not query.strip() or len(query) > LONGEST_QUERY:
            raise PageRefused("review_query", most=str(LONGEST_QUERY))
        if sources is None or content["state"] != "ready":
            raise PageRefused("review_no_sample")
        question = Question(chosen["application"], None, chosen["purpose"], query, {})
        numbers = list(dict.fromkeys([content["current"], content["number"]]))
        try:
            found = await self._asking.do(preview_versions, hub.settings, numbers, question, visitor.actor, sources)
        except NotDone as why:
            page = self._page(arrival, visitor, {**content, "query": query, "problem": str(why)})
            page.status_code = 503
            return page
        before, after = found[0], found[-1]
        told = {
            "effects": effects(before, after, spoken_in(hub, arrival.language).effect),
            "answers": answers(before, after)[:MOST_LINES],
        }
        return self._page(arrival, visitor, {**content, "query": query, "told": told})

    async def _chosen(self, asked: Mapping[str, str]) -> dict[str, Any]:
        hub, settings = self._desk.hub, self._desk.hub.settings
        number, versions, policy = await self._desk.beside(
            Lane.POLICY, lambda: version_chosen(hub, asked.get("number", ""))
        )
        both = [hub.policy, policy]
        known = {
            "application": {name for each in both for name in each.applications},
            "purpose": {name for each in both for name in each.purposes},
        }
        chosen = chosen_of(asked, known)
        query = await self._desk.beside(Lane.POLICY, lambda: self._example(both, chosen))
        state = await self._desk.beside(Lane.POLICY, lambda: _state(settings, self._making.is_busy))
        return {
            "number": number,
            "current": number_in_force(versions),
            "versions": versions,
            "known": {name: sorted(each) for name, each in known.items()},
            "chosen": chosen,
            "query": query,
            "state": state,
        }

    def _example(self, policies: list[PolicySet], chosen: Mapping[str, str]) -> str:
        """An example of what either version shows; empty until application and purpose are chosen."""
        hub, today = self._desk.hub, self._desk.hub.now().date()
        if not (chosen["application"] and chosen["purpose"]):
            return ""
        decisions = [
            decide(hub.catalogue, each, subject_of(each.applications[chosen["application"]]), chosen["purpose"], today)
            for each in policies
            if chosen["application"] in each.applications
        ]
        return example_query(hub.catalogue, decisions)

    def _page(self, arrival: Arrival, visitor: Visitor, content: Mapping[str, Any]) -> Response:
        problem = self._problem if content["state"] == "missing" else ""
        spoken = spoken_in(self._desk.hub, arrival.language)
        rest = {"problem": problem, "told": None, "command": _command(content), "most": MOST_LINES, "spoken": spoken}
        return self._desk.page("review_preview", arrival, visitor, **{**rest, **content})


def sources_here(settings: Settings) -> Path | None:
    """The source files of the invented county, if this hub may start a graph of them; None if it may not.

    A hub with a graph server of its own starts no other graph beside itself, unless it was given the jars for that.
    """
    if settings.graph_url is not None and settings.jars is None:
        return None
    found = (folder / SOURCES for folder in (Path.cwd(), Path(__file__).parents[3]))
    return next((each for each in found if each.is_dir()), None)


def _command(content: Mapping[str, Any]) -> str:
    """The command that previews the same, for a shell; names of policies need no quotes there."""
    names = {name: content["chosen"][name] or name.upper() for name in ("application", "purpose")}
    query = " ".join(content["query"].split()) or "QUERY"
    return (
        f"sluicegate policy preview --as {names['application']} --purpose {names['purpose']}"
        f" --draft {content['number']} {shlex.quote(query)}"
    )


def _state(settings: Settings, making: bool) -> str:
    """Whether previews are `impossible`, or the sample is `missing`, in the `making`, or `ready`."""
    sources = sources_here(settings)
    if sources is None:
        return "impossible"
    if has_sample(settings, sources):
        return "ready"
    return "making" if making or is_previewing(settings) else "missing"


def _number(form: Mapping[str, str]) -> str:
    """The number of a version, which every form of these pages names."""
    if not form.get("number"):
        raise PageRefused("choice", name="number")
    return form["number"]
