"""Finds pairs of purposes of one application whose answers a clear key joins to more than either of them shows.

A key is a value that names one node: it joins what two purposes show of that node, and of the one node at the other
end of an edge. Provenance is one, by its times. What many rows share, and rows whose values happen to be unique, are
not looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from policies.decide import decide
from policies.model import Decision, FieldDecision, PolicySet
from policies.rules import Subject
from schema.catalogue import PROVENANCE, Catalogue, EdgeEnd, Entity, Field
from schema.classification import Kind, Scalar

_NAMING = frozenset({Kind.CODE, Kind.ID_NUMBER, Kind.PHONE})
"""Kinds of values that name one node, where the catalogue has an index for them."""


@dataclass(frozen=True, slots=True)
class Join:
    """One application, two of its purposes, the keys that are clear in both, and what each adds to the other."""

    application: str
    purposes: tuple[str, str]
    keys: tuple[str, ...]
    added: tuple[tuple[str, ...], tuple[str, ...]]
    """Personal fields that the first purpose shows more clearly than the second, and those of the second."""

    @property
    def text(self) -> str:
        """The finding in words, with what may be done."""
        one, two = self.purposes
        mine, others = (", ".join(each) for each in self.added)
        return (
            f"{self.application} sees {', '.join(self.keys)} in clear for {one} and for {two}, which joins {mine} of "
            f"{one} with {others} of {two}: neither purpose shows them together; close the key to one of them if that "
            "is not intended"
        )


def joins(catalogue: Catalogue, policy: PolicySet, today: dt.date) -> list[Join]:
    """Every such pair of purposes under which something is shown, in the order of the policy."""
    found: list[Join] = []
    for application in policy.applications.values():
        subject = Subject(
            application.id, application.department, application.role, application.level, application.jurisdiction, ""
        )
        decisions = [decide(catalogue, policy, subject, purpose, today) for purpose in policy.purposes]
        for pair in combinations([each for each in decisions if each.types], 2):
            found += _joined(catalogue, pair)
    return found


def new_joins(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> list[Join]:
    """The pairs that a change of the policy brings."""
    known = joins(catalogue, before, today)
    return [each for each in joins(catalogue, after, today) if each not in known]


def _joined(catalogue: Catalogue, pair: tuple[Decision, Decision]) -> Iterator[Join]:
    by_added: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for entity in catalogue:
        keys = [f"{entity.name}.{each.name}" for each in entity.fields if _is_key(each, entity, pair)]
        if all(each.of(entity.name).of(PROVENANCE).clear for each in pair):
            # The second in which a record changed is nearly its name.
            keys.append(f"{entity.name}.{PROVENANCE}")
        added = _added([*_reached(catalogue, entity, pair)], pair) if keys else ((), ())
        if all(added):
            by_added.setdefault(added, []).extend(keys)
    one, two = pair
    for added, keys in by_added.items():
        yield Join(one.subject.application, (one.purpose, two.purpose), tuple(keys), added)


def _is_key(field: Field, entity: Entity, pair: Sequence[Decision]) -> bool:
    names_one = field.indexed and field.kind in _NAMING and field.scalar is Scalar.STRING
    return names_one and all(each.of(entity.name).of(field.name).clear for each in pair)


def _reached(catalogue: Catalogue, entity: Entity, pair: Sequence[Decision]) -> Iterator[Entity]:
    """The type, and those to which an edge to one node leads from it in both answers."""
    seen, left = {entity.name}, [entity]
    while left:
        here = left.pop()
        yield here
        for edge in here.edges.values():
            if edge.target not in seen and not edge.many and all(_shows(here, edge, each) for each in pair):
                seen.add(edge.target)
                left.append(catalogue.entity(edge.target))


def _shows(entity: Entity, edge: EdgeEnd, decision: Decision) -> bool:
    """Whether the edge is shown from either of its ends."""
    there, back = decision.of(edge.target), edge.inverse.partition(".")[2]
    return bool(there.visible) and bool(decision.of(entity.name).of(edge.name).clear or there.of(back).clear)


def _added(reached: Sequence[Entity], pair: tuple[Decision, Decision]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mine: list[str] = []
    others: list[str] = []
    for entity in reached:
        for field in entity.fields:
            one, two = (_strength(field, each.of(entity.name).of(field.name)) for each in pair)
            if field.personal and one != two:
                (mine if one > two else others).append(f"{entity.name}.{field.name}")
    return tuple(mine), tuple(others)


def _strength(field: Field, found: FieldDecision) -> int:
    """How clearly a field is shown on any row: 0 for not at all, then the rungs of its masks, then clear."""
    if found.clear:
        return len(field.masks) + 1
    return field.masks.index(found.masks[0][0]) + 1 if found.masks else 0
