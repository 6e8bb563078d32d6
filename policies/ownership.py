"""Finds the types of data that a change of the policy touches, for a steward changes only what their department owns.

Whatever can change a decision on a type counts as touching it: what a grant or prohibition says of it, and an
application or purpose that such a grant applies to. In a rule that names several types, a change of what it says of one
of them touches that one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TypeVar

from policies.model import Application, PolicySet, Purpose
from policies.purposes import implies
from policies.review.check import subject_of
from policies.rules import Grant, Prohibition
from policies.stewards import Steward

_TITLES = {"zh", "en"}
_PARTS = {"rows", "fields", "match", "verify", "broad"}
"""What a grant says type by type."""
_Rule = TypeVar("_Rule", Grant, Prohibition)
_Entry = TypeVar("_Entry", Application, Purpose)


def why_not_theirs(before: PolicySet | None, after: PolicySet, author: Steward) -> str:
    """Why a steward may not draft a change to `after`: what it touches that others own; empty if they may.

    Owners are those of `before`, the version in force; if that does not load (None), those of the draft, and all of it
    is touched.
    """
    if before is None:
        owners, touched = after.owners, dict.fromkeys(after.owners, "the version in force does not load")
    else:
        owners, touched = before.owners, touched_types(before, after)
    for entity, cause in sorted(touched.items()):
        owner = owners.get(entity)
        if owner is not None and owner not in author.owns:
            return (
                f"this changes what is seen of {entity} ({cause}), which {owner} owns; {author.account!r} answers"
                f" for {', '.join(author.owns) or 'no owner'}: ask a steward of {owner} to draft it"
            )
    return ""


def touched_types(before: PolicySet, after: PolicySet) -> dict[str, str]:
    """The types that a change from `before` to `after` touches, each with what touches it first."""
    touched: dict[str, str] = {}
    for types, cause in _touches(before, after):
        for entity in types:
            touched.setdefault(entity, cause)
    return touched


def _touches(before: PolicySet, after: PolicySet) -> Iterator[tuple[set[str], str]]:
    grants = [*before.grants, *after.grants]
    for old, new in _changed_rules(before.grants, after.grants):
        yield _types_between(old, new), f"grant {old.id}"
    for old_rule, new_rule in _changed_rules(before.prohibitions, after.prohibitions):
        yield _types_prohibited(old_rule, new_rule), f"prohibition {old_rule.id}"
    for application in _changed(before.applications, after.applications):
        granted = [each for each in grants if each.to.selects(subject_of(application))]
        yield {entity for grant in granted for entity in _types_of_grant(grant)}, f"application {application.id}"
    for purpose in _changed(before.purposes, after.purposes):
        granted = [each for each in grants if any(_related(purpose.id, other) for other in each.purposes)]
        yield {entity for grant in granted for entity in _types_of_grant(grant)}, f"purpose {purpose.id}"
    if _rules_of_reuse(before) != _rules_of_reuse(after):
        yield {*before.owners, *after.owners}, "what was collected for other purposes"
    for entity in {*before.owners, *after.owners}:
        if before.owners.get(entity) != after.owners.get(entity):
            yield {entity}, f"owner of {entity}"


def _rules_of_reuse(policy: PolicySet) -> object:
    """What decides which facts may be read again, of any type; None where nothing does."""
    reuse = policy.collecting
    return None if reuse is None else {dataclasses.replace(each, place="") for each in reuse.rules}


def _changed_rules(before: tuple[_Rule, ...], after: tuple[_Rule, ...]) -> Iterator[tuple[_Rule, _Rule | None]]:
    """Each rule that differs, by id, with its other side (None: it has none); where it stands does not matter."""
    old, new = ({each.id: dataclasses.replace(each, place="") for each in rules} for rules in (before, after))
    for name in {**old, **new}:
        one, other = old.get(name), new.get(name)
        if one is not None and one != other:
            yield one, other
        elif one is None:
            yield new[name], None


def _types_between(old: Grant, new: Grant | None) -> set[str]:
    """The types of which a grant shows something else; all of its types where more than their own parts differ."""
    if new is None:
        return _types_of_grant(old)
    whole = _types_of_grant(old) | _types_of_grant(new)
    if _apart_from_parts(old) != _apart_from_parts(new):
        return whole
    return {entity for entity in whole if _part(old, entity) != _part(new, entity)}


def _apart_from_parts(grant: Grant) -> dict[str, object]:
    return {each.name: getattr(grant, each.name) for each in dataclasses.fields(grant) if each.name not in _PARTS}


def _part(grant: Grant, entity: str) -> tuple[object, ...]:
    """What a grant says of one type."""
    fields = {name: effect for name, effect in grant.fields.items() if _type(name) == entity}
    named = ({each for each in names if _type(each) == entity} for names in (grant.match, grant.verify, grant.broad))
    return grant.rows.get(entity), fields, *named


def _types_prohibited(old: Prohibition, new: Prohibition | None) -> set[str]:
    same = new is not None and dataclasses.replace(new, coordinates=old.coordinates) == old
    names = old.coordinates ^ new.coordinates if same and new else old.coordinates | (new.coordinates if new else set())
    return {_type(name) for name in names}


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
    return {*grant.rows, *map(_type, grant.coordinates)}


def _type(coordinate: str) -> str:
    return coordinate.partition(".")[0]
