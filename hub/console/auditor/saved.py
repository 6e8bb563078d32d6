"""Searches that auditors named, to find them again: names of the policy, times and digests, never a value.

Each is of one person, by their sign-in at the provider, and nobody else sees it; a person has a few of them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from hub.home.sign_in import Identity
from policies.store_tables import changing, reading

MOST: Final = 50
"""Saved searches of one person."""

_SAVED = sa.Table(
    "console_saved_search",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("id", "issuer", "subject", "name", "terms")),
    sa.Column("made", sa.BigInteger),
)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search with its name; `terms` is the query of its address, `made` in seconds since 1970."""

    id: str
    name: str
    terms: str
    made: int


class SavedSearches:
    """The saved searches in the store behind `engine`; each method raises StoreUnavailable while it does not answer."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def of(self, person: Identity) -> Sequence[SavedSearch]:
        """The searches of a person, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(_SAVED).where(_of(person)).order_by(_SAVED.c.name, _SAVED.c.id)).all()
        return [SavedSearch(row.id, row.name, row.terms, row.made) for row in rows]

    def keep(self, person: Identity, name: str, terms: str) -> bool:
        """Keep a search under a name, in the place of the one that had it; False if the person has MOST already."""
        row = {
            "id": secrets.token_hex(8),
            "issuer": person.issuer,
            "subject": person.subject,
            "name": name,
            "terms": terms,
            "made": int(time.time()),
        }
        with changing(self._engine) as connection:
            connection.execute(sa.delete(_SAVED).where(_of(person), _SAVED.c.name == name))
            count = connection.scalar(sa.select(sa.func.count()).select_from(_SAVED).where(_of(person))) or 0
            if count >= MOST:
                return False
            connection.execute(sa.insert(_SAVED).values(row))
        return True

    def remove(self, person: Identity, saved: str) -> bool:
        """Remove a search of a person; False if they have none of this id."""
        with changing(self._engine) as connection:
            return connection.execute(sa.delete(_SAVED).where(_of(person), _SAVED.c.id == saved)).rowcount > 0


def _of(person: Identity) -> sa.ColumnElement[bool]:
    return sa.and_(_SAVED.c.issuer == person.issuer, _SAVED.c.subject == person.subject)
