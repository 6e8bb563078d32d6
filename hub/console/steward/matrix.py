"""What each purpose may see of each field and edge: the strongest effect that it has for any of some applications.

Read from the very decisions that requests are planned with. It says nothing of rows: a cell may hold on some only, and
its page tells on which.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from policies.decide import decide, hidden_target, purposes_of
from policies.model import Application, Decision, PolicySet
from policies.review.check import subject_of
from schema.catalogue import Catalogue, Coordinate
from schema.declarations import Answer, Field


class Effect(StrEnum):
    """The strongest thing that a purpose may do with a coordinate; strongest first."""

    CLEAR = "clear"
    MASK = "mask"
    AGGREGATE = "aggregate"
    ANSWER = "answer"
    MATCH = "match"
    VERIFY = "verify"
    NOTHING = "nothing"


STRONGEST = tuple(Effect)


class Sensitivity(StrEnum):
    """How a field is protected: sensitive personal information, personal information, or neither (GB/T 35273)."""

    SENSITIVE = "sensitive"
    PERSONAL = "personal"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the policy is shown: empty texts leave nothing out."""

    department: str = ""
    application: str = ""
    purpose: str = ""
    sensitivity: str = ""
    text: str = ""
    """In the name of a field or an edge, in its words in either language, or in those of its type."""

    def applications(self, policy: PolicySet) -> list[Application]:
        """The applications that are meant."""
        return [
            each
            for each in policy.applications.values()
            if self.application in {"", each.id} and self.department in {"", each.department}
        ]


@dataclass(frozen=True, slots=True)
class Row:
    """A coordinate with its words in both languages, and a cell for each purpose."""

    coordinate: str
    zh: str
    en: str
    sensitivity: Sensitivity
    cells: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one type."""

    name: str
    zh: str
    en: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The purposes of some applications, and what they may see of the catalogue."""

    purposes: tuple[str, ...]
    groups: tuple[Group, ...]


def matrix_of(catalogue: Catalogue, policy: PolicySet, chosen: Chosen, today: dt.date) -> Matrix:
    """The matrix; purposes that no chosen application has a grant for are left out, as nothing would stand there."""
    decisions = _decisions(catalogue, policy, chosen, today)
    rows: dict[str, list[Row]] = {}
    for coordinate, each in catalogue.coordinates():
        sensitivity = sensitivity_of(each)
        entity = coordinate.partition(".")[0]
        told = f"{coordinate} {each.zh} {each.en} {catalogue.entity(entity).zh} {catalogue.entity(entity).en}"
        if chosen.sensitivity in {"", sensitivity} and chosen.text.casefold() in told.casefold():
            cells = tuple(_strongest(catalogue, found, coordinate) for found in decisions.values())
            rows.setdefault(entity, []).append(Row(coordinate, each.zh, each.en, sensitivity, cells))
    groups = tuple(
        Group(each.name, each.zh, each.en, tuple(rows[each.name])) for each in catalogue if each.name in rows
    )
    return Matrix(tuple(decisions), groups)


def sensitivity_of(coordinate: Coordinate) -> Sensitivity:
    """How a field or an edge is protected."""
    if isinstance(coordinate, Field | Answer) and coordinate.sensitive:
        return Sensitivity.SENSITIVE
    return Sensitivity.PERSONAL if coordinate.personal else Sensitivity.OTHER


def _strongest(catalogue: Catalogue, decisions: Iterable[Decision], coordinate: str) -> Effect:
    return min((effect_of(catalogue, each, coordinate) for each in decisions), key=STRONGEST.index)


def effect_of(catalogue: Catalogue, decision: Decision, coordinate: str) -> Effect:
    """The strongest effect of a decision on a coordinate; nothing for an edge whose target shows nothing."""
    entity, _, name = coordinate.partition(".")
    found = decision.of(entity).of(name)
    effects = {
        Effect.CLEAR: found.clear,
        Effect.MASK: found.masks,
        Effect.AGGREGATE: found.aggregate,
        Effect.ANSWER: found.answers,
        Effect.MATCH: found.match,
        Effect.VERIFY: decision.of(entity).verified_with(name),
    }
    effect = next((effect for effect, given in effects.items() if given), Effect.NOTHING)
    hidden = effect is Effect.CLEAR and hidden_target(catalogue, decision, coordinate) is not None
    return Effect.NOTHING if hidden else effect


def _decisions(
    catalogue: Catalogue, policy: PolicySet, chosen: Chosen, today: dt.date
) -> Mapping[str, Sequence[Decision]]:
    """By purpose, in the order of the policy: the decision of each chosen application that has a grant for it."""
    found: dict[str, list[Decision]] = {purpose: [] for purpose in policy.purposes if chosen.purpose in {"", purpose}}
    for application in chosen.applications(policy):
        subject = subject_of(application)
        for purpose in purposes_of(policy, subject, today):
            if purpose in found:
                found[purpose].append(decide(catalogue, policy, subject, purpose, today))
    return {purpose: each for purpose, each in found.items() if each}
