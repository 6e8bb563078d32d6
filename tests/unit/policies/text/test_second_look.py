"""Looking again: what the later looks see, where their findings lie in the text, and when it is enough."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from policies.text.masked_text import replace_spans, replacements
from policies.text.second_look import LOOKS, UNSETTLED, Judge, look_until_settled
from policies.text.spans import Detection, PiiKind, Span, encode

pytestmark = pytest.mark.unit


def finds(*patterns: str) -> tuple[list[str], Judge]:
    """What was looked at, and a judge that finds these patterns, at most one of them a look."""
    seen: list[str] = []

    def judge(texts: Sequence[str]) -> list[Detection]:
        seen.extend(texts)
        return [_first(patterns, text) for text in texts]

    return seen, judge


def _first(patterns: Sequence[str], text: str) -> Detection:
    if "失败" in text:
        return Detection(failed="model")
    for pattern in patterns:
        if spans := tuple(Span(*found.span(), PiiKind.PERSON) for found in re.finditer(pattern, text)):
            return Detection(spans)
    return Detection()


@pytest.mark.parametrize(
    ("text", "masked", "looks"),
    [
        ("漏水", "漏水", ["漏水"]),
        ("甲说漏水", "【姓名】说漏水", ["甲说漏水", "，说漏水"]),
        ("甲和乙说", "【姓名】和【姓名】说", ["甲和乙说", "，和乙说", "，和，说"]),
        ("乙乙甲甲", "【姓名】【姓名】【姓名】【姓名】", ["乙乙甲甲", "乙乙，，", "，，，，"]),
        ("😀甲𠮷乙e\u0301", "😀【姓名】𠮷【姓名】e\u0301", ["😀甲𠮷乙e\u0301", "😀，𠮷乙e\u0301", "😀，𠮷，e\u0301"]),
        # A placeholder hides nobody, and nothing in one is found.
        ("【姓甲】和甲", "【姓甲】和【姓名】", ["，和甲", "，和，"]),
        ("【电话尾号1478】【姓名】", "【电话尾号1478】【姓名】", ["，，"]),
        # What is no placeholder of ours is text like any other.
        ("【甲】【姓丙丙甲】", "【【姓名】】【姓丙丙【姓名】】", ["【甲】【姓丙丙甲】", "【，】【姓丙丙，】"]),
    ],
)  # fmt: skip
def test_each_look_sees_what_is_left(text: str, masked: str, looks: list[str]) -> None:
    seen, judge = finds("甲", "乙")
    (found,) = look_until_settled([text], judge)
    assert seen == looks
    assert replace_spans(text, encode(found.spans), replacements(())) == masked
    (again,) = look_until_settled([masked], judge)
    assert again.spans == ()


def test_a_finding_across_a_placeholder_takes_it_along() -> None:
    _, judge = finds("甲，乙")
    (found,) = look_until_settled(["甲【姓名】乙"], judge)
    assert found.spans == (Span(0, 6, PiiKind.PERSON),)


def test_a_finding_of_stand_ins_alone_is_none() -> None:
    _, judge = finds("，+")
    (found,) = look_until_settled(["【姓名】【姓名】"], judge)
    assert found == Detection()


def test_a_failure_at_any_look_fails_the_text() -> None:
    _, judge = finds("甲")
    assert [each.failed for each in look_until_settled(["失败", "甲"], judge)] == ["model", None]
    assert look_until_settled(["失甲败"], finds("甲")[1])[0].failed is None

    def fails_later(texts: Sequence[str]) -> list[Detection]:
        return [
            Detection(failed="model") if "，" in text else Detection((Span(0, 1, PiiKind.PERSON),)) for text in texts
        ]

    assert look_until_settled(["甲乙"], fails_later) == [Detection(failed="model")]


def test_what_does_not_settle_is_redacted_whole() -> None:
    _, judge = finds(*"甲乙丙丁戊己")
    texts = ["甲乙丙丁"[: LOOKS - 1], "甲乙丙丁戊己"[:LOOKS]]
    assert [each.failed for each in look_until_settled(texts, judge)] == [None, UNSETTLED]
