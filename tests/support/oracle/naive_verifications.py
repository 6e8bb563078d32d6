"""Verifications as the oracle gives them: which fields go together, and whether a person's values agree."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from schema.catalogue import Entity, Kind, Scalar
from schema.predicate import All, Compare, Op, Predicate, negation_normal
from tests.support.oracle.naive_view import Sight

TOGETHER = 2
"""How many fields are verified together at most."""


def whole_values(predicate: Predicate) -> dict[str, Any]:
    """By field: the whole value that it is compared with; empty if the condition says anything else."""
    found: dict[str, Any] = {}
    for each in _parts(negation_normal(predicate)):
        if not isinstance(each, Compare) or each.op is not Op.EQ or each.field in found:
            return {}
        found[each.field] = each.value
    return found


def _parts(predicate: Predicate) -> Iterable[Predicate]:
    return [each for part in predicate.parts for each in _parts(part)] if isinstance(predicate, All) else [predicate]


def may_be_verified(sight: Sight, entity: str, fields: Iterable[str]) -> bool:
    """Whether some rule verifies exactly these fields together."""
    return any(rule.verify == frozenset(fields) != frozenset() for rule in sight.rules[entity])


def agreement(sight: Sight, entity: Entity, values: Mapping[str, Any]) -> tuple[str, list[str]]:
    """What is told, and the person who was found, if one was."""
    naming = next(each.name for each in entity.fields if each.matchable and each.name in values)
    found = [
        name
        for name in sight.names(entity)
        if sight.value(name, naming) == values[naming]
        and any(rule.verify == frozenset(values) for rule in sight.holding(name))
    ]
    if len(found) != 1:
        return "CANNOT_SAY", []
    known = {each: sight.value(found[0], each) for each in values}
    if None in known.values():
        return "CANNOT_SAY", found
    return ("AGREES" if known == values else "DISAGREES"), found


def drawn_together(rng: random.Random, entity: Entity | None) -> list[str]:
    """Fields that a grant may verify together, mostly the same ones, so that documents name them too; or none."""
    if entity is None:
        return []
    kinds = {Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.ADDRESS}
    fields = [each for each in entity.fields if each.scalar is Scalar.STRING and each.kind in kinds]
    naming = next((each.name for each in fields if each.matchable), None)
    others = [each.name for each in fields if each.name != naming]
    if naming is None or not others:
        return []
    return [naming, *others[: TOGETHER - 1]] if rng.random() < 0.9 else [naming, rng.choice(others)]
