"""Replays the audit log under a draft: what it would have withheld, disclosed and refused.

Only the log is read, and it holds no values. Each operation is decided again: its recorded coordinates, for its
recorded subject, under the policy that answered it and under the draft. What would change is counted in persons ×
fields: distinct pairs of a recorded data subject (a keyed digest) and a recorded coordinate. The log does not say which
row had which effect, so a coordinate counts with the strongest effect that it has on any row: the figures are upper
bounds.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from audit import log
from audit.record import Record
from audit.stores.base import Where
from hub.home.zone import day_of
from hub.steward.compare_decisions import (
    OUTCOMES,
    Comparison,
    DecisionComparer,
    Outcome,
    ReplayInputs,
    recorded_coordinates,
)
from policies import obligations

SLACK = dt.timedelta(hours=1)
"""How far the times of records may be out of order."""

OPENABLE = frozenset({"PURPOSE_DENIED", "FIELD_NOT_FILTERABLE", "CASE_REQUIRED"})
"""Refusals that would have been answers under another policy."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the draft does to one application's operations for one purpose.

    `pairs` counts persons × fields by outcome, `fields` names the coordinates. `broken` and `opened` count, by reason,
    operations that would be refused, or would no longer be. `beyond` names coordinates that would be shown although
    they were closed to the operation; whose they are is not recorded.
    """

    application: str
    purpose: str
    operations: int
    changed: int
    pairs: Mapping[str, int]
    fields: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, int]
    opened: Mapping[str, int]
    beyond: tuple[str, ...]

    @property
    def breaks(self) -> int:
        """Operations that would be refused."""
        return sum(self.broken.values())


@dataclass(frozen=True, slots=True)
class Replay:
    """The result of one replay: the draft, the time, how many operations, and what would change.

    `recorded` operations were compared with the version that answered them, `in_force` ones with the version in force,
    because theirs cannot be loaded. The log keeps no coordinates of `unread` operations, so they are not compared.
    """

    draft: str
    current: str
    since: dt.datetime
    on: dt.date
    operations: int
    recorded: int
    in_force: int
    unread: int
    groups: tuple[Group, ...]

    def total(self, outcome: Outcome) -> int:
        """Persons × fields of one outcome, over all groups."""
        return sum(group.pairs.get(outcome.value, 0) for group in self.groups)

    def refused(self) -> dict[str, tuple[int, int]]:
        """By application: how many operations would be refused, of how many; only applications with refusals."""
        sums: dict[str, tuple[int, int]] = {}
        for group in self.groups:
            broken, all_ = sums.get(group.application, (0, 0))
            sums[group.application] = (broken + group.breaks, all_ + group.operations)
        return {name: each for name, each in sums.items() if each[0]}

    def changed(self) -> tuple[Group, ...]:
        """The groups in which something changes, breaks or opens."""
        return tuple(each for each in self.groups if each.pairs or each.broken or each.opened or each.beyond)


@dataclass(slots=True)
class _Tally:
    operations: int = 0
    changed: int = 0
    persons: dict[int, int] = field(default_factory=dict)
    bits: dict[tuple[Outcome, str], int] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    beyond: set[str] = field(default_factory=set)

    def mask(self, outcomes: tuple[tuple[Outcome, str], ...]) -> int:
        return sum({1 << self.bits.setdefault(each, len(self.bits)) for each in outcomes})

    def group(self, application: str, purpose: str) -> Group:
        of = {outcome: sum(1 << bit for key, bit in self.bits.items() if key[0] is outcome) for outcome in OUTCOMES}
        pairs = {name: sum((mask & bits).bit_count() for mask in self.persons.values()) for name, bits in of.items()}
        fields = {name: tuple(sorted(each for outcome, each in self.bits if outcome is name)) for name in OUTCOMES}
        return Group(
            application,
            purpose,
            self.operations,
            self.changed,
            {name.value: count for name, count in pairs.items() if count},
            {name.value: listed for name, listed in fields.items() if listed},
            dict(sorted(self.broken.items())),
            dict(sorted(self.opened.items())),
            tuple(sorted(self.beyond)),
        )


def replay(
    path: Where, inputs: ReplayInputs, since: dt.datetime, progress: Callable[[int], None] | None = None
) -> Replay:
    """Decide again what the log at `path` recorded since a moment.

    `progress` is called from time to time with the number of records read. Raises as `audit.log.read`.
    """
    run = _Run(path, inputs)
    for count, logged in enumerate(_since(path, since)):
        run.take(logged)
        if progress is not None and count % 1_000 == 0:
            progress(count)
    groups = tuple(tally.group(*key) for key, tally in sorted(run.tallies.items()))
    return Replay(
        inputs.draft.version,
        inputs.current.version,
        since,
        inputs.on,
        sum(group.operations for group in groups),
        run.baselines[True],
        run.baselines[False],
        run.unread,
        groups,
    )


def _since(path: Where, since: dt.datetime) -> Iterator[log.Logged]:
    """The records from a moment on; the first is found by binary search, because a log may be long."""
    moment = since.astimezone(dt.UTC)
    last = log.tail(path, 1)
    low, high = 0, last[0].index + 1 if last else 0
    early = _record_time(moment - SLACK)
    while low < high:
        middle = (low + high) // 2
        if next(log.read(path, middle, 1)).record.time < early:
            low = middle + 1
        else:
            high = middle
    first = _record_time(moment)
    return (logged for logged in log.read(path, low) if logged.record.time >= first)


def _record_time(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class _Run:
    """Reads the records in order and keeps the sums."""

    def __init__(self, path: Where, inputs: ReplayInputs) -> None:
        self.comparer = DecisionComparer(path, inputs)
        self.current, self.zone = inputs.current, inputs.zone
        self.tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
        self.baselines: Counter[bool] = Counter()
        self.unread = 0
        self.persons: dict[str, int] = {}
        self.days: Counter[tuple[str, str, str, str | None, dt.date]] = Counter()
        self.open_record: tuple[str, _Tally, int] | None = None

    def take(self, logged: log.Logged) -> None:
        record = logged.record
        if record.kind == "continuation":
            # More data subjects of the record before it.
            if self.open_record is not None and self.open_record[0] == record.request_id:
                self._count_persons(self.open_record[1], record.subjects, self.open_record[2])
            return
        self.open_record = None
        if record.application is None or record.purpose is None:
            return
        if record.kind == "query":
            self._query(logged)
        elif record.kind == "refusal" and record.result in OPENABLE:
            self._refusal(logged)

    def _refusal(self, logged: log.Logged) -> None:
        record = logged.record
        if self.comparer.compare(logged, self.current).broken is None:
            self.tallies[str(record.application), str(record.purpose)].opened[record.result] += 1

    def _query(self, logged: log.Logged) -> None:
        record = logged.record
        if any(name.startswith("#") for names in recorded_coordinates(record) for name in names):
            self.unread += 1
            return
        before = self.comparer.policy(record.policy_version)
        self.baselines[before is not None] += 1
        comparison = self.comparer.compare(logged, before or self.current)
        tally = self.tallies[str(record.application), str(record.purpose)]
        tally.operations += 1
        tally.beyond.update(comparison.beyond)
        broken = comparison.broken or self._over_cap(record, comparison)
        if broken:
            tally.broken[broken] += 1
        outcomes = comparison.if_refused if broken else comparison.outcomes
        if outcomes:
            tally.changed += 1
            mask = tally.mask(outcomes)
            self._count_persons(tally, record.subjects, mask)
            self.open_record = (record.request_id, tally, mask)

    def _count_persons(self, tally: _Tally, subjects: tuple[str, ...], mask: int) -> None:
        persons, touched = self.persons, tally.persons
        for subject in subjects:
            person = persons.setdefault(subject, len(persons))
            touched[person] = touched.get(person, 0) | mask

    def _over_cap(self, record: Record, comparison: Comparison) -> str | None:
        """The cap of the draft that this operation exceeds: operations, matches, answers of a day, or nodes of one."""
        counted = {
            obligations.DAILY_CAP: int(comparison.fetches),
            obligations.MATCH_DAILY_CAP: int(bool(record.decision.matched)),
            # Each of its nodes may have been asked; the log does not say how many were.
            obligations.ANSWER_DAILY_CAP: record.nodes * len(record.decision.answered),
        }
        for standing in (each for each in comparison.caps if counted[each.kind]):
            person = record.subject if standing.cap.personal else None
            day = day_of(record.time, self.zone)
            key = (standing.kind, str(record.application), standing.grant, person, day)
            self.days[key] += counted[standing.kind]
            if self.days[key] > standing.cap.limit:
                return f"over {standing.kind}"
        over = comparison.node_cap is not None and record.nodes > comparison.node_cap
        return f"over {obligations.NODE_CAP}" if over else None
