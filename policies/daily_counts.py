"""Counts operations and matches of an application, or of one of its persons, in a day, for the caps of its grants.

A count never passes its limit, however many processes count: one SQL statement compares and adds, and the row is the
lock. Days are those of the installation's time zone; the counts lie in the version store, persons as keyed digests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from policies.store_tables import translate_database_errors

KEPT_DAYS = 7
_ADD = sa.text(
    "INSERT INTO policy_use (day, application, purpose, kind, used) "
    "VALUES (:day, :application, :purpose, :kind, :more) "
    "ON CONFLICT (day, application, purpose, kind) DO UPDATE SET used = policy_use.used + :more "
    "WHERE policy_use.used + :more <= :limit RETURNING used"
)
_NOTE = sa.text(
    "INSERT INTO policy_use (day, application, purpose, kind, used) "
    "VALUES (:day, :application, :purpose, :kind, :more) "
    "ON CONFLICT (day, application, purpose, kind) DO UPDATE SET used = policy_use.used + :more RETURNING used"
)
_USED = sa.text(
    "SELECT used FROM policy_use "
    "WHERE day = :day AND application = :application AND purpose = :purpose AND kind = :kind"
)
_FORGET = sa.text("DELETE FROM policy_use WHERE day < :day")


@dataclass(frozen=True, slots=True)
class Use:
    """A request to count `more` of a kind, of which at most `limit` are allowed in a day."""

    kind: str
    more: int
    limit: int
    grant: str = ""
    """Where the cap stands: it counts over all purposes of this grant. Without one it counts for the purpose alone."""
    person: str = ""
    """Digest of the person whose own count it is; empty where all persons of the application share one."""
    everywhere: bool = False
    """Whether it counts over all purposes of the application, whatever the grant."""

    def row(self, day: dt.date, application: str, purpose: str) -> dict[str, str]:
        """Which count it is. Neither an application nor a purpose has a blank in its name, so no two share a row."""
        who = f"{application} {self.person}" if self.person else application
        where = f"grant {self.grant}" if self.grant else purpose
        where = "any purpose" if self.everywhere else where
        return {"day": day.isoformat(), "application": who, "purpose": where, "kind": self.kind}


def add(engine: sa.Engine, day: dt.date, application: str, purpose: str, uses: Sequence[Use]) -> Use | None:
    """Count all the uses, or none and return one whose limit they would pass. Raises StoreUnavailable."""
    with (
        translate_database_errors(),
        engine.execution_options(changing=True).connect() as connection,
        connection.begin() as begun,
    ):
        for use in sorted(uses, key=lambda each: (each.kind, each.grant, each.person)):
            counted = {**use.row(day, application, purpose), "more": use.more, "limit": use.limit}
            if use.more > use.limit or connection.execute(_ADD, counted).first() is None:
                begun.rollback()
                return use
    return None


def note(engine: sa.Engine, day: dt.date, application: str, purpose: str, uses: Sequence[Use]) -> Use | None:
    """Count the uses whatever their limits, and return one that is beyond its limit, or that had nothing left before.

    A use of none (`more` is 0) is counted nowhere; it tells whether the limit is reached. Raises StoreUnavailable.
    """
    over = None
    with translate_database_errors(), engine.execution_options(changing=any(use.more for use in uses)).begin() as sql:
        for use in sorted(uses, key=lambda each: (each.kind, each.grant, each.person)):
            row = use.row(day, application, purpose)
            found = sql.execute(_NOTE, {**row, "more": use.more}) if use.more else sql.execute(_USED, row)
            if (found.scalar() or 0) > (use.limit if use.more else use.limit - 1):
                over = use
    return over


def forget(engine: sa.Engine, today: dt.date) -> None:
    """Drop counts of days long past; they are no record, the audit log is. Raises StoreUnavailable."""
    with translate_database_errors(), engine.execution_options(changing=True).begin() as connection:
        connection.execute(_FORGET, {"day": (today - dt.timedelta(days=KEPT_DAYS)).isoformat()})
