"""The vocabulary in which entities, fields and edges are declared, as plain frozen data.

A slice in YAML becomes these (`slices.py`), and a `Catalogue` is made of them. There is no GraphQL and no database in
it. Classification follows GB/T 43697-2024 (grade) and GB/T 35273-2020 (personal, sensitive personal).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.classification import Grade, Kind, RegionLevel, Scalar

BUCKETS = ("value", "age_band", "region", "words")
"""The ways to coarsen a field; see `Bucket`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one declaration, and what to write.

    `thing` is an entity, a coordinate or a relationship (`Person`, `Person.phone`, `LIVES_IN`); `keys` lead on from its
    declaration to what is wrong in it (`masks`, 2).
    """

    thing: str
    problem: str
    keys: tuple[str | int, ...] = ()


class CatalogueError(ValueError):
    """A declaration contradicts itself, or a name is not declared. `faults` are told one a line."""

    def __init__(self, text: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(text or "\n".join(f"{each.thing}: {each.problem}" for each in faults))
        self.faults = faults


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
class ValueWords:
    """What a value of an enum is called."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Field:
    """One property of an entity. `masks` is the mask ladder, least to most revealing.

    `slice` is the slice that declares it, empty for the spine. `value_words` says what values are called, where the
    slice tells. `deprecated` is why clients should not ask for it any more, empty if they may. `searchable`: requests
    may ask what it contains, for which the graph keeps a full-text index.
    """

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
    slice: str = ""
    value_words: tuple[ValueWords, ...] = ()
    deprecated: str = ""
    searchable: bool = False

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
class Argument:
    """What an answer is asked with (`years` of `ageOver`); each grant lists the values of it that are answered."""

    name: str
    scalar: Scalar
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """One value of an answer, and when it holds; the first that holds is the answer.

    `written` is the condition as canonical JSON, `when` the same as a `schema.predicate.Predicate`, which is made of a
    catalogue and so cannot be named here. `value` is empty where the answer is yes or no.
    """

    value: str
    zh: str
    en: str
    written: str
    when: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A question about a node that is answered without what it reads: whether a condition holds, or which of several.

    `cases` is one without a value where the answer is yes, no or null (not known), and one a value otherwise. `reads`
    are the coordinates that its conditions read; a prohibition of one of them is one of the answer.
    """

    name: str
    zh: str
    en: str
    grade: Grade
    personal: bool
    sensitive: bool
    cases: tuple[AnswerCase, ...]
    argument: Argument | None = None
    slice: str = ""
    reads: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        """What may be answered, beside null; empty where that is yes or no."""
        return tuple(each.value for each in self.cases if each.value)

    @property
    def tags(self) -> frozenset[str]:
        """Classification tags by which a prohibition may name it."""
        tags = {ANSWER, f"grade:{self.grade}"}
        if self.personal:
            tags.add("personal")
        if self.sensitive:
            tags.add("sensitive")
        return frozenset(tags)


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
    slice: str = ""


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
    slice: str

    @property
    def tags(self) -> frozenset[str]:
        """Classification tags by which a policy may name this edge."""
        return frozenset({"edge", "personal"} if self.personal else {"edge"})


ANSWER = "answer"
"""The tag of every answer."""
PROVENANCE = "provenance"
"""The field of each entity that tells which sources assert a node."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which sources assert the nodes of an entity, as a coordinate: it follows from the entity and is not declared.

    That a source holds a record about a person tells something of them by itself: `personal` where the entity tells
    about people.
    """

    personal: bool
    slice: str
    zh: str = "数据来源"
    en: str = "Which sources assert it, how fresh, confirmed or disputed"

    @property
    def tags(self) -> frozenset[str]:
        """Classification tags by which a prohibition may name it."""
        return frozenset({PROVENANCE, "personal"} if self.personal else {PROVENANCE})


TAG_BYTES = 4
"""The length of what marks the type in a sealed id."""


def type_tag(name: str) -> int:
    """What marks the ids of a type: the first bytes of a digest of its name, so that no list of numbers is kept."""
    return int.from_bytes(hashlib.sha256(f"sluicegate type {name}".encode()).digest()[:TAG_BYTES], "big")


@dataclass(frozen=True, slots=True)
class Entity:
    """A type of node. `subjects` are the paths of edges to the people it tells about; empty: itself; None: nobody.

    `extensible` lets slices add fields to it. `tells_changes`: clients may subscribe to changes of its nodes. `tag`,
    four bytes of a digest of its name, marks its sealed ids.
    """

    name: str
    plural: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    subjects: tuple[tuple[str, ...], ...] | None = None
    extensible: bool = False
    slice: str = ""
    tells_changes: bool = False
    answers: tuple[Answer, ...] = ()
    edges: Mapping[str, EdgeEnd] = field(default_factory=dict)
    tag: int = field(init=False)

    def __post_init__(self) -> None:
        # Known beforehand, because each id of an answer asks for it.
        object.__setattr__(self, "tag", type_tag(self.name))

    @property
    def provenance(self) -> Provenance:
        """The coordinate of its provenance."""
        return Provenance(self.subjects is not None, self.slice)

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

    def answer(self, name: str) -> Answer | None:
        """The answer called `name`, if it has one."""
        return next((each for each in self.answers if each.name == name), None)

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
