"""The health of the hub, and its settings and versions, for operators; each look is recorded first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
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
from hub.console.operator.settings_in_force import DEFAULT, settings_in_force
from hub.console.operator.source_reading import FilesWrong, NoSources, Shown, shown_sources
from hub.console.operator.use import uses_of, uses_of_machine
from hub.console.page import Page, Way
from hub.console.visitor import Visitor
from hub.readiness import readiness_of
from hub.request.running import Hub
from hub.siblings import Siblings, readiness_of_all
from policies.stewards import Role

HEALTH: Final = "health"
SETTINGS: Final = "settings"
SOURCE: Final = "sources/source"
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
        own, others, (log, machine, sources) = await asyncio.gather(
            readiness_of(hub), self._siblings.ask(), self._desk.beside(Lane.HEALTH, self._look)
        )
        state, metrics = readiness_of_all(own, others), hub.telemetry.metrics()
        texts = [metrics, *(each["metrics"] for each in others.values() if each is not None)]
        workers = workers_of(self._siblings.number, metrics, others)
        age_of_policy = next((each.age for each in workers if each.number == self._siblings.number), None)
        return self._desk.page(
            "ops_health",
            arrival,
            visitor,
            ready=state["ready"],
            parts={name: usable for name, usable in state.items() if name not in APART},
            warnings=state.get("warnings", ()),
            workers=workers,
            uses=[*uses_of_machine(machine), *uses_of(hub, self._desk.lanes, age_of_policy)],
            sources=sources,
            source=HOME + SOURCE,
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
        changed, groups = "changed" in arrival.request.query_params, settings_in_force(hub.settings)
        if changed:
            kept = {name: [each for each in found if each.source != DEFAULT] for name, found in groups.items()}
            groups = {name: found for name, found in kept.items() if found}
        return self._desk.page("ops_settings", arrival, visitor, versions=versions, groups=groups, changed=changed)

    def _look(self) -> tuple[Log | None, Machine, Sequence[Shown] | None]:
        hub = self._desk.hub
        return log_of(hub.settings), machine_of(hub.settings), _to_look_at(hub)


def _to_look_at(hub: Hub) -> Sequence[Shown] | None:
    """The sources that need a look; None if nobody knows now how they stand, or there are none."""
    try:
        found = shown_sources(hub.settings, hub.catalogue, {})
    except (NoSources, FilesWrong):
        return None
    is_known = bool(found) and all(each.status for each in found)
    return [each for each in found if each.needs_a_look] if is_known else None
