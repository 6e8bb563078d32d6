"""Catalogues that differ from the spine in one thing, for tests of what becomes of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import change_note, read_note
from schema import SPINE
from schema.catalogue import Catalogue, Entity, Field, Kind, Scalar
from schema.changes.differences import Outline

NICKNAME = Field("nickname", Scalar.STRING, "小名", "Nickname", Kind.NAME, personal=True, indexed=True)


def _with(entity: str, change: Callable[[tuple[Field, ...]], Iterable[Field]]) -> Catalogue:
    def changed(each: Entity) -> Entity:
        return replace(each, fields=tuple(change(each.fields))) if each.name == entity else each

    return Catalogue(tuple(changed(each) for each in SPINE), SPINE.edges, SPINE.case)


def with_field(entity: str = "Person", field: Field = NICKNAME) -> Catalogue:
    """The spine with one field more."""
    return _with(entity, lambda fields: (*fields, field))


def without_field(coordinate: str) -> Catalogue:
    """The spine without one field."""
    entity, _, name = coordinate.partition(".")
    return _with(entity, lambda fields: (each for each in fields if each.name != name))


def with_changed_field(coordinate: str, **changes: Any) -> Catalogue:
    """The spine with other settings of one field."""
    entity, _, name = coordinate.partition(".")
    return _with(entity, lambda fields: (replace(each, **changes) if each.name == name else each for each in fields))


def without_type(entity: str) -> Catalogue:
    """The spine without a type that no path to data subjects leads through, and without its edges."""
    edges = tuple(each for each in SPINE.edges if entity not in {each.source, each.target})
    case = None if SPINE.case is None or SPINE.case.entity == entity else SPINE.case
    return Catalogue(tuple(each for each in SPINE if each.name != entity), edges, case)


def without_edge(relationship: str) -> Catalogue:
    """The spine without an edge that no path to data subjects leads along."""
    edges = tuple(each for each in SPINE.edges if each.relationship != relationship)
    return Catalogue(tuple(SPINE), edges, SPINE.case)


def replace_note(writer: GraphWriter, catalogue: Catalogue, *, before: Outline | None) -> None:
    """Put the note of a catalogue in the place of the one that a graph has."""
    note = read_note(writer)
    assert note is not None
    change_note(writer, note, catalogue, before=before)
