"""What the pages of the console share: the hub, the sessions, the templates, and how an act is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from hub.console.arrival import Arrival
from hub.console.lanes import Lane, Lanes
from hub.console.menu import menu_of
from hub.console.page import Page, may
from hub.console.pages import HEADERS, Pages
from hub.console.refusals import PageRefused
from hub.console.sessions.store import Sessions
from hub.console.visitor import Visitor
from hub.home.personal_texts import PersonalTexts
from hub.request.running import Hub
from hub.steward.actor import Actor
from hub.steward.changes import reading_record
from policies.daily_counts import Counted, Use, count_uses
from policies.stewards import visible_form

HOME: Final = "/console/"
SEE_OTHER: Final = 303
NAMED_A_DAY: Final = 100
"""How many people, cases or values somebody may name to the pages of a day to have them searched for by digest."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of one console."""

    hub: Hub
    sessions: Sessions
    pages: Pages
    engine: sa.Engine
    """Of the version store, in which what people may do so often a day is counted."""
    texts: PersonalTexts
    lanes: Lanes = field(default_factory=Lanes)
    menu: list[Page] = field(default_factory=list)
    """The pages that the menu names, for those who may see them."""

    def page(self, name: str, arrival: Arrival, visitor: Visitor | None, **content: Any) -> Response:
        """The page of a template, in the language of the request."""
        opened = {each.word: HOME + each.path for each in self.menu if visitor is not None and may(visitor, each)}
        framed = {
            "menu": menu_of(opened, arrival.path, visitor.roles if visitor else ()),
            "asked_again": arrival.asked_again,
            "reread": arrival.reread,
            "departments": self.hub.policy.departments,
            **content,
        }
        return self.pages.page(name, arrival.language, arrival.origin, arrival.path, visitor, **framed)

    async def beside(self, lane: Lane, work: Callable[[], Result]) -> Result:
        """What work gives that waits for a store, a log or a provider; it is done in a thread of its lane."""
        return await self.lanes.do(lane, work)

    async def is_personal(self, text: str) -> bool:
        """Whether a text, which others are to read, may name a person."""
        return bool(text) and await self.beside(Lane.COUNTS, lambda: self.texts.found_in(text))

    async def refuse_personal(self, text: str) -> None:
        """PageRefused if a text that others are to read may name a person: it is not kept."""
        if await self.is_personal(text):
            raise PageRefused("personal")

    async def spend_named(self, visitor: Visitor) -> None:
        """Count that somebody names a person, a case or a value, to be found by its digest.

        PageRefused from NAMED_A_DAY on, on all pages of all hubs with this store together; that is recorded.
        """
        hub = self.hub
        person = hub.digester.digest("subject", visible_form(visitor.steward.person))
        use = Counted("console", "console", [Use("named", 1, NAMED_A_DAY, person=person)])
        (over,) = await self.beside(Lane.SESSIONS, lambda: count_uses(self.engine, hub.now().date(), [use]))
        if over is not None:
            await self.record(visitor.actor, "named too many")
            raise PageRefused("named", most=str(NAMED_A_DAY))

    async def record(self, actor: Actor, act: str, facts: Mapping[str, str] | None = None) -> None:
        """Write to the log who does what; AuditUnavailable if that is not possible, and then it must not be done."""
        await self.hub.log.append(reading_record(self.hub.digester, "admin", f"console {act}", actor, facts))

    async def record_reading(self, visitor: Visitor, page: str, facts: Mapping[str, str], kind: str = "search") -> None:
        """Write to the log who reads what, as for a command; AuditUnavailable, and then it must not be shown.

        `kind` is that of the record (audit.record.KINDS).
        """
        command = f"console {page}"
        await self.hub.log.append(reading_record(self.hub.digester, kind, command, visitor.actor, facts))


def go_to(path: str) -> Response:
    """Send the browser to another page, which it reads with GET."""
    return RedirectResponse(path, SEE_OTHER, headers=HEADERS)
