"""The catalogue of data resources as a developer reads it: types by owner, and a type with its fields.

Beside each stands what their application may see, from the table that `myAccess` is answered from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.developer.mine import effect_of
from hub.console.steward.matrix import STRONGEST, Effect, Sensitivity, sensitivity_of
from hub.request.own_access.table import AccessTable
from schema.catalogue import PROVENANCE, Coordinate, Grade
from schema.classification import Scalar
from schema.declarations import Answer, Entity, Field, ValueWords


@dataclass(frozen=True, slots=True)
class Resource:
    """A type: who answers for it, how it is protected, and by purpose the strongest effect on any of its fields."""

    name: str
    zh: str
    en: str
    owner: str
    grade: Grade
    sensitivity: Sensitivity
    fields: int
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field or an edge of a type, with its effect by purpose; `leads_to` is the type at the end of an edge."""

    name: str
    zh: str
    en: str
    form: str
    leads_to: str
    grade: str
    sensitivity: Sensitivity
    effects: tuple[Effect, ...]
    masks: tuple[tuple[str, ...], ...]
    """By purpose, the masks with which some rows are shown."""
    values: tuple[ValueWords, ...]
    """Of an enum: each value, and what it is called."""
    needs_case: bool


def resources_of(table: AccessTable, owners: Mapping[str, str]) -> dict[str, list[Resource]]:
    """The types by the department that owns them; under an empty name those of nobody."""
    told = {purpose: {each["type"]: each for each in table.type_access(purpose)} for purpose in table.decisions}
    found: dict[str, list[Resource]] = {}
    for entity in table.catalogue:
        owner = owners.get(entity.name, "")
        effects = tuple(_strongest(of_types[entity.name]) for of_types in told.values())
        found.setdefault(owner, []).append(_resource(entity, owner, effects))
    return dict(sorted(found.items(), key=lambda each: (not each[0], each[0])))


def _resource(entity: Entity, owner: str, effects: tuple[Effect, ...]) -> Resource:
    order, levels = tuple(Grade), tuple(Sensitivity)
    grade = max((each.grade for each in entity.fields), key=order.index)
    sensitivity = min((sensitivity_of(each) for each in entity.fields), key=levels.index)
    return Resource(
        entity.name, entity.zh, entity.en, owner, grade, sensitivity, len(entity.fields) + len(entity.edges), effects
    )


def _strongest(told: Mapping[str, object]) -> Effect:
    coordinates = told["coordinates"]
    effects = [effect_of(each) for each in coordinates] if isinstance(coordinates, list) else []
    return min(effects, key=STRONGEST.index, default=Effect.NOTHING)


def fields_of(table: AccessTable, entity: Entity, purposes: Sequence[str]) -> list[FieldRow]:
    """The fields and edges of a type, and what each purpose may see of them."""
    by_purpose = [_told_of(table, entity, purpose) for purpose in purposes]
    known: list[tuple[str, Coordinate]] = [(each.name, each) for each in entity.fields]
    known += [*entity.edges.items(), (PROVENANCE, entity.provenance)]
    return [_row(name, each, [told[name] for told in by_purpose]) for name, each in known]


def _told_of(table: AccessTable, entity: Entity, purpose: str) -> dict[str, dict[str, Any]]:
    (told,) = [each for each in table.type_access(purpose) if each["type"] == entity.name]
    return {each["coordinate"].partition(".")[2]: each for each in told["coordinates"]}


def _row(name: str, each: Coordinate, told: Sequence[Mapping[str, Any]]) -> FieldRow:
    form, leads_to = form_of(each)
    grade = str(each.grade) if isinstance(each, Field | Answer) else ""
    return FieldRow(
        name,
        each.zh,
        each.en,
        form,
        leads_to,
        grade,
        sensitivity_of(each),
        tuple(map(effect_of, told)),
        tuple(tuple(of["masks"]) for of in told),
        _values_of(each),
        any(bool(of["needsCase"]) for of in told),
    )


def _values_of(each: Coordinate) -> tuple[ValueWords, ...]:
    if isinstance(each, Answer):
        return tuple(ValueWords(case.value, case.zh, case.en) for case in each.cases if case.value)
    if not isinstance(each, Field):
        return ()
    words = {of.name: of for of in each.value_words}
    return tuple(words.get(name, ValueWords(name, "", "")) for name in each.values)


def form_of(each: Coordinate) -> tuple[str, str]:
    """How the schema writes what a field holds, and the type to which an edge leads."""
    if isinstance(each, Field):
        return str(each.scalar), ""
    if isinstance(each, Answer):
        asked = f"({each.argument.name}: {each.argument.scalar})" if each.argument else ""
        return f"{Scalar.ENUM if each.values else Scalar.BOOLEAN}{asked}", ""
    target = getattr(each, "target", "")
    return (f"[{target}]" if getattr(each, "many", False) else target or PROVENANCE), target
