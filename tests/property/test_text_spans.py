"""Whatever is written between and around it, a plain stretch points back at exactly what was written there."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.normal import digits, normalise

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
