"""Keeps objections in the version store, for all workers and hubs.

An objection is answered once, or taken back once. Each step is told to a witness before it is committed; if that
raises, nothing happened. What was answered long ago is deleted, texts and all.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import sqlalchemy as sa

from hub.console.objections.objection import (
    KEPT_DAYS,
    MOST_OF_A_DAY,
    MOST_OPEN,
    WITHDRAWN,
    Answering,
    Objection,
    Verdict,
)
from policies.store_tables import changing, reading
from policies.versions import ChangeRefused, moment

MOST_LISTED: Final = 200
"""How many objections a page lists."""

_DAYS = ("first", "last", "due")
_OBJECTION = sa.Table(
    "resident_objection",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in Objection.__slots__ if name not in {"id", "whole", "records"}),
    *(sa.Column(name, sa.Integer) for name in ("whole", "records")),
)
_WAITS = _OBJECTION.c.verdict == ""
Record = Callable[[Objection], None]
"""Told of an objection as it will be kept; raises if it cannot be recorded."""


class TooMany(ChangeRefused):
    """So many objections of this person wait, or were sent today, that no further one is taken."""


class Objections:
    """The objections in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._now = engine, now

    def send(self, new: Objection, digests: Sequence[str], record: Record) -> Objection:
        """Keep an objection of the person with these digests; a form sent before gives what it sent then.

        Raises TooMany.
        """
        mine = _OBJECTION.c.subject.in_(digests)
        with changing(self._engine) as connection:
            if before := _read(connection, sa.select(_OBJECTION).where(mine, _OBJECTION.c.form == new.form)):
                return before[0]
            yesterday = moment(self._now() - dt.timedelta(days=1))
            for which, most in ((_WAITS, MOST_OPEN), (_OBJECTION.c.sent > yesterday, MOST_OF_A_DAY)):
                counted = sa.select(sa.func.count()).select_from(_OBJECTION).where(mine, which)
                if (connection.scalar(counted) or 0) >= most:
                    raise TooMany(f"{most} objections of this person wait or were sent today")
            connection.execute(sa.insert(_OBJECTION).values(_columns(new)))
            record(new)
        return new

    def of(self, digests: Sequence[str]) -> Sequence[Objection]:
        """What the person with these digests sent, the newest first."""
        newest = (_OBJECTION.c.sent.desc(), _OBJECTION.c.id)
        with reading(self._engine) as connection:
            mine = sa.select(_OBJECTION).where(_OBJECTION.c.subject.in_(digests)).order_by(*newest)
            return _read(connection, mine.limit(MOST_LISTED))

    def waiting(self, whose: Answering) -> Sequence[Objection]:
        """Those of a steward that wait for an answer, what is due first before the rest."""
        order = (_OBJECTION.c.due, _OBJECTION.c.sent, _OBJECTION.c.id)
        return self._queue(whose, _WAITS, order)

    def answered(self, whose: Answering) -> Sequence[Objection]:
        """Those of a steward that were answered, the newest first."""
        return self._queue(whose, ~_WAITS, (_OBJECTION.c.answered.desc(), _OBJECTION.c.id))

    def _queue(self, whose: Answering, which: sa.ColumnElement[bool], order: Sequence[Any]) -> Sequence[Objection]:
        department = _OBJECTION.c.department
        mine = sa.or_(department.in_(whose.own), department.not_in(whose.answered))
        with reading(self._engine) as connection:
            return _read(connection, sa.select(_OBJECTION).where(mine, which).order_by(*order).limit(MOST_LISTED))

    def find(self, name: str) -> Objection | None:
        """The objection of this id."""
        with reading(self._engine) as connection:
            return next(iter(_read(connection, sa.select(_OBJECTION).where(_OBJECTION.c.id == name))), None)

    def answer(self, found: Objection, verdict: Verdict, account: str, text: str, record: Record) -> Objection:
        """Answer an objection with reasons; ChangeRefused if it was answered since it was read."""
        said = {"verdict": str(verdict), "answered": moment(self._now()), "answerer": account, "answer": text}
        return self._end(found, said, record)

    def _end(self, found: Objection, said: Mapping[str, str], record: Record) -> Objection:
        after = replace(found, **said)  # type: ignore[arg-type]
        with changing(self._engine) as connection:
            waits = (_OBJECTION.c.id == found.id, _WAITS)
            if connection.execute(sa.update(_OBJECTION).where(*waits).values(**said)).rowcount != 1:
                raise ChangeRefused(f"objection {found.id} was answered or withdrawn by now; look at it again")
            record(after)
        return after

    def withdraw(self, found: Objection, record: Record) -> Objection:
        """Take an objection back; ChangeRefused if it was answered or taken back since it was read."""
        return self._end(found, {"verdict": WITHDRAWN, "answered": moment(self._now())}, record)

    def delete_old(self, record: Record) -> None:
        """Delete what was answered more than KEPT_DAYS ago; whoever reads objections calls it first."""
        old = sa.and_(~_WAITS, _OBJECTION.c.answered < moment(self._now() - dt.timedelta(days=KEPT_DAYS)))
        with reading(self._engine) as connection:
            if not _read(connection, sa.select(_OBJECTION).where(old).limit(1)):
                return
        with changing(self._engine) as connection:
            for each in _read(connection, sa.select(_OBJECTION).where(old)):
                connection.execute(sa.delete(_OBJECTION).where(_OBJECTION.c.id == each.id))
                record(each)


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Objection]:
    return [_objection(dict(row)) for row in connection.execute(query).mappings()]


def _objection(row: dict[str, Any]) -> Objection:
    days = {name: dt.date.fromisoformat(row[name]) for name in _DAYS}
    return Objection(**{**row, **days, "purposes": tuple(json.loads(row["purposes"])), "whole": bool(row["whole"])})


def _columns(objection: Objection) -> dict[str, Any]:
    row = asdict(objection)
    days = {name: row[name].isoformat() for name in _DAYS}
    return {**row, **days, "purposes": json.dumps(row["purposes"]), "whole": int(objection.whole)}
