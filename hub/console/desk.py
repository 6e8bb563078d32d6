"""What the pages of the console share: the hub, the sessions, the templates, and how an act is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from starlette.responses import RedirectResponse, Response

from hub.console.arrival import Arrival
from hub.console.lanes import Lane, Lanes
from hub.console.menu import menu_of
from hub.console.page import Page, may
from hub.console.pages import HEADERS, Pages
from hub.console.sessions.store import Sessions
from hub.console.visitor import Visitor
from hub.request.pipeline import Hub
from hub.steward.actor import Actor
from hub.steward.changes import reading_record

HOME: Final = "/console/"
SEE_OTHER: Final = 303
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of one console."""

    hub: Hub
    sessions: Sessions
    pages: Pages
    lanes: Lanes = field(default_factory=Lanes)
    menu: list[Page] = field(default_factory=list)
    """The pages that the menu names, for those who may see them."""

    def page(self, name: str, arrival: Arrival, visitor: Visitor | None, **content: Any) -> Response:
        """The page of a template, in the language of the request."""
        opened = {each.word: HOME + each.path for each in self.menu if visitor is not None and may(visitor, each)}
        framed = {
            "menu": menu_of(opened, arrival.path, visitor.roles if visitor else ()),
            "asked_again": arrival.asked_again,
            "departments": self.hub.policy.departments,
            **content,
        }
        return self.pages.page(name, arrival.language, arrival.origin, arrival.path, visitor, **framed)

    async def beside(self, lane: Lane, work: Callable[[], Result]) -> Result:
        """What work gives that waits for a store, a log or a provider; it is done in a thread of its lane."""
        return await self.lanes.do(lane, work)

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
