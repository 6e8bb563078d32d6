"""Counts operations and matches of an application, or of one of its persons, in a day, for the caps of its grants.

A count never passes its limit, however many processes count: its row is locked before it is compared and until it is
written. Many operations are counted in one transaction, each as if it were alone. Days are those of the installation's
time zone; the counts lie in the version store, persons as keyed digests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from policies.store_tables import translate_database_errors

KEPT_DAYS = 7
_WHERE = "WHERE day = :day AND application = :application AND purpose = :purpose AND kind = :kind"
_LOCK = sa.text(
    "INSERT INTO policy_use (day, application, purpose, kind, used) "
    "VALUES (:day, :application, :purpose, :kind, 0) "
    "ON CONFLICT (day, application, purpose, kind) DO UPDATE SET used = policy_use.used RETURNING used"
)
_READ = sa.text(
    "SELECT day, application, purpose, kind, used FROM policy_use WHERE (day, application, purpose, kind) IN :rows"
).bindparams(sa.bindparam("rows", expanding=True))
_WRITE = sa.text(f"UPDATE policy_use SET used = :used {_WHERE}")
_FORGET = sa.text("DELETE FROM policy_use WHERE day < :day")

_Row = tuple[str, str, str, str]
_COLUMNS = ("day", "application", "purpose", "kind")


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


@dataclass(frozen=True, slots=True)
class Counted:
    """What one operation counts: `caps` all or none, and only within their limits; `noted` whatever their limits.

    What is noted comes first. A noted use of none (`more` is 0) is counted nowhere; it tells whether nothing is left.
    """

    application: str
    purpose: str
    caps: Sequence[Use] = ()
    noted: Sequence[Use] = ()

    def row(self, day: dt.date, use: Use) -> _Row:
        """Which count it is. Neither an application nor a purpose has a blank in its name, so no two share a row."""
        who = f"{self.application} {use.person}" if use.person else self.application
        where = f"grant {use.grant}" if use.grant else self.purpose
        where = "any purpose" if use.everywhere else where
        return day.isoformat(), who, where, use.kind

    def settle(self, day: dt.date, used: dict[_Row, int]) -> Use | None:
        """Count into `used`; returns a use that is beyond its limit, or that had nothing left before."""
        over = None
        for use in _in_order(self.noted):
            row = self.row(day, use)
            used[row] += use.more
            if used[row] > (use.limit if use.more else use.limit - 1):
                over = use
        if over is not None:
            return over
        taken: dict[_Row, int] = {}
        for use in _in_order(self.caps):
            row = self.row(day, use)
            taken[row] = taken.get(row, used[row]) + use.more
            if taken[row] > use.limit:
                return use
        used.update(taken)
        return None


def count_uses(engine: sa.Engine, day: dt.date, operations: Sequence[Counted]) -> list[Use | None]:
    """Count operations in one transaction; for each, a use that its limit does not allow, or None.

    Raises StoreUnavailable: then none of them is counted.
    """
    uses = [(each.row(day, use), use) for each in operations for use in (*each.caps, *each.noted)]
    rows, changing = sorted({row for row, _ in uses}), any(use.more for _, use in uses)
    with translate_database_errors(), engine.execution_options(changing=changing).begin() as sql:
        before = _lock(sql, rows) if changing else _read(sql, rows)
        used = dict(before)
        found = [each.settle(day, used) for each in operations]
        for row in rows:
            if used[row] != before[row]:
                sql.execute(_WRITE, {**dict(zip(_COLUMNS, row, strict=True)), "used": used[row]})
    return found


def uses_today(engine: sa.Engine, day: dt.date, application: str, uses: Sequence[Use]) -> list[int]:
    """How often each has been counted on a day for an application; nothing is counted. Raises StoreUnavailable."""
    rows = [Counted(application, "").row(day, use) for use in uses]
    if not rows:
        return []
    with translate_database_errors(), engine.execution_options(changing=False).begin() as sql:
        found = _read(sql, sorted(set(rows)))
    return [found[row] for row in rows]


def _lock(sql: sa.Connection, rows: Sequence[_Row]) -> dict[_Row, int]:
    """The counts of sorted rows, which nobody else changes from now on."""
    # In one order, so that two processes that count the same wait for each other and never both.
    return {row: sql.execute(_LOCK, dict(zip(_COLUMNS, row, strict=True))).scalar_one() for row in rows}


def _read(sql: sa.Connection, rows: Sequence[_Row]) -> dict[_Row, int]:
    """The counts of rows, 0 where there is none yet."""
    found = {(day, who, where, kind): used for day, who, where, kind, used in sql.execute(_READ, {"rows": rows})}
    return {row: found.get(row, 0) for row in rows}


def _in_order(uses: Iterable[Use]) -> list[Use]:
    return sorted(uses, key=lambda each: (each.kind, each.grant, each.person))


def forget(engine: sa.Engine, today: dt.date) -> None:
    """Drop counts of days long past; they are no record, the audit log is. Raises StoreUnavailable."""
    with translate_database_errors(), engine.execution_options(changing=True).begin() as connection:
        connection.execute(_FORGET, {"day": (today - dt.timedelta(days=KEPT_DAYS)).isoformat()})
