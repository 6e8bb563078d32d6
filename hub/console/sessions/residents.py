"""The sessions of residents at their own page, in the version store, apart from those of people who keep the policy.

A browser holds 256 random bits; the store holds their digest, and the digests under which the log names the person.
Neither their number nor their account at the provider is kept. A person has one session: each sign-in ends the one
before, and takes none that a browser held already (CWE-384).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from hub.console.sessions.store import digest_of
from policies.store_tables import changing, reading

IDLE_SECONDS: Final = 900
LONGEST_SECONDS: Final = 3_600
NOTED_SECONDS: Final = 60
"""A use is written when the last that was written is older."""

_SESSION = sa.Table(
    "resident_session",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("digest", "subject")),
    *(sa.Column(name, sa.BigInteger) for name in ("begun", "used")),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident at their own page: the digests under which the log names them, that of today's key first.

    `held` is what their browser holds: it never leaves this process but in a digest.
    """

    digests: tuple[str, ...]
    held: str


class ResidentSessions:
    """The sessions in the store behind `engine`; every method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._engine, self._now = engine, now

    def begin(self, digests: Sequence[str], before: str = "") -> str:
        """Begin the one session of a person, and end the one that the browser held `before`; what it is to hold now."""
        held, now, subject = secrets.token_urlsafe(32), int(self._now()), ",".join(digests)
        ended = sa.or_(self._over(), _SESSION.c.digest == digest_of(before), _SESSION.c.subject == subject)
        row = {"digest": digest_of(held), "subject": subject, "begun": now, "used": now}
        with changing(self._engine) as connection:
            connection.execute(sa.delete(_SESSION).where(ended))
            connection.execute(sa.insert(_SESSION).values(row))
        return held

    def find(self, held: str) -> Resident | None:
        """Whose session a browser holds, and note that it is used; None if there is none, or it is over."""
        mine, now = _SESSION.c.digest == digest_of(held), int(self._now())
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(_SESSION).where(mine, sa.not_(self._over()))).one_or_none()
        if row is None:
            return None
        if now - row.used >= NOTED_SECONDS:
            with changing(self._engine) as connection:
                connection.execute(sa.update(_SESSION).where(mine).values(used=now))
        return Resident(tuple(row.subject.split(",")), held)

    def end(self, held: str) -> None:
        """End the session of a browser."""
        with changing(self._engine) as connection:
            connection.execute(sa.delete(_SESSION).where(_SESSION.c.digest == digest_of(held)))

    def _over(self) -> sa.ColumnElement[bool]:
        now = int(self._now())
        return sa.or_(
            _SESSION.c.used <= now - IDLE_SECONDS,
            _SESSION.c.begun <= now - LONGEST_SECONDS,
            _SESSION.c.begun > now + NOTED_SECONDS,  # the clock was set back: it would last longer than it may
        )
