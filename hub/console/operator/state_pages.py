"""The health of the hub, and its settings and versions, for operators; each look is recorded first."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import Desk
from hub.console.lanes import Lane
from hub.console.operator.health import (
    CONNECTIONS,
    LIMITS,
    Log,
    Machine,
    age,
    log_of,
    machine_of,
    reached,
    versions_of,
    workers_of,
)
from hub.console.operator.settings_in_force import settings_in_force
from hub.console.page import Page, Way
from hub.console.visitor import Visitor
from hub.readiness import readiness_of
from hub.siblings import Siblings, readiness_of_all
from policies.stewards import Role

HEALTH: Final = "health"
SETTINGS: Final = "settings"
APART: Final = ("ready", "warnings")
"""What of readiness is no part of the hub."""


class StatePages:
    """The pages of the state of one hub, which speaks for its `siblings` too."""

    def __init__(self, desk: Desk, siblings: Siblings) -> None:
        self._desk, self._siblings = desk, siblings

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        operators = frozenset({Role.OPERATOR})
        return (
            Page(HEALTH, self.show_health, operators, "ops_health"),
            Page(SETTINGS, self.show_settings, operators, "ops_settings"),
        )

    async def show_health(self, arrival: Arrival, visitor: Visitor) -> Response:
        """Whether the hub can serve, and the numbers that tell early that it soon could not."""
        hub = self._desk.hub
        await self._desk.record_reading(visitor, HEALTH, {})
        own, others, (log, machine) = await asyncio.gather(
            readiness_of(hub), self._siblings.ask(), self._desk.beside(Lane.HEALTH, self._look)
        )
        state, metrics = readiness_of_all(own, others), hub.telemetry.metrics()
        texts = [metrics, *(each["metrics"] for each in others.values() if each is not None)]
        return self._desk.page(
            "ops_health",
            arrival,
            visitor,
            ready=state["ready"],
            parts={name: usable for name, usable in state.items() if name not in APART},
            warnings=state.get("warnings", ()),
            workers=workers_of(self._siblings.number, metrics, others),
            log=log,
            signed_ago=age(log.signed) if log else None,
            machine=machine,
            reached=reached(texts),
            limits=LIMITS,
            connections=CONNECTIONS,
        )

    async def show_settings(self, arrival: Arrival, visitor: Visitor) -> Response:
        """Every setting with its value and where it is from, and what runs here in which version."""
        hub = self._desk.hub
        await self._desk.record_reading(visitor, SETTINGS, {})
        versions = await self._desk.beside(Lane.HEALTH, lambda: versions_of(hub))
        groups = settings_in_force(hub.settings)
        return self._desk.page("ops_settings", arrival, visitor, versions=versions, groups=groups)

    def _look(self) -> tuple[Log | None, Machine]:
        settings = self._desk.hub.settings
        return log_of(settings), machine_of(settings)
