"""Compares the decisions of two policies on one logged operation, from its record alone.

For each recorded coordinate it compares the effect under the policy that answered with the effect under a draft, and
says why the draft would refuse the operation, if it would. Operations of the same kind are compared once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from graphql import GraphQLSchema

from audit import log
from audit.record import Digester, Record
from audit.stores.base import Where
from hub.home.zone import day_of
from hub.request.decision_cache import DecisionCache
from hub.steward.logged_operations import Reached, Unreadable, reached_coordinates, variable_paths
from policies import obligations
from policies.decide import applicable
from policies.model import Decision, PolicySet
from policies.review.check import subject_of
from policies.rules import Actor
from schema.catalogue import Catalogue, CatalogueError, Field

CACHED = 20_000
"""How many kinds of operations are kept with their comparison."""

Versions = Callable[[str], PolicySet | None]
"""From the hash of a version to its policy set, or None if it cannot be loaded any more."""


class Outcome(StrEnum):
    """What a draft does to one field of one person."""

    WITHHELD_CLEAR = "withheld, was clear"
    WITHHELD_MASKED = "withheld, was masked"
    COARSENED = "shown less clearly"
    DISCLOSED_CLEAR = "newly disclosed in clear"
    DISCLOSED_MASKED = "newly disclosed masked, or less masked"


OUTCOMES = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the draft does to one kind of operation: outcomes if it is answered or refused, and why it is refused."""

    outcomes: tuple[tuple[Outcome, str], ...]
    if_refused: tuple[tuple[Outcome, str], ...]
    broken: str | None
    beyond: tuple[str, ...]
    caps: tuple[obligations.StandingCap, ...]
    node_cap: int | None
    fetches: bool
    """Whether the draft would query the graph: only then the operation counts against a cap."""


@dataclass(frozen=True, slots=True)
class _Effects:
    """Coordinates with the strength of their effect (0: none) under one policy, or why the operation is refused."""

    levels: Mapping[str, int]
    broken: str | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class ReplayInputs:
    """What a replay needs besides the log: both policies, older versions, and the digester of the log."""

    catalogue: Catalogue
    schema: GraphQLSchema
    draft: PolicySet
    current: PolicySet
    versions: Versions
    digester: Digester
    on: dt.date
    """The day on which the draft is taken to be in force."""
    zone: dt.tzinfo
    """The zone in which the days of records are counted."""


class DecisionComparer:
    """Compares operations, and keeps policies, decisions and comparisons that it will need again."""

    def __init__(self, path: Where, inputs: ReplayInputs) -> None:
        """`path` is the log, from which the texts of operations are read."""
        self._path = path
        self._inputs = inputs
        self._comparisons: dict[tuple[object, ...], Comparison] = {}
        self._decisions = DecisionCache(CACHED)
        self._texts: dict[str, str | None] = {}
        self._staff: dict[tuple[str, str], frozenset[str] | None] = {}
        self._loaded: dict[str, PolicySet | None] = {inputs.current.version: inputs.current}

    def policy(self, version: str | None) -> PolicySet | None:
        """The policy set of a recorded version, or None if it cannot be loaded."""
        if version is None:
            return None
        if version not in self._loaded:
            self._loaded[version] = self._inputs.versions(version)
        return self._loaded[version]

    def compare(self, logged: log.Logged, before: PolicySet) -> Comparison:
        """What the draft does to a recorded operation, compared with the policy `before`."""
        record, day = logged.record, day_of(logged.record.time, self._inputs.zone)
        known = (self._known(before, record), self._known(self._inputs.draft, record))
        names = (
            record.application,
            record.actor_application,
            record.purpose,
            record.result,
            record.operation,
            record.operation_name,
        )
        paths = variable_paths(record.variables)
        key = (before.version, day, known, names, paths, recorded_coordinates(record), record.case is None)
        found = self._comparisons.get(key)
        if found is None:
            if len(self._comparisons) >= CACHED:
                self._comparisons.clear()
            found = self._comparisons[key] = self._compare(logged, before, known, paths)
        return found

    def _compare(
        self, logged: log.Logged, before: PolicySet, known: tuple[bool, bool], paths: tuple[tuple[str, str], ...]
    ) -> Comparison:
        record, draft = logged.record, self._inputs.draft
        old = self._effects(logged, before, known[0], paths, day_of(record.time, self._inputs.zone))
        new = self._effects(logged, draft, known[1], paths, self._inputs.on)
        names = sorted({name for listed in _read(record) for name in listed})
        beyond = {name for name, level in new.levels.items() if level and "." in name} - set(old.levels) - set(names)
        nodes = None if new.decision is None else new.decision.obligations.get(obligations.NODE_CAP)
        return Comparison(
            self._outcomes(names, old, new),
            self._outcomes(names, old, _Effects({})),
            new.broken,
            () if old.broken else tuple(sorted(beyond)),
            () if new.decision is None else new.decision.caps,
            nodes.limit if isinstance(nodes, obligations.Cap) else None,
            bool(new.levels),
        )

    def _outcomes(self, names: list[str], old: _Effects, new: _Effects) -> tuple[tuple[Outcome, str], ...]:
        compared = ((name, self._outcome(name, old.levels.get(name, 0), new.levels.get(name, 0))) for name in names)
        return tuple((outcome, name) for name, outcome in compared if outcome is not None)

    def _outcome(self, coordinate: str, old: int, new: int) -> Outcome | None:
        if old == new:
            return None
        top = self._top(coordinate)
        if new == 0:
            return Outcome.WITHHELD_CLEAR if old == top else Outcome.WITHHELD_MASKED
        if new < old:
            return Outcome.COARSENED
        return Outcome.DISCLOSED_CLEAR if new == top else Outcome.DISCLOSED_MASKED

    def _effects(
        self, logged: log.Logged, policy: PolicySet, known: bool, paths: tuple[tuple[str, str], ...], day: dt.date
    ) -> _Effects:
        record = logged.record
        if not known:
            gone = record.application not in policy.applications
            return _Effects({}, "application gone" if gone else "person not listed")
        decision = self._decide(policy, record, day)
        grants = applicable(policy, decision.subject, decision.purpose, day)
        if not grants:
            return _Effects({}, "purpose denied")
        if record.case is None and all(obligations.CASE in each.obligations for each in grants):
            return _Effects({}, "case required")
        reached = self._reach(logged, decision, paths)
        if reached.refused is not None:
            what = "match" if reached.refused in record.decision.matched else "filter"
            return _Effects({}, f"{what} on {reached.refused}")
        return _Effects({name: self._level(decision, name) for name in reached.coordinates}, None, decision)

    def _known(self, policy: PolicySet, record: Record) -> bool:
        """Whether the recorded application is registered and, if it lists its staff, the person is listed."""
        key = (policy.version, str(record.application))
        if key not in self._staff:
            application = policy.applications.get(key[1])
            staff = () if application is None else application.staff
            digests = frozenset(digest for sub in staff for digest in self._inputs.digester.every("subject", sub))
            self._staff[key] = digests if staff else (None if application else frozenset())
        listed = self._staff[key]
        return listed is None or record.subject in listed

    def _decide(self, policy: PolicySet, record: Record, day: dt.date) -> Decision:
        # Merged grids are not followed: rows play no part here, because the log does not say which row showed what.
        subject = replace(subject_of(policy.applications[str(record.application)]), actor=_actor(policy, record))
        catalogue, purpose, with_case = self._inputs.catalogue, str(record.purpose), record.case is not None
        return self._decisions.decide(catalogue, policy, subject, purpose, day, {}, with_case=with_case)

    def _reach(self, logged: log.Logged, decision: Decision, paths: tuple[tuple[str, str], ...]) -> Reached:
        record = logged.record
        text = self._operation(logged)
        if text is not None:
            with suppress(Unreadable):
                name, schema = record.operation_name, self._inputs.schema
                aggregated = record.decision.aggregated
                return reached_coordinates(self._inputs.catalogue, schema, text, name, paths, decision, aggregated)
        if record.result == "FIELD_NOT_FILTERABLE":
            # It stays refused, because it is not known which filter it was refused for.
            return Reached(frozenset(), "a field")
        return _reached_by_record(record, decision)

    def _operation(self, logged: log.Logged) -> str | None:
        name = logged.record.operation
        if name is None:
            return None
        if name not in self._texts:
            self._texts[name] = log.show(self._path, logged.index)[1]
        return self._texts[name]

    def _ladder(self, coordinate: str) -> tuple[str, ...]:
        try:
            found = self._inputs.catalogue.coordinate(coordinate) if "." in coordinate else None
        except CatalogueError:
            # It has been removed from the catalogue since; no policy that loads now can name it.
            return ()
        return found.masks if isinstance(found, Field) else ()

    def _top(self, coordinate: str) -> int:
        return len(self._ladder(coordinate)) + 1

    def _level(self, decision: Decision, coordinate: str) -> int:
        """The strongest effect of a coordinate on any row: 1 and up for the rungs of its ladder, then clear."""
        entity, _, name = coordinate.partition(".")
        table = decision.of(entity)
        if not name:
            return int(bool(table.visible))
        effects = table.of(name)
        if effects.clear or effects.answers:
            return self._top(coordinate)
        return self._ladder(coordinate).index(effects.masks[0][0]) + 1 if effects.masks else 0


def recorded_coordinates(record: Record) -> tuple[tuple[str, ...], ...]:
    """The coordinates of a record: those that were read, aggregated, matched."""
    return *_read(record), record.decision.aggregated, record.decision.matched


def _read(record: Record) -> tuple[tuple[str, ...], ...]:
    """The coordinates that were selected, by what they met: clear, masked, answered, denied."""
    found = record.decision
    return found.clear, found.masked, found.answered, found.denied


def _reached_by_record(record: Record, decision: Decision) -> Reached:
    """What an operation reached whose text the log does not keep: its recorded coordinates."""
    for name in (*record.decision.matched, *record.decision.aggregated):
        entity, _, field = name.partition(".")
        table = decision.of(entity)
        effects = table.of(field)
        if not (effects.clear or effects.match or effects.aggregate or table.verified_with(field)):
            return Reached(frozenset(), name)
    return Reached(frozenset(name for names in _read(record) for name in names))


def _actor(policy: PolicySet, record: Record) -> Actor | None:
    """The application that acted for the one that a record names; one that is gone by now may do nothing."""
    name = record.actor_application
    if name is None:
        return None
    known = policy.applications.get(name)
    if known is None:
        return Actor(name, "", "", "", "")
    return Actor(name, known.department, known.role, known.level, known.jurisdiction)
