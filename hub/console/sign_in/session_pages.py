"""A person's own sessions: listed, ended one by one, or all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.sign_in.sign_in_pages import signed_out
from hub.console.visitor import Visitor

SESSIONS: Final = "/console/sessions"


class SessionPages:
    """The pages of the sessions of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            Page("sessions", self.show, word="sessions"),
            Change("sessions/end", self.end),
            Change("sessions/end-all", self.end_all),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The sessions of the visitor's account."""
        found = await self._desk.beside(Lane.SESSIONS, lambda: self._desk.sessions.of(visitor.account))
        return self._desk.page("sessions", arrival, visitor, sessions=found)

    async def end(self, _: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """End one of them; a name that is not of this account ends nothing."""
        await self._desk.record(visitor.actor, "end session")
        await self._desk.beside(
            Lane.SESSIONS, lambda: self._desk.sessions.end(visitor.account, form.get("session", ""))
        )
        return go_to(SESSIONS)

    async def end_all(self, _: Arrival, visitor: Visitor, __: Mapping[str, str]) -> Response:
        """Sign out everywhere, here too."""
        await self._desk.record(visitor.actor, "end all sessions")
        await self._desk.beside(Lane.SESSIONS, lambda: self._desk.sessions.end(visitor.account))
        return signed_out()
