"""The steward's pages: the objections to what their department looked at, and one of them with its answer.

They say what the department needs to answer: days, purposes, the number of records, and what the resident wrote.
They say neither who the resident is nor which digest the log has for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.objections.desk_work import answer, facts_of, in_queue, queue_of
from hub.console.objections.objection import KEPT_DAYS, LONGEST_ANSWER, Verdict
from hub.console.objections.store import Objections
from hub.console.page import SHOW, Change, Page, Way, shown_again
from hub.console.visitor import Visitor
from policies.requests.model import is_sound, text_of
from policies.stewards import Role
from policies.versions import ChangeRefused

QUEUE: Final = "objections"
ONE: Final = "objections/one"
ANSWERED: Final = "answered"
"""What the address of the list says after an answer."""


class ObjectionPages:
    """The pages of those who answer objections."""

    def __init__(self, desk: Desk, objections: Objections) -> None:
        self._desk, self._objections = desk, objections

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        stewards = frozenset({Role.STEWARD})
        return (
            Page(QUEUE, self.show, stewards, "obj_queue"),
            Page(ONE, self.show_one, stewards),
            Change("objections/answer", self.answer, stewards, shown_again),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What waits for this steward, and what was answered."""
        hub, kept, steward = self._desk.hub, self._objections, visitor.steward
        waiting, rest = await self._desk.beside(Lane.POLICY, lambda: queue_of(hub, kept, steward))
        await self._desk.record_reading(visitor, "objections", {"objections": str(len(waiting) + len(rest))})
        known = {"policy": hub.policy, "one": HOME + ONE, "kept": str(KEPT_DAYS)}
        known["answered"] = ANSWERED in arrival.request.query_params
        return self._desk.page("obj_queue", arrival, visitor, waiting=waiting, rest=rest, **known)

    async def show_one(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One objection, with the form of its answer while it waits."""
        return await self._one(arrival, visitor, {"id": arrival.request.query_params.get("id", "")})

    async def answer(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Answer one, with a verdict and the reasons that the resident reads."""
        hub, kept, name = self._desk.hub, self._objections, form.get("id", "")
        said, text = form.get("verdict", ""), text_of(form.get("answer", ""))
        if form.get("act") == SHOW:
            return await self._one(arrival, visitor, form)
        if said not in set(Verdict) or not is_sound(text, LONGEST_ANSWER, lines=True):
            return await self._one(arrival, visitor, form, "unsound")
        await self._desk.refuse_personal(text)
        who = (visitor.steward, visitor.actor)
        try:
            await self._desk.beside(Lane.POLICY, lambda: answer(hub, kept, *who, name, Verdict(said), text))
        except ChangeRefused:
            return await self._one(arrival, visitor, form, "answered")
        return go_to(f"{HOME}{QUEUE}?{ANSWERED}=1")

    async def _one(self, arrival: Arrival, visitor: Visitor, written: Mapping[str, str], problem: str = "") -> Response:
        """The page of one objection; with a problem, what was written is kept and the status says so."""
        hub, kept, name = self._desk.hub, self._objections, written.get("id", "")
        found = await self._desk.beside(Lane.POLICY, lambda: in_queue(hub, kept, visitor.steward, name))
        await self._desk.record_reading(visitor, "objections one", facts_of(hub, found.objection))
        page = self._desk.page(
            "obj_one",
            arrival,
            visitor,
            found=found,
            problem=problem,
            written={"verdict": "", "answer": "", **written},
            policy=hub.policy,
            verdicts=list(Verdict),
            longest=LONGEST_ANSWER,
            queue=HOME + QUEUE,
        )
        page.status_code = 400 if problem else page.status_code
        return page
