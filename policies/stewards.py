"""The people who keep a policy: accounts, sign-in subjects, roles, and the departments whose data they answer for.

One human being counts as one, however many accounts they have. Two spellings of a person that look alike, or differ by
punctuation or zeros only, and characters that cannot be seen, refuse the load.

The visible form follows Unicode NFKC and case folding (UAX 15), and the idea of a skeleton in UTS 39.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person may do."""

    STEWARD = "steward"
    APPROVER = "approver"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    DEVELOPER = "developer"


APART: Final = frozenset((Role.STEWARD, Role.AUDITOR))
"""Roles that nobody holds at once, under whatever accounts: an auditor reads what stewards did."""


@dataclass(frozen=True, slots=True)
class Steward:
    """An account, the human being behind it, and what they may do.

    `subject` is the `sub` under which the OpenID provider `issuer` signs them in; without a subject they cannot sign
    in, without an issuer the provider is the one that the hub's settings name. `owns` names owners from `owners:`.
    """

    account: str
    person: str
    subject: str | None = None
    roles: tuple[Role, ...] = ()
    owns: tuple[str, ...] = ()
    issuer: str | None = None

    def same_person(self, person: str) -> bool:
        """Whether `person` names the same human being."""
        return visible_form(self.person) == visible_form(person)

    def __str__(self) -> str:
        owns = f" of {', '.join(self.owns)}" if self.owns else ""
        return f"{self.account}: person {self.person}, {', '.join(self.roles) or 'no role'}{owns}"


# Latin letters and digits, Chinese characters, and signs that are common in staff numbers. Letters of other scripts are
# not among them, because many of them look like Latin ones.
_SEEN: Final = re.compile(r"[A-Za-z0-9 ._:/@#+·\-㐀-䶿一-鿿\U00020000-\U0003ffff]+")
_FILLERS: Final = frozenset("\u115f\u1160\u3164\u2800")
"""Letters and signs without a shape."""

_ALIKE: Final = str.maketrans({"o": "0", "l": "1", "i": "1", "|": "1"})


_LEADING: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")


def visible_form(text: str) -> str:
    """What a reader takes a name for: equal for two names that look alike.

    Case, width, blanks, punctuation and the zeros before a number tell nobody apart.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    short = _LEADING.sub("", folded.translate(_ALIKE))
    seen = "".join(each for each in short if unicodedata.category(each)[0] not in "CMPSZ" and each not in _FILLERS)
    return seen.replace("rn", "m").replace("vv", "w")


def unseen_characters(text: str) -> str:
    """Why a name cannot be told from others by looking at it; empty if it can."""
    normal = unicodedata.normalize("NFKC", text)
    strange = [each for each in normal if not _SEEN.fullmatch(each)]
    if strange:
        names = ", ".join(dict.fromkeys(f"U+{ord(each):04X} {unicodedata.name(each, '')}".strip() for each in strange))
        return f"holds {names}, which cannot be seen or looks like another character; write it without"
    if normal != normal.strip() or not normal:
        return "begins or ends with a blank; write it without"
    return ""


def faults_of_stewards(stewards: Iterable[Steward]) -> Iterator[tuple[int, str, str]]:
    """(position, key, what is wrong) for each steward who is not told apart from the others."""
    accounts: dict[str, Steward] = {}
    people: dict[str, str] = {}
    subjects: dict[str, str] = {}
    roles: dict[str, set[Role]] = {}
    for at, each in enumerate(stewards):
        for key in ("person", "subject"):
            if why := unseen_characters(getattr(each, key) or "-"):
                yield at, key, f"{key} of account {each.account!r} {why}"
        first = accounts.setdefault(visible_form(each.account), each)
        if first is not each:
            yield at, "account", _twice(first, each)
        spelling = people.setdefault(visible_form(each.person), each.person)
        if spelling != each.person:
            yield at, "person", f"{each.person!r} looks like {spelling!r}; write one person always in the same way"
        if each.subject is not None and subjects.setdefault(each.subject, each.account) != each.account:
            # Whatever their issuers: one name at two providers would be mistaken for one person.
            yield at, "subject", f"accounts {subjects[each.subject]!r} and {each.account!r} sign in alike; keep one"
        held = roles.setdefault(visible_form(each.person), set())
        held.update(each.roles)
        if held >= APART:
            yield at, "roles", f"{each.person} would be steward and auditor, and audit their own changes; keep one role"


def _twice(first: Steward, other: Steward) -> str:
    if first.account != other.account:
        return f"account {other.account!r} looks like {first.account!r}; choose another name"
    if first.person != other.person:
        return f"account {other.account!r} is given to two people; keep one"
    return f"account {other.account!r} is named twice; keep one"


def changes_of_stewards(
    before: Mapping[str, Steward], after: Mapping[str, Steward]
) -> Iterator[tuple[Steward | None, Steward | None]]:
    """Who was and who will be behind each account that changes; None where there is nobody."""
    for account in sorted({*before, *after}):
        if before.get(account) != after.get(account):
            yield before.get(account), after.get(account)
