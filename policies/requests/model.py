"""A request for access as plain frozen data, and the bounds on what it says.

A request is for one application, one purpose and the data of one owner. What is clear that the application sees masked
so far is asked in a request of its own kind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policies.stewards import Steward
from schema.signs import is_invisible

GRANT: Final = "ask-"
"""How the id of a grant begins that was asked for."""
CLEAR: Final = "clear"
AGGREGATE: Final = "aggregate"
MATCH: Final = "match"
ANSWER: Final = "answer"
"""What may be asked for beside the masks of a field's ladder."""
MOST_FIELDS: Final = 40
LONGEST_LINE: Final = 300
"""Signs of the legal basis, in one line."""
LONGEST_TEXT: Final = 1_500
"""Signs of a text that may have several lines: which rows, the reason, an answer."""
LONGEST_DAYS: Final = 365
"""For how many days at most a grant is asked; for longer it is asked again."""
FURTHER_DAYS: Final = 10
"""Working days by which an answer may be late, before the request lapses."""


class Kind(StrEnum):
    """What a request is about: access, or to see in clear what is masked so far."""

    ACCESS = "access"
    UNMASK = "unmask"


class Kept(StrEnum):
    """What the store says of a request; what became of a draft, its version says."""

    ASKED = "asked"
    REFUSED = "refused"
    DRAFTED = "drafted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What `account` asks `owner` for; `fields` says for each coordinate `clear`, `aggregate`, `match` or a mask.

    `owner` is empty for types without one. `form` is the sheet that was sent, so that sending it twice asks once.
    `version` is that of the draft, 0 without one. `asked` and `answered` are moments as the version store writes them.
    """

    id: str
    form: str
    account: str
    person: str = field(repr=False)
    application: str
    purpose: str
    kind: Kind
    owner: str
    fields: Mapping[str, str]
    rows: str = field(repr=False)
    basis: str = field(repr=False)
    reason: str = field(repr=False)
    until: dt.date
    asked: str
    due: dt.date
    lapses: dt.date
    state: Kept = Kept.ASKED
    answered: str = ""
    answerer: str = ""
    answer: str = field(default="", repr=False)
    version: int = 0

    @property
    def grant(self) -> str:
        """The id of the grant that a draft makes of it."""
        return f"{GRANT}{self.id}"

    @property
    def types(self) -> tuple[str, ...]:
        """The types whose data it asks for."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.fields))

    def owners(self, owners: Mapping[str, str]) -> frozenset[str]:
        """Who answers it under the owners of the version in force; the empty text stands for every steward."""
        return frozenset(owners.get(entity) or self.owner for entity in self.types)

    def is_for(self, steward: Steward, owners: Mapping[str, str]) -> bool:
        """Whether it lies in the queue of this steward."""
        return any(not owner or owner in steward.owns for owner in self.owners(owners))

    def is_own(self, steward: Steward) -> bool:
        """Whether this person asked it, and may follow it: not whoever has their account by now."""
        return steward.same_person(self.person)

    def is_of(self, steward: Steward, stewards: Mapping[str, Steward]) -> bool:
        """Whether this person asked it, or has by now an account under which it was asked: they may not answer it."""
        asker = stewards.get(self.account)
        persons = (self.person, asker.person if asker else "")
        return self.account == steward.account or any(map(steward.same_person, persons))


def text_of(written: str) -> str:
    """A text of a form as it is kept: with the line ends of this system, without blanks around it."""
    return written.replace("\r\n", "\n").strip()


def is_sound(text: str, most: int, *, lines: bool = False) -> bool:
    """Whether a text says something in at most so many signs, none of which is unseen or turns what follows around."""
    seen = text.replace("\n", "") if lines else text
    return bool(seen.strip()) and len(text) <= most and all(map(_is_seen, seen))


def _is_seen(sign: str) -> bool:
    return sign == "\u3000" or (sign.isprintable() and not is_invisible(sign))
