"""The vocabulary in which entities, fields and edges are declared, and the catalogue that holds them.

A catalogue is checked when it is made and never changes; an unknown name is a `CatalogueError` and is never ignored.
From one declaration come the GraphQL types, the Neo4j constraints, what a connector may write, the coordinates
(`Person.phone`) that a policy may name, and the words of the audit log. There is no GraphQL and no database in it.
Classification follows GB/T 43697-2024 (grade) and GB/T 35273-2020 (personal, sensitive personal).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from schema.classification import Grade, Kind, RegionLevel, Scalar

__all__ = [
    "BUCKETS", "NEVER_STORE", "Bucket", "Case", "Catalogue", "CatalogueError", "Edge", "EdgeEnd", "Entity", "Field",
    "Grade", "Kind", "RegionLevel", "Scalar", "TextProperties",
]  # fmt: skip

NEVER_STORE = frozenset({"face", "fingerprint", "iris", "voiceprint", "gene", "gait", "track", "travel"})
"""Words for biometrics and travel tracks: no field may carry them, so no connector can write them."""

BUCKETS = ("value", "age_band", "region", "words")
"""The ways to coarsen a field; see `Bucket`."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_MASK = re.compile(r"[a-z_]+(\((-?[A-Za-z0-9]+)(,-?[A-Za-z0-9]+)*\))?\Z")


class CatalogueError(ValueError):
    """A declaration contradicts itself, or a name is not declared."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One way to coarsen a field for aggregates.

    `kind` is `value` (an enum as it is), `age_band` (decades of age), `region` (the path cut at `level`) or `words`
    (each word of a free text that is no part of anything personal; a row falls into as many groups as it has words).
    """

    name: str
    kind: str = "value"
    level: RegionLevel | None = None

    @property
    def comparable(self) -> bool:
        """Whether a filter may name it: words may not, because a search for a word would count those who said it."""
        return self.kind != "words"


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an entity. `masks` is the mask ladder, least to most revealing."""

    name: str
    scalar: Scalar
    zh: str
    en: str
    kind: Kind
    grade: Grade = Grade.GENERAL_1
    personal: bool = False
    sensitive: bool = False
    source: str = ""
    values: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    matchable: bool = False
    indexed: bool = False

    @property
    def tags(self) -> frozenset[str]:
        """Classification tags by which a policy may name this field."""
        tags = {f"kind:{self.kind}", f"grade:{self.grade}"}
        if self.personal:
            tags.add("personal")
        if self.sensitive:
            tags.add("sensitive")
        return frozenset(tags)

    @property
    def text_properties(self) -> TextProperties | None:
        """The properties that the graph keeps beside a free text; None for other fields."""
        return TextProperties(self.name) if self.kind is Kind.FREE_TEXT else None


@dataclass(frozen=True, slots=True)
class TextProperties:
    """Names of the properties that are written beside a free text: what was found in it, by which detector, and when.

    They are not fields: no policy, query or source can name them.
    """

    text: str

    @property
    def spans(self) -> str:
        """Where the text is personal, as a flat list of numbers; absent if no detector could judge it."""
        return f"{self.text}Spans"

    @property
    def check(self) -> str:
        """A checksum of text and spans; a text is not shown by spans that do not belong to it."""
        return f"{self.text}Check"

    @property
    def words(self) -> str:
        """The words of the text outside its spans, each once."""
        return f"{self.text}Words"

    @property
    def detector(self) -> str:
        """The version of the detector that found the spans."""
        return f"{self.text}Detector"

    @property
    def detected(self) -> str:
        """When the detector judged the text."""
        return f"{self.text}DetectedAt"

    @property
    def names(self) -> tuple[str, ...]:
        """All these names."""
        return self.spans, self.check, self.words, self.detector, self.detected


@dataclass(frozen=True, slots=True)
class Edge:
    """One relationship, declared with both ends: `source.name` leads to `target`, `target.inverse` back."""

    relationship: str
    source: str
    name: str
    many: bool
    target: str
    inverse: str
    inverse_many: bool
    zh: str
    en: str
    inverse_zh: str
    inverse_en: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class EdgeEnd:
    """An edge as seen from one entity; `outgoing` tells the arrow's direction in the graph."""

    coordinate: str
    name: str
    relationship: str
    outgoing: bool
    target: str
    many: bool
    inverse: str
    zh: str
    en: str
    personal: bool

    @property
    def tags(self) -> frozenset[str]:
        """Classification tags by which a policy may name this edge."""
        return frozenset({"edge", "personal"} if self.personal else {"edge"})


@dataclass(frozen=True, slots=True)
class Entity:
    """A type of node. `subjects` is the path of edges to the people it tells about; None: about nobody.

    `tag` is the byte that marks its sealed ids; it is never reused.
    """

    name: str
    plural: str
    zh: str
    en: str
    tag: int
    fields: tuple[Field, ...]
    subjects: tuple[str, ...] | None = None
    edges: Mapping[str, EdgeEnd] = field(default_factory=dict)

    @property
    def located(self) -> bool:
        """Whether its nodes lie in a jurisdiction (carry `region`)."""
        return self.has("region")

    def has(self, name: str) -> bool:
        """Whether `name` is one of its fields."""
        return any(each.name == name for each in self.fields)

    def field(self, name: str) -> Field:
        """The field called `name`; raises CatalogueError."""
        for each in self.fields:
            if each.name == name:
                return each
        raise CatalogueError(f"{self.name} has no field {name!r}; it has {', '.join(f.name for f in self.fields)}")

    def edge(self, name: str) -> EdgeEnd:
        """The edge called `name`; raises CatalogueError."""
        if name not in self.edges:
            raise CatalogueError(f"{self.name} has no edge {name!r}; it has {', '.join(self.edges) or 'none'}")
        return self.edges[name]

    def buckets(self) -> Iterator[tuple[Field, Bucket]]:
        """Each aggregate bucket with its field, in declared order."""
        for each in self.fields:
            for bucket in each.buckets:
                yield each, bucket

    def bucket(self, name: str) -> tuple[Field, Bucket]:
        """The bucket called `name` and its field; raises CatalogueError."""
        for each, bucket in self.buckets():
            if bucket.name == name:
                return each, bucket
        raise CatalogueError(f"{self.name} has no aggregate bucket {name!r}")


@dataclass(frozen=True, slots=True)
class Case:
    """Which entity is the case that an official works on, and its fields for number, status and department."""

    entity: str
    number: str
    status: str
    open: tuple[str, ...]
    department: str


class Catalogue:
    """All entities and edges of a hub, checked and frozen when made."""

    def __init__(self, entities: tuple[Entity, ...], edges: tuple[Edge, ...], case: Case | None = None) -> None:
        ends: dict[str, dict[str, EdgeEnd]] = {entity.name: {} for entity in entities}
        for edge in edges:
            for owner in (edge.source, edge.target):
                if owner not in ends:
                    raise CatalogueError(f"edge {edge.source}.{edge.name}: unknown entity {owner!r}")
            _add_end(ends[edge.source], _forward(edge))
            _add_end(ends[edge.target], _backward(edge))
        self._entities = MappingProxyType(
            {
                each.name: Entity(
                    each.name,
                    each.plural,
                    each.zh,
                    each.en,
                    each.tag,
                    each.fields,
                    each.subjects,
                    MappingProxyType(ends[each.name]),
                )
                for each in entities
            }
        )
        self.edges = edges
        self.case = case
        self._check(entities)

    def _check(self, entities: tuple[Entity, ...]) -> None:
        if len(self._entities) != len(entities) or len({e.tag for e in entities}) != len(entities):
            raise CatalogueError("two entities share a name or an id tag")
        if len({each.relationship for each in self.edges}) != len(self.edges):
            # A relationship alone must tell what stands at its ends (`hub/request/cypher.py`).
            raise CatalogueError("two edges share a relationship; give each its own")
        for entity in self:
            _check_entity(entity)
            self.subject_entity(entity)
        if self.case is not None:
            status = self.entity(self.case.entity).field(self.case.status)
            if not set(self.case.open) <= set(status.values):
                raise CatalogueError(f"{self.case.entity}.{self.case.status} has no such value as open")
            for name in (self.case.number, self.case.department):
                self.entity(self.case.entity).field(name)

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
        return next((each for each in self if each.tag == tag), None)

    def coordinate(self, text: str) -> Field | EdgeEnd:
        """The field or edge named `Type.name`; raises CatalogueError."""
        owner, _, name = text.partition(".")
        entity = self.entity(owner)
        return entity.edges[name] if name in entity.edges else entity.field(name)

    def coordinates(self) -> Iterator[tuple[str, Field | EdgeEnd]]:
        """Each coordinate that a policy may name."""
        for entity in self:
            for each in entity.fields:
                yield f"{entity.name}.{each.name}", each
            for end in entity.edges.values():
                yield end.coordinate, end

    def tagged(self, tag: str) -> tuple[str, ...]:
        """Coordinates that carry a classification tag; raises CatalogueError if none does."""
        found = tuple(name for name, each in self.coordinates() if tag in each.tags)
        if not found:
            raise CatalogueError(f"unknown type or tag {tag!r}: no field carries it")
        return found

    def subject_entity(self, entity: Entity) -> Entity | None:
        """The entity that `entity.subjects` leads to (the data subjects), or None if it tells about nobody."""
        if entity.subjects is None:
            return None
        here = entity
        for step in entity.subjects:
            here = self.entity(here.edge(step).target)
        return here


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
    )


def _add_end(ends: dict[str, EdgeEnd], end: EdgeEnd) -> None:
    if end.name in ends:
        raise CatalogueError(f"edge {end.coordinate} is declared twice")
    ends[end.name] = end


def _check_entity(entity: Entity) -> None:
    names = [each.name for each in entity.fields] + list(entity.edges)
    if len(set(names)) != len(names) or "id" in names:
        raise CatalogueError(f"{entity.name}: a name is declared twice, or is `id`")
    for name in [entity.name, entity.plural, *names]:
        if not _NAME.match(name):
            raise CatalogueError(f"{entity.name}: {name!r} is not a plain ASCII name")
    beside = {name for each in entity.fields if each.text_properties for name in each.text_properties.names}
    if beside & set(names):
        raise CatalogueError(f"{entity.name}: a field has the name of a property that is kept beside a free text")
    for each in entity.fields:
        _check_field(entity, each, names)


def _check_field(entity: Entity, each: Field, names: list[str]) -> None:
    where = f"{entity.name}.{each.name}"
    if any(word in each.name.lower() for word in NEVER_STORE):
        raise CatalogueError(f"{where}: biometrics and travel tracks are never stored")
    if (each.scalar is Scalar.ENUM) != bool(each.values):
        raise CatalogueError(f"{where}: an enum, and only an enum, lists its values")
    for mask in each.masks:
        if not _MASK.match(mask):
            raise CatalogueError(f"{where}: {mask!r} is not a mask such as `redact` or `partial(3,4)`")
    for bucket in each.buckets:
        if bucket.kind == "value" and (bucket.name != each.name or each.scalar is not Scalar.ENUM):
            raise CatalogueError(f"{where}: a `value` bucket is an enum's own name")
        if bucket.kind != "value" and bucket.name in names:
            raise CatalogueError(f"{where}: bucket {bucket.name!r} hides a field")
        if (bucket.kind == "words") and each.kind is not Kind.FREE_TEXT:
            raise CatalogueError(f"{where}: only a free text has words")
        if bucket.kind not in BUCKETS or (bucket.kind == "region") != (bucket.level is not None):
            raise CatalogueError(f"{where}: bucket {bucket.name!r} has an unknown kind or no level")
