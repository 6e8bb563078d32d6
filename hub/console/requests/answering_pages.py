"""The steward's pages: the requests for what their departments own, and one of them with the rule that it would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.requests.desk_work import Wish, draft, queue_of, refuse, request_to_answer
from hub.console.requests.trying import TriedRule, try_rule
from hub.console.steward.in_words import spoken_in
from hub.console.steward.versions_pages import TRY, VERSION, tried
from hub.console.visitor import Visitor
from policies.requests.model import LONGEST_TEXT, is_sound, text_of
from policies.requests.progress import State
from policies.stewards import Role
from policies.versions import ChangeRefused
from schema.strict_yaml import YamlFileError

QUEUE: Final = "requests/queue"
ANSWER: Final = "requests/answer"
DONE: Final = "refused"
"""What the address of the list says after a refusal: of which request."""


class AnsweringPages:
    """The pages of those who answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        stewards = frozenset({Role.STEWARD})
        return (
            Page(QUEUE, self.show, stewards, "ask_queue"),
            Page(ANSWER, self.show_one, stewards),
            Change("requests/refuse", self.refuse, stewards),
            Change("requests/draft", self.draft, stewards, tried),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What waits for this steward, and what was drafted of earlier ones."""
        hub, who = self._desk.hub, (visitor.steward, visitor.actor)
        queue = await self._desk.beside(Lane.POLICY, lambda: queue_of(hub, *who))
        listed = [*queue.waiting, *queue.drafted, *queue.refused]
        await self._desk.record_reading(visitor, "requests queue", {"requests": str(len(listed))})
        done = arrival.request.query_params.get(DONE, "")
        return self._desk.page(
            "ask_queue",
            arrival,
            visitor,
            waiting=queue.waiting,
            rest=queue.drafted,
            refused=queue.refused,
            done=done if done in {each.request.id for each in queue.refused} else "",
            policy=hub.policy,
            answer=HOME + ANSWER,
        )

    async def show_one(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One request, with the rule before it is drafted."""
        return await self._one(arrival, visitor, {"id": arrival.request.query_params.get("id", "")})

    async def refuse(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Refuse one, with the reason that the asker is told."""
        hub, name, answer = self._desk.hub, form.get("id", ""), text_of(form.get("answer", ""))
        if not is_sound(answer, LONGEST_TEXT, lines=True):
            raise PageRefused("ask_answer", most=str(LONGEST_TEXT))
        await self._desk.refuse_personal(answer)

        def work() -> str:
            refuse(hub, visitor.steward, visitor.actor, name, answer)
            return f"{HOME}{QUEUE}?{urlencode({DONE: name})}"

        return await self._act(arrival, visitor, form, work)

    async def draft(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Draft a version with the rule as it stands in the form."""
        hub, name = self._desk.hub, form.get("id", "")
        # Browsers send a line's end as \r\n, whatever they were given.
        rule, base = form.get("rule", "").replace("\r\n", "\n"), form.get("base", "")
        if not (base.isascii() and base.isdecimal() and len(base) < 10):
            raise PageRefused("choice", name="base")
        if form.get("act") == TRY:
            return await self._one(arrival, visitor, form)
        wish = Wish(rule if rule.endswith("\n") else f"{rule}\n", form.get("file", ""), int(base))

        def work() -> str:
            made = draft(hub, visitor.steward, visitor.actor, name, wish)
            return f"{HOME}{VERSION}?number={made.number}"

        return await self._act(arrival, visitor, form, work)

    async def _act(
        self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str], work: Callable[[], str]
    ) -> Response:
        """Do it and go to the page that it gives, or show the request again with why not and what was written."""
        try:
            to = await self._desk.beside(Lane.POLICY, work)
        except (YamlFileError, ChangeRefused) as refused:
            page = await self._one(arrival, visitor, form, str(refused))
            page.status_code = 400
            return page
        return go_to(to)

    async def _one(self, arrival: Arrival, visitor: Visitor, written: Mapping[str, str], problem: str = "") -> Response:
        hub, who, name = self._desk.hub, (visitor.steward, visitor.actor), written.get("id", "")
        found = await self._desk.beside(Lane.POLICY, lambda: request_to_answer(hub, *who, name))
        request = found.followed.request
        own = request.is_of(visitor.steward, hub.policy.stewards)
        # Browsers send a line's end as \r\n, whatever they were given.
        rule = written.get("rule", found.rule).replace("\r\n", "\n")
        tried = TriedRule()
        if found.followed.state is State.ASKED and not own:
            whole = rule if rule.endswith("\n") else f"{rule}\n"
            tried = await self._desk.beside(
                Lane.POLICY, lambda: try_rule(hub, visitor.steward, found, whole, arrival.language)
            )
        await self._desk.record_reading(visitor, "requests answer", {"request": request.id})
        return self._desk.page(
            "ask_answer",
            arrival,
            visitor,
            found=found.followed,
            ready=found,
            rule=rule,
            tried=tried,
            try_word=TRY,
            spoken=spoken_in(hub, arrival.language),
            written={"file": "", "answer": "", **written},
            problem=problem,
            own=own,
            longest=LONGEST_TEXT,
            policy=hub.policy,
            known=dict(hub.catalogue.coordinates()),
            queue=HOME + QUEUE,
            version=HOME + VERSION,
        )
