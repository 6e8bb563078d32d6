"""Tells which columns hold personal information, by their header and by their cells.

A column is of a kind if one cell in five is, whatever its header says; a header alone is enough too. To take a column
for personal that is not costs a steward a line; the other way round it shows people's data. What looks like a name is
told by a function that is passed in.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stdnum import luhn

from connectors.drafts.columns import Column
from connectors.drafts.sensitive_words import is_sensitive_word
from connectors.quarantine import ID, LANDLINE, MOBILE
from schema.classification import Grade, Kind
from schema.never_store import names_never_stored

SHARE = 0.2
"""The share of cells that makes a column one of their kind."""
NAME_SHARE = 0.15
"""The same for cells that look like names: one name in ten is a word too (高强, 马力), and does not look like one."""
FEW_WORDS = 20
"""A column of so few different words is a list, as is one in which each stands twice: one sensitive word tells it."""
LONG = 25
"""From this length on, in characters, texts that are no address are free text."""
NameTest = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class PersonalKind:
    """What is personal in a column, its classification, and the safest mask ladder for it."""

    name: str
    words: str
    kind: Kind
    grade: Grade
    masks: tuple[str, ...]
    sensitive: bool = False


PERSONAL: Mapping[str, PersonalKind] = {
    each.name: each
    for each in (
        PersonalKind("name", "names of people", Kind.NAME, Grade.GENERAL_3, ("redact", "initial")),
        PersonalKind(
            "id", "numbers of identity cards", Kind.ID_NUMBER, Grade.GENERAL_4, ("redact", "partial(0,4)"), True
        ),
        PersonalKind("phone", "telephones", Kind.PHONE, Grade.GENERAL_3, ("redact", "partial(0,4)")),
        PersonalKind("address", "addresses", Kind.ADDRESS, Grade.GENERAL_3, ("redact", "address(street)")),
        PersonalKind("birth", "days of birth", Kind.BIRTH, Grade.GENERAL_3, ("redact", "age_band")),
        PersonalKind(
            "account", "accounts, plates or numbers of messengers", Kind.ID_NUMBER, Grade.GENERAL_4, ("redact",), True
        ),
        PersonalKind("sensitive", "what is sensitive about people", Kind.STATUS, Grade.GENERAL_4, ("redact",), True),
        PersonalKind("attribute", "what is said about people", Kind.STATUS, Grade.GENERAL_3, ("redact",)),
        PersonalKind("text", "free text", Kind.FREE_TEXT, Grade.GENERAL_3, ("redact", "text")),
    )
}
"""By name, in no order."""

_NO_PERSON = "(?!.*(?:数$|数量|率$|类型|类别|性质|状态|时间|日期|编号|编码|代码|单位|名称|企业|公司|机构|部门))"
_HEADERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "sensitive",
            "民族|宗教|信仰|病|诊断|残疾|婚姻|低保|困难类|收入|政治面貌|犯罪|前科|刑|吸毒|信访|精神|血型"
            "|religio|ethnic|disab|disease|illness|diagnos|health|crime|criminal|convict|marital|income"
            "|(?<![a-z])nation(?:ality)?(?![a-z])|(?-i:Nation)",
        ),
        (
            "account",
            "银行|卡号|账号|帐号|账户|开户|车牌|号牌|微信|qq|邮箱|电子邮件|护照|passport|e-?mail|wechat|plate|bank",
        ),
        ("id", "身份证(?!.*址)|身份号码|证件号|公民.*号码|id_?card|id_?no\\b|id_?num|identity"),
        ("phone", "电话|手机|联系方式|座机|传真|移动号码|phone|mobile|\\btel|_tel"),
        ("birth", "出生|生日|birth|\\bdob\\b"),
        ("address", "地址|住址|住所|门牌|地点|位置|籍贯|户籍地|室号|房号|房间|坐落|\\baddr|address|_addr"),
        (
            "text",
            "备注|说明|描述|情况|内容|诉求|意见|详情|摘要|事由|经过|记录$|问题|remark|comment|descri|content|\\bnotes?\\b",
        ),
        (
            "name",
            f"^{_NO_PERSON}.*(?:姓名|联系人|负责人|法人|代表人|经营者|业主|房东|租户|租客|承租|户主|监护|家长|员$|人$|者$"
            "|长$|曾用名|别名)",
        ),
        (
            "name",
            "(owner|contact|person|occupant|tenant|landlord|applicant|reporter|manager|full|first|last|given|family|sur)"
            "[ _-]?name|^contact$|^surname$",
        ),
        ("attribute", "性别|年龄|学历|文化程度|职业|工作单位|与户主关系|gender|^sex$|^age$|occupation"),
    )
)
"""What headers say, the first that fits; Chinese words first in each."""

_OLD_ID = re.compile(r"[1-8]\d{5}(?P<day>\d{6})\d{3}\Z", re.ASCII)
_MASKED_ID = re.compile(r"[1-8]\d{2,9}[*xX×]{4,12}\d{0,4}[0-9Xx]?\Z", re.ASCII)
_MASKED_MOBILE = re.compile(r"(?<!\d)1[3-9]\d[*xX×]{4}\d{4}(?!\d)", re.ASCII)
_SERVICE = re.compile(r"(?<!\d)[48]00-?\d{3}-?\d{4}(?!\d)", re.ASCII)
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·. ]?[A-Z0-9]{4,5}[A-Z0-9挂学警]\\Z"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+\Z", re.ASCII)
_CARD = re.compile(r"(?:62\d{14,17}|4\d{15}|5[1-5]\d{14})\Z", re.ASCII)
_ADDRESS = re.compile(
    "(?:省|市|区|县|镇|乡|街道|大道|路|街|巷|胡同|村|屯|小区|花园|家园|苑|大厦|广场|市场|社区).{0,24}?"
    "(?:[0-9一二三四五六七八九十甲乙东西南北]+ ?(?:号|室|栋|幢|座|楼|单元|层|组|户|排|弄)|[0-9]+-[0-9]+)"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-][\d:]+)?\Z", re.ASCII)
_SENTENCE = re.compile("[，。！？；,;!?].*[\u4e00-\u9fff]|[。！？]")


def personal_kind(column: Column, looks_like_name: NameTest) -> tuple[PersonalKind, str] | None:
    """What is personal in a column and why it is taken for that; None if nothing was found."""
    for name, why in _candidates(column, looks_like_name):
        return PERSONAL[name], why
    return None


def is_never_stored(header: str) -> bool:
    """Whether a column is of biometrics or travel tracks, which nothing may hold."""
    return names_never_stored(header)


def _candidates(column: Column, looks_like_name: NameTest) -> Iterator[tuple[str, str]]:
    """Kinds with their reasons, the surest first."""
    is_division = re.search("网格|区划|社区|division|grid", column.title, re.IGNORECASE) is not None
    repeats = len(column.counts) * 2 < len(column.texts)
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("id", lambda text: _is_id(text, old=not (is_division or repeats))),
        ("account", _is_account),
        ("phone", _is_phone),
    )
    for name, is_one in tests:
        yield from _by_count(name, column, is_one)
    if (repeats or len(column.counts) <= FEW_WORDS) and column.count(is_sensitive_word):
        yield "sensitive", "a word of its list says something sensitive about people"
    yield from _by_count("sensitive", column, is_sensitive_word)
    named = next((name for name, pattern in _HEADERS if pattern.search(column.title)), None)
    within = column.count(lambda text: bool(ID.search(text) or _has_phone(text)))
    if _is_enough(within, column):
        yield "text", f"{_of(within, column)} hold a number of a person among other words"
    if named is not None:
        yield named, "its header says so"
    yield from _by_count("name", column, looks_like_name)
    sentences = column.count(lambda text: _SENTENCE.search(text) is not None)
    if not _is_enough(sentences, column):
        yield from _by_count("address", column, lambda text: _ADDRESS.search(text) is not None)
    long = max(sentences, column.count(lambda text: len(text) >= LONG and not _MOMENT.match(text)))
    if _is_enough(long, column):
        yield "text", f"{_of(long, column)} are sentences or long"


def _by_count(name: str, column: Column, is_one: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    count = column.count(is_one)
    if _is_enough(count, column, NAME_SHARE if name == "name" else SHARE):
        yield name, f"{_of(count, column)} look like {PERSONAL[name].words}"


def _is_enough(count: int, column: Column, share: float = SHARE) -> bool:
    return count > 0 and count / len(column.texts) >= share


def _of(count: int, column: Column) -> str:
    """So many of its cells, exactly: a share would be rounded."""
    return f"{count:,} of its {len(column.texts):,} cells"


def _is_id(text: str, *, old: bool) -> bool:
    """An id number, right or wrongly written, or partly masked; the form of 15 digits only where `old`."""
    plain = text.replace(" ", "")
    found = ID.search(plain)
    if found:
        return _is_day(found["day"]) and _is_most_of(found, plain)
    if _MASKED_ID.match(text) and len(text) in {15, 18}:
        return True
    aged = _OLD_ID.match(text) if old else None
    return aged is not None and _is_day("19" + aged["day"])


def _is_day(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    try:
        dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _is_account(text: str) -> bool:
    plain = text.replace(" ", "")
    if _CARD.match(plain):
        return bool(luhn.is_valid(plain))
    return _PLATE.match(text) is not None or _EMAIL.match(text) is not None


def _is_phone(text: str) -> bool:
    return _of_phones(text) * 2 > len(text)


def _has_phone(text: str) -> bool:
    return _of_phones(text) > 0


def _of_phones(text: str) -> int:
    """How many characters of a text belong to telephones."""
    found, left = 0, text
    for pattern in (MOBILE, _MASKED_MOBILE, LANDLINE, _SERVICE):
        found += sum(len(each[0]) for each in pattern.finditer(left))
        left = pattern.sub(" ", left)
    return found


def _is_most_of(found: re.Match[str], text: str) -> bool:
    return len(found[0]) * 2 > len(text)
