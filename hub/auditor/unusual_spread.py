"""Counts through how many applications, of how many departments, one person asked on one day.

Answered and refused requests count alike. A day is a number of the proleptic calendar (`date.fromordinal`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.index_columns import Keys
from audit.touched import Numbers
from hub.auditor.unusual_counts import NONE, Uses, group_by, newest_rows


@dataclass(frozen=True, slots=True)
class Spread:
    """By person and day, each in the same place: both, what is counted, and the newest record (index).

    `requests` has a row for each of the uses that were counted.
    """

    heads: Keys
    days: Numbers
    applications: Numbers
    departments: Numbers
    requests: Sequence[Numbers]
    records: Numbers


def spread(of: Sequence[Uses], zone: dt.tzinfo) -> Spread:
    """The spread of these uses, whose days are those of `zone`."""
    parts = [_part(uses, number, zone) for number, uses in enumerate(of)]
    heads, days, records, which = (np.concatenate([part[at] for part in parts]) for at in range(4))
    people, codes = np.unique(heads, return_inverse=True)
    groups, keys = group_by(codes.astype(np.int64), days.astype(np.int64))
    count = len(keys)
    return Spread(
        people[[code for code, _ in keys]] if count else people[:0],
        np.array([day for _, day in keys], np.int64),
        _different(of, "application", groups, count),
        _different(of, "department", groups, count),
        [np.bincount(groups[which == number], minlength=count) for number in range(len(of))],
        newest_rows(groups, records, count),
    )


def _part(uses: Uses, number: int, zone: dt.tzinfo) -> tuple[Keys, Numbers, Numbers, Numbers]:
    """For each row with each person who asked: the head, the day, the record, and the number of these uses."""
    rows, who = uses.who_rows()
    days, names = uses.days(zone)
    ordinals = np.array([dt.date.fromisoformat(name).toordinal() for name in names], np.int64)
    return uses.heads[who], ordinals[days[rows]], uses.rows.indexes[rows], np.full(len(rows), number, np.int64)


def _different(of: Sequence[Uses], name: str, groups: Numbers, count: int) -> Numbers:
    """How many different applications or departments each group has; requests that name none do not count."""
    words = sorted({getattr(each, name) or NONE for uses in of for each in uses.rows.shapes.values()} - {NONE})
    numbers = {word: number for number, word in enumerate(words)}
    found = np.concatenate([uses.named(name, numbers)[uses.who_rows()[0]] for uses in of])
    pairs = np.unique(groups[found >= 0] * max(len(words), 1) + found[found >= 0])
    return np.bincount(pairs // max(len(words), 1), minlength=count)
