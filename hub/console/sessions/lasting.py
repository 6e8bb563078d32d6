"""How long rows of sessions last, and how a browser is found by its own: the same for people at work and for residents.

A row has the columns `digest`, `begun` and `used` (seconds since 1970). The store holds the digest of what a browser
holds, so that whoever reads the store cannot act as anybody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from policies.store_tables import changing, reading

NOTED_SECONDS: Final = 60
"""A use is written when the last that was written is older: a page that is read often is not a write each time."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """Sessions in `table`: each ends after `idle` seconds without use, and `longest` seconds after it was begun."""

    table: sa.Table
    idle: int
    longest: int

    def over(self, now: int) -> sa.ColumnElement[bool]:
        """Which rows are over."""
        used, begun = self.table.c.used, self.table.c.begun
        return sa.or_(
            used <= now - self.idle,
            begun <= now - self.longest,
            begun > now + NOTED_SECONDS,  # the clock was set back: it would last longer than it may
        )

    def find(self, engine: sa.Engine, held: str, now: int, by_person: bool = True) -> sa.Row[Any] | None:
        """The row of what a browser holds, and note that it is used `by_person`; None if none lasts."""
        mine = self.table.c.digest == digest_of(held)
        with reading(engine) as connection:
            row = connection.execute(sa.select(self.table).where(mine, sa.not_(self.over(now)))).one_or_none()
        if row is not None and by_person and now - row.used >= NOTED_SECONDS:
            with changing(engine) as connection:
                connection.execute(sa.update(self.table).where(mine).values(used=now))
        return row


def digest_of(held: str) -> str:
    """What the store keeps of what a browser holds."""
    return hashlib.sha256(held.encode()).hexdigest()
