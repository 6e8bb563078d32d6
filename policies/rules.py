"""The rules of a policy as plain frozen data: subjects, selectors, effects, grants and prohibitions.

They are already checked: `policies/language.py` makes them from YAML. Semantics: the design's section 4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.obligations import Obligation
from schema.predicate import Placeholder, Predicate


@dataclass(frozen=True, slots=True)
class Actor:
    """An application that acts for a user of another one; `sub` is who works it, if the token says so."""

    application: str
    department: str
    role: str
    level: str
    jurisdiction: str
    sub: str | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """All that a decision may depend on."""
        return (self.application, self.department, self.role, self.level, self.jurisdiction)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: attributes come from the registry, never from the token. `sub` is logged as a digest only."""

    application: str
    department: str
    role: str
    level: str
    jurisdiction: str
    sub: str
    purposes: frozenset[str] | None = None
    """Purposes that the request is bound to, by its token or its registered operation; None: those of its grants."""
    actor: Actor | None = None
    """The application that acts for this one's user: a grant counts only if it is to both."""

    @property
    def applications(self) -> tuple[str, ...]:
        """The application that asks, and the one that acts for its user, if there is one."""
        return (self.application,) if self.actor is None else (self.application, self.actor.application)

    @property
    def attributes(self) -> tuple[str, ...]:
        """All that a decision may depend on (not `sub`), beside the purposes that it is bound to."""
        own = (self.application, self.department, self.role, self.level, self.jurisdiction)
        return own if self.actor is None else (*own, *self.actor.attributes)


def placeholder_value(placeholder: Placeholder, subject: Subject, today: dt.date) -> Any:
    """What `$subject.…` or `$today - Ny` stands for; `$case` is the request's and not here."""
    if placeholder.name != "today":
        return getattr(subject, placeholder.name.removeprefix("subject."))
    try:
        return today.replace(year=today.year - placeholder.years_ago)
    except ValueError:
        # There is no 29th of February in that year.
        return today.replace(year=today.year - placeholder.years_ago, day=28)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which subjects a grant is to; None means any, an empty set means none."""

    application: frozenset[str] | None = None
    department: frozenset[str] | None = None
    role: frozenset[str] | None = None
    level: frozenset[str] | None = None

    def selects(self, subject: Subject | Actor) -> bool:
        """Whether each named attribute of the subject is among those listed."""
        pairs = (
            (self.application, subject.application),
            (self.department, subject.department),
            (self.role, subject.role),
            (self.level, subject.level),
        )
        return all(allowed is None or value in allowed for allowed, value in pairs)


Asked = int | str | Placeholder | None
"""A value of the argument of an answer; `$subject.jurisdiction` in the place of a path; None for no argument."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a grant gives on a coordinate: `clear`, `mask` (with its rung), `aggregate` or `answer`.

    `asked` are the values of the answer's argument that are answered, `(None,)` for an answer without one.
    """

    name: str
    mask: str | None = None
    asked: tuple[Asked, ...] = ()


CLEAR = Effect("clear")
AGGREGATE = Effect("aggregate")
ANSWER = "answer"
"""The name of the effect that answers are granted as."""


VERIFY = "verify"
"""What the capability to verify is called beside effects."""


def verify_in_words(names: Iterable[str]) -> str:
    """The capability to verify fields together: `verify(idNumber, name)`."""
    return f"{VERIFY}({', '.join(names)})"


def effect_in_words(effect: str, of: Asked = None) -> str:
    """An effect as expectations and reasons write it: `clear`, `partial(3,4)`, `answer`, `answer(18)`."""
    if effect != ANSWER:
        return effect if of is None else str(of)
    given = f"${of.name}" if isinstance(of, Placeholder) else of
    return effect if of is None else f"{effect}({given})"


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last day (both included, local date) on which a rule is in force."""

    start: dt.date | None = None
    end: dt.date | None = None

    def holds(self, today: dt.date) -> bool:
        """Whether `today` lies within."""
        return (self.start is None or self.start <= today) and (self.end is None or today <= self.end)


@dataclass(frozen=True, slots=True)
class Grant:
    """To whom, for which purposes, which rows of each type, which effect on each coordinate, on which legal basis."""

    id: str
    to: Selector
    purposes: frozenset[str]
    rows: Mapping[str, Predicate]
    fields: Mapping[str, Effect]
    match: frozenset[str]
    contributors: int
    rounding: int
    buckets: int
    """Most buckets that an aggregate may be grouped by."""
    obligations: Mapping[str, Obligation]
    basis: str
    valid: Validity
    place: str
    broad: frozenset[str] = frozenset()
    """Coordinates that a type or a tag gave, not their own name: `policy check` looks at these twice."""
    accesses: bool = False
    """Whether it may be asked who saw the data of the people on its rows."""
    verify: frozenset[str] = frozenset()
    """Coordinates of a person whose values may be verified, all of them together."""

    @property
    def coordinates(self) -> frozenset[str]:
        """All coordinates of which it gives something."""
        return self.match | self.verify | self.fields.keys()


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Takes every effect and capability from its coordinates for its purposes, their descendants and ancestors."""

    id: str
    purposes: frozenset[str]
    coordinates: frozenset[str]
    basis: str
    place: str
