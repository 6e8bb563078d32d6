"""The shape of a slice file, as pydantic models, and the declarations that its blocks become.

Nothing that decides who may see something has a default: a field says its kind and grade, a type says about whom it
tells. Names are checked by `declared_faults.py`, when all slices are together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainValidator, StringConstraints, TypeAdapter, model_validator
from pydantic import Field as Key

from schema import shapes
from schema.classification import Grade, Kind, RegionLevel, Scalar
from schema.declarations import Answer, AnswerCase, Argument, Bucket, Case, Edge, Entity, Field, ValueWords
from schema.yaml_blocks import Block


def _all_seen(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a sign that nobody sees, or the end of a line, stands here; delete it")
    return text


Words = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_all_seen)]
SliceName = Annotated[str, StringConstraints(pattern=shapes.SHORT_NAME)]
_Scalar = Annotated[Scalar, Key(strict=False)]
_Kind = Annotated[Kind, Key(strict=False)]
_Grade = Annotated[Grade, Key(strict=False)]

_PERSONAL_BY_NATURE = frozenset({Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.BIRTH, Kind.FREE_TEXT})


class ValueBlock(Block):
    """What a value of an enum is called."""

    zh: Words
    en: Words


_NAMES: TypeAdapter[list[str]] = TypeAdapter(list[str])
_CALLED: TypeAdapter[dict[str, ValueBlock]] = TypeAdapter(dict[str, ValueBlock])


def _values(given: Any) -> list[str] | dict[str, ValueBlock]:
    """Values as names alone, or with what each is called; a fault is told for the form that was written."""
    if isinstance(given, dict):
        return _CALLED.validate_python(given, strict=True)
    return _NAMES.validate_python(given, strict=True)


_Values = Annotated[list[str] | dict[str, ValueBlock], PlainValidator(_values)]


class FieldBlock(Block):
    """One property: its type, what it is called, its classification, and what may be made of it.

    `values` are those of an enum, and may say what each is called. `masks` is the mask ladder, least to most revealing.
    `buckets` are the ways to coarsen the field in aggregates: name → `value` (an enum as it is), `age_band`, `words`,
    or `region(LEVEL)`. `matchable`: a grant may let somebody find a node by its whole value. `searchable`: requests may
    ask what it contains. `source` is the department that answers for what it holds. `deprecated` is why clients should
    not ask for it any more.
    """

    type: _Scalar
    zh: Words
    en: Words
    kind: _Kind
    grade: _Grade
    personal: bool = False
    sensitive: bool = False
    values: _Values = Key(default_factory=list)
    masks: list[str] = Key(default_factory=list)
    buckets: dict[str, str] = Key(default_factory=dict)
    matchable: bool = False
    indexed: bool = False
    searchable: bool = False
    source: SliceName | Literal[""] = ""
    deprecated: Words | None = None

    @model_validator(mode="after")
    def _says_whether_personal(self) -> FieldBlock:
        if self.kind in _PERSONAL_BY_NATURE and "personal" not in self.model_fields_set:
            raise ValueError(f"a field of the kind {self.kind} says whether it is personal; add `personal: true`")
        return self

    def field(self, name: str, slice_name: str) -> Field:
        """The declaration."""
        return Field(
            name,
            self.type,
            self.zh,
            self.en,
            self.kind,
            self.grade,
            self.personal,
            self.sensitive,
            self.source,
            tuple(self.values),
            tuple(self.masks),
            tuple(_bucket(name, kind) for name, kind in self.buckets.items()),
            self.matchable,
            self.indexed,
            slice_name,
            tuple(self._value_words()),
            self.deprecated or "",
            self.searchable,
        )

    def _value_words(self) -> Iterator[ValueWords]:
        if isinstance(self.values, dict):
            yield from (ValueWords(name, each.zh, each.en) for name, each in self.values.items())


def _bucket(name: str, written: str) -> Bucket:
    """A bucket as written; one of an unknown level has none, and is refused with the catalogue."""
    kind, _, level = written.removesuffix(")").partition("(")
    known = RegionLevel(level) if level in RegionLevel.__members__ else None
    return Bucket(name, kind if written == (f"{kind}({level})" if level else kind) else written, known)


class ArgumentBlock(Block):
    """What an answer is asked with: a number, a text or a region path; a grant lists the values that are answered."""

    name: str
    type: _Scalar
    zh: Words
    en: Words


class AnswerValueBlock(Block):
    """One value of an answer, what it is called, and when it holds."""

    zh: Words
    en: Words
    when: dict[str, Any]


class AnswerBlock(Block):
    """A question about a node that a grant lets be answered without the fields that it reads.

    With `when` the answer is yes, no, or null where that is not known; with `values` it is the first of them whose
    `when` holds, or null. `personal` and `sensitive` are said where anything that it reads is.
    """

    zh: Words
    en: Words
    grade: _Grade
    personal: bool = False
    sensitive: bool = False
    argument: ArgumentBlock | None = None
    when: dict[str, Any] | None = None
    values: dict[str, AnswerValueBlock] | None = None

    @model_validator(mode="after")
    def _says_when(self) -> AnswerBlock:
        if (self.when is None) == (self.values is None):
            raise ValueError(
                "an answer says `when` it is yes, or lists `values`, each with its `when`; write one of them"
            )
        return self

    def answer(self, name: str, slice_name: str) -> Answer:
        """The declaration, its conditions as they are written."""
        values = self.values or {}
        cases = tuple(AnswerCase(value, each.zh, each.en, _written(each.when)) for value, each in values.items())
        argument = self.argument
        return Answer(
            name,
            self.zh,
            self.en,
            self.grade,
            self.personal,
            self.sensitive,
            cases or (AnswerCase("", self.zh, self.en, _written(self.when)),),
            None if argument is None else Argument(argument.name, argument.type, argument.zh, argument.en),
            slice_name,
        )


def _written(condition: dict[str, Any] | None) -> str:
    return json.dumps(condition, ensure_ascii=False, sort_keys=True, default=str)


class EntityBlock(Block):
    """A type of node. `plural` names its list. Other slices may add fields and answers to it if it is `extensible`.

    `subjects` are the paths of edges to the people it tells about, with a dot between the steps; `nobody` says that it
    tells about no people; `self`, in the spine alone, that its nodes are people. `tells_changes`: clients may subscribe
    to changes of its nodes.
    """

    plural: str
    zh: Words
    en: Words
    subjects: Literal["nobody", "self"] | list[str]
    extensible: bool = False
    tells_changes: bool = False
    fields: dict[str, FieldBlock]
    answers: dict[str, AnswerBlock] = Key(default_factory=dict)

    def entity(self, name: str, slice_name: str, fields: tuple[Field, ...], answers: tuple[Answer, ...]) -> Entity:
        """The declaration, with the fields and answers that other slices add."""
        fields = tuple(block.field(each, slice_name) for each, block in self.fields.items()) + fields
        answers = tuple(block.answer(each, slice_name) for each, block in self.answers.items()) + answers
        told, paths = self.tells_changes, self._paths()
        return Entity(name, self.plural, self.zh, self.en, fields, paths, self.extensible, slice_name, told, answers)

    def _paths(self) -> tuple[tuple[str, ...], ...] | None:
        if isinstance(self.subjects, str):
            return None if self.subjects == "nobody" else ()
        return tuple(tuple(path.split(".")) for path in self.subjects)


class EndBlock(Block):
    """One end of an edge: the entity, what the edge is called there, and whether it leads from there to `many`."""

    entity: str
    name: str
    many: bool
    zh: Words
    en: Words


class EdgeBlock(Block):
    """A relationship with both ends. `from` and `to` say how it is called at each, and to how many it leads."""

    source: EndBlock = Key(alias="from")
    target: EndBlock = Key(alias="to")
    personal: bool = False

    def edge(self, relationship: str, slice_name: str) -> Edge:
        """The declaration."""
        source, target = self.source, self.target
        return Edge(
            relationship,
            source.entity,
            source.name,
            source.many,
            target.entity,
            target.name,
            target.many,
            source.zh,
            source.en,
            target.zh,
            target.en,
            self.personal,
            slice_name,
        )


class ExtensionBlock(Block):
    """Fields and answers that a slice adds to an extensible type of another."""

    fields: dict[str, FieldBlock] = Key(default_factory=dict)
    answers: dict[str, AnswerBlock] = Key(default_factory=dict)

    @model_validator(mode="after")
    def _adds_something(self) -> ExtensionBlock:
        if not (self.fields or self.answers):
            raise ValueError("this extension adds nothing; write `fields:` or `answers:`")
        return self


class CaseBlock(Block):
    """Which entity is the case that an official works on, and its fields; in the spine alone."""

    entity: str
    number: str
    status: str
    open: list[str]
    department: str

    def case(self) -> Case:
        """The declaration."""
        return Case(self.entity, self.number, self.status, tuple(self.open), self.department)


class SliceDocument(Block):
    """One slice: a domain's types, its edges, and what it adds to the types of others."""

    slice: SliceName
    entities: dict[str, EntityBlock] = Key(default_factory=dict)
    edges: dict[str, EdgeBlock] = Key(default_factory=dict)
    extends: dict[str, ExtensionBlock] = Key(default_factory=dict)
    case: CaseBlock | None = None

    @model_validator(mode="after")
    def _declares_something(self) -> SliceDocument:
        if not (self.entities or self.edges or self.extends or self.case):
            raise ValueError("this slice declares nothing; write `entities:`, `edges:` or `extends:`")
        return self
