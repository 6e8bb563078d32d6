"""The schema as an application sees it for one purpose: types, root fields and fields, each with its effect.

It names what there is to see, find and count, so that a query can be written without guessing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.developer.catalogue import form_of
from hub.console.developer.mine import effect_of
from hub.console.steward.editing import Word
from hub.console.steward.matrix import Effect
from hub.request.own_access.table import AccessTable
from schema.catalogue import PROVENANCE
from schema.declarations import Entity
from schema.derived_names import root_fields


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field or an edge: its form in the schema, its effect, and what else may be done with it."""

    name: str
    zh: str
    en: str
    form: str
    effect: Effect
    filter: bool
    order: bool
    group_by: tuple[str, ...]
    needs_case: bool


@dataclass(frozen=True, slots=True)
class SchemaType:
    """A type of which something may be seen, with the root fields that lead to it."""

    name: str
    zh: str
    en: str
    roots: tuple[str, ...]
    fields: tuple[SchemaField, ...]


def words_to_complete(types: Sequence[SchemaType], language: str) -> Sequence[Word]:
    """The names with which a query on these types is written, each once: what may be asked at the root, then fields."""
    found = {root: Word(root, "editor_type", getattr(each, language)) for each in types for root in each.roots}
    for field in (field for each in types for field in each.fields if field.effect is not Effect.NOTHING):
        found.setdefault(field.name, Word(field.name, "editor_coordinate", getattr(field, language)))
    return tuple(found.values())


def schema_of(table: AccessTable, purpose: str) -> list[SchemaType]:
    """The types of which a purpose may see, find or count anything; fields of which it may not are marked so."""
    told = {each["type"]: each for each in table.type_access(purpose)}
    made = (_type(entity, told[entity.name]) for entity in table.catalogue)
    return [each for each in made if any(of.effect is not Effect.NOTHING for of in each.fields)]


def _type(entity: Entity, told: Mapping[str, Any]) -> SchemaType:
    one, many, aggregate = root_fields(entity)
    listed = told["listed"] or bool(told["matchedBy"])
    roots = (*((one, many) if listed else ()), *((aggregate,) if told["counted"] else ()))
    fields = tuple(_field(entity, each) for each in told["coordinates"])
    return SchemaType(entity.name, entity.zh, entity.en, roots, fields)


def _field(entity: Entity, told: Mapping[str, Any]) -> SchemaField:
    name = told["coordinate"].partition(".")[2]
    shown = entity.provenance if name == PROVENANCE else entity.edges.get(name)
    known = shown or entity.answer(name) or entity.field(name)
    return SchemaField(
        name,
        known.zh,
        known.en,
        form_of(known)[0],
        effect_of(told),
        told["filter"],
        told["order"],
        tuple(told["groupBy"]),
        told["needsCase"],
    )
