"""The descriptions of the GraphQL schema: those of the catalogue's own words, and those of what follows from them.

Each is Chinese before English, as `languages.py` reads it; nothing of the schema is without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schema.classification import RegionLevel
from schema.declarations import Answer, Argument, Bucket, EdgeEnd, Entity, Field, Provenance
from schema.interface.languages import STOP
from schema.predicate import Op

ID: Final = "本部门、本目的内有效的标识。Opaque; valid for one department and purpose only."
NODE: Final = "按标识查询对象。One object by its id."
NODES: Final = (
    "按标识查询多个对象，次序相同，找不到的为空。Objects by their ids, in that order; null where nothing is found."
)
ID_SOUGHT: Final = "本部门、本目的内得到的标识。An id that this department got for this purpose."
IDS_SOUGHT: Final = (
    "本部门、本目的内得到的标识，最多 200 个。Ids that this department got for this purpose, 200 at most."
)
FIRST: Final = "每页条数，默认 20，最多 200。How many; 20 if it is left out, 200 at most."
AFTER: Final = "上一页的 endCursor。The `endCursor` of the page before; without it the first page."
LAST: Final = "从末尾向前取多少条。How many from the end, or from before `before`; not together with `first`."
BEFORE: Final = "下一页的 startCursor。The `startCursor` of the page after; for paging backwards, with `last`."
CONDITIONS: Final = "查询条件。Only what fulfils these conditions."
ORDER: Final = "排序；先写的字段优先。The order; the first key counts most."
ORDER_KEY: Final = "每项只写一个字段。Exactly one field; list several for further keys."
GROUPS: Final = "每页多少组。How many groups; all of them without it."
AFTER_GROUP: Final = "上一页最后一组的 cursor。`cursor` of the last group."
GROUP_BY: Final = "分组方式；不写则只有总数。What counts are grouped by; one count of all without it."
AT_LEAST: Final = "公布的数量达到多少时告知。The published count from which a group is told."
COUNT: Final = "数量；人数低于最小统计数时为空。Null below the contributor threshold."
GROUP_CURSOR: Final = "下一页从这里继续。Where the next page goes on."
NODE_OF_EDGE: Final = "对象。The object itself."
CURSOR_OF_EDGE: Final = "本条的位置。Where it stands in the list, for `after`."
EDGES: Final = "本页各条。The entries of this page."
PAGE: Final = "分页信息。What comes before and after this page."
START_CURSOR: Final = "本页首条的位置。Where this page begins, for `before`."
NODES_OF_LIST: Final = "本列表各条。The objects of this list."
LIST_INFO: Final = "列表信息。How many there are, and whether they are all shown."
TOTAL: Final = "可见的总数。How many there are in all that may be listed for this purpose."
COUNTED: Final = "; with how many there are"
KINDS_SHOWN: Final = "数据类别。Kinds of personal data it was shown at most, masked or not."
AS_OF: Final = "更新时间。When its record last changed, if the source tells."
READ_AT: Final = "最近读取时间。When the last good reading of the source began; null if it is pushed."
STALE: Final = "是否过期。Whether that is more than two of its cycles ago; null without a schedule."
OPERATORS: Final[Mapping[Op, str]] = {
    Op.EQ: "等于。Equal to this value.",
    Op.IN: "是其中之一。One of these values.",
    Op.STARTS_WITH: "以此开头。Begins with this text.",
    Op.CONTAINS: "包含此文字，区分大小写。Holds this text, capitals and small letters as they are.",
    Op.LT: "小于。Less, or earlier, than this value.",
    Op.LTE: "不大于。Not more, or later, than this value.",
    Op.GT: "大于。More, or later, than this value.",
    Op.GTE: "不小于。Not less, or earlier, than this value.",
    Op.IS_NULL: "是否为空。Whether no value is known or shown.",
}
AND: Final = "全部成立。All of these hold."
OR: Final = "至少一项成立。At least one of these holds."
NOT: Final = "不成立。This does not hold."
QUANTIFIERS: Final[Mapping[str, str]] = {
    "some": "至少有一个符合。At least one of them fulfils this.",
    "none": "一个也不符合。None of them fulfils this.",
}
_LEVELS: Final[Mapping[RegionLevel, str]] = {
    RegionLevel.PROVINCE: "省",
    RegionLevel.CITY: "市",
    RegionLevel.DISTRICT: "区县",
    RegionLevel.STREET: "街道",
    RegionLevel.COMMUNITY: "社区",
    RegionLevel.GRID: "网格",
}
_BUCKETS: Final[Mapping[str, tuple[str, str]]] = {
    "value": ("", ""),
    "age_band": ("，按年龄段", ", by decades of age"),
    "words": ("，按词", ", by its words"),
}


def both(chinese: str, english: str, more: str = "") -> str:
    """One description in both languages; `more` is English too. A full stop within the Chinese part is none."""
    return f"{chinese.replace(STOP, '；')}{STOP}{english}{more}."


def of_entity(entity: Entity, chinese: str = "", english: str = "") -> str:
    """What a type is called, with what is made of it here."""
    return both(f"{entity.zh}{chinese}", f"{english}{entity.en}")


def of_member(member: Field | EdgeEnd | Provenance | Answer | Argument, more: str = "") -> str:
    """What a field, an edge, an answer or its argument is called."""
    return both(member.zh, member.en, more)


def of_value(field: Field, value: str) -> str:
    """What a value of an enum is called; where its slice does not say so, its name beside what the field is."""
    called = next((each for each in field.value_words if each.name == value), None)
    return both(called.zh, called.en) if called else both(f"{field.zh}：{value}", f"{field.en}: {value}")


def of_bucket(field: Field, bucket: Bucket, more: str = "") -> str:
    """What a field is called, and how it is coarsened."""
    if bucket.level is not None:
        chinese, english = f"，按{_LEVELS[bucket.level]}", f", by {bucket.level.lower()}"
    else:
        chinese, english = _BUCKETS[bucket.kind]
    return both(f"{field.zh}{chinese}", f"{field.en}{english}", more)
