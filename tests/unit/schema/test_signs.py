"""A sign that is not seen, or is taken for another, is named for what it is."""

from __future__ import annotations

import pytest

from schema import signs

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("14/03/，", "the sign ， is full-width"),
        ("Ａ", "the sign Ａ is full-width"),
        ("“", "the sign “ is full-width"),
        ("【", "the sign 【 is full-width"),
        ("\u3000", "the sign U+3000 is full-width"),
        ("a\xa0b", "the sign U+00A0 is a no-break space"),
        ("\u202f", "the sign U+202F is a no-break space"),
        ("\u2003", "the sign U+2003 is an unusual blank"),
        ("\u200b", "the sign U+200B is invisible"),
        ("\ufeff", "the sign U+FEFF is invisible"),
        ("\u3164", "the sign U+3164 is invisible"),
        ("plain text, 中文 · é", ""),
    ],
)
def test_an_odd_sign_is_named_for_what_it_is(text: str, told: str) -> None:
    assert signs.odd_sign(text) == told


def test_a_text_as_it_looks_has_no_odd_signs() -> None:
    assert signs.without_odd_signs("\ufeff ｐartial【３，\u200b4】\xa0") == "partial[3,4]"
