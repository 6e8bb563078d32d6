"""Decides which person a record is about, whether it is new or changed, and which record's values a node carries.

All is pure, and the outcome depends on the live records of a node, never on the order in which they came.

A person is identified by a valid resident id number (公民身份号码, GB 11643) and by nothing weaker. Among several
records of a node the stream with the best trust rank decides; within a stream the latest record, then the largest key.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from stdnum.cn.ric import calc_check_digit

from connectors.base import Record, StreamPlan

_PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_NONE: frozenset[str] = frozenset()


def is_resident_id(text: str) -> bool:
    """Whether `text` is a valid 18-character resident id number: province, real date, check character.

    The county part is not looked up: people keep the code of a county that was renamed since.
    """
    if len(text) != 18 or not text.isascii() or not text[:17].isdigit() or not _PROVINCES.match(text):
        return False
    try:
        dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return bool(calc_check_digit(text) == text[17]) and text[14:17] != "000"


def birth_of(id_number: str) -> dt.date:
    """The date of birth in a valid id number."""
    return dt.date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def gender_of(id_number: str) -> str:
    """The sex in a valid id number, in the catalogue's words."""
    return "MALE" if int(id_number[16]) % 2 else "FEMALE"


class Fate(Enum):
    """What is done with a record."""

    INSERT = auto()
    UPDATE = auto()
    UNCHANGED = auto()
    OUTVOTED = auto()
    """It lost against the stored record in an earlier run."""
    REJECT = auto()
    """Another record of this run with the same key and time won over this one, whose digest is kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the graph keeps of a record: digest, time in epoch milliseconds, digests of records that lost against it.

    A `stale` one is written again when it comes: what it said is no longer on its node.
    """

    fingerprint: str
    as_of: int | None
    rejected: tuple[str, ...] = ()
    sid: str | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Partition:
    """The records of a batch by what is to be done, by key.

    Of those `unchanged`, `older` are older than what is stored. `rejected` are the digests that lost against the
    record. `outvoted`, where there are some: the best record of this batch, and the digest of the one that is stored.
    """

    inserts: Mapping[str, Record]
    updates: Mapping[str, Record]
    unchanged: int
    updated: int
    rejected: Mapping[str, tuple[str, ...]]
    outvoted: Mapping[str, tuple[Record, str]]
    older: int


def milliseconds(moment: dt.datetime | None) -> int | None:
    """A moment as epoch milliseconds; times are compared in this form."""
    return None if moment is None else int(moment.timestamp() * 1000)


def fate(record: Record, stored: Stored | None) -> Fate:
    """What is to be done with one record, given what is stored under its key."""
    if stored is None:
        return Fate.INSERT
    here, there = milliseconds(record.as_of), stored.as_of
    if here is not None and there is not None and here < there:
        return Fate.UNCHANGED
    if record.fingerprint == stored.fingerprint:
        return Fate.UPDATE if stored.stale else Fate.UNCHANGED
    if here != there or record.sole:
        return Fate.UPDATE
    if record.fingerprint in stored.rejected:
        return Fate.OUTVOTED
    if record.repeated and record.fingerprint < stored.fingerprint:
        return Fate.REJECT
    return Fate.UPDATE


@dataclass(slots=True)
class _Ledger:
    stored: dict[str, Stored]
    inserts: dict[str, Record] = field(default_factory=dict)
    updates: dict[str, Record] = field(default_factory=dict)
    rejected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outvoted: dict[str, tuple[Record, str]] = field(default_factory=dict)
    unchanged: int = 0
    updated: int = 0
    older: int = 0

    def take(self, record: Record) -> None:
        before = self.stored.get(record.key)
        match fate(record, before):
            case Fate.UNCHANGED:
                self.unchanged += 1
                self.older += before is not None and record.fingerprint != before.fingerprint
                if before is not None and before.rejected and before.fingerprint == record.fingerprint:
                    self._confirm(record, before)
                return
            case Fate.OUTVOTED | Fate.REJECT:
                assert before is not None  # noqa: S101 - a rejection is always against something
                self.unchanged += 1
                keep_best(self.outvoted, record, before.fingerprint)
                self._remember(record.key, before, (*before.rejected, record.fingerprint))
                return
            case Fate.INSERT:
                self.inserts[record.key] = record
            case Fate.UPDATE:
                self.updated += 1
                (self.inserts if record.key in self.inserts else self.updates)[record.key] = record
        lost = self._lost(record, before)
        after = Stored(record.fingerprint, milliseconds(record.as_of), (), before.sid if before else None)
        self._remember(record.key, after, lost)

    def _confirm(self, record: Record, before: Stored) -> None:
        """The stored record came; once a run is over without those that lost against it, they are forgotten."""
        if record.sole:
            self._remember(record.key, before, ())
        else:
            keep_best(self.outvoted, record, before.fingerprint)

    def _lost(self, record: Record, before: Stored | None) -> tuple[str, ...]:
        if record.sole and before is not None:
            return tuple(each for each in before.rejected if each != record.fingerprint)
        if before is None or not record.repeated or before.as_of != milliseconds(record.as_of):
            return ()
        if before.fingerprint == record.fingerprint:
            return before.rejected
        return (*before.rejected, before.fingerprint)

    def _remember(self, key: str, stored: Stored, rejected: tuple[str, ...]) -> None:
        if rejected != stored.rejected:
            ordered = tuple(sorted(set(rejected)))
            stored = Stored(stored.fingerprint, stored.as_of, ordered, stored.sid, stored.stale)
        self.stored[key] = stored
        self.rejected[key] = stored.rejected


def keep_best(outvoted: dict[str, tuple[Record, str]], record: Record, winner: str) -> None:
    """Keep the better record of a key of which some lost, and the digest that is stored now."""
    best, _ = outvoted.get(record.key, (record, winner))
    outvoted[record.key] = (max(record, best, key=lambda each: each.fingerprint), winner)


def is_settled(record: Record, winner: str, highest: int, *, alone: bool) -> bool:
    """Whether a run leaves the best record of a key as the only one: the stored `winner` is gone, or those that lost.

    `highest` is the rank of the best record of the key that came, `alone` whether all that came were the same.
    """
    return highest < rank(winner, record.as_of) or (alone and record.fingerprint == winner)


def rank(fingerprint: str, moment: dt.datetime | None) -> int:
    """What tells which of two records of a key wins, as a number, because it is kept for each key of a run."""
    return ((milliseconds(moment) or 0) << 64) + int(fingerprint[:16], 16)


def partition(records: Iterable[Record], stored: Mapping[str, Stored]) -> Partition:
    """Sort a batch by fate; of a key that comes several times, only the record that wins in the end is written."""
    ledger = _Ledger(dict(stored))
    for record in records:
        ledger.take(record)
    return Partition(
        ledger.inserts, ledger.updates, ledger.unchanged, ledger.updated, ledger.rejected, ledger.outvoted, ledger.older
    )


@dataclass(frozen=True, slots=True)
class Assertion:
    """A live record that describes a node."""

    key: str
    stream: str
    as_of: int | None


def survive(
    plan: StreamPlan, records: Sequence[tuple[str, Record]], live: Mapping[str, Sequence[Assertion]]
) -> dict[str, dict[str, Any]]:
    """The values to write on each node (by surrogate) of a batch.

    `records` are (surrogate, record) to be written; `live` are the other records that assert the same nodes. A field
    is left alone where a better stream, or a later record of the same stream, has already spoken.
    """
    nodes: dict[str, dict[str, Any]] = {}
    written = {record.key for _, record in records}
    if len({sid for sid, _ in records}) < len(records):
        records = sorted(records, key=lambda pair: _rank(pair[1].as_of, pair[1].key))
    for sid, record in records:
        others = [each for each in live.get(sid, ()) if each.key not in written]
        if not others:
            nodes.setdefault(sid, {}).update(record.values)
            continue
        mine = _rank(record.as_of, record.key)
        later = any(each.stream == plan.name and (_time(each.as_of), each.key) > mine for each in others)
        values = nodes.setdefault(sid, {})
        if not later:
            streams = {each.stream for each in others}
            better = {name for name in record.values if plan.better.get(name, _NONE) & streams}
            values.update({name: value for name, value in record.values.items() if name not in better})
    return nodes


def contested(
    plan: StreamPlan,
    records: Sequence[tuple[str, Record]],
    live: Mapping[str, Sequence[Assertion]],
    held: Mapping[str, Mapping[str, Any]],
) -> dict[str, tuple[str, ...]]:
    """By key, the fields in which a record says otherwise than another record of its stream about the same node.

    `held` are the values, in the form of the graph, of the nodes that other records of the stream assert. A field that
    a better stream decides is not compared with them.
    """
    found = {}
    by_node: dict[str, list[Record]] = {}
    for sid, record in records:
        by_node.setdefault(sid, []).append(record)
    for sid, record in records:
        if len(by_node[sid]) == 1 and sid not in held:
            continue
        decided = {each.stream for each in live.get(sid, ())}
        mine = {name: as_held(value) for name, value in record.values.items() if name in plan.fields}
        others = [each.values for each in by_node[sid] if each.key != record.key]
        names = {name for name in mine for each in others if as_held(each.get(name)) != mine[name]}
        if sid in held:
            own = (name for name in mine if not plan.better.get(name, _NONE) & decided)
            names.update(name for name in own if held[sid].get(name) != mine[name])
        if names:
            found[record.key] = tuple(sorted(names))
    return found


def as_held(value: Any) -> Any:
    """A value as the graph gives it back: days and moments as text."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _time(as_of: int | None) -> int:
    return -(2**63) if as_of is None else as_of


def _rank(as_of: dt.datetime | None, key: str) -> tuple[int, str]:
    return _time(milliseconds(as_of)), key
