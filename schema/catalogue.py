"""The catalogue: all entities and edges of a hub, and what follows from them.

A catalogue is checked when it is made and never changes; an unknown name is a `CatalogueError` and is never ignored.
From one declaration come the GraphQL types, the Neo4j constraints, what a connector may write, the coordinates
(`Person.phone`) that a policy may name, and the words of the audit log. The vocabulary is in `declarations.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import MappingProxyType

from schema.classification import Grade, Kind, RegionLevel, Scalar
from schema.declarations import (
    BUCKETS,
    PROVENANCE,
    Answer,
    AnswerCase,
    Argument,
    Bucket,
    Case,
    CatalogueError,
    Edge,
    EdgeEnd,
    Entity,
    Fault,
    Field,
    Provenance,
    TextProperties,
)
from schema.declared_faults import faults_of
from schema.outline import outline, version_of

__all__ = [
    "BUCKETS", "PROVENANCE", "Answer", "AnswerCase", "Argument", "Bucket", "Case", "Catalogue", "CatalogueError",
    "Coordinate", "Edge", "EdgeEnd", "Entity", "Fault", "Field", "Grade", "Kind", "Provenance", "RegionLevel", "Scalar",
    "TextProperties",
]  # fmt: skip

Coordinate = Field | EdgeEnd | Provenance | Answer
"""What a policy may name of an entity."""


class Catalogue:
    """All entities and edges of a hub, checked and frozen when made.

    `outline` is all that is declared, as plain data; `version` is its SHA-256 in hex, the same whatever the order of
    files. Raises CatalogueError with all that is wrong.
    """

    def __init__(self, entities: tuple[Entity, ...], edges: tuple[Edge, ...], case: Case | None = None) -> None:
        faults = faults_of(entities, edges, case)
        if faults:
            raise CatalogueError(faults=faults)
        ends: dict[str, dict[str, EdgeEnd]] = {entity.name: {} for entity in entities}
        for edge in edges:
            ends[edge.source][edge.name] = _forward(edge)
            ends[edge.target][edge.inverse] = _backward(edge)
        self._entities = MappingProxyType(
            {each.name: dataclasses.replace(each, edges=MappingProxyType(ends[each.name])) for each in entities}
        )
        self._by_tag = {each.tag: each for each in self}
        self.edges = edges
        self.case = case
        self.outline = outline(entities, edges, case)
        self.version = version_of(self.outline)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._entities.values())

    def __contains__(self, name: str) -> bool:
        return name in self._entities

    def entity(self, name: str) -> Entity:
        """The entity called `name`; raises CatalogueError."""
        if name not in self._entities:
            raise CatalogueError(f"unknown type {name!r}; known: {', '.join(self._entities)}")
        return self._entities[name]

    @property
    def person(self) -> Entity | None:
        """The type of people, whose nodes tell about themselves; None in a catalogue without one."""
        return next((each for each in self if each.subjects == ()), None)

    def by_tag(self, tag: int) -> Entity | None:
        """The entity whose sealed ids carry `tag`, or None."""
        return self._by_tag.get(tag)

    def coordinate(self, text: str) -> Coordinate:
        """The field, edge or answer named `Type.name`, or `Type.provenance`; raises CatalogueError."""
        owner, _, name = text.partition(".")
        entity = self.entity(owner)
        if name == PROVENANCE:
            return entity.provenance
        answer = entity.answer(name)
        if answer is not None:
            return answer
        return entity.edges[name] if name in entity.edges else entity.field(name)

    def coordinates(self) -> Iterator[tuple[str, Coordinate]]:
        """Each coordinate that a policy may name."""
        for entity in self:
            for each in entity.fields:
                yield f"{entity.name}.{each.name}", each
            for end in entity.edges.values():
                yield end.coordinate, end
            yield f"{entity.name}.{PROVENANCE}", entity.provenance
            for answer in entity.answers:
                yield f"{entity.name}.{answer.name}", answer

    def answers_reading(self, coordinate: str) -> Iterator[str]:
        """The coordinates of the answers whose conditions read a coordinate."""
        for entity in self:
            yield from (f"{entity.name}.{each.name}" for each in entity.answers if coordinate in each.reads)

    def tagged(self, tag: str) -> tuple[str, ...]:
        """Coordinates that carry a classification tag; raises CatalogueError if none does."""
        found = tuple(name for name, each in self.coordinates() if tag in each.tags)
        if not found:
            raise CatalogueError(f"unknown type or tag {tag!r}: no field carries it")
        return found


def _forward(edge: Edge) -> EdgeEnd:
    return EdgeEnd(
        f"{edge.source}.{edge.name}",
        edge.name,
        edge.relationship,
        True,
        edge.target,
        edge.many,
        f"{edge.target}.{edge.inverse}",
        edge.zh,
        edge.en,
        edge.personal,
        edge.slice,
    )


def _backward(edge: Edge) -> EdgeEnd:
    return EdgeEnd(
        f"{edge.target}.{edge.inverse}",
        edge.inverse,
        edge.relationship,
        False,
        edge.source,
        edge.inverse_many,
        f"{edge.source}.{edge.name}",
        edge.inverse_zh,
        edge.inverse_en,
        edge.personal,
        edge.slice,
    )
