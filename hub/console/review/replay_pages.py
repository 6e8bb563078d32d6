"""The page *What would have changed*: the log of the last days decided again under a version.

It is computed when somebody asks, in a process of its own, and recorded before it is shown. It is no state: the page
says when it was computed, and whoever approves the version does so beside what was computed for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import Desk
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.review.apart import Apart, NotDone
from hub.console.review.choices import number_of
from hub.console.review.work import replay_version
from hub.console.steward.in_words import spoken_in
from hub.console.steward.versions import Compared, compared
from hub.console.steward.versions_pages import may_approve
from hub.console.visitor import Visitor
from hub.steward.acting import READERS
from hub.steward.compare_decisions import Outcome
from hub.steward.recorded_replay import replay_record
from hub.steward.replay import Replay

REPLAY: Final = "versions/replay"
RUN: Final = "versions/replay/run"
DAYS: Final = (1, 7, 14, 31)
"""Of how many days the log can be replayed on a page; the command takes any number."""
USUAL_DAYS: Final = 7
SECONDS: Final = 120.0


class ReplayPages:
    """The pages of one console, for those who may read versions."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._replaying = desk, Apart(SECONDS)

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        readers = frozenset(READERS)
        return Page(REPLAY, self.show, readers), Change(RUN, self.run, readers, dict)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """A version beside its base, and the button that replays the log."""
        asked = arrival.request.query_params
        number, days = number_of(asked.get("number", "")), _days(asked.get("days", str(USUAL_DAYS)))
        found = await self._compared(number)
        await self._desk.record_reading(visitor, "versions replay", {"number": str(number)})
        return self._page(arrival, visitor, found, days)

    async def run(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Replay the log of the days that a form names."""
        hub = self._desk.hub
        number, days = number_of(form.get("number", "")), _days(form.get("days", ""))
        found, now = await self._compared(number), hub.now()
        try:
            since = now - dt.timedelta(days=days)
            result = await self._replaying.do(replay_version, hub.settings, number, since, now.date())
        except NotDone as why:
            page = self._page(arrival, visitor, found, days, problem=str(why))
            page.status_code = 400
            return page
        await hub.log.append(replay_record(hub.digester, visitor.actor, result))
        return self._page(arrival, visitor, found, days, result, int(now.timestamp()))

    async def _compared(self, number: int) -> Compared:
        found = await self._desk.beside(Lane.POLICY, lambda: compared(self._desk.hub, number))
        if found is None:
            raise PageRefused("choice", name="number")
        return found

    def _page(
        self,
        arrival: Arrival,
        visitor: Visitor,
        found: Compared,
        days: int,
        result: Replay | None = None,
        computed: int = 0,
        problem: str = "",
    ) -> Response:
        return self._desk.page(
            "review_replay",
            arrival,
            visitor,
            found=found,
            days=days,
            choices=DAYS,
            outcomes={each.value: each.name for each in Outcome},
            result=result,
            computed=computed,
            problem=problem,
            spoken=spoken_in(self._desk.hub, arrival.language),
            may_approve=may_approve(found, visitor),
        )


def _days(text: str) -> int:
    if text not in {str(each) for each in DAYS}:
        raise PageRefused("choice", name="days")
    return int(text)
