"""Explains one coordinate for `policy explain`: what an application may see of it for a purpose, and by which rules.

Every rule about the coordinate is named, with its rows in words and its place in the policy files; and what is needed
where no rule opens it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from hub.request.own_access.row_words import predicate_in_words
from policies.decide import applicable, decide, hidden_target, purposes_that_would
from policies.model import PolicySet
from policies.obligations import Cap, Obligation
from policies.review.check import effects_of_expectation, subject_of
from schema.catalogue import Catalogue, CatalogueError


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule about the coordinate: its effect (or `prohibited`), on which rows, and its place in the policy files."""

    rule: str
    effect: str
    rows: str
    place: str


@dataclass(frozen=True, slots=True)
class CoordinateExplanation:
    """What an application may see of a coordinate for a purpose, and why."""

    application: str
    purpose: str
    coordinate: str
    version: str
    effects: tuple[str, ...]
    rules: tuple[Rule, ...]
    obligations: tuple[str, ...]
    granted: bool
    """Whether the application has any grant in force for the purpose."""
    purposes_that_would: tuple[str, ...]
    owner: str | None
    hidden_target: str | None
    """The type that an edge leads to, if the purpose shows nothing of it: then the edge has no effect."""


def explain_coordinate(
    catalogue: Catalogue, policy: PolicySet, application: str, purpose: str, coordinate: str, today: dt.date
) -> CoordinateExplanation:
    """The explanation; KeyError for an unregistered application, CatalogueError for an unknown coordinate."""
    if "." not in coordinate:
        example = f"{coordinate}.{catalogue.entity(coordinate).fields[0].name}"
        raise CatalogueError(f"{coordinate} is a type; name a field of it too, such as {example}")
    catalogue.coordinate(coordinate)
    subject = subject_of(policy.applications[application])
    decision = decide(catalogue, policy, subject, purpose, today)
    entity = coordinate.partition(".")[0]
    rules = tuple(
        Rule(each.rule, each.effect, "" if each.rows is None else predicate_in_words(each.rows), each.place)
        for each in decision.reasons.get(coordinate, ())
    )
    hidden = hidden_target(catalogue, decision, coordinate)
    would = purposes_that_would(catalogue, policy, subject, coordinate, today)
    return CoordinateExplanation(
        application,
        purpose,
        coordinate,
        policy.version,
        () if hidden else effects_of_expectation(decision, coordinate),
        rules,
        tuple(
            f"{name}: {each.limit if isinstance(each, Cap) else 'required'}{_for_each(each)}"
            for name, each in sorted(decision.obligations.items())
        ),
        bool(applicable(policy, subject, purpose, today)),
        tuple(each for each in would if each != purpose),
        policy.owners.get(hidden or entity),
        hidden,
    )


def _for_each(obligation: Obligation) -> str:
    return " for each person" if isinstance(obligation, Cap) and obligation.personal else ""
