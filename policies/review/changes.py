"""What a comparison of two policies finds, as plain frozen data: changes, and how each counts.

Only a change that is proved not to disclose more does not count as widening.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from schema.predicate import Predicate


class Kind(StrEnum):
    """How a decision changed. Only `narrowed` and `gone` are proved not to disclose more."""

    NEW = "new"
    WIDENED = "widened"
    CHANGED = "changed rows"
    NARROWED = "narrowed"
    GONE = "gone"

    @property
    def widens(self) -> bool:
        """Whether more may be disclosed."""
        return self not in {Kind.NARROWED, Kind.GONE}


@dataclass(frozen=True, slots=True)
class Shown:
    """One effect (or one figure), on the rows where at least one of the predicates holds."""

    effect: str
    rows: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What one application may do for one purpose with one thing, before and after.

    `thing` is a coordinate (`Person.phone`), a figure or capability of a type (`Person contributors`,
    `Person verify(idNumber, name)`), `obligation NAME`, a part of the registry entry (`staff`, `developers`, `actsFor`,
    `jurisdiction`, `staff jurisdiction`, `documents`, `dpop`, with the purpose `*`), `operation NAME`, or a guard:
    `steward ACCOUNT` (application and purpose `*`), `prohibition of COORDINATE`, `expectation of COORDINATE`, `told to
    residents`, `collected for` (application `*`: what a purpose may read of what was collected for others). `since` is
    the first day on which the two differ.
    """

    application: str
    purpose: str
    thing: str
    kind: Kind
    before: tuple[Shown, ...]
    after: tuple[Shown, ...]
    since: dt.date
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that would change from one version to another; `notes` is what no decision shows."""

    before: str
    after: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    @property
    def widens(self) -> bool:
        """Whether anything may disclose more."""
        return any(change.kind.widens for change in self.changes)

    def counts(self) -> dict[str, int]:
        """How many changes there are of each kind."""
        return {kind.value: sum(change.kind is kind for change in self.changes) for kind in Kind}
