"""The records of a search beside the digests that stand in them: who asked, whom it touched, for which case.

All of it is read from the index. A record that goes on in continuations is one row with all of its data subjects. The
index keeps 48 bits of a digest, its *head*: `digest_at` finds the whole digest in a record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.index import Index, Run
from audit.index_columns import CASE, SUBJECT, WHO, Keys, Shape, head_of, heads_at, unmix
from audit.record import Coordinates, Record
from audit.search import Hits, Query, QueryRefused, Search, records
from audit.stores.reader import Reader

MOST_PAIRS: Final = 12_000_000
"""The most digests that are held at once: some 250 MB while they are counted."""
PLACES: Final = (WHO, SUBJECT, CASE)
CONTINUATION: Final = "continuation"
_FEW: Final = 1 << 20

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Digests by the row in which they stand: `rows` and `heads` have the same length."""

    rows: Numbers
    heads: Keys

    def codes(self) -> tuple[Numbers, Keys]:
        """A number for each digest from 0, and the head of each number."""
        heads, codes = np.unique(self.heads, return_inverse=True)
        return codes.astype(np.int64), heads


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows of records, oldest first: index in the log, time (milliseconds since 1970, UTC), codes, their digests."""

    indexes: Numbers
    times: Numbers
    shape_codes: Numbers
    decision_codes: Numbers
    who: Pairs
    subjects: Pairs
    cases: Pairs
    shapes: Mapping[int, Shape]
    decisions: Mapping[int, Coordinates]

    def __len__(self) -> int:
        return len(self.indexes)


def touched(
    index: Index, query: Query, kinds: Collection[str], places: Collection[str] = PLACES, most: int = MOST_PAIRS
) -> Touched:
    """The records of these kinds that a query finds, with the digests that stand at `places` (of PLACES).

    The query may not ask for a kind. QueryRefused if more than `most` digests would be held.
    """
    if query.kind is not None:
        raise QueryRefused("the kinds are given beside the query")
    with index.at_one_moment():
        searched = Search(index, query)
        reading = _Reading(index, searched, frozenset(kinds), places, most)
        runs = {run.first: run for run in index.runs()}
        firsts = np.array(sorted(runs), np.int64)
        for hits in searched.hits():
            if len(hits.indexes):
                first = int(firsts[np.searchsorted(firsts, hits.indexes[0], "right") - 1])
                reading.add(runs[first], hits)
        return reading.whole()


def distinct(groups: Numbers, heads: Keys, count: int) -> Numbers:
    """How many different digests each group from 0 to `count` - 1 has; QueryRefused for more than 2^20 groups.

    Of a digest 44 bits are compared: of a group of 100,000 one in 3,500 is counted too low by one.
    """
    if count > _FEW:
        raise QueryRefused("there is too much to count; choose fewer days", "many")
    keyed = (groups.astype(np.uint64) << np.uint64(44)) | ((heads * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20))
    keyed.sort()
    first = np.ones(len(keyed), np.bool_)
    first[1:] = keyed[1:] != keyed[:-1]
    return np.bincount((keyed[first] >> np.uint64(44)).astype(np.int64), minlength=count)


def layers(pairs: Pairs, codes: Numbers, count: int) -> Sequence[Numbers]:
    """By row: the code of its digest, -1 for none; a second time for those rows that have two."""
    first = np.full(count, -1, np.int64)
    first[pairs.rows] = codes
    others = first[pairs.rows] != codes
    if not others.any():
        return [first]
    second = np.full(count, -1, np.int64)
    second[pairs.rows[others]] = codes[others]
    return [first, second]


def digest_at(reader: Reader, index: int, place: str, head: int) -> str | None:
    """The whole digest with a head that stands at `place` in the record at an index or its continuations, or None."""
    at, size = index, reader.size
    while at < size:
        (logged,) = records(reader, (at,))
        if at > index and logged.record.kind != CONTINUATION:
            return None
        found = next((each for each in _digests(logged.record, place) if head_of(each) == head), None)
        if found is not None:
            return found
        at += 1
    return None


def _digests(record: Record, place: str) -> Sequence[str]:
    if place == SUBJECT:
        return record.subjects
    named = (record.case,) if place == CASE else (record.subject, record.actor)
    return [each for each in named if each]


class _Reading:
    """Collects rows, run by run."""

    def __init__(
        self, index: Index, searched: Search, kinds: frozenset[str], places: Collection[str], most: int
    ) -> None:
        self._index, self._searched, self._places, self._most = index, searched, places, most
        self._kept = _flags(searched.shapes, kinds)
        self._goes_on = _flags(searched.shapes, {CONTINUATION})
        self._columns: list[tuple[Numbers, Numbers, Numbers, Numbers]] = []
        self._pairs: dict[str, list[Pairs]] = {place: [] for place in PLACES}
        self._count, self._held, self._owner = 0, 0, -1

    def add(self, run: Run, hits: Hits) -> None:
        """Add the hits of one run."""
        kept, goes_on = self._kept[hits.shapes], self._goes_on[hits.shapes]
        rows = np.where(kept, self._count + np.cumsum(kept) - 1, -1)
        # A continuation belongs to the row of the last record before it, which may stand in the run before.
        begins = np.maximum.accumulate(np.where(goes_on, -1, np.arange(len(rows))))
        rows = np.where(goes_on, np.where(begins < 0, self._owner, rows[begins]), rows)
        self._owner = int(rows[-1])
        self._columns.append((hits.indexes[kept], hits.times[kept], hits.shapes[kept], hits.decisions[kept]))
        self._count += int(kept.sum())
        row_of = np.full(run.count, -1, np.int64)
        row_of[hits.indexes - run.first] = rows
        self._add_pairs(run, row_of)

    def _add_pairs(self, run: Run, row_of: Numbers) -> None:
        keys, where = self._index.postings(run)
        unmixed = unmix(keys)
        for place in self._places:
            here, heads = heads_at(place, unmixed)
            rows = row_of[where[here]]
            inside = rows >= 0
            kept = Pairs(rows[inside], heads[inside])
            self._held += len(kept.rows)
            if self._held > self._most:
                raise QueryRefused("there is too much to count; choose fewer days", "many")
            self._pairs[place].append(kept)

    def whole(self) -> Touched:
        """All rows that were added."""
        indexes, times, shapes, decisions = (
            np.concatenate([np.empty(0, np.int64), *(each[part] for each in self._columns)]) for part in range(4)
        )
        who, subjects, cases = (_joined(self._pairs[place]) for place in PLACES)
        known = self._searched
        return Touched(indexes, times, shapes, decisions, who, subjects, cases, known.shapes, known.decisions)


def _joined(pairs: Sequence[Pairs]) -> Pairs:
    rows = np.concatenate([np.empty(0, np.int64), *(each.rows for each in pairs)])
    return Pairs(rows, np.concatenate([np.empty(0, np.uint64), *(each.heads for each in pairs)]))


def _flags(shapes: Mapping[int, Shape], kinds: Collection[str]) -> NDArray[np.bool_]:
    flags = np.zeros(max(shapes, default=0) + 1, np.bool_)
    flags[[code for code, shape in shapes.items() if shape.kind in kinds]] = True
    return flags
