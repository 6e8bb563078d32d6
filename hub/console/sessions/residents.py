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

from hub.console.sessions.lasting import Lasting, digest_of
from policies.store_tables import changing

IDLE_SECONDS: Final = 900
LONGEST_SECONDS: Final = 3_600

_SESSION = sa.Table(
    "resident_session",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("digest", "subject")),
    *(sa.Column(name, sa.BigInteger) for name in ("begun", "used")),
)
_LASTING: Final = Lasting(_SESSION, IDLE_SECONDS, LONGEST_SECONDS)


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
        row = _LASTING.find(self._engine, held, int(self._now()))
        if row is None:
            return None
        return Resident(tuple(row.subject.split(",")), held)

    def end(self, held: str) -> None:
        """End the session of a browser."""
        with changing(self._engine) as connection:
            connection.execute(sa.delete(_SESSION).where(_SESSION.c.digest == digest_of(held)))

    def _over(self) -> sa.ColumnElement[bool]:
        return _LASTING.over(int(self._now()))
