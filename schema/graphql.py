"""Builds the GraphQL schema from the catalogue, with graphql-core's own constructors.

Each entity gets an object type, a Relay connection, `where` and order inputs and an aggregate, all made of its one
declaration, so that schema and catalogue cannot disagree. Nothing here resolves data: the compiled statement returns
the whole tree. Connections follow the Relay specification (relay.dev/graphql/connections.htm); why not Strawberry:
docs/adr/0007-graphql-core-builds-the-schema.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)

from schema.answers.agreement import verify_field
from schema.answers.types import answer_field
from schema.catalogue import PROVENANCE, Bucket, Catalogue, EdgeEnd, Entity, Field, Scalar
from schema.conditions.operators import BUCKET_OPERATORS, OPERATORS, SEARCHED, Op
from schema.derived_names import (
    ACCESSES,
    LIST_INFO,
    SEARCH_FILTER,
    VERIFY,
    aggregate_type,
    alert_field,
    bucket_value,
    changed_field,
    enum_type,
    list_field,
    list_type,
    root_fields,
)
from schema.interface import words
from schema.normal_forms import date_form
from schema.own_access.types import MY_ACCESS, my_access_field

__all__ = ["ACCESS", "ACCESSES", "NODE", "PROVENANCE_TYPE", "aggregate_type", "bucket_value", "build", "root_fields"]

NODE = "Node"
"""The interface of everything with an id."""
ACCESS = "Access"
"""The type of its rows."""
PROVENANCE_TYPE = "Provenance"
"""The type of the entries of `provenance`: a source each."""

_Fields = dict[str, GraphQLField]
_Inputs = dict[str, GraphQLInputField]


def build(catalogue: Catalogue) -> GraphQLSchema:
    """The schema that clients see, for graphql-core to parse, validate, coerce and introspect with."""
    types: dict[str, _EntityTypes] = {}
    types.update({entity.name: _EntityTypes(entity, types) for entity in catalogue})
    fields = {
        "node": GraphQLField(_NODE, {"id": _ID_SOUGHT}, description=words.NODE),
        "nodes": GraphQLField(GraphQLNonNull(GraphQLList(_NODE)), {"ids": _IDS_SOUGHT}, description=words.NODES),
    }
    for each in types.values():
        fields |= each.root_fields()
    if catalogue.person is not None:
        whose = types[catalogue.person.name].where
        fields |= {ACCESSES: _accesses(whose), VERIFY: verify_field(whose)}
    fields[MY_ACCESS] = my_access_field()
    text = "数闸查询入口。Everything that can be asked; each query states its purpose."
    query = GraphQLObjectType("Query", fields, description=text)
    return GraphQLSchema(query, subscription=_subscription(types.values()))


def _subscription(types: Iterable[_EntityTypes]) -> GraphQLObjectType | None:
    """The changes and alerts that clients may subscribe to; None where the catalogue marks none."""
    fields: _Fields = {}
    for each in types:
        fields |= each.told_fields()
    text = "变更订阅。Changes that are told as they come; each is decided anew, for the stated purpose."
    return GraphQLObjectType("Subscription", fields, description=text) if fields else None


# What every catalogue's schema holds.


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
    return date_form(value)


def _path(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a region path such as 14/03/21/")
    return value


_DATE = GraphQLScalarType(
    "Date",
    str,
    _day,
    description="日期。ISO 8601 date (1957-03-01); where a mask applies, the masked text (1957, 60-69).",
)
_SCALARS: Mapping[Scalar, GraphQLScalarType] = {
    Scalar.STRING: GraphQLString,
    Scalar.INT: GraphQLInt,
    Scalar.FLOAT: GraphQLFloat,
    Scalar.BOOLEAN: GraphQLBoolean,
    Scalar.DATE: _DATE,
    Scalar.DATETIME: GraphQLScalarType(
        "DateTime",
        str,
        _moment,
        description="时间。RFC 3339 time with a zone (2026-06-30T08:00:00+08:00).",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    Scalar.REGION: GraphQLScalarType(
        "RegionPath",
        str,
        _path,
        description="辖区路径。Province to grid, each segment ending in / (14/03/21/001/002/005/).",
    ),
}
_ID, _TEXT, _YES_OR_NO, _WHOLE = map(GraphQLNonNull, (GraphQLID, GraphQLString, GraphQLBoolean, GraphQLInt))
_NODE_ID = GraphQLField(_ID, description=words.ID)
_AT_LEAST = GraphQLArgument(_WHOLE, description=words.AT_LEAST)
_ID_SOUGHT = GraphQLArgument(_ID, description=words.ID_SOUGHT)
_IDS_SOUGHT = GraphQLArgument(GraphQLNonNull(GraphQLList(_ID)), description=words.IDS_SOUGHT)
_NODE = GraphQLInterfaceType(NODE, {"id": _NODE_ID}, description="有标识的对象。Anything with an id.")
_PAGE_INFO = GraphQLObjectType(
    "PageInfo",
    {
        "hasNextPage": GraphQLField(_YES_OR_NO, description="是否还有下一页。Whether more follow this page."),
        "hasPreviousPage": GraphQLField(_YES_OR_NO, description="是否有上一页。Whether some come before this page."),
        "startCursor": GraphQLField(GraphQLString, description=words.START_CURSOR),
        "endCursor": GraphQLField(GraphQLString, description="本页末条的位置。Where this page ends, for `after`."),
    },
    description="分页。What follows a page.",
)
_PAGE_INFO_FIELD = GraphQLField(GraphQLNonNull(_PAGE_INFO), description=words.PAGE)
_LIST_INFO = GraphQLObjectType(
    LIST_INFO,
    {
        "hasNextPage": GraphQLField(_YES_OR_NO, description="是否还有更多。Whether there are more than are shown."),
        "totalCount": GraphQLField(_WHOLE, description=words.TOTAL),
    },
    description="嵌套列表的信息。What a nested list says of itself.",
)
_LIST_INFO_FIELD = GraphQLField(GraphQLNonNull(_LIST_INFO), description=words.LIST_INFO)
_DIRECTION = GraphQLEnumType(
    "Direction",
    {
        "ASC": GraphQLEnumValue("ASC", description="升序，空值在后。Ascending; null comes last."),
        "DESC": GraphQLEnumValue("DESC", description="降序，空值在前。Descending; null comes first."),
    },
    description="排序方向。Null comes last ascending, first descending.",
)


def _list(of: Any) -> GraphQLList[Any]:
    """A list without nulls in it."""
    return GraphQLList(GraphQLNonNull(of))


_TEXTS = GraphQLNonNull(_list(GraphQLString))
_PROVENANCE = GraphQLObjectType(
    PROVENANCE_TYPE,
    {
        "source": GraphQLField(_TEXT, description="来源名称。The source, by the name of its file."),
        "assertedBy": GraphQLField(GraphQLString, description="申报方。Who says so, if the source's file tells."),
        "asOf": GraphQLField(_SCALARS[Scalar.DATETIME], description=words.AS_OF),
        "readAt": GraphQLField(_SCALARS[Scalar.DATETIME], description=words.READ_AT),
        "stale": GraphQLField(GraphQLBoolean, description=words.STALE),
        "confirmedBy": GraphQLField(_TEXTS, description="印证来源。Other sources that say nothing else of it."),
        "disputedBy": GraphQLField(_TEXTS, description="异议来源。Other sources that say otherwise of some field."),
    },
    description="数据来源。A source that asserts the object.",
)


def _filter(name: str, of: Any, operators: Iterable[Op]) -> GraphQLInputObjectType:
    shapes = {Op.IN: _list(of), Op.IS_NULL: GraphQLBoolean}
    fields = {op.value: GraphQLInputField(shapes.get(op, of), description=words.OPERATORS[op]) for op in operators}
    return GraphQLInputObjectType(name, fields, description="比较条件。How a value is compared.")


_FILTERS = {kind: _filter(f"{kind.value}Filter", scalar, OPERATORS[kind]) for kind, scalar in _SCALARS.items()}
_SEARCH_FILTER = _filter(SEARCH_FILTER, GraphQLString, SEARCHED)
_BUCKET_FILTER = _filter("BucketFilter", GraphQLString, BUCKET_OPERATORS)


def _accesses(whose: GraphQLInputObjectType) -> GraphQLField:
    rows = {
        "day": GraphQLField(GraphQLNonNull(_DATE), description="日期。The day, local to the hub."),
        "department": GraphQLField(_TEXT, description="部门。The department that asked."),
        "purpose": GraphQLField(_TEXT, description="目的。The purpose it asked for."),
        "purposeTitle": GraphQLField(_TEXT, description="目的名称。What the purpose is called."),
        "kinds": GraphQLField(_TEXTS, description=words.KINDS_SHOWN),
    }
    text = "部门某日为某一目的访问数据的情况。What one department saw for one purpose in a day."
    row = GraphQLObjectType(ACCESS, rows, description=text)
    arguments = {
        "where": GraphQLArgument(
            GraphQLNonNull(whose), description="本人，以完整证件号指明。The person, named in full."
        ),
        "since": GraphQLArgument(_DATE, description="起始日。The first day; without it the earliest."),
        "until": GraphQLArgument(_DATE, description="截止日。The last day; without it today."),
    }
    text = "本人数据的访问记录。Who saw the data of the person named in full, newest first; both days are included."
    return GraphQLField(_list(row), arguments, description=text)


# What each entity adds.


class _EntityTypes:
    """The types of one entity. Edges find their targets in `others` when the schema is put together."""

    def __init__(self, entity: Entity, others: Mapping[str, _EntityTypes]) -> None:
        self._entity = entity
        self._others = others
        name, title = entity.name, words.of_entity(entity)
        self._enums = {each.name: _enum(entity, each) for each in entity.fields if each.scalar is Scalar.ENUM}
        self._enum_filters = {
            field: _filter(f"{enum.name}Filter", enum, OPERATORS[Scalar.ENUM]) for field, enum in self._enums.items()
        }
        self.node = GraphQLObjectType(name, self._fields, interfaces=[_NODE], description=title)
        edge = {
            "node": GraphQLField(GraphQLNonNull(self.node), description=words.NODE_OF_EDGE),
            "cursor": GraphQLField(_TEXT, description=words.CURSOR_OF_EDGE),
        }
        edges = GraphQLNonNull(_list(GraphQLObjectType(f"{name}Edge", edge, description=title)))
        page = {"edges": GraphQLField(edges, description=words.EDGES), "pageInfo": _PAGE_INFO_FIELD}
        self.connection = GraphQLObjectType(f"{name}Connection", page, description=title)
        nodes = GraphQLField(GraphQLNonNull(_list(self.node)), description=words.NODES_OF_LIST)
        counted = {"nodes": nodes, "pageInfo": _LIST_INFO_FIELD}
        self.list = GraphQLObjectType(list_type(entity), counted, description=title)
        text = words.of_entity(entity, "的查询条件", "Conditions. ")
        self.where = GraphQLInputObjectType(f"{name}Where", self._where, description=text)
        self.aggregate_where = GraphQLInputObjectType(f"{name}AggregateWhere", self._aggregate_where, description=text)
        either = {name: GraphQLInputField(self.where, description=text) for name, text in words.QUANTIFIERS.items()}
        self.edge_filter = GraphQLInputObjectType(
            f"{name}EdgeFilter", either, description="关联对象的条件。Conditions on what a relation leads to."
        )
        keys = {each.name: _condition(each, _DIRECTION) for each in entity.fields}
        self.order = GraphQLInputObjectType(f"{name}Order", keys, description=words.ORDER_KEY)
        text = words.of_entity(entity, "的统计", "Counts. ")
        self.aggregate = GraphQLObjectType(aggregate_type(entity), self._cells(), description=text)
        self.grouping = self._grouping()

    def root_fields(self) -> _Fields:
        """One, many, aggregate."""
        one, many, aggregate = root_fields(self._entity)
        titled = partial(words.of_entity, self._entity)
        paging = {
            "first": GraphQLArgument(GraphQLInt, description=words.FIRST),
            "after": GraphQLArgument(GraphQLString, description=words.AFTER),
            "last": GraphQLArgument(GraphQLInt, description=words.LAST),
            "before": GraphQLArgument(GraphQLString, description=words.BEFORE),
            "where": GraphQLArgument(self.where, description=words.CONDITIONS),
            "orderBy": GraphQLArgument(_list(self.order), description=words.ORDER),
        }
        grouping = self.grouping | {
            "first": GraphQLArgument(GraphQLInt, description=words.GROUPS),
            "after": GraphQLArgument(GraphQLString, description=words.AFTER_GROUP),
        }
        return {
            one: GraphQLField(self.node, {"id": _ID_SOUGHT}, description=titled("", "One by its id. ")),
            many: GraphQLField(self.connection, paging, description=titled("列表", "A list, in pages. ")),
            aggregate: GraphQLField(_list(self.aggregate), grouping, description=titled("统计", "Counts. ")),
        }

    def told_fields(self) -> _Fields:
        """Its changes and alerts, if its slice has them told."""
        if not self._entity.tells_changes:
            return {}
        changed = words.of_entity(self._entity, "的变更", "One that a source has just changed, as it is now. ")
        alert = words.of_entity(self._entity, "的统计预警", "Counts that have just reached a number. ")
        arguments = self.grouping | {"atLeast": _AT_LEAST}
        return {
            changed_field(self._entity): GraphQLField(self.node, description=changed),
            alert_field(self._entity): GraphQLField(_list(self.aggregate), arguments, description=alert),
        }

    def _grouping(self) -> dict[str, GraphQLArgument]:
        """What says which rows are counted, and by what."""
        found = {"where": GraphQLArgument(self.aggregate_where, description=words.CONDITIONS)}
        values = {bucket_value(bucket): _bucket_value(field, bucket) for field, bucket in self._entity.buckets()}
        if values:
            text = words.of_entity(self._entity, "的分组", "What counts are grouped by. ")
            buckets = GraphQLEnumType(f"{self._entity.name}Bucket", values, description=text)
            found["groupBy"] = GraphQLArgument(_list(buckets), description=words.GROUP_BY)
        return found

    def _fields(self) -> _Fields:
        fields = {"id": _NODE_ID}
        for each in self._entity.fields:
            kind = self._enums.get(each.name) or _SCALARS[each.scalar]
            text, reason = words.of_member(each), each.deprecated or None
            fields[each.name] = GraphQLField(kind, description=text, deprecation_reason=reason)
        for answer in self._entity.answers:
            fields[answer.name] = answer_field(self._entity, answer, _SCALARS)
        for end in self._entity.edges.values():
            fields |= self._edge(end)
        text = words.of_member(self._entity.provenance)
        return fields | {PROVENANCE: GraphQLField(_list(_PROVENANCE), description=text)}

    def _edge(self, end: EdgeEnd) -> _Fields:
        """The one node over an edge; of several their list, and the same with its page info."""
        target, text = self._others[end.target], words.of_member(end)
        if not end.many:
            return {end.name: GraphQLField(target.node, description=text)}
        arguments = {
            "first": GraphQLArgument(GraphQLInt, description=words.FIRST),
            "orderBy": GraphQLArgument(_list(target.order), description=words.ORDER),
        }
        counted = words.of_member(end, words.COUNTED)
        return {
            end.name: GraphQLField(_list(target.node), arguments, description=text),
            list_field(end.name): GraphQLField(target.list, arguments, description=counted),
        }

    def _cells(self) -> _Fields:
        cells = {
            "count": GraphQLField(GraphQLInt, description=words.COUNT),
            "cursor": GraphQLField(GraphQLString, description=words.GROUP_CURSOR),
        }
        for field, bucket in self._entity.buckets():
            text, reason = words.of_bucket(field, bucket, "; null unless grouped by it"), field.deprecated or None
            cells[bucket.name] = GraphQLField(GraphQLString, description=text, deprecation_reason=reason)
        return cells

    def _where(self) -> _Inputs:
        return dict(self._conditions(self.where, ()))

    def _aggregate_where(self) -> _Inputs:
        coarse = [each for each in self._entity.buckets() if each[1].kind != "value" and each[1].comparable]
        return dict(self._conditions(self.aggregate_where, coarse))

    def _conditions(
        self, where: GraphQLInputObjectType, buckets: Iterable[tuple[Field, Bucket]]
    ) -> Iterator[tuple[str, GraphQLInputField]]:
        yield "and", GraphQLInputField(_list(where), description=words.AND)
        yield "or", GraphQLInputField(_list(where), description=words.OR)
        yield "not", GraphQLInputField(where, description=words.NOT)
        for each in self._entity.fields:
            yield each.name, _condition(each, self._enum_filters.get(each.name) or _filter_of(each))
        for field, bucket in buckets:
            yield bucket.name, _condition(field, _BUCKET_FILTER, words.of_bucket(field, bucket))
        for end in self._entity.edges.values():
            yield end.name, GraphQLInputField(self._others[end.target].edge_filter, description=words.of_member(end))


def _filter_of(field: Field) -> GraphQLInputObjectType:
    """How a field that is no enum is compared."""
    return _SEARCH_FILTER if field.searchable else _FILTERS[field.scalar]


def _condition(field: Field, kind: Any, text: str | None = None) -> GraphQLInputField:
    """What compares a field, or sorts by it."""
    text = text or words.of_member(field)
    return GraphQLInputField(kind, description=text, deprecation_reason=field.deprecated or None)


def _bucket_value(field: Field, bucket: Bucket) -> GraphQLEnumValue:
    text, reason = words.of_bucket(field, bucket), field.deprecated or None
    return GraphQLEnumValue(bucket_value(bucket), description=text, deprecation_reason=reason)


def _enum(entity: Entity, field: Field) -> GraphQLEnumType:
    values = {each: GraphQLEnumValue(each, description=words.of_value(field, each)) for each in field.values}
    return GraphQLEnumType(enum_type(entity, field), values, description=words.of_member(field))
