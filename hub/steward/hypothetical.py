"""Says what somebody who need not exist would see of one coordinate, and what each rule that gives nothing would need.

Whoever asks is made of the attributes on which decisions depend, as a request is. Names and rules are all that is read:
no data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from hub.request.own_access.row_words import predicate_in_words
from hub.steward.explain_coordinate import Rule
from policies.decide import applicable, decide, hidden_target
from policies.model import PolicySet
from policies.obligations import CASE
from policies.review.check import effects_of_expectation
from policies.rule_index import lineage
from policies.rules import VERIFY, Grant, Subject
from schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Asker:
    """Who would ask, for what, on which day; `has_case` says whether a case that holds comes with it."""

    subject: Subject
    purpose: str
    day: dt.date
    has_case: bool = False


class Condition(StrEnum):
    """What a grant asks of who asks, of what they ask for, and of the day."""

    APPLICATION = "application"
    DEPARTMENT = "department"
    ROLE = "role"
    LEVEL = "level"
    PURPOSE = "purpose"
    STARTS = "starts"
    ENDS = "ends"
    EXPIRED = "expired"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Failing:
    """A condition that does not hold, and what would meet it."""

    condition: Condition
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nearly:
    """A rule that would give something of the coordinate, and every condition that fails."""

    rule: Rule
    failing: tuple[Failing, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """The effects on a coordinate, the rules that give them, the prohibitions on it, and the rules that do not hold."""

    effects: tuple[str, ...]
    given: tuple[Rule, ...]
    prohibited: tuple[Rule, ...]
    nearly: tuple[Nearly, ...]
    hidden_target: str | None


def why(catalogue: Catalogue, policy: PolicySet, asker: Asker, coordinate: str) -> Why:
    """What the asker would see of a coordinate and why; CatalogueError for one that there is not."""
    catalogue.coordinate(coordinate)
    held = policy if asker.has_case else replace(policy, grants=tuple(_without_case(policy)))
    decision = decide(catalogue, held, asker.subject, asker.purpose, asker.day)
    reasons = [
        Rule(each.rule, each.effect, "" if each.rows is None else predicate_in_words(each.rows), each.place)
        for each in decision.reasons.get(coordinate, ())
    ]
    hidden = hidden_target(catalogue, decision, coordinate)
    holding = {grant.id for grant in applicable(held, asker.subject, asker.purpose, asker.day)}
    nearly = [
        Nearly(rule, tuple(failing_conditions(policy, grant, asker)))
        for grant in policy.grants
        if grant.id not in holding
        for rule in _rules_about(grant, coordinate)
    ]
    return Why(
        () if hidden else effects_of_expectation(decision, coordinate),
        tuple(each for each in reasons if each.effect != "prohibited"),
        tuple(each for each in reasons if each.effect == "prohibited"),
        tuple(sorted(nearly, key=lambda each: (len(each.failing), each.rule.rule))),
        hidden,
    )


def failing_conditions(policy: PolicySet, grant: Grant, asker: Asker) -> Iterator[Failing]:
    """Every condition of a grant that does not hold for the asker."""
    for condition in (Condition.APPLICATION, Condition.DEPARTMENT, Condition.ROLE, Condition.LEVEL):
        allowed: frozenset[str] | None = getattr(grant.to, condition)
        if allowed is not None and getattr(asker.subject, condition) not in allowed:
            yield Failing(condition, tuple(sorted(allowed)))
    line = lineage(asker.purpose)
    if not grant.purposes.intersection(line):
        yield Failing(Condition.PURPOSE, tuple(sorted(grant.purposes)))
    start, end = grant.valid.start, grant.valid.end
    if start is not None and asker.day < start:
        yield Failing(Condition.STARTS, (start.isoformat(),))
    if end is not None and asker.day > end:
        yield Failing(Condition.ENDS, (end.isoformat(),))
    ends = [policy.purposes[each].expires for each in line if each in policy.purposes]
    for expires in (each for each in ends if each is not None and asker.day > each):
        yield Failing(Condition.EXPIRED, (expires.isoformat(),))
    if CASE in grant.obligations and not asker.has_case:
        yield Failing(Condition.CASE)


def _without_case(policy: PolicySet) -> Iterator[Grant]:
    """The grants that hold without a case."""
    return (grant for grant in policy.grants if CASE not in grant.obligations)


def _rules_about(grant: Grant, coordinate: str) -> Iterator[Rule]:
    """What a grant would give of a coordinate."""
    rows = grant.rows.get(coordinate.partition(".")[0])
    said = "" if rows is None else predicate_in_words(rows)
    effect = grant.fields.get(coordinate)
    if effect is not None:
        yield Rule(grant.id, effect.mask or effect.name, said, grant.place)
    if coordinate in grant.match:
        yield Rule(grant.id, "match", said, grant.place)
    if coordinate in grant.verify:
        yield Rule(grant.id, VERIFY, said, grant.place)
