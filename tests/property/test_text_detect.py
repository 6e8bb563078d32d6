"""Offsets always point at what was matched, however a text mixes widths, emoji and invisible characters."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.detect import Detector
from policies.text.spans import Detection

pytestmark = pytest.mark.property

RULES = Detector(model=None)
WHOLE = Detector()

SECRETS = (
    "13800576187",
    "430103198108277460",
    "曹女士",
    "张某某",
    "9718147@qq.com",
    "翠竹园小区5座3单元402室",
    "豫G8U58H",
)
INVISIBLE = st.sampled_from(["", "", "", "\u200b", "\u200d", "\ufe0f", "\u0301", "\u202e"])
BETWEEN = st.lists(
    st.sampled_from(
        ["。", "，", "😀", "👨‍👩‍👧", "𠮷", "路灯不亮。", "\u200b", "Ａ。", "\n", "\t。", "請處理，", "🈶", "\x00"]
    ),
    max_size=6,
).map("".join)
ANYTHING = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("0123456789一二三王李张号栋室路xX@·-+ 😀\u200b")
)


def wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A secret as somebody might write it, and as it is meant."""
    secret = draw(st.sampled_from(SECRETS))
    shape = wide(secret) if draw(st.booleans()) else secret
    return "".join(char + draw(INVISIBLE) for char in shape), secret


def plain(text: str) -> str:
    kept = "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Mn", "Cc"})
    return unicodedata.normalize("NFKC", kept)


@settings(max_examples=150)
@given(BETWEEN, written(), BETWEEN)
def test_a_span_covers_what_it_found_and_nothing_beside_it(before: str, hidden: tuple[str, str], after: str) -> None:
    shape, secret = hidden
    text = f"{before}，{shape}，{after}"
    (found,) = RULES.detect([text])
    assert found.failed is None
    start, end = len(before) + 1, len(before) + 1 + len(shape)
    overlapping = [each for each in found.spans if each.start < end and start < each.end]
    assert [plain(text[each.start : each.end]) for each in overlapping] == [secret]


@settings(max_examples=150)
@given(ANYTHING)
def test_spans_are_ordered_apart_and_within_the_text(text: str) -> None:
    (found,) = WHOLE.detect([text])
    assert found.failed is None
    places = [(each.start, each.end) for each in found.spans]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(places))


@settings(max_examples=40)
@given(st.lists(ANYTHING, max_size=6))
def test_the_same_text_is_always_judged_the_same(texts: list[str]) -> None:
    together = RULES.detect(texts)
    assert [RULES.explain(text) for text in texts] == together
    assert RULES.detect(texts[::-1]) == together[::-1]


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    (found,) = RULES.detect([text])
    assert isinstance(found, Detection)
    assert found.failed is None or found.spans == ()
