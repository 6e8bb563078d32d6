"""Finds pairs of purposes of one application whose answers a clear key joins to more than either of them shows.

A key is a value that names one node: it joins what two purposes show of that node, and of the one node at the other
end of an edge. Provenance is one, by its times. What many rows share, and rows whose values happen to be unique, are
not looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from policies.decide import decide
from policies.model import Application, Decision, FieldDecision, PolicySet
from policies.review.unchanged import Unchanged
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
    return _joins(catalogue, policy, today, {each: {*policy.purposes} for each in policy.applications})


def new_joins(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> list[Join]:
    """The pairs that a change of the policy brings."""
    # A pair both of whose decisions stay as they were is no new one, and most pairs of a draft are such.
    unchanged = Unchanged(before, after)
    changed = {
        application.id: {each for each in after.purposes if not unchanged.decision(_subject(application), each)}
        for application in after.applications.values()
    }
    known = _joins(catalogue, before, today, changed)
    return [each for each in _joins(catalogue, after, today, changed) if each not in known]


def _joins(
    catalogue: Catalogue, policy: PolicySet, today: dt.date, looked_at: Mapping[str, Collection[str]]
) -> list[Join]:
    """The pairs of which at least one purpose is among those of its application that are looked at."""
    found: list[Join] = []
    keys = {entity.name: [each for each in entity.fields if _names_one(each)] for entity in catalogue}
    for application in policy.applications.values():
        purposes = looked_at.get(application.id, ())
        if not purposes:
            continue
        subject = _subject(application)
        decisions = [decide(catalogue, policy, subject, purpose, today) for purpose in policy.purposes]
        for pair in combinations([each for each in decisions if each.types], 2):
            if pair[0].purpose in purposes or pair[1].purpose in purposes:
                found += _joined(catalogue, pair, keys)
    return found


def _subject(application: Application) -> Subject:
    return Subject(
        application.id, application.department, application.role, application.level, application.jurisdiction, ""
    )


def _joined(
    catalogue: Catalogue, pair: tuple[Decision, Decision], names: Mapping[str, Sequence[Field]]
) -> Iterator[Join]:
    """The joins of two purposes; `names` are by type the fields whose values name one node."""
    by_added: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for entity in catalogue:
        if not all(entity.name in each.types for each in pair):
            continue
        tables = [each.of(entity.name) for each in pair]
        clear = [each.name for each in names[entity.name] if all(table.of(each.name).clear for table in tables)]
        keys = [f"{entity.name}.{each}" for each in clear]
        if all(table.of(PROVENANCE).clear for table in tables):
            # The second in which a record changed is nearly its name.
            keys.append(f"{entity.name}.{PROVENANCE}")
        added = _added([*_reached(catalogue, entity, pair)], pair) if keys else ((), ())
        if all(added):
            by_added.setdefault(added, []).extend(keys)
    one, two = pair
    for added, keys in by_added.items():
        yield Join(one.subject.application, (one.purpose, two.purpose), tuple(keys), added)


def _names_one(field: Field) -> bool:
    return field.indexed and field.kind in _NAMING and field.scalar is Scalar.STRING


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
