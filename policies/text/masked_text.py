"""The mask `text`: shows a text with a typed placeholder in place of everything personal.

It cuts by the spans that were found at ingest; a text whose spans do not fit it is not shown. A placeholder says what
stood there (`【姓名】`). A purpose may be given a part of some kinds: the last four digits of a telephone
(`【电话尾号1478】`), a surname (`【姓张】`). Where that part cannot be told for certain, nothing of it is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from policies.text.family_names import surname_called
from policies.text.phone_tail import phone_tail
from policies.text.spans import KINDS, PiiKind, SpansError, triples

LABELS: Mapping[PiiKind, str] = {
    PiiKind.PERSON: "姓名",
    PiiKind.ADDRESS: "地址",
    PiiKind.CN_ID: "身份证号",
    PiiKind.PHONE: "电话",
    PiiKind.PLATE: "车牌",
    PiiKind.BANK_CARD: "银行卡号",
    PiiKind.USCC: "信用代码",
    PiiKind.TRAVEL_DOC: "证件号",
    PiiKind.EMAIL: "邮箱",
    PiiKind.IM_ID: "社交账号",
    PiiKind.PROPERTY_CERT: "产权证号",
    PiiKind.HUKOU_NO: "户口号",
    PiiKind.HOUSE_CODE: "房屋编码",
}
"""What a placeholder calls each kind."""

Replacements = Sequence[str | Callable[[str], str]]
"""For each kind, in the order of KINDS, what stands in its place: a text, or what makes one of the span."""

PLACEHOLDER = re.compile(rf"【(?:{'|'.join(LABELS.values())}|电话尾号[0-9]{{4}}|姓[一-鿿]{{1,2}})】")
"""Every placeholder that a masked text can hold; nothing in one is personal."""

_PLACEHOLDERS = {kind: f"【{label}】" for kind, label in LABELS.items()}


def _phone4(span: str) -> str:
    tail = phone_tail(span)
    return f"【电话尾号{tail}】" if tail else _PLACEHOLDERS[PiiKind.PHONE]


def _surname(span: str) -> str:
    surname = surname_called(span)
    return f"【姓{surname}】" if surname else _PLACEHOLDERS[PiiKind.PERSON]


PARTS: Mapping[str, tuple[PiiKind, Callable[[str], str]]] = {
    "phone4": (PiiKind.PHONE, _phone4),
    "surname": (PiiKind.PERSON, _surname),
}
"""What a purpose may be left of a kind, by the name that a mask gives it."""


def replacements(parts: Sequence[str]) -> Replacements:
    """What stands for each kind where these parts are left; the names are those of PARTS."""
    left: dict[PiiKind, Callable[[str], str]] = {PARTS[each][0]: PARTS[each][1] for each in parts}
    return tuple(left.get(kind, _PLACEHOLDERS[kind]) for kind in KINDS)


def replace_spans(text: str, stored: Sequence[int], instead: Replacements) -> str:
    """The text with each span replaced; raises SpansError unless the spans are ordered and lie in the text."""
    kept: list[str] = []
    at, length, kinds = 0, len(text), len(instead)
    for start, end, code in triples(stored):
        if start < at or end <= start or end > length or not 0 <= code < kinds:
            raise SpansError("spans out of order, outside the text or of an unknown kind")
        label = instead[code]
        kept.append(text[at:start])
        kept.append(label if label.__class__ is str else label(text[start:end]))  # type: ignore[operator]
        at = end
    kept.append(text[at:])
    return "".join(kept)
