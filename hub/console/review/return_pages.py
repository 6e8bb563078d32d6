"""The way back and the way later: an old version drafted again, an activation at a time, and drafts that collide.

A version that comes back is a new draft with a number of its own, and needs an approval like any other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.review.choices import number_of
from hub.console.steward.in_words import spoken_in
from hub.console.steward.versions import Beside, beside, changes_of, decided_beside
from hub.console.steward.versions_pages import VERSION
from hub.console.visitor import Visitor
from hub.home.zone import read_moment
from hub.request.running import Hub
from hub.steward.acting import READERS
from hub.steward.changes import Changes
from policies.change_conflict import three_way
from policies.stewards import Role
from policies.versions import ChangeRefused, Past, both_times, moment
from schema.strict_yaml import YamlFileError

ROLLBACK: Final = "versions/rollback"
SCHEDULE: Final = "versions/schedule"
CONFLICT: Final = "versions/conflict"


@dataclass(frozen=True, slots=True)
class Against:
    """A version and the one in force, side by side; `undone` are the versions that came into force after it."""

    past: Past
    current: Past
    change: Beside
    undone: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FromBase:
    """A version and the one in force, each beside the base that the first was made from (None: it has no base)."""

    past: Past
    current: Past
    in_force: Beside | None
    own: Beside | None
    three_ways: str


class ReturnPages:
    """The pages of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        stewards, both = frozenset({Role.STEWARD}), frozenset({Role.STEWARD, Role.APPROVER})
        return (
            Page(ROLLBACK, self.show_rollback, stewards),
            Change(f"{ROLLBACK}/draft", self.roll_back, stewards),
            Page(SCHEDULE, self.show_schedule, both),
            Change(f"{SCHEDULE}/set", self.schedule, both),
            Page(CONFLICT, self.show_conflict, frozenset(READERS)),
        )

    async def show_rollback(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What would change if an earlier version came back."""
        return await self._show("review_rollback", arrival, visitor, arrival.request.query_params)

    async def roll_back(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Draft an earlier version again, beside the very version in force that the page showed."""
        number, base = number_of(form.get("number", "")), number_of(form.get("base", ""))

        def work(changes: Changes) -> int:
            return changes.rollback(number, visitor.actor, base).number

        return await self._act("review_rollback", arrival, visitor, form, work)

    async def show_schedule(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The form that asks when, and once it is known, the time in the zone of the hub and in UTC."""
        return await self._show("review_schedule", arrival, visitor, arrival.request.query_params)

    async def schedule(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Put an approved version in force from a time on."""
        number, starts = number_of(form.get("number", "")), self._moment(form.get("at", ""))
        if starts is None:
            raise PageRefused("review_time")

        def work(changes: Changes) -> int:
            return changes.activate(number, visitor.actor, starts).version

        return await self._act("review_schedule", arrival, visitor, form, work)

    async def show_conflict(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What a draft changes, and what came into force since it was begun."""
        return await self._show("review_conflict", arrival, visitor, arrival.request.query_params)

    async def _act(
        self,
        name: str,
        arrival: Arrival,
        visitor: Visitor,
        form: Mapping[str, str],
        act: Callable[[Changes], int],
    ) -> Response:
        def work() -> int:
            with changes_of(self._desk.hub) as changes:
                return act(changes)

        try:
            made = await self._desk.beside(Lane.POLICY, work)
        except (YamlFileError, ChangeRefused) as refused:
            page = await self._show(name, arrival, visitor, form, str(refused))
            page.status_code = 400
            return page
        return go_to(f"{HOME}{VERSION}?number={made}")

    async def _show(
        self, name: str, arrival: Arrival, visitor: Visitor, asked: Mapping[str, str], problem: str = ""
    ) -> Response:
        hub, number = self._desk.hub, number_of(asked.get("number", ""))
        at, starts = asked.get("at", ""), self._moment(asked.get("at", ""))
        read = from_base if name == "review_conflict" else against_in_force
        found = await self._desk.beside(Lane.POLICY, lambda: read(hub, number))
        if found is None:
            raise PageRefused("choice", name="number")
        await self._desk.record_reading(visitor, name.replace("review_", "versions "), {"number": str(number)})
        return self._desk.page(
            name,
            arrival,
            visitor,
            found=found,
            problem=problem,
            spoken=spoken_in(self._desk.hub, arrival.language),
            at=at,
            when=both_times(moment(starts), hub.settings.zone) if starts else "",
            zone=hub.settings.time_zone,
        )

    def _moment(self, text: str) -> dt.datetime | None:
        """The time that a form names, in the zone of the hub; None if it names none, PageRefused if it is no time."""
        try:
            return read_moment(text, self._desk.hub.settings.zone) if text else None
        except ValueError:
            raise PageRefused("review_time") from None


def against_in_force(hub: Hub, number: int) -> Against | None:
    """A version beside the one in force; None if there is no such version. Blocks, for a thread."""
    with changes_of(hub) as changes:
        found = _with_current(changes, number)
        if found is None:
            return None
        past, current = found
        files, now = changes.store.files(number), changes.store.files(current.version.number)
        later = [each for each in changes.store.history() if each.state in {"past", "in force"}]
    undone = tuple(each.version.number for each in later if _begins(each) > _begins(past))
    return Against(past, current, beside(hub, now, files), undone)


def _begins(past: Past) -> str:
    """Since when a version is or was in force (UTC, ISO 8601); when it was made, if it never was."""
    return past.activation.starts if past.activation else past.version.made


def from_base(hub: Hub, number: int) -> FromBase | None:
    """A version and the one in force beside the base of the first; None if there is no such version. Blocks."""
    with changes_of(hub) as changes:
        found = _with_current(changes, number)
        if found is None:
            return None
        past, current = found
        base = past.version.base
        if base is None:
            return FromBase(past, current, None, None, "")
        before, now, files = (changes.store.files(each) for each in (base, current.version.number, number))
    in_force, own = decided_beside(hub, before, now), decided_beside(hub, before, files)
    return FromBase(past, current, in_force, own, three_way(before, now, files))


def _with_current(changes: Changes, number: int) -> tuple[Past, Past] | None:
    """A version and the one in force; None if there is no such version."""
    known = {past.version.number: past for past in changes.store.history()}
    past = known.get(number)
    return None if past is None else (past, known[changes.store.standing().version])
