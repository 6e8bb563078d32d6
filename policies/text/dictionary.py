"""Tells common Chinese words from names, with rjieba's dictionary.

Only a common word may refuse what looks like a name: one that the dictionary has as anything but a name. Common words
that rjieba calls names are in the section `not names` of `forms.txt`.
"""

from __future__ import annotations

from functools import lru_cache

import rjieba

from policies.text import forms

NOT_NAMES = frozenset(forms.words("not names"))


@lru_cache(maxsize=20_000)
def guess(word: str) -> str:
    """What the dictionary, or its model of unknown words, calls this word."""
    tagged = rjieba.tag(word)
    return str(tagged[0][1]) if len(tagged) == 1 else "x"


def known(word: str) -> bool:
    """True for what the dictionary has, names included."""
    return len(word) > 1 and bool(rjieba.has_word(word))


@lru_cache(maxsize=20_000)
def is_word(word: str) -> bool:
    """True for a common word: what the dictionary knows as anything but a name."""
    return word in NOT_NAMES or (known(word) and guess(word) not in {"nr", "nrfg", "nrt"})
