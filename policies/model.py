"""A policy set is one immutable version: purposes, applications, grants and prohibitions, already checked.

Plain frozen data. `policies/language.py` makes it from YAML and refuses what it does not know; `policies/decide.py`
turns it, a subject and a purpose into a `Decision`. Semantics: the design's section 4, after Byun & Li (purpose trees)
and LeFevre et al. (cell-level limited disclosure).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from schema.predicate import Predicate

DEFAULT_CONTRIBUTORS = 10
"""Contributor threshold *k*: an aggregate cell about fewer data subjects is null."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One node of the purpose tree; `id` is its dotted path."""

    id: str
    zh: str
    en: str
    dpv: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application: who it is, whatever its token claims."""

    id: str
    zh: str
    en: str
    department: str
    jurisdiction: str
    role: str = ""
    level: str = ""
    staff: Mapping[str, str] = field(default_factory=dict)
    """`sub` → jurisdiction path, for staff who answer for less than the whole application does."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: attributes come from the registry, never from the token. `sub` is logged as a digest only."""

    application: str
    department: str
    role: str
    level: str
    jurisdiction: str
    sub: str

    @property
    def attributes(self) -> tuple[str, str, str, str, str]:
        """All that a decision may depend on (not `sub`)."""
        return (self.application, self.department, self.role, self.level, self.jurisdiction)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which subjects a grant is to; None means any, an empty set means none."""

    application: frozenset[str] | None = None
    department: frozenset[str] | None = None
    role: frozenset[str] | None = None
    level: frozenset[str] | None = None

    def selects(self, subject: Subject) -> bool:
        """Whether each named attribute of the subject is among those listed."""
        pairs = (
            (self.application, subject.application),
            (self.department, subject.department),
            (self.role, subject.role),
            (self.level, subject.level),
        )
        return all(allowed is None or value in allowed for allowed, value in pairs)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a grant gives on a coordinate: `clear`, `mask` (with its rung) or `aggregate`."""

    name: str
    mask: str | None = None


CLEAR = Effect("clear")
AGGREGATE = Effect("aggregate")


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
    basis: str
    valid: Validity
    place: str


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Takes every effect and capability from its coordinates for its purposes, their descendants and ancestors."""

    id: str
    purposes: frozenset[str]
    coordinates: frozenset[str]
    basis: str
    place: str


@dataclass(frozen=True, slots=True)
class PolicySet:
    """One version, named by the hash of its content."""

    version: str
    purposes: Mapping[str, Purpose]
    applications: Mapping[str, Application]
    grants: tuple[Grant, ...]
    prohibitions: tuple[Prohibition, ...]
    owners: Mapping[str, str]
    """Department that answers for each type's data: whom a refusal tells to ask."""


# What a decision is.

RowSet = frozenset[int]
"""Indexes into `TypeDecision.rows`; the rows for which at least one of those predicates holds."""


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """Effects on one coordinate. `masks` is most revealing first, each with the rows it is granted on."""

    clear: RowSet = frozenset()
    masks: tuple[tuple[str, RowSet], ...] = ()
    aggregate: RowSet = frozenset()
    match: RowSet = frozenset()

    @property
    def shown(self) -> bool:
        """Whether some row shows it, in clear or masked."""
        return bool(self.clear or self.masks)


NOTHING = FieldDecision()


@dataclass(frozen=True, slots=True)
class TypeDecision:
    """What a subject may see of one type. A node outside `visible` does not exist for him."""

    rows: tuple[Predicate, ...]
    visible: RowSet
    contributing: RowSet
    """Rows that aggregates may count: the visible ones and those of grants that only give `aggregate`."""
    fields: Mapping[str, FieldDecision]
    contributors: int = DEFAULT_CONTRIBUTORS

    def of(self, name: str) -> FieldDecision:
        """The decision on a field or edge; nothing where no grant names it."""
        return self.fields.get(name, NOTHING)


NO_TYPE = TypeDecision((), frozenset(), frozenset(), {})


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything a subject may see for one purpose under one policy version; pure data."""

    version: str
    subject: Subject
    purpose: str
    today: dt.date
    types: Mapping[str, TypeDecision]
    grants: tuple[str, ...]

    def of(self, entity: str) -> TypeDecision:
        """The decision on a type; nothing where no grant names it."""
        return self.types.get(entity, NO_TYPE)
