"""E: an identifier in free text is found however it is written, and what is cut out is exactly what was written."""

from __future__ import annotations

import pytest

from policies.text.plain_text import normalise
from policies.text.rules import numbers
from policies.text.spans import PiiKind, without_overlap

pytestmark = pytest.mark.attack

CHECKED, WRONG, OLD = "11010520000622139X", "110105200006221390", "110105000622139"
AROUND = ("", "查", "😀", "👩🏽‍💻", "𠮷", "e\u0301", "1️⃣", "\u202e", "\u200b", "é", "🇨🇳", "ﬁ", "張")
"""Astral characters, sequences of emoji, combining marks, direction marks."""


def cut(text: str) -> tuple[str, list[PiiKind]]:
    """What is left of a text when its findings are cut out, and of which kinds they were."""
    normal = normalise(text)
    spans = [(*normal.span(each.start, each.end), each.kind) for each in without_overlap(numbers.find(normal))]
    for start, end, _ in reversed(spans):
        text = text[:start] + "█" + text[end:]
    return text, [kind for *_, kind in spans]


@pytest.mark.parametrize(
    ("text", "left", "kind"),
    [
        *((f"身份证{CHECKED}，", "身份证█，", PiiKind.CN_ID), (f"身份证{CHECKED.lower()}", "身份证█", PiiKind.CN_ID)),
        *((f"持{CHECKED}者", "持█者", PiiKind.CN_ID), (f"身份证{WRONG}有误", "身份证█有误", PiiKind.CN_ID)),
        *((f"老证{OLD}", "老证█", PiiKind.CN_ID), (f"{OLD}（旧身份证）", "█（旧身份证）", PiiKind.CN_ID)),
        *(
            ("身份证 110105 20000622 139 X", "身份证 █", PiiKind.CN_ID),
            ("身份证：１１０１０５２００００６２２１３９Ｘ", "身份证：█", PiiKind.CN_ID),
        ),
        *(("电话+8613812345678", "电话█", PiiKind.PHONE), ("电话008613812345678", "电话█", PiiKind.PHONE)),
        *(
            ("港澳通行证C12345678", "港澳通行证█", PiiKind.TRAVEL_DOC),
            ("回乡证H1234567801", "回乡证█", PiiKind.TRAVEL_DOC),
        ),
        *(("台胞证12345678", "台胞证█", PiiKind.TRAVEL_DOC), ("居住证810000199001011230", "居住证█", PiiKind.CN_ID)),
        *(("护照E12345678", "护照█", PiiKind.TRAVEL_DOC), ("护照EA1234567", "护照█", PiiKind.TRAVEL_DOC)),
        *(
            ("外国人护照TR1234567", "外国人护照█", PiiKind.TRAVEL_DOC),
            ("永久居留证USA110123456789", "永久居留证█", PiiKind.TRAVEL_DOC),
        ),
    ],
)
def test_e04_chinese_identifiers_are_found(text: str, left: str, kind: PiiKind) -> None:
    assert cut(text) == (left, [kind])


@pytest.mark.parametrize("before", AROUND)
@pytest.mark.parametrize("after", AROUND)
def test_e05_offsets_beside_astral_characters(before: str, after: str) -> None:
    text = f"{before}电话13812345678{after}，车{before}粤B12345，{after}"
    left, kinds = cut(text)
    assert kinds == [PiiKind.PHONE, PiiKind.PLATE]
    assert not any(char in left for char in "5678粤B")
    assert left.startswith(f"{before}电话█")
    assert left.endswith(f"，车{before}█，{after}")


@pytest.mark.parametrize(
    "inside", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u0336", "\ufe0f", "\u20e3", "😀", "📞", "👍🏽"]
)
def test_e05_nothing_inside_a_number_shortens_what_is_cut(inside: str) -> None:
    number = "138" + inside + "1234" + inside + "5678"
    assert cut(f"打{number}。") == ("打█。", [PiiKind.PHONE])
