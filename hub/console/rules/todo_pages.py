"""The page of what waits for a steward, each with a link to the rule or the version that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from audit.index import IndexFault
from audit.stores.base import StoreFault
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.lanes import Lane
from hub.console.page import Page, Way
from hub.console.refusals import PageRefused
from hub.console.rules.todo import SOON_DAYS, UNUSED_DAYS, todo
from hub.console.steward.in_words import spoken_in
from hub.console.steward.since import Origins
from hub.console.visitor import Visitor
from policies.stewards import Role

Queues = Callable[[Visitor], Mapping[str, tuple[str, int]]]
"""Of each page on which something waits for a visitor, by its word: its path, and how much waits."""
TODO: Final = "rules/to-do"


class TodoPages:
    """The page, for stewards."""

    def __init__(self, desk: Desk, origins: Origins, queues: Queues) -> None:
        self._desk, self._origins, self._queues = desk, origins, queues

    def ways(self) -> tuple[Way, ...]:
        """The page, by its path."""
        return (Page(TODO, self.show, frozenset({Role.STEWARD}), "rule_todo"),)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """All lists; what the steward answers for stands first."""
        hub = self._desk.hub
        try:
            # Unused grants are read from the log: that somebody looked is recorded before they see it.
            found = await self._desk.beside(Lane.LOG, lambda: todo(hub, visitor.steward, self._origins))
        except (IndexFault, StoreFault):
            raise PageRefused("store") from None
        queues = await self._desk.beside(Lane.POLICY, lambda: self._queues(visitor))
        await self._desk.record_reading(visitor, "rules to-do", {"days": str(UNUSED_DAYS)})
        return self._desk.page(
            "rule_todo",
            arrival,
            visitor,
            found=found,
            queues=queues,
            home=HOME,
            soon=SOON_DAYS,
            unused=UNUSED_DAYS,
            rule=f"{HOME}rules/rule",
            rules=f"{HOME}rules",
            version=f"{HOME}versions/version",
            account=visitor.account,
            spoken=spoken_in(hub, arrival.language),
        )
