"""A search finds every record that it describes, and no other; what it counts is what it would find.

A `Query` is a conjunction over the words of a record and the digests in it, answered from the index alone; the records
themselves are read from the log. Continuations, which hold the data subjects that did not fit into a record, have its
words and the kind `continuation`. Digests are looked up by 48 bits of theirs: of a thousand million different ones in
a log, one in 280,000 searches would meet a stranger.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.index import Index, Run
from audit.index_columns import CASE, SUBJECT, VALUE, WHO, Columns, Shape, key_of
from audit.log import Logged
from audit.record import KINDS, Coordinates, RecordInvalid, decode
from audit.stores.reader import Reader

DAY_MS: Final = 86_400_000
EFFECTS: Final = tuple(each.name for each in fields(Coordinates))
MOST_COUNTED: Final = 1 << 20
FACETS: Final = ("kind", "result", "application", "department", "region", "purpose", "policy_version")

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class QueryRefused(ValueError):
    """A search that can't be meant. The text says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What records to find; each that is given must hold.

    `since` (in) and `until` (not in) are times with a zone. `purpose` finds its descendants too, `region` every
    region below it, `coordinate` may be a type (`Person`); with `effect`, the coordinate must have had it. `case`,
    `who` (the person who asked), `value` and `subject` are digests. QueryRefused for an unknown kind or effect, and
    for a time without a zone.
    """

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    kind: str | None = None
    result: str | None = None
    application: str | None = None
    department: str | None = None
    region: str | None = None
    purpose: str | None = None
    policy_version: str | None = None
    coordinate: str | None = None
    effect: str | None = None
    case: str | None = None
    who: str | None = None
    value: str | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise QueryRefused(f"unknown kind {self.kind!r}; known: {', '.join(KINDS)}")
        if self.effect is not None and self.effect not in EFFECTS:
            raise QueryRefused(f"unknown effect {self.effect!r}; known: {', '.join(EFFECTS)}")
        if any(each is not None and each.tzinfo is None for each in (self.since, self.until)):
            raise QueryRefused("a time to search by needs a zone")

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """Each digest that is looked for, with where it must stand."""
        found = ((CASE, self.case), (WHO, self.who), (VALUE, self.value), (SUBJECT, self.subject))
        return tuple((where, digest) for where, digest in found if digest is not None)

    def fits(self, shape: Shape) -> bool:
        """Whether a record with these words is described."""
        exact = ("kind", "result", "application", "department", "policy_version")
        if any(getattr(self, name) not in {None, getattr(shape, name)} for name in exact):
            return False
        if self.region is not None and not (shape.region or "").startswith(self.region):
            return False
        return self.purpose is None or f"{shape.purpose}.".startswith(f"{self.purpose}.")

    def decided(self, decision: Coordinates) -> bool:
        """Whether a record with this decision is described."""
        if self.coordinate is None and self.effect is None:
            return True
        effects = EFFECTS if self.effect is None else (self.effect,)
        return any(self._names(each) for effect in effects for each in getattr(decision, effect))

    def _names(self, coordinate: str) -> bool:
        wanted = self.coordinate
        return wanted is None or coordinate == wanted or coordinate.partition(".")[0] == wanted


@dataclass(frozen=True, slots=True)
class Found:
    """A page of indexes, newest first; `total` on all pages; `before` gives the next page, None after the last."""

    indexes: tuple[int, ...]
    total: int
    size: int
    before: int | None


class Day(NamedTuple):
    """That records of this kind, of this department for this purpose, with this decision are of that day."""

    day: dt.date
    kind: str
    department: str | None
    purpose: str | None
    decision: Coordinates


def search(index: Index, query: Query, before: int | None = None, limit: int = 50) -> Found:
    """The newest `limit` records that `query` describes, of those with an index below `before`."""
    with index.at_one_moment():
        size, found = index.size, list(_Search(index, query).found())
    every: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *(hits.indexes for hits in found)])
    below = every if before is None else every[every < before]
    page = tuple(int(each) for each in below[::-1][:limit])
    more = len(below) > len(page) and bool(page)
    return Found(page, len(every), size, page[-1] if more else None)


def selected(index: Index, query: Query) -> Iterator[int]:
    """The index of each record that `query` describes, oldest first, as of one moment."""
    with index.at_one_moment():
        found = [hits.indexes for hits in _Search(index, query).found()]
    for each in found:
        yield from each.tolist()


def facets(index: Index, query: Query) -> dict[str, dict[str, int]]:
    """How many of the records that `query` describes have each word: by FACETS, coordinate, effect and day (UTC).

    The most frequent first, days in their order. A record counts once for each coordinate, and each effect, that it
    names.
    """
    with index.at_one_moment():
        asked = _Search(index, query)
        by_shape, by_decision, by_day = Counter[int](), Counter[int](), Counter[int]()
        for hits in asked.found():
            day = hits.times // DAY_MS
            for counts, values in ((by_shape, hits.shapes), (by_decision, hits.decisions), (by_day, day)):
                counts.update(dict(zip(*_numbers(values), strict=True)))
    counted = _by_word(by_shape, by_decision, asked.shapes, asked.decisions)
    order = {name: _ranked(counts) for name, counts in counted.items()}
    return order | {"day": {_date(day).isoformat(): count for day, count in sorted(by_day.items())}}


def days(index: Index, query: Query, offset: dt.timedelta) -> list[Day]:
    """On which days (in the zone of that `offset` from UTC) which words and decisions stand; each once, oldest first.

    Continuations are told as the record that they continue.
    """
    shift = int(offset / dt.timedelta(milliseconds=1))
    found: set[tuple[int, int, int]] = set()
    with index.at_one_moment():
        asked = _Search(index, query)
        classes = _classes(asked.shapes)
        of_shape = np.array([classes.get(code, 0) for code in range(max(asked.shapes, default=0) + 1)], np.int64)
        for hits in asked.found():
            day = (hits.times + shift) // DAY_MS
            found.update(zip(day.tolist(), of_shape[hits.shapes].tolist(), hits.decisions.tolist(), strict=True))
    words = {code: _class(asked.shapes[shape]) for shape, code in classes.items()}
    return [Day(_date(day), *words[code], asked.decisions[decision]) for day, code, decision in sorted(found)]


def _classes(shapes: Mapping[int, Shape]) -> dict[int, int]:
    """Shapes by code that are told alike have the same number."""
    numbers: dict[tuple[str, str | None, str | None], int] = {}
    return {code: numbers.setdefault(_class(shape), len(numbers)) for code, shape in shapes.items()}


def _class(shape: Shape) -> tuple[str, str | None, str | None]:
    return "query" if shape.kind == "continuation" else shape.kind, shape.department, shape.purpose


def _date(day: int) -> dt.date:
    return (_EPOCH + dt.timedelta(days=day)).date()


def records(reader: Reader, indexes: Iterator[int] | tuple[int, ...]) -> Iterator[Logged]:
    """The records at some indexes, read from the log in that order; RecordInvalid at one that is none."""
    for index in indexes:
        rows = reader.rows(index, index + 1, 1)
        if not rows or not isinstance(rows[0].body, bytes) or not isinstance(rows[0].leaf, bytes):
            raise RecordInvalid(f"record {index} is not in the log; run `sluicegate audit verify`")
        yield Logged(index, rows[0].leaf.hex(), decode(rows[0].body))


@dataclass(frozen=True, slots=True)
class _Hits:
    """The records of one run that are described."""

    indexes: NDArray[np.int64]
    times: NDArray[np.int64]
    shapes: NDArray[np.int64]
    decisions: NDArray[np.int64]


class _Search:
    """One query on one state of the index."""

    def __init__(self, index: Index, query: Query) -> None:
        self._index = index
        self._query = query
        self.shapes = index.shapes()
        self.decisions = index.decisions()
        self._fits = _flags({code: query.fits(each) for code, each in self.shapes.items()})
        self._decided = _flags({code: query.decided(each) for code, each in self.decisions.items()})
        self._keys = [key_of(*each) for each in query.digests]
        self._since = _milliseconds(query.since)
        self._until = _milliseconds(query.until)

    def found(self) -> Iterator[_Hits]:
        """What is found in each run, oldest first."""
        if not (self._fits.any() and self._decided.any()):
            return
        for run in self._index.runs():
            if self._outside(run):
                continue
            places = self._places(run)
            if places is None or len(places):
                yield self._hits(run, self._index.columns(run), places)

    def _outside(self, run: Run) -> bool:
        too_early = self._since is not None and run.until < self._since
        return too_early or (self._until is not None and run.since >= self._until)

    def _places(self, run: Run) -> NDArray[np.int64] | None:
        """Where every digest that is looked for stands; None where none is looked for."""
        found: NDArray[np.int64] | None = None
        for key in self._keys:
            places = self._index.places(run, key).astype(np.int64)
            found = places if found is None else np.intersect1d(found, places, assume_unique=True)
            if not len(found):
                break
        return found

    def _hits(self, run: Run, columns: Columns, places: NDArray[np.int64] | None) -> _Hits:
        at = np.arange(len(columns)) if places is None else places
        times, shapes, decisions = columns.times, columns.shapes, columns.decisions
        if places is not None:
            times, shapes, decisions = times[at], shapes[at], decisions[at]
        wanted = self._fits[shapes] & self._decided[decisions]
        if self._since is not None:
            wanted &= times >= self._since
        if self._until is not None:
            wanted &= times < self._until
        return _Hits(
            run.first + at[wanted],
            times[wanted],
            shapes[wanted].astype(np.int64),
            decisions[wanted].astype(np.int64),
        )


def _flags(known: Mapping[int, bool]) -> NDArray[np.bool_]:
    """By code; codes begin at 1."""
    flags = np.zeros(max(known, default=0) + 1, np.bool_)
    flags[[code for code, holds in known.items() if holds]] = True
    return flags


def _milliseconds(moment: dt.datetime | None) -> int | None:
    return None if moment is None else -((_EPOCH - moment) // dt.timedelta(milliseconds=1))


def _numbers(values: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Each number that occurs, and how often."""
    if not len(values):
        return [], []
    low = int(values.min())
    if int(values.max()) - low > MOST_COUNTED:
        found, counts = np.unique(values, return_counts=True)
        return found.tolist(), counts.tolist()
    # Counting into a table is many times as fast as sorting, as long as the table is small.
    table = np.bincount(values - low)
    found = np.flatnonzero(table)
    return (found + low).tolist(), table[found].tolist()


def _by_word(
    by_shape: Counter[int],
    by_decision: Counter[int],
    shapes: Mapping[int, Shape],
    decisions: Mapping[int, Coordinates],
) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = {name: Counter() for name in (*FACETS, "coordinate", "effect")}
    for code, count in by_shape.items():
        for name in FACETS:
            word = getattr(shapes[code], name)
            if word is not None:
                counted[name][word] += count
    for code, count in by_decision.items():
        effects = {effect: getattr(decisions[code], effect) for effect in EFFECTS}
        counted["effect"].update({effect: count for effect, named in effects.items() if named})
        counted["coordinate"].update(dict.fromkeys({each for named in effects.values() for each in named}, count))
    return counted


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
