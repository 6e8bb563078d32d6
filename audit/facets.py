"""Counts what the records of the log stand for: requests and acts, by application, purpose, coordinate, day and so on.

A flood record counts as the refusals that it stands for, each under its own code. A continuation is a part of the
record before it, and does not count beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.index import Index
from audit.index_columns import Shape
from audit.record import Coordinates
from audit.search import EFFECTS, QUARTER_MS, Hits, Query, Search, day_of_quarter

FACETS: Final = (
    "kind", "result", "application", "department", "region", "purpose", "policy_version", "catalogue_version",
)  # fmt: skip
MOST_COUNTED: Final = 1 << 20


def facets(index: Index, query: Query, zone: dt.tzinfo) -> dict[str, dict[str, int]]:
    """How many requests and acts that `query` describes have each word: by FACETS, coordinate, effect and day.

    The most frequent word comes first; days are those of `zone`, in order. A request counts once for each coordinate
    and each effect that its record names.
    """
    counted, by_quarter = _count(index, query)
    by_day = Counter[dt.date]()
    for quarter, count in by_quarter.items():
        by_day[day_of_quarter(quarter, zone)] += count
    order = {name: _ranked(counts) for name, counts in counted.items()}
    return order | {"day": {day.isoformat(): count for day, count in sorted(by_day.items())}}


def count_requests(index: Index, query: Query) -> int:
    """How many requests and acts the records that `query` describes stand for."""
    return _count(index, query)[1].total()


def _count(index: Index, query: Query) -> tuple[dict[str, Counter[str]], Counter[int]]:
    """The counts by facet and word, and by quarter of an hour since 1970 (UTC)."""
    with index.at_one_moment():
        searched = Search(index, query)
        parts = _parts(searched, query)
        by_shape, by_decision, by_quarter = Counter[int](), Counter[int](), Counter[int]()
        floods: list[tuple[Shape, int, Mapping[str, int]]] = []
        for hits in searched.hits():
            floods += _floods(searched, hits)
            whole = ~(parts[hits.shapes] | searched.floods[hits.shapes])
            quarters = hits.times[whole] // QUARTER_MS
            for counts, values in (
                (by_shape, hits.shapes[whole]),
                (by_decision, hits.decisions[whole]),
                (by_quarter, quarters),
            ):
                counts.update(dict(zip(*_numbers(values), strict=True)))
    counted = _by_word(by_shape, by_decision, searched.shapes, searched.decisions)
    for shape, quarter, codes in floods:
        _add_flood(counted, shape, codes)
        by_quarter[quarter] += sum(codes.values())
    return counted, by_quarter


def _parts(searched: Search, query: Query) -> NDArray[np.bool_]:
    """By code of a shape: whether its records are found beside the record that they continue."""
    # A search for a data subject finds the one record that names them, which may be a continuation.
    beside = query.subject is None and query.kind is None
    flags = np.zeros(max(searched.shapes, default=0) + 1, np.bool_)
    flags[[code for code, shape in searched.shapes.items() if beside and shape.kind == "continuation"]] = True
    return flags


def _floods(searched: Search, hits: Hits) -> list[tuple[Shape, int, Mapping[str, int]]]:
    """The shape, quarter of an hour and counts by code of each flood among the hits."""
    places = np.flatnonzero(searched.floods[hits.shapes])
    if not len(places):
        return []
    counts = searched.flood_counts(int(hits.indexes[places[0]]), int(hits.indexes[places[-1]]))
    return [
        (searched.shapes[int(hits.shapes[at])], int(hits.times[at]) // QUARTER_MS, counts[int(hits.indexes[at])])
        for at in places.tolist()
    ]


def _add_flood(counted: dict[str, Counter[str]], shape: Shape, codes: Mapping[str, int]) -> None:
    counted["result"].update(codes)
    for name in FACETS:
        word = getattr(shape, name)
        if name != "result" and word is not None:
            counted[name][word] += sum(codes.values())


def _numbers(values: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Each number that occurs, and how often it does."""
    if not len(values):
        return [], []
    low = int(values.min())
    if int(values.max()) - low > MOST_COUNTED:
        found, counts = np.unique(values, return_counts=True)
        return found.tolist(), counts.tolist()
    # Counting in a table is many times faster than sorting, as long as the table is small.
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
