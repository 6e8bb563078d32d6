"""The sessions of people who are signed in to the console, in the version store, for all workers and hubs.

A browser holds 256 random bits; the store holds their digest and who they stand for, so that whoever reads the store
cannot act as anybody. A session ends after half an hour without use, eight hours after the sign-in, or when its person
ends it. A new sign-in makes a new one, whatever the browser held before (session fixation, CWE-384).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from hub.console.sessions.lasting import Lasting, digest_of
from hub.home.sign_in import Identity
from policies.store_tables import changing, reading

IDLE_SECONDS: Final = 1_800
LONGEST_SECONDS: Final = 28_800
MOST_OF_ACCOUNT: Final = 20
"""Sessions of one account; a further sign-in ends the one that was not used for longest."""

_SESSION = sa.Table(
    "console_session",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("digest", "name", "account", "issuer", "subject")),
    *(sa.Column(name, sa.BigInteger) for name in ("begun", "used")),
)
_LASTING: Final = Lasting(_SESSION, IDLE_SECONDS, LONGEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Session:
    """A session: `name` says which of the account's it is, in pages and forms; times are seconds since 1970."""

    name: str
    account: str
    issuer: str
    subject: str
    begun: int
    used: int

    @property
    def identity(self) -> Identity:
        """Who signed in, and when."""
        return Identity(self.issuer, self.subject, self.begun)


class Sessions:
    """The sessions in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._engine, self._now = engine, now

    def begin(self, account: str, identity: Identity, before: str = "") -> str:
        """Begin a session of the account, and end the one that the browser held `before`; what it is to hold now."""
        held, now = secrets.token_urlsafe(32), int(self._now())
        row = {
            "digest": digest_of(held),
            "name": secrets.token_hex(8),
            "account": account,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "begun": now,
            "used": now,
        }
        with changing(self._engine) as connection:
            connection.execute(sa.delete(_SESSION).where(sa.or_(self._over(), _SESSION.c.digest == digest_of(before))))
            mine = sa.select(_SESSION.c.digest).where(_SESSION.c.account == account).order_by(_SESSION.c.used.desc())
            beyond = connection.scalars(mine.offset(MOST_OF_ACCOUNT - 1)).all()
            connection.execute(sa.delete(_SESSION).where(_SESSION.c.digest.in_(beyond)))
            connection.execute(sa.insert(_SESSION).values(row))
        return held

    def find(self, held: str, by_person: bool = True) -> Session | None:
        """The session of a browser, and note that it is used `by_person`; None if there is none, or it is over."""
        row = _LASTING.find(self._engine, held, int(self._now()), by_person)
        return None if row is None else _session(row)

    def of(self, account: str) -> Sequence[Session]:
        """The sessions of an account, the one used last first."""
        with reading(self._engine) as connection:
            found = sa.select(_SESSION).where(_SESSION.c.account == account, sa.not_(self._over()))
            rows = connection.execute(found.order_by(_SESSION.c.used.desc(), _SESSION.c.name)).all()
        return [_session(row) for row in rows]

    def end(self, account: str, name: str | None = None) -> int:
        """End one session of an account, or all of them; how many there were."""
        ended = sa.delete(_SESSION).where(_SESSION.c.account == account)
        with changing(self._engine) as connection:
            return connection.execute(ended if name is None else ended.where(_SESSION.c.name == name)).rowcount

    def _over(self) -> sa.ColumnElement[bool]:
        return _LASTING.over(int(self._now()))


def _session(row: sa.Row[tuple[str | int, ...]]) -> Session:
    return Session(row.name, row.account, row.issuer, row.subject, row.begun, row.used)
