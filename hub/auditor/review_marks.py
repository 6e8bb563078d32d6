"""The marks of the review queue, in the version store: what an auditor found in a record, and why they say so.

Marks are only added. Two who mark a record at once do not both count: the second has to look at what the first said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from policies.store_tables import changing, reading

LONGEST_REASON: Final = 500
MOST_LISTED: Final = 200
MOST_OF_RECORD: Final = 20

_MARK: Final = sa.Table(
    "review_mark",
    sa.MetaData(),
    *(sa.Column(name, sa.BigInteger) for name in ("record_index", "number", "made")),
    *(sa.Column(name, sa.Text) for name in ("leaf_hash", "verdict", "reason", "account")),
)


class Verdict(StrEnum):
    """What an auditor may find in a record."""

    IN_ORDER = "in_order"
    EXPLAIN = "explain"
    MISUSE = "misuse"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `leaf_hash` says of which record, `number` which of its marks, `made` when (seconds since 1970)."""

    record_index: int
    number: int
    leaf_hash: str
    verdict: Verdict
    reason: str
    account: str
    made: int


class Meanwhile(Exception):
    """The record has another number of marks than its auditor saw."""


class Marks:
    """The marks in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._engine, self._now = engine, now

    def add(self, index: int, leaf_hash: str, verdict: Verdict, reason: str, account: str, seen: int) -> None:
        """Add a mark to a record that had `seen` marks; Meanwhile if it has others by now, or too many."""
        row = {
            "record_index": index,
            "number": seen + 1,
            "leaf_hash": leaf_hash,
            "verdict": str(verdict),
            "reason": reason,
            "account": account,
            "made": int(self._now()),
        }
        with changing(self._engine) as connection:
            of_record = sa.select(sa.func.count()).where(_MARK.c.record_index == index)
            if connection.scalar(of_record) != seen or seen >= MOST_OF_RECORD:
                raise Meanwhile
            connection.execute(sa.insert(_MARK).values(row))

    def of(self, indexes: Collection[int]) -> Mapping[int, Sequence[Mark]]:
        """The marks of these records, the first one first; records without marks are left out."""
        query = sa.select(_MARK).where(_MARK.c.record_index.in_(indexes)).order_by(_MARK.c.number)
        found: dict[int, list[Mark]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.record_index, []).append(_mark(row))
        return found

    def newest(self) -> Sequence[Mark]:
        """The marks that were made last, at most MOST_LISTED."""
        order = (_MARK.c.made.desc(), _MARK.c.record_index.desc(), _MARK.c.number.desc())
        with reading(self._engine) as connection:
            return [_mark(row) for row in connection.execute(sa.select(_MARK).order_by(*order).limit(MOST_LISTED))]


def _mark(row: sa.Row[tuple[int | str, ...]]) -> Mark:
    return Mark(row.record_index, row.number, row.leaf_hash, Verdict(row.verdict), row.reason, row.account, row.made)
