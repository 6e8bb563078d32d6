"""The GraphQL schema is derived from the catalogue, so the two cannot disagree.

For each entity: an object type, a Relay connection (graphql.org/learn/pagination), a `where` input, an order input and
an aggregate. Strawberry builds the types; nothing here resolves data, because the compiled statement returns the tree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.catalogue import Bucket, Catalogue, EdgeEnd, Entity, Field, Scalar
from schema.predicate import BUCKET_OPERATORS, OPERATORS, Op

NODE = "Node"
ACCESSES = "accessesOf"
ACCESS = "Access"
"""The root field that tells who saw a person's data, and the type of its rows."""


def aggregate_type(entity: Entity) -> str:
    """Name of the type whose rows `…Aggregate` returns."""
    return f"{entity.name}Aggregate"


def root_fields(entity: Entity) -> tuple[str, str, str]:
    """Names of its three root fields: one, many, aggregate (`person`, `people`, `peopleAggregate`)."""
    return entity.name[0].lower() + entity.name[1:], entity.plural, f"{entity.plural}Aggregate"


def bucket_value(bucket: Bucket) -> str:
    """The enum value that names a bucket in `groupBy` (`ageBand` → `AGE_BAND`)."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in bucket.name)


def build(catalogue: Catalogue) -> GraphQLSchema:
    """The schema that clients see, for graphql-core to parse, validate, coerce and introspect with."""
    schema = strawberry.Schema(
        query=_Types(catalogue).query(),
        config=StrawberryConfig(auto_camel_case=False, disable_field_suggestions=True, scalar_map=_SCALARS),
    )
    return schema._schema  # Strawberry offers no public way to the graphql-core schema


class _Date: ...


class _DateTime: ...


class _RegionPath: ...


def _moment(value: Any) -> dt.datetime:
    if not isinstance(value, str):
        raise ValueError("expected a time with a zone")
    moment = dt.datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("expected a time with a zone such as 2026-06-30T08:00:00+08:00")
    return moment


def _day(value: Any) -> dt.date:
    if not isinstance(value, str):
        raise ValueError("expected a date such as 1957-03-01")
    return dt.date.fromisoformat(value)


def _path(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a region path such as 14/03/21/")
    return value


_SCALARS: Mapping[object, Any] = {
    _Date: strawberry.scalar(
        name="Date",
        description="日期。ISO 8601 date (1957-03-01); where a mask applies, the masked text (1957, 60-69).",
        serialize=str,
        parse_value=_day,
    ),
    _DateTime: strawberry.scalar(
        name="DateTime",
        description="时间。ISO 8601 time with a zone (2026-06-30T08:00:00+08:00).",
        serialize=str,
        parse_value=_moment,
    ),
    _RegionPath: strawberry.scalar(
        name="RegionPath",
        description="辖区路径。Province to grid, each segment ending in / (14/03/21/001/002/005/).",
        serialize=str,
        parse_value=_path,
    ),
}


@dataclass(frozen=True)
class _Member:
    """One field of an object or input type, still as text: its annotation is resolved when the schema is built."""

    name: str
    annotation: str
    description: str = ""
    arguments: tuple[StrawberryArgument, ...] = ()
    optional_input: bool = False


class _Types:
    """Makes Strawberry classes by name; annotations refer to each other through `names`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.names: dict[str, Any] = {
            "ID": strawberry.ID,
            "Date": _Date,
            "DateTime": _DateTime,
            "RegionPath": _RegionPath,
            "String": str,
            "Int": int,
            "Float": float,
            "Boolean": bool,
        }

    def query(self) -> type:
        self._enum("Direction", ("ASC", "DESC"), "排序方向。Null comes last ascending, first descending.")
        node_id = _Member("id", "ID", "用途内有效的标识。Opaque; valid for one department and purpose only.")
        self._interface(NODE, [node_id], "任何有标识的对象。Anything with an id.")
        page_info = [
            _Member("hasNextPage", "Boolean"),
            _Member("hasPreviousPage", "Boolean"),
            _Member("startCursor", "String | None"),
            _Member("endCursor", "String | None"),
        ]
        self._object("PageInfo", page_info, "分页。What follows a page.")
        for scalar in (each for each in Scalar if each is not Scalar.ENUM):
            self._filter(f"{scalar.value}Filter", scalar.value, OPERATORS[scalar])
        self._filter("BucketFilter", "String", BUCKET_OPERATORS)
        roots: list[_Member] = [
            _Member("node", f"{NODE} | None", "按标识取对象。", (self._argument("id", "ID"),)),
        ]
        for entity in self.catalogue:
            self._entity(entity, node_id)
            roots += self._roots(entity)
        if any(entity.subjects == () for entity in self.catalogue):
            roots.append(self._accesses())
        return self._object(
            "Query", roots, "数闸查询入口。Everything that can be asked; each query states its purpose."
        )

    def _entity(self, entity: Entity, node_id: _Member) -> None:
        title = f"{entity.zh}。{entity.en}."
        for field in entity.fields:
            if field.scalar is Scalar.ENUM:
                self._enum(_enum_name(entity, field), field.values, f"{field.zh}。{field.en}.")
                self._filter(f"{_enum_name(entity, field)}Filter", _enum_name(entity, field), OPERATORS[Scalar.ENUM])
        members = [node_id, *(self._field(entity, field) for field in entity.fields)]
        members += [self._edge(end) for end in entity.edges.values()]
        self._object(entity.name, members, title, base=NODE)
        self._object(f"{entity.name}Edge", [_Member("node", entity.name), _Member("cursor", "String")], title)
        self._object(
            f"{entity.name}Connection",
            [_Member("edges", f"list[{entity.name}Edge]"), _Member("pageInfo", "PageInfo")],
            title,
        )
        self._where(entity, aggregate=False)
        self._where(entity, aggregate=True)
        order = [_Member(each.name, "Direction | None", optional_input=True) for each in entity.fields]
        self._input(f"{entity.name}Order", order, "一次一个字段。Exactly one field; list several for further keys.")
        self._aggregate(entity)

    def _aggregate(self, entity: Entity) -> None:
        buckets = list(entity.buckets())
        if buckets:
            self._enum(f"{entity.name}Bucket", tuple(bucket_value(b) for _, b in buckets), f"{entity.zh}的分组。")
        cells = [_Member(b.name, "String | None", f"{f.zh}。{f.en}; null unless grouped by it.") for f, b in buckets]
        count = _Member("count", "Int | None", "数量；低于门槛为空。Null below the contributor threshold.")
        self._object(aggregate_type(entity), [count, *cells], f"{entity.zh}的统计。")

    def _field(self, entity: Entity, field: Field) -> _Member:
        name = _enum_name(entity, field) if field.scalar is Scalar.ENUM else field.scalar.value
        return _Member(field.name, f"{name} | None", f"{field.zh}。{field.en}.")

    def _edge(self, end: EdgeEnd) -> _Member:
        text = f"{end.zh}。{end.en}."
        if not end.many:
            return _Member(end.name, f"{end.target} | None", text)
        arguments = (
            self._argument("first", "Int | None"),
            self._argument("orderBy", f"list[{end.target}Order] | None"),
        )
        return _Member(end.name, f"list[{end.target}] | None", text, arguments)

    def _roots(self, entity: Entity) -> Iterable[_Member]:
        one, many, aggregate = root_fields(entity)
        yield _Member(one, f"{entity.name} | None", f"{entity.zh}。", (self._argument("id", "ID"),))
        paging = (
            self._argument("first", "Int | None"),
            self._argument("after", "String | None"),
            self._argument("where", f"{entity.name}Where | None"),
            self._argument("orderBy", f"list[{entity.name}Order] | None"),
        )
        yield _Member(many, f"{entity.name}Connection | None", f"{entity.zh}列表。", paging)
        grouping = [self._argument("where", f"{entity.name}AggregateWhere | None")]
        if any(True for _ in entity.buckets()):
            grouping.append(self._argument("groupBy", f"list[{entity.name}Bucket] | None"))
        yield _Member(aggregate, f"list[{aggregate_type(entity)}] | None", f"{entity.zh}统计。", tuple(grouping))

    def _accesses(self) -> _Member:
        rows = [
            _Member("day", "Date", "日期。The day, local to the hub."),
            _Member("department", "String", "部门。The department that asked."),
            _Member("purpose", "String", "目的。The purpose it asked for."),
            _Member("purposeTitle", "String", "目的名称。What the purpose is called."),
            _Member("kinds", "list[String]", "资料种类。Kinds of personal data it was shown at most, masked or not."),
        ]
        self._object(
            ACCESS, rows, "一日之内一个部门为一个目的的查看。What one department saw for one purpose in a day."
        )
        arguments = (
            self._argument("person", "ID"),
            self._argument("since", "Date | None"),
            self._argument("until", "Date | None"),
        )
        text = "谁看过此人的资料。Who saw this person's data, newest first; both days are included."
        return _Member(ACCESSES, f"list[{ACCESS}] | None", text, arguments)

    def _where(self, entity: Entity, *, aggregate: bool) -> None:
        name = f"{entity.name}{'AggregateWhere' if aggregate else 'Where'}"
        members = [_Member(each, f"list[{name}] | None", optional_input=True) for each in ("and", "or")]
        members.append(_Member("not", f"{name} | None", optional_input=True))
        for field in entity.fields:
            kind = _enum_name(entity, field) if field.scalar is Scalar.ENUM else field.scalar.value
            members.append(_Member(field.name, f"{kind}Filter | None", optional_input=True))
        if aggregate:
            coarse = [bucket for _, bucket in entity.buckets() if bucket.kind != "value" and bucket.comparable]
            members += [_Member(bucket.name, "BucketFilter | None", optional_input=True) for bucket in coarse]
        for end in entity.edges.values():
            self._edge_filter(end.target)
            members.append(_Member(end.name, f"{end.target}EdgeFilter | None", optional_input=True))
        self._input(name, members, f"{entity.zh}的条件。")

    def _edge_filter(self, target: str) -> None:
        if f"{target}EdgeFilter" not in self.names:
            members = [_Member(each, f"{target}Where | None", optional_input=True) for each in ("some", "none")]
            self._input(f"{target}EdgeFilter", members, "关联条件。")

    def _filter(self, name: str, of: str, operators: Iterable[Op]) -> None:
        annotations = {Op.IN: f"list[{of}] | None", Op.IS_NULL: "Boolean | None"}
        self._input(
            name,
            [_Member(op.value, annotations.get(op, f"{of} | None"), optional_input=True) for op in operators],
            "比较。",
        )

    def _argument(self, name: str, annotation: str) -> StrawberryArgument:
        default: dict[str, Any] = {"default": None} if annotation.endswith("None") else {}
        if default:
            default = {"default": strawberry.UNSET}
        return StrawberryArgument(name, name, StrawberryAnnotation(annotation, namespace=self.names), **default)

    def _enum(self, name: str, values: Iterable[str], description: str) -> None:
        members = Enum(name, {value: value for value in values})  # type: ignore[misc]
        self.names[name] = strawberry.enum(members, name=name, description=description)

    def _object(self, name: str, members: list[_Member], description: str, base: str | None = None) -> type:
        return self._make(name, members, description, base=base)

    def _interface(self, name: str, members: list[_Member], description: str) -> None:
        self._make(name, members, description, is_interface=True)

    def _input(self, name: str, members: list[_Member], description: str) -> None:
        self._make(name, members, description, is_input=True)

    def _make(self, name: str, members: list[_Member], description: str, base: str | None = None, **kind: Any) -> type:
        fields = {f"f_{each.name}": self._strawberry_field(each) for each in members}
        body = {**fields, "__annotations__": dict.fromkeys(fields, object), "__module__": __name__}
        bare = type(name, (self.names[base],) if base else (), body)
        made: Any = strawberry.type(bare, name=name, description=description, **kind)
        # Making a dataclass overwrites each annotation; ours refers to types that may not be made yet.
        annotations = {f"f_{each.name}": each.annotation for each in members}
        for field in made.__strawberry_definition__.fields:
            if field.python_name in annotations:
                field.type_annotation = StrawberryAnnotation(annotations[field.python_name], namespace=self.names)
        self.names[name] = made
        return bare

    def _strawberry_field(self, member: _Member) -> StrawberryField:
        default: dict[str, Any] = {"default": strawberry.UNSET} if member.optional_input else {}
        made = StrawberryField(
            python_name=f"f_{member.name}",
            graphql_name=member.name,
            description=member.description or None,
            **default,
        )
        made.arguments = list(member.arguments)
        return made


def _enum_name(entity: Entity, field: Field) -> str:
    return f"{entity.name}{field.name[0].upper()}{field.name[1:]}"
