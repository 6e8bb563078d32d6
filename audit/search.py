"""Searches the index of the log: pages of records, and the days on which a person's data was seen.

A search finds every record that its `Query` describes and no other, and counts exactly those; `audit/facets.py` counts
the requests that they stand for. All terms of a query must
hold. It is answered from the index alone; the records themselves are read from the log. Continuations, which hold the
data subjects that did not fit into a record, have its words and the kind `continuation`. Digests are looked up by 48 of
their bits: with a thousand million different digests in a log, one search in 280,000 finds a wrong one.
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
from audit.proof import root_at
from audit.record import KINDS, Coordinates, RecordInvalid, decode
from audit.stores.reader import Reader

QUARTER_MS: Final = 900_000
"""A quarter of an hour: days begin at one, in every time zone."""
EFFECTS: Final = tuple(each.name for each in fields(Coordinates))
FLOOD: Final = "flood"
"""The kind of a record that stands for several refused requests."""

Digests = str | tuple[str, ...]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class QueryRefused(ValueError):
    """A query that cannot be right. The text says what to write instead.

    A page tells it in words of its own by `why`, a word, and `names`, which fill those words; both may be empty.
    """

    def __init__(self, text: str, why: str = "", **names: str) -> None:
        super().__init__(text)
        self.why, self.names = why, names


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records to find; every term that is not None must hold.

    `since` (included) and `until` (not included) are times with a zone. `application` finds what it asked for users of
    others too, `purpose` its descendants, `region`, which is a path, every region below it; `coordinate` may be a type
    (`Person`); with `effect`, the coordinate must have had it. `result` finds each flood of refusals in which one had
    this code.
    `case`, `value`, `subject` and `who` (the person who asked) are digests: one, or several of which one must stand
    there, as those under several keys. QueryRefused for an unknown kind or effect, and for a time without a zone.
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
    catalogue_version: str | None = None
    coordinate: str | None = None
    effect: str | None = None
    case: Digests | None = None
    who: Digests | None = None
    value: Digests | None = None
    subject: Digests | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            raise QueryRefused(f"unknown kind {self.kind!r}; known: {', '.join(KINDS)}")
        if self.effect is not None and self.effect not in EFFECTS:
            raise QueryRefused(f"unknown effect {self.effect!r}; known: {', '.join(EFFECTS)}")
        if any(each is not None and each.tzinfo is None for each in (self.since, self.until)):
            raise QueryRefused("a time in a search needs a zone")

    @property
    def digests(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """For each term with digests: these, each with the place where it stands; one of them must."""
        terms = ((WHO, self.who), (CASE, self.case), (VALUE, self.value), (SUBJECT, self.subject))
        return tuple(
            tuple((where, each) for each in ((asked,) if isinstance(asked, str) else asked))
            for where, asked in terms
            if asked is not None
        )

    def fits(self, shape: Shape) -> bool:
        """Whether the query describes records with these words."""
        exact = ("kind", "department", "policy_version", "catalogue_version")
        if self.application not in {None, shape.application, shape.actor_application}:
            return False
        if any(getattr(self, name) not in {None, getattr(shape, name)} for name in exact):
            return False
        if shape.kind != FLOOD and self.result not in {None, shape.result}:
            return False
        # By whole segments: 14/03/2 holds no part of 14/03/21.
        if self.region is not None and not f"{(shape.region or '').rstrip('/')}/".startswith(_path(self.region)):
            return False
        return self.purpose is None or f"{shape.purpose}.".startswith(f"{self.purpose}.")

    def decided(self, decision: Coordinates) -> bool:
        """Whether the query describes records with this decision."""
        if self.coordinate is None and self.effect is None:
            return True
        effects = EFFECTS if self.effect is None else (self.effect,)
        return any(self._names(each) for effect in effects for each in getattr(decision, effect))

    def _names(self, coordinate: str) -> bool:
        wanted = self.coordinate
        return wanted is None or coordinate == wanted or coordinate.partition(".")[0] == wanted


def _path(region: str) -> str:
    """A region with the separator after its last segment."""
    return f"{region.rstrip('/')}/"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Indexes of records, newest first; `total` of all pages; `before` asks for the next page, None after the last."""

    indexes: tuple[int, ...]
    total: int
    size: int
    before: int | None


class Day(NamedTuple):
    """On this day there are so many records of this kind, by this department for this purpose, with this decision."""

    day: dt.date
    kind: str
    department: str | None
    purpose: str | None
    decision: Coordinates
    records: int


def search(index: Index, query: Query, before: int | None = None, limit: int = 50) -> ResultPage:
    """The newest `limit` records that `query` describes, with an index below `before`."""
    with index.at_one_moment():
        size, hits = index.size, list(Search(index, query).hits())
    every: NDArray[np.int64] = np.concatenate([np.empty(0, np.int64), *(of_run.indexes for of_run in hits)])
    below = every if before is None else every[every < before]
    page = tuple(int(each) for each in below[::-1][:limit])
    more = len(below) > len(page) and bool(page)
    return ResultPage(page, len(every), size, page[-1] if more else None)


def matching_indexes(index: Index, query: Query) -> Iterator[int]:
    """The index of each record that `query` describes, oldest first, at one moment."""
    with index.at_one_moment():
        indexes = [hits.indexes for hits in Search(index, query).hits()]
    for of_run in indexes:
        yield from of_run.tolist()


def days(index: Index, query: Query, zone: dt.tzinfo) -> list[Day]:
    """The days of `zone` with words and decisions of their records; each once, oldest first.

    A continuation counts as the record that it continues.
    """
    found: Counter[tuple[dt.date, int, int]] = Counter()
    with index.at_one_moment():
        searched = Search(index, query)
        classes = _classes(searched.shapes)
        of_shape = np.array([classes.get(code, 0) for code in range(max(searched.shapes, default=0) + 1)], np.int64)
        for hits in searched.hits():
            on = _days_of(hits.times, zone)
            found.update(zip(on, of_shape[hits.shapes].tolist(), hits.decisions.tolist(), strict=True))
    words = {code: _class(searched.shapes[shape]) for shape, code in classes.items()}
    return [
        Day(day, *words[code], searched.decisions[decision], number)
        for (day, code, decision), number in sorted(found.items())
    ]


def _classes(shapes: Mapping[int, Shape]) -> dict[int, int]:
    """A number for each code of a shape; shapes that `days` does not tell apart have the same one."""
    numbers: dict[tuple[str, str | None, str | None], int] = {}
    return {code: numbers.setdefault(_class(shape), len(numbers)) for code, shape in shapes.items()}


def _class(shape: Shape) -> tuple[str, str | None, str | None]:
    return "query" if shape.kind == "continuation" else shape.kind, shape.department, shape.purpose


def _days_of(times: NDArray[np.int64], zone: dt.tzinfo) -> list[dt.date]:
    """The day of each time."""
    quarters, places = np.unique(times // QUARTER_MS, return_inverse=True)
    day_of = [day_of_quarter(quarter, zone) for quarter in quarters.tolist()]
    return [day_of[place] for place in places.tolist()]


def day_of_quarter(quarter: int, zone: dt.tzinfo) -> dt.date:
    """The day in `zone` of a quarter of an hour that is counted from 1970 (UTC)."""
    return (_EPOCH + dt.timedelta(milliseconds=quarter * QUARTER_MS)).astimezone(zone).date()


def records(reader: Reader, indexes: Iterator[int] | tuple[int, ...]) -> Iterator[Logged]:
    """The records at these indexes, read from the log in this order; RecordInvalid at one that is not in the log."""
    for index in indexes:
        rows = reader.rows(index, index + 1, 1)
        if not rows or not isinstance(rows[0].body, bytes) or not isinstance(rows[0].leaf, bytes):
            raise RecordInvalid(f"record {index} is not in the log; run `sluicegate audit verify`")
        yield Logged(index, rows[0].leaf.hex(), decode(rows[0].body))


@dataclass(frozen=True, slots=True)
class Hits:
    """The records of one run that the query describes."""

    indexes: NDArray[np.int64]
    times: NDArray[np.int64]
    shapes: NDArray[np.int64]
    decisions: NDArray[np.int64]


class Search:
    """One query on one state of the index."""

    def __init__(self, index: Index, query: Query) -> None:
        self._index = index
        self._query = query
        self.shapes = index.shapes()
        self.decisions = index.decisions()
        self.floods = _flags({code: each.kind == FLOOD for code, each in self.shapes.items()})
        """By code of a shape: whether it is that of a flood."""
        self._fits = _flags({code: query.fits(each) for code, each in self.shapes.items()})
        self._decided = _flags({code: query.decided(each) for code, each in self.decisions.items()})
        self._keys = [[key_of(*each) for each in term] for term in query.digests]
        self._since = None if query.since is None else milliseconds(query.since)
        self._until = None if query.until is None else milliseconds(query.until)

    def hits(self) -> Iterator[Hits]:
        """The hits of each run, oldest first."""
        if not (self._fits.any() and self._decided.any()):
            return
        for run in self._index.runs():
            if self._outside(run):
                continue
            places = self._places(run)
            if places is None or len(places):
                yield self._hits_of_run(run, self._index.columns(run), places)

    def flood_counts(self, first: int, last: int) -> dict[int, dict[str, int]]:
        """By index, for the floods from `first` to `last`: the count of each code that the query describes."""
        wanted = self._query.result
        return {
            index: {code: count for code, count in counts.items() if wanted in {None, code}}
            for index, counts in self._index.floods(first, last).items()
        }

    def _drop_other_floods(
        self, run: Run, at: NDArray[np.int64], shapes: NDArray[np.uint32], described: NDArray[np.bool_]
    ) -> None:
        """Take the floods without the code that the query asks for out of what it describes."""
        floods = np.flatnonzero(described & self.floods[shapes])
        if len(floods):
            counts = self.flood_counts(run.first, run.first + run.count - 1)
            without = [place for place in floods.tolist() if not counts.get(run.first + int(at[place]))]
            described[without] = False

    def _outside(self, run: Run) -> bool:
        too_early = self._since is not None and run.until < self._since
        return too_early or (self._until is not None and run.since >= self._until)

    def _places(self, run: Run) -> NDArray[np.int64] | None:
        """The places with every digest of the query; None if the query has no digest."""
        found: NDArray[np.int64] | None = None
        for keys in self._keys:
            either = [self._index.places(run, key).astype(np.int64) for key in keys]
            places = np.unique(np.concatenate([np.empty(0, np.int64), *either]))
            found = places if found is None else np.intersect1d(found, places, assume_unique=True)
            if not len(found):
                break
        return found

    def _hits_of_run(self, run: Run, columns: Columns, places: NDArray[np.int64] | None) -> Hits:
        at = np.arange(len(columns)) if places is None else places
        times, shapes, decisions = columns.times, columns.shapes, columns.decisions
        if places is not None:
            times, shapes, decisions = times[at], shapes[at], decisions[at]
        described = self._fits[shapes] & self._decided[decisions]
        if self._since is not None:
            described &= times >= self._since
        if self._until is not None:
            described &= times < self._until
        if self._query.result is not None:
            self._drop_other_floods(run, at, shapes, described)
        return Hits(
            run.first + at[described],
            times[described],
            shapes[described].astype(np.int64),
            decisions[described].astype(np.int64),
        )


def span_name(index: Index, reader: Reader, since: dt.datetime, until: dt.datetime) -> str:
    """Names what the log holds from `since` to before `until`: the root of its tree at the newest record in there.

    It commits to every record up to that one, and no later one lies in the span: as long as the name is the same, all
    that is counted of the span alone is the same too. Raises IndexFault and StoreFault.
    """
    begin, end = milliseconds(since), milliseconds(until)
    with index.at_one_moment():
        for run in reversed(index.runs()):
            if run.until >= begin and run.since < end:
                times = index.columns(run).times
                found = np.flatnonzero((times >= begin) & (times < end))
                if len(found):
                    return root_at(reader, run.first + int(found[-1]) + 1).hex()
    return root_at(reader, 0).hex()


def _flags(known: Mapping[int, bool]) -> NDArray[np.bool_]:
    """One flag for each code; codes begin at 1."""
    flags = np.zeros(max(known, default=0) + 1, np.bool_)
    flags[[code for code, holds in known.items() if holds]] = True
    return flags


def milliseconds(moment: dt.datetime) -> int:
    """Milliseconds since 1970 (UTC), rounded up."""
    return -((_EPOCH - moment) // dt.timedelta(milliseconds=1))
