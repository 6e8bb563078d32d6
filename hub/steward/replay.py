"""A draft is tried on what was really asked, and the log gives no value away for it.

Each operation of the audit log is decided again: its recorded coordinates, for its recorded subject, under the policy
that answered it and under a draft. What would have been withheld or disclosed is counted in persons × fields: distinct
pairs of a recorded data subject (a keyed digest) and a recorded coordinate. A row's own effect is not in the log: a
coordinate counts with the strongest effect that it has on any row, so the figures are upper bounds.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from audit import log
from audit.record import Record
from audit.stores.base import Where
from hub.steward.logged_decisions import OUTCOMES, Judge, Outcome, Setting, Verdict, day_of, recorded
from policies import obligations

SLACK = dt.timedelta(hours=1)
"""How far the times of neighbouring records may be out of order."""

OPENABLE = frozenset({"PURPOSE_DENIED", "FIELD_NOT_FILTERABLE", "CASE_REQUIRED"})
"""Refusals that another policy could have turned into answers."""


@dataclass(frozen=True, slots=True)
class Group:
    """What the draft does to one application's operations for one purpose.

    `pairs` counts persons × fields by outcome, `fields` names the coordinates; `broken` and `opened` count operations
    that would be refused, or no longer be, by reason. `beyond`: coordinates that would show though the operation found
    them closed and so nobody's are recorded.
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
    """One replay: the draft, from when to when, how many operations, and what would be otherwise.

    `recorded` operations were compared with the version that answered them, `in_force` with the one in force, because
    theirs cannot be loaded; of `unread` operations the log keeps no coordinates, so nothing is said of them.
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
        """Persons × fields of one outcome, all groups together."""
        return sum(group.pairs.get(outcome.value, 0) for group in self.groups)


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


def replay(path: Where, setting: Setting, since: dt.datetime, progress: Callable[[int], None] | None = None) -> Replay:
    """Decide again what the log at `path` recorded since a moment.

    `progress` is told the number of records read, now and then. Errors as `audit.log.read`.
    """
    run = _Run(path, setting)
    for count, logged in enumerate(_since(path, since)):
        run.take(logged)
        if progress is not None and count % 1_000 == 0:
            progress(count)
    groups = tuple(tally.group(*key) for key, tally in sorted(run.tallies.items()))
    return Replay(
        setting.draft.version,
        setting.current.version,
        since,
        setting.on,
        sum(group.operations for group in groups),
        run.baselines[True],
        run.baselines[False],
        run.unread,
        groups,
    )


def _since(path: Where, since: dt.datetime) -> Iterator[log.Logged]:
    """Records from a moment on: the first is found by halving, because a log may be long."""
    moment = since.astimezone(dt.UTC)
    last = log.tail(path, 1)
    low, high = 0, last[0].index + 1 if last else 0
    early = _text(moment - SLACK)
    while low < high:
        middle = (low + high) // 2
        if next(log.read(path, middle, 1)).record.time < early:
            low = middle + 1
        else:
            high = middle
    first = _text(moment)
    return (logged for logged in log.read(path, low) if logged.record.time >= first)


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class _Run:
    """Reads records in their order and keeps the sums."""

    def __init__(self, path: Where, setting: Setting) -> None:
        self.judge = Judge(path, setting)
        self.current = setting.current
        self.tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
        self.baselines: Counter[bool] = Counter()
        self.unread = 0
        self.persons: dict[str, int] = {}
        self.days: Counter[tuple[str, str, str, dt.date]] = Counter()
        self.going: tuple[str, _Tally, int] | None = None

    def take(self, logged: log.Logged) -> None:
        record = logged.record
        if record.kind == "continuation":
            # The rest of the data subjects of the record before it.
            if self.going is not None and self.going[0] == record.request_id:
                self._touch(self.going[1], record.subjects, self.going[2])
            return
        self.going = None
        if record.application is None or record.purpose is None:
            return
        if record.kind == "query":
            self._query(logged)
        elif record.kind == "refusal" and record.result in OPENABLE:
            self._refusal(logged)

    def _refusal(self, logged: log.Logged) -> None:
        record = logged.record
        if self.judge.judge(logged, self.current).broken is None:
            self.tallies[str(record.application), str(record.purpose)].opened[record.result] += 1

    def _query(self, logged: log.Logged) -> None:
        record = logged.record
        if any(name.startswith("#") for names in recorded(record) for name in names):
            self.unread += 1
            return
        before = self.judge.policy(record.policy_version)
        self.baselines[before is not None] += 1
        verdict = self.judge.judge(logged, before or self.current)
        tally = self.tallies[str(record.application), str(record.purpose)]
        tally.operations += 1
        tally.beyond.update(verdict.beyond)
        broken = verdict.broken or self._over_cap(record, verdict)
        if broken:
            tally.broken[broken] += 1
        outcomes = verdict.if_refused if broken else verdict.outcomes
        if outcomes:
            tally.changed += 1
            mask = tally.mask(outcomes)
            self._touch(tally, record.subjects, mask)
            self.going = (record.request_id, tally, mask)

    def _touch(self, tally: _Tally, subjects: tuple[str, ...], mask: int) -> None:
        persons, touched = self.persons, tally.persons
        for subject in subjects:
            person = persons.setdefault(subject, len(persons))
            touched[person] = touched.get(person, 0) | mask

    def _over_cap(self, record: Record, verdict: Verdict) -> str | None:
        """The draft's caps, counted as the log goes on: a day's operations, its matches, the nodes of this answer."""
        counted = {obligations.DAILY_CAP: verdict.fetches, obligations.MATCH_DAILY_CAP: bool(record.decision.matched)}
        for name in (each for each, counts in counted.items() if counts and each in verdict.caps):
            key = (name, str(record.application), str(record.purpose), day_of(record))
            self.days[key] += 1
            if self.days[key] > verdict.caps[name]:
                return f"over {name}"
        over = record.nodes > verdict.caps.get(obligations.NODE_CAP, record.nodes)
        return f"over {obligations.NODE_CAP}" if over else None
