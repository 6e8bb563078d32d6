"""Finds the types of data that a change of the policy touches, for a steward changes only what their department owns.

Whatever can change a decision on a type counts as touching it: a grant or prohibition that names it, and an application
or purpose that such a grant applies to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeVar

from policies.model import Application, PolicySet, Purpose
from policies.purposes import implies
from policies.review.check import subject_of
from policies.rules import Grant, Prohibition

_TITLES = {"zh", "en"}
_Rule = TypeVar("_Rule", Grant, Prohibition)
_Entry = TypeVar("_Entry", Application, Purpose)


def touched_types(before: PolicySet, after: PolicySet) -> dict[str, str]:
    """The types that a change from `before` to `after` touches, each with what touches it first."""
    touched: dict[str, str] = {}
    for types, cause in _touches(before, after):
        for entity in types:
            touched.setdefault(entity, cause)
    return touched


def _touches(before: PolicySet, after: PolicySet) -> Iterator[tuple[set[str], str]]:
    grants = [*before.grants, *after.grants]
    for rule in _changed_rules(before.grants, after.grants):
        yield _types_of_grant(rule), f"grant {rule.id}"
    for prohibition in _changed_rules(before.prohibitions, after.prohibitions):
        yield {_type(name) for name in prohibition.coordinates}, f"prohibition {prohibition.id}"
    for application in _changed(before.applications, after.applications):
        granted = [each for each in grants if each.to.selects(subject_of(application))]
        yield {entity for grant in granted for entity in _types_of_grant(grant)}, f"application {application.id}"
    for purpose in _changed(before.purposes, after.purposes):
        granted = [each for each in grants if any(_related(purpose.id, other) for other in each.purposes)]
        yield {entity for grant in granted for entity in _types_of_grant(grant)}, f"purpose {purpose.id}"
    for entity in {*before.owners, *after.owners}:
        if before.owners.get(entity) != after.owners.get(entity):
            yield {entity}, f"owner of {entity}"


def _changed_rules(before: tuple[_Rule, ...], after: tuple[_Rule, ...]) -> Iterator[_Rule]:
    """Each rule that is on one side only; where it stands in a file does not matter."""
    old, new = ([dataclasses.replace(each, place="") for each in rules] for rules in (before, after))
    yield from (each for each in old if each not in new)
    yield from (each for each in new if each not in old)


def _changed(before: Mapping[str, _Entry], after: Mapping[str, _Entry]) -> Iterator[_Entry]:
    """Each entry of a registry whose meaning is on one side only: its titles do not count."""
    for name in {*before, *after}:
        sides = [each for each in (before.get(name), after.get(name)) if each is not None]
        if len(sides) < 2 or _meaning(sides[0]) != _meaning(sides[1]):
            yield from sides


def _meaning(entry: Application | Purpose) -> dict[str, object]:
    return {each.name: getattr(entry, each.name) for each in dataclasses.fields(entry) if each.name not in _TITLES}


def _related(purpose: str, other: str) -> bool:
    return implies(purpose, other) or implies(other, purpose)


def _types_of_grant(grant: Grant) -> set[str]:
    return {*grant.rows, *(_type(name) for name in (*grant.fields, *grant.match))}


def _type(coordinate: str) -> str:
    return coordinate.partition(".")[0]
