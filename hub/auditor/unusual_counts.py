"""Counts over the records of a search: who made them, on which day, how many persons they touched.

Rows are those of `audit/touched.py`. A request that one person makes for another counts for both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from audit.index_columns import Keys
from audit.search import QUARTER_MS, day_of_quarter
from audit.touched import Numbers, Touched, distinct, layers

NONE = ""
"""The application or purpose of a record that names none."""


@dataclass
class Uses:
    """Records with what is counted of them; each count is made once."""

    rows: Touched
    heads: Keys = field(init=False)
    """Those of the people who asked, by their code."""

    def __post_init__(self) -> None:
        self._codes, self.heads = self.rows.who.codes()

    def who_rows(self) -> tuple[Numbers, Numbers]:
        """Each row with each code of a person who asked."""
        return self.rows.who.rows, self._codes

    @cached_property
    def _by_row(self) -> Sequence[Numbers]:
        return layers(self.rows.who, self._codes, len(self.rows))

    def who_by_row(self) -> Sequence[Numbers]:
        """The codes of who asked by row, -1 for nobody; a second time for rows with two."""
        return self._by_row

    def requests_of_each(self) -> Numbers:
        """By code: how many requests this person made."""
        return np.bincount(self._codes, minlength=len(self.heads))

    def persons_of_row(self) -> Numbers:
        """How many persons each record touched."""
        return np.bincount(self.rows.subjects.rows, minlength=len(self.rows))

    def persons(self, rows: Numbers, groups: Numbers, count: int, only: np.ndarray | None = None) -> Numbers:
        """How many different persons each group of rows touched; a row may be in two. 0 for groups not in `only`."""
        wanted = np.ones(count, np.bool_) if only is None else only
        chosen = wanted[groups]
        found = np.zeros(count, np.int64)
        if not chosen.any():
            return found
        rows, groups = rows[chosen], groups[chosen]
        by_row = np.full(len(self.rows), -1, np.int64)
        by_row[rows] = groups
        rest = by_row[rows] != groups
        layer = [by_row]
        if rest.any():
            second = np.full(len(self.rows), -1, np.int64)
            second[rows[rest]] = groups[rest]
            layer.append(second)
        about = self.rows.subjects
        parts = [(each[about.rows], about.heads) for each in layer]
        kept = [(of[of >= 0], heads[of >= 0]) for of, heads in parts]
        return distinct(np.concatenate([of for of, _ in kept]), np.concatenate([heads for _, heads in kept]), count)

    def days(self, zone: dt.tzinfo) -> tuple[Numbers, Sequence[str]]:
        """By row the number of its day in `zone`, and the days by their numbers."""
        quarters, places = np.unique(self.rows.times // QUARTER_MS, return_inverse=True)
        named = [day_of_quarter(each, zone).isoformat() for each in quarters.tolist()]
        names = sorted(set(named))
        numbers = {name: number for number, name in enumerate(names)}
        return np.array([numbers[each] for each in named], np.int64)[places], names

    def works(self) -> tuple[Numbers, Sequence[tuple[str, str]]]:
        """By row the number of its application and purpose, and these by their numbers."""
        words = sorted({(each.application or NONE, each.purpose or NONE) for each in self.rows.shapes.values()})
        numbers = {each: number for number, each in enumerate(words)}
        return self._by_shape(
            {code: numbers[(each.application or NONE, each.purpose or NONE)] for code, each in self.rows.shapes.items()}
        ), words

    def by_purpose(self, purposes: Mapping[str, int]) -> Numbers:
        """By row the number of its purpose, -1 for one that is not among these."""
        return self.named("purpose", purposes)

    def named(self, name: str, numbers: Mapping[str, int]) -> Numbers:
        """By row the number of what it names as its application, department or purpose; -1 if it is not among these."""
        return self._by_shape(
            {code: numbers.get(getattr(each, name) or NONE, -1) for code, each in self.rows.shapes.items()}
        )

    def _by_shape(self, numbers: Mapping[int, int]) -> Numbers:
        of_code = np.zeros(max(numbers, default=0) + 1, np.int64)
        of_code[list(numbers)] = list(numbers.values())
        return of_code[self.rows.shape_codes]


def group_by(first: Numbers, second: Numbers) -> tuple[Numbers, Sequence[tuple[int, int]]]:
    """A number for each pair, and the pairs by their numbers."""
    if not len(first):
        return np.empty(0, np.int64), []
    values, codes = np.unique(second, return_inverse=True)
    found, groups = np.unique(first * len(values) + codes, return_inverse=True)
    pairs = zip((found // len(values)).tolist(), values[found % len(values)].tolist(), strict=True)
    return groups.astype(np.int64), list(pairs)


def newest_rows(groups: Numbers, rows: Numbers, count: int) -> Numbers:
    """The newest row of each group."""
    found = np.full(count, -1, np.int64)
    np.maximum.at(found, groups, rows)
    return found
