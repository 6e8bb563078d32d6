"""The GraphQL types of `myAccess`: what an application may see, purpose by purpose.

They name coordinates of the catalogue as texts, so that they are the same for each catalogue. Nothing of a node can
stand in them. How long their lists are taken to be, for the cost of an operation, is said here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

MY_ACCESS: Final = "myAccess"
"""The root field."""
PURPOSES: Final = 16
"""How many purposes an application is taken to have, for the cost of an operation."""
ENTRIES: Final = 2
"""How long every other list is taken to be."""

_TEXT, _YES_OR_NO, _NUMBER = (GraphQLNonNull(each) for each in (GraphQLString, GraphQLBoolean, GraphQLInt))


def _list(of: Any) -> GraphQLNonNull[Any]:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))


_EFFECT = GraphQLEnumType(
    "AccessEffect",
    {
        "CLEAR": GraphQLEnumValue("CLEAR", description="明文。In clear, on some rows at least."),
        "ANSWERED": GraphQLEnumValue("ANSWERED", description="回答。Answered, without what the answer reads."),
        "MASKED": GraphQLEnumValue("MASKED", description="脱敏。Masked, and in clear nowhere."),
        "DENIED": GraphQLEnumValue("DENIED", description="不开放。Null wherever it is selected."),
    },
    description="选取该字段的效果。What a query that selects it meets.",
)
_ROWS = GraphQLObjectType(
    "AccessRows",
    {
        "effect": GraphQLField(
            _TEXT, description="效果。`clear`, a mask such as `partial(3,4)`, `aggregate`, `match` or `answer(18)`."
        ),
        "where": GraphQLField(
            _TEXT,
            description="数据范围条件。On which rows: what the condition says of your scope; the rest is not told.",
        ),
    },
    description="某一效果适用的数据范围。The rows on which an effect holds, as a condition; it is not evaluated.",
)
_COORDINATE = GraphQLObjectType(
    "CoordinateAccess",
    {
        "coordinate": GraphQLField(_TEXT, description="字段坐标。Type and field, such as Person.phone."),
        "effect": GraphQLField(GraphQLNonNull(_EFFECT), description="效果。What a query that selects it meets."),
        "masks": GraphQLField(
            _list(GraphQLString), description="脱敏方式。Masks that may stand there, most revealing first."
        ),
        "filter": GraphQLField(
            _YES_OR_NO, description="可否筛选。Whether `where` of a list takes it, or may go over it."
        ),
        "order": GraphQLField(_YES_OR_NO, description="可否排序。Whether `orderBy` takes it."),
        "groupBy": GraphQLField(
            _list(GraphQLString), description="可用分组。Its buckets that `groupBy` of a count takes."
        ),
        "match": GraphQLField(
            _YES_OR_NO,
            description="可否精确查找。Whether one may be found by its whole value, and the value is not told.",
        ),
        "verify": GraphQLField(
            _YES_OR_NO, description="可否核验。Whether its whole value may be verified, together with others."
        ),
        "asked": GraphQLField(
            _list(GraphQLString), description="可问的取值。Values of an answer's argument that are answered."
        ),
        "needsCase": GraphQLField(
            _YES_OR_NO, description="须关联办件。Whether a case would open more; always false where one is named."
        ),
        "rows": GraphQLField(_list(_ROWS), description="数据范围。On which rows each effect holds."),
    },
    description="一个字段的可见情况。What may be seen of a field or an edge, and done with it.",
)
_TYPE = GraphQLObjectType(
    "TypeAccess",
    {
        "type": GraphQLField(_TEXT, description="类型。Its name in the schema."),
        "listed": GraphQLField(_YES_OR_NO, description="可否列出。Whether lists, edges and ids lead to it."),
        "counted": GraphQLField(_YES_OR_NO, description="可否统计。Whether its rows may be counted."),
        "matchedBy": GraphQLField(
            _list(GraphQLString), description="精确查找字段。Fields by whose whole value one may be found."
        ),
        "verifiedBy": GraphQLField(
            _list(GraphQLList(GraphQLNonNull(GraphQLString))),
            description="核验字段。Fields whose whole values may be verified, each list all together.",
        ),
        "accesses": GraphQLField(
            _YES_OR_NO, description="可否查询访问记录。Whether who saw the data of one of them may be asked."
        ),
        "contributors": GraphQLField(
            _NUMBER, description="最小统计人数。Counts of fewer people are null, unless the rows may be listed."
        ),
        "rounding": GraphQLField(_NUMBER, description="取整基数。What such counts are rounded to."),
        "buckets": GraphQLField(_NUMBER, description="分组上限。How many buckets a count may be grouped by."),
        "coordinates": GraphQLField(_list(_COORDINATE), description="字段。Its fields and edges, all of them."),
    },
    description="一个类型的可见情况。What may be seen of a type.",
)
_CAP = GraphQLObjectType(
    "DailyCapAccess",
    {
        "counts": GraphQLField(
            _TEXT, description="计数对象。`dailyCap`: operations; `matchDailyCap`: matches; `answerDailyCap`: answers."
        ),
        "limit": GraphQLField(_NUMBER, description="每日上限。How many a day."),
        "perPerson": GraphQLField(_YES_OR_NO, description="按人计数。Whether each person has their own count."),
        "grant": GraphQLField(_TEXT, description="所属授权。The grant over whose purposes it is counted."),
        "left": GraphQLField(GraphQLInt, description="今日剩余。How many are left today; null if not known now."),
    },
    description="每日次数上限。A daily cap of a purpose.",
)
_PURPOSE = GraphQLObjectType(
    "PurposeAccess",
    {
        "purpose": GraphQLField(_TEXT, description="目的标识。What to state in the header Access-Purpose."),
        "title": GraphQLField(_TEXT, description="目的名称。What it is called."),
        "caseRequired": GraphQLField(
            _YES_OR_NO, description="是否必须关联办件。Whether nothing is answered without the header Case-Reference."
        ),
        "nodeCap": GraphQLField(
            GraphQLInt, description="单次对象上限。Most nodes of one answer, if the policy says so."
        ),
        "collectedFor": GraphQLField(
            GraphQLList(GraphQLNonNull(GraphQLString)),
            description="可用采集目的。What records must be collected for to be read; null if anything may be read.",
        ),
        "dailyCaps": GraphQLField(_list(_CAP), description="每日上限。Its daily caps; all of them hold."),
        "types": GraphQLField(_list(_TYPE), description="类型。All types of the schema."),
    },
    description="一个目的下的可见情况。What may be seen for one purpose.",
)
_RULE = GraphQLObjectType(
    "AccessRule",
    {
        "rule": GraphQLField(_TEXT, description="规则标识。The id of a grant to you, or of a prohibition."),
        "effect": GraphQLField(_TEXT, description="规则效果。What it gives, or `prohibited`."),
        "where": GraphQLField(GraphQLString, description="数据范围条件。On which rows; null for a prohibition."),
    },
    description="一条规则。A rule about the field.",
)
_WHY = GraphQLObjectType(
    "AccessReason",
    {
        "purpose": GraphQLField(_TEXT, description="目的标识。The purpose."),
        "coordinate": GraphQLField(_TEXT, description="字段坐标。The field or edge."),
        "effect": GraphQLField(GraphQLNonNull(_EFFECT), description="效果。What a query that selects it meets."),
        "masks": GraphQLField(_list(GraphQLString), description="脱敏方式。Masks that may stand there."),
        "rules": GraphQLField(_list(_RULE), description="相关规则。The rules that decide it."),
        "missing": GraphQLField(GraphQLString, description="缺少什么。What is missing; null where it is shown."),
        "purposesThatWould": GraphQLField(
            _list(GraphQLString), description="可用目的。Your other purposes that show it; empty where it is shown."
        ),
        "owner": GraphQLField(GraphQLString, description="数据主管部门。The department to ask for a grant."),
        "expectedWorkingDays": GraphQLField(_NUMBER, description="预计工作日。How long asking may take."),
    },
    description="一个字段的可见原因。Why a field is shown, masked or denied, and how to ask for it.",
)
_MY_ACCESS = GraphQLObjectType(
    "MyAccess",
    {
        "application": GraphQLField(_TEXT, description="应用标识。Who asks."),
        "hypothetical": GraphQLField(
            _YES_OR_NO, description="是否假设。Whether it is told for another role or level than the asker's own."
        ),
        "caseStated": GraphQLField(
            _YES_OR_NO, description="是否填写办件。Whether a case is named; what is told holds if the case does."
        ),
        "purposes": GraphQLField(_list(_PURPOSE), description="可用目的。The purposes that it may state, all of them."),
        "purpose": GraphQLField(
            _PURPOSE,
            {"id": GraphQLArgument(_TEXT, description="目的标识。The purpose.")},
            description="指定目的。One of its purposes; null for any other text.",
        ),
        "why": GraphQLField(
            _WHY,
            {
                "purpose": GraphQLArgument(_TEXT, description="目的标识。One of its purposes."),
                "coordinate": GraphQLArgument(_TEXT, description="字段坐标。Such as Person.phone."),
            },
            description="原因。Why it meets that on a field; null for a purpose that is none of its own.",
        ),
    },
    description="本应用的可见情况。What the asking application may see.",
)
TYPES: Final[tuple[GraphQLObjectType, ...]] = (
    _MY_ACCESS, _PURPOSE, _CAP, _TYPE, _COORDINATE, _ROWS, _WHY, _RULE,
)  # fmt: skip
"""The object types below the root field."""
_ASKER = GraphQLInputObjectType(
    "HypotheticalAsker",
    {
        "role": GraphQLInputField(GraphQLString, description="角色。Another role; an empty text is none."),
        "level": GraphQLInputField(GraphQLString, description="层级。Another level; an empty text is none."),
    },
    description="假设的查询者。The asking application as if it had another role or level; for its developers.",
)
TYPE_NAMES: Final = frozenset({"AccessEffect", _ASKER.name, *(each.name for each in TYPES)})
"""All types that the root field adds."""


def my_access_field() -> GraphQLField:
    """The root field."""
    text = "本应用在各目的下的可见情况。What the asking application may see for each of its purposes; no data is read."
    asker = GraphQLArgument(
        _ASKER, description="假设的查询者。For developers; without it the asker's own access is told."
    )
    return GraphQLField(GraphQLNonNull(_MY_ACCESS), {"asker": asker}, description=text)


def list_sizes(schema: GraphQLSchema) -> Mapping[str, int]:
    """How long each list of these types is taken to be, by field; any other is taken for `ENTRIES`."""
    node = schema.type_map.get("Node")
    objects = (each for each in schema.type_map.values() if isinstance(each, GraphQLObjectType))
    sizes = [len(each.fields) for each in objects if node in each.interfaces]
    return {"purposes": PURPOSES, "types": max(1, len(sizes)), "coordinates": _mean(sizes)}


def _mean(sizes: Sequence[int]) -> int:
    return -(-sum(sizes) // len(sizes)) if sizes else 1
