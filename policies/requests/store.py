"""Keeps requests for access in the version store, for all workers and hubs.

A request is answered once: whoever answers it names it as they saw it, and is refused if it changed since. A witness is
told of each step before it is committed; if the witness raises, nothing happened.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import sqlalchemy as sa

from policies.requests.model import AccessRequest, Kept, Kind
from policies.stewards import Steward
from policies.store_tables import changing, reading
from policies.versions import ChangeRefused, moment

MOST_OPEN_OF_PERSON: Final = 20
MOST_OPEN_OF_APPLICATION: Final = 40
"""Requests that wait for an answer at once."""
MOST_OF_A_DAY: Final = 60
"""Requests of one person within 24 hours, withdrawn ones too."""
MOST_DONE: Final = 100
"""How many of those that were answered are listed, the newest first."""

_DAYS = ("until", "due", "lapses")
_REQUEST = sa.Table(
    "access_request",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in AccessRequest.__slots__ if name not in {"id", "version"}),
    sa.Column("version", sa.Integer),
)
Recorder = Callable[[str, AccessRequest], None]
"""Told what is done with a request, such as `ask`; raises if it cannot be recorded."""


class TooMany(ChangeRefused):
    """So many requests wait already that no further one is taken."""


class Requests:
    """The requests in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, record: Recorder, now: Callable[[], dt.datetime]) -> None:
        self._engine, self._record, self._now = engine, record, now

    def ask(self, new: Sequence[AccessRequest]) -> Sequence[AccessRequest]:
        """Keep new requests, all of one form; a form that was sent before gives what it asked then. Raises TooMany."""
        account, form = new[0].account, new[0].form
        with changing(self._engine) as connection:
            mine = _REQUEST.c.account == account
            if before := _read(connection, sa.select(_REQUEST).where(mine, _REQUEST.c.form == form)):
                return before
            self._check_number(connection, new)
            for each in new:
                connection.execute(sa.insert(_REQUEST).values(_columns(each)))
                self._record("ask", each)
        return new

    def find(self, name: str) -> AccessRequest | None:
        """The request of this id."""
        with reading(self._engine) as connection:
            return next(iter(_read(connection, sa.select(_REQUEST).where(_REQUEST.c.id == name))), None)

    def of(self, asker: Steward) -> Sequence[AccessRequest]:
        """What a person asked, under any of their accounts, the newest first."""
        theirs = sa.or_(_REQUEST.c.account == asker.account, _REQUEST.c.person == asker.person)
        asked = sa.select(_REQUEST).where(theirs)
        with reading(self._engine) as connection:
            found = _read(connection, asked.order_by(_REQUEST.c.asked.desc(), _REQUEST.c.id).limit(MOST_DONE))
        return [each for each in found if each.is_own(asker)]

    def waiting(self) -> Sequence[AccessRequest]:
        """All that may wait for an answer: those asked, and those drafted; the oldest first."""
        found = sa.select(_REQUEST).where(_REQUEST.c.state.in_([Kept.ASKED, Kept.DRAFTED]))
        with reading(self._engine) as connection:
            return _read(connection, found.order_by(_REQUEST.c.asked, _REQUEST.c.id))

    def refused(self) -> Sequence[AccessRequest]:
        """Those that were refused, the newest first, at most ten times as many as a list has."""
        found = sa.select(_REQUEST).where(_REQUEST.c.state == Kept.REFUSED).order_by(_REQUEST.c.answered.desc())
        with reading(self._engine) as connection:
            return _read(connection, found.limit(10 * MOST_DONE))

    def withdraw(self, request: AccessRequest) -> AccessRequest:
        """Take a request back; ChangeRefused if it was answered since it was read."""
        with changing(self._engine) as connection:
            return self._step(connection, "withdraw", request, replace(request, state=Kept.WITHDRAWN))

    def refuse(self, request: AccessRequest, account: str, answer: str) -> AccessRequest:
        """Refuse a request, with the reason; ChangeRefused if it was answered or withdrawn since it was read."""
        with changing(self._engine) as connection:
            after = replace(self._answered(request, account, answer), state=Kept.REFUSED)
            return self._step(connection, "refuse", request, after)

    def drafted(
        self, connection: sa.Connection, request: AccessRequest, account: str, version: int, answer: str = ""
    ) -> AccessRequest:
        """Note in the transaction of a draft that this version was drafted of a request; raises as `refuse`."""
        after = replace(self._answered(request, account, answer), state=Kept.DRAFTED, version=version)
        return self._step(connection, "draft", request, after)

    def _answered(self, request: AccessRequest, account: str, answer: str) -> AccessRequest:
        return replace(request, answered=moment(self._now()), answerer=account, answer=answer)

    def _step(self, connection: sa.Connection, act: str, before: AccessRequest, after: AccessRequest) -> AccessRequest:
        seen = (_REQUEST.c.id == before.id, _REQUEST.c.state == before.state, _REQUEST.c.version == before.version)
        if connection.execute(sa.update(_REQUEST).where(*seen).values(_columns(after))).rowcount != 1:
            raise ChangeRefused(f"request {before.id} was answered or withdrawn by now; look at it again")
        self._record(act, after)
        return after

    def _check_number(self, connection: sa.Connection, new: Sequence[AccessRequest]) -> None:
        now = self._now()
        today, yesterday = now.date().isoformat(), moment(now - dt.timedelta(days=1))
        table = _REQUEST.c
        mine = sa.or_(table.account == new[0].account, table.person == new[0].person)
        waits = (table.state == Kept.ASKED, table.lapses >= today, table.until >= today)
        counted = (
            ((mine, *waits), MOST_OPEN_OF_PERSON),
            ((table.application == new[0].application, *waits), MOST_OPEN_OF_APPLICATION),
            ((mine, table.asked > yesterday), MOST_OF_A_DAY),
        )
        for which, most in counted:
            found = connection.scalar(sa.select(sa.func.count()).select_from(_REQUEST).where(*which)) or 0
            if found + len(new) > most:
                raise TooMany(f"{found} requests wait already, of {most} at most")


def request_of_version(engine: sa.Engine, number: int) -> AccessRequest | None:
    """The request that a version was drafted of; None if it was drafted of none."""
    drafted = sa.select(_REQUEST).where(_REQUEST.c.state == Kept.DRAFTED, _REQUEST.c.version == number)
    with reading(engine) as connection:
        return next(iter(_read(connection, drafted)), None)


def requests_of_ids(connection: sa.Connection, names: Collection[str]) -> list[AccessRequest]:
    """Those of these requests that there are."""
    return _read(connection, sa.select(_REQUEST).where(_REQUEST.c.id.in_(names))) if names else []


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[AccessRequest]:
    return [_request(dict(row)) for row in connection.execute(query).mappings()]


def _request(row: dict[str, Any]) -> AccessRequest:
    days = {name: dt.date.fromisoformat(row[name]) for name in _DAYS}
    kinds = {"kind": Kind(row["kind"]), "state": Kept(row["state"]), "fields": json.loads(row["fields"])}
    return AccessRequest(**{**row, **days, **kinds})


def _columns(request: AccessRequest) -> dict[str, Any]:
    row = asdict(request)
    days = {name: row[name].isoformat() for name in _DAYS}
    return {**row, **days, "fields": json.dumps(row["fields"], ensure_ascii=False)}
