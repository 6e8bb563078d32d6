"""Whatever is written between and around it, a plain stretch points back at exactly what was written there."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from policies.text.plain_text import digits, normalise
from policies.text.rules import numbers
from policies.text.spans import PiiKind, Span, without_overlap

pytestmark = pytest.mark.property

PIECES = st.sampled_from(
    [
        *(
            "张",
            "陳",
            "蘇",
            "𠮷",
            "😀",
            "👩🏽‍💻",
            "🇨🇳",
            "1️⃣",
            "é",
            "e\u0301",
            "Ａ",
            "１",
            "7",
            "一",
            "壹",
            "③",
            "\u3000",
            " ",
        ),
        *(
            "\u200b",
            "\u200d",
            "\u202e",
            "\ufeff",
            "\u0336",
            "\ufe0f",
            "\x00",
            "\n",
            "，",
            "。",
            "㎡",
            "ﬁ",
            "İ",
            "\ud83d",
        ),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=40))


def _resident(order: str) -> str:
    number = f"11010519491231{order}"
    return number + ric.calc_check_digit(number + "0")


def _card(digits: str) -> str:
    return digits + luhn.calc_check_digit(digits)


@given(TEXTS)
def test_plain_is_never_longer_and_plain_already(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) <= len(text)
    assert len(digits(normal.text)) == len(normal.text)
    assert (normal.starts is None) == (len(normal.text) == len(text))


@given(TEXTS, st.data())
def test_a_stretch_covers_every_character_between(text: str, data: st.DataObject) -> None:
    normal = normalise(text)
    start = data.draw(st.integers(0, len(normal.text)))
    end = data.draw(st.integers(start, len(normal.text)))
    first, last = normal.span(start, end)
    assert 0 <= first <= last <= len(text)
    assert len(normalise(text[first:last]).text) == end - start
    for at in range(start, end):
        alone = normalise(text[slice(*normal.span(at, at + 1))]).text
        assert alone == normal.text[at] or unicodedata.digit(alone) == int(normal.text[at])  # a digit in a circle


@given(TEXTS, TEXTS, TEXTS)
def test_neighbours_share_nothing(before: str, inside: str, after: str) -> None:
    normal = normalise(before + inside + after)
    places = [normal.span(at, at + 1) for at in range(len(normal.text))]
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(places))


FORMS = ("0123456789", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९")
HIDDEN = ("", "", "", "\u200b", "\u200d", "\u2060", "\u202e", "\ufeff", "\ufe0f", "\u0336")
NUMBERS = st.one_of(
    st.tuples(st.just(PiiKind.PHONE), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)),
    st.tuples(st.just(PiiKind.CN_ID), st.from_regex(r"[0-9]{3}", fullmatch=True).map(_resident)),
    st.tuples(st.just(PiiKind.BANK_CARD), st.from_regex(r"622848[0-9]{12}", fullmatch=True).map(_card)),
    st.tuples(st.just(PiiKind.PLATE), st.from_regex(r"粤[A-H][0-9]{5}", fullmatch=True)),
)


@st.composite
def written(draw: st.DrawFn) -> tuple[PiiKind, str]:
    """A number in any mixture of widths, with invisible characters between its digits."""
    kind, plain = draw(NUMBERS)
    forms = [draw(st.sampled_from(FORMS))[int(char)] if char.isdigit() else char for char in plain]
    hidden = [draw(st.sampled_from(HIDDEN)) for _ in plain[1:]]
    return kind, forms[0] + "".join(itertools.chain.from_iterable(zip(hidden, forms[1:], strict=True)))


@given(TEXTS, written(), TEXTS)
def test_a_number_is_found_exactly_where_it_is_written(before: str, number: tuple[PiiKind, str], after: str) -> None:
    kind, shown = number
    before, after = f"{before}。", f"。{after}"
    text = before + shown + after
    normal = normalise(text)
    found = [(*normal.span(each.start, each.end), each.kind) for each in without_overlap(numbers.find(normal))]
    assert (len(before), len(before) + len(shown), kind) in found


@given(TEXTS, st.lists(written(), max_size=3))
def test_finding_is_deterministic_and_stays_within_the_text(text: str, more: list[tuple[PiiKind, str]]) -> None:
    text = text.join(shown for _, shown in more) + text
    normal = normalise(text)
    found = list(numbers.find(normal))
    assert found == list(numbers.find(normalise(text)))
    assert all(0 <= each.start < each.end <= len(normal.text) for each in found)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20), st.sampled_from(PiiKind))))
def test_overlapping_spans_never_leave_a_character_out(places: list[tuple[int, int, PiiKind]]) -> None:
    spans = [Span(start, start + length, kind) for start, length, kind in places]
    united = without_overlap(spans)
    assert {at for each in united for at in range(each.start, each.end)} == {
        at for each in spans for at in range(each.start, each.end)
    }
    assert all(earlier.end <= later.start for earlier, later in itertools.pairwise(united))
