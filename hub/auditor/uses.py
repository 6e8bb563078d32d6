"""What each application was answered for each purpose in a stretch of the log: the coordinates, without anybody's data.

Refusals and what was denied do not count as use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np

from audit.index import Index
from audit.search import Query, Search

_HALF: Final = 32
"""Bits of one of two codes in a number."""
Uses = Mapping[tuple[str, str], frozenset[str]]
"""By application and purpose: the coordinates that were shown, masked, counted or matched."""


def uses(index: Index, query: Query) -> Uses:
    """What the records that `query` describes were answered; an application that acted for another counts as well."""
    pairs: set[int] = set()
    with index.at_one_moment():
        searched = Search(index, query)
        shapes, decisions = searched.shapes, searched.decisions
        for hits in searched.hits():
            pairs.update(np.unique(hits.shapes << _HALF | hits.decisions).tolist())
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pair in pairs:
        shape, decided = shapes[pair >> _HALF], decisions.get(pair & (1 << _HALF) - 1)
        if shape.purpose is None or decided is None:
            continue
        answered = {*decided.clear, *decided.masked, *decided.aggregated, *decided.matched, *decided.answered}
        for application in {shape.application, shape.actor_application} - {None}:
            found[str(application), shape.purpose] |= answered
    return {pair: frozenset(each) for pair, each in found.items()}


def earliest(index: Index) -> int | None:
    """The time of the earliest record that the index knows, in milliseconds since 1970; None for an empty log."""
    runs = list(index.runs())
    return min((run.since for run in runs), default=None)
