"""Tells whether a whole cell of a register is the name of a person.

It decides what `source new` calls personal, so it rather takes a word for a name than a name for a word. In running
text names are found by `policies/detect.py`, by what stands beside them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from policies.text.dictionary import is_word
from policies.text.family_names import OTHER_NAMES, family_name, surname_called

_SEVERAL = re.compile(r"[、,，;；/／(（:：]+")
_BLANKS = re.compile(r"\s+")
_DOTTED = re.compile("[㐀-鿿]{1,8}(?:[·•‧・.][㐀-鿿]{1,8})+")
_HIDDEN = re.compile("[㐀-鿿][*＊某×○●xX]{1,3}|[*＊×]{1,2}[㐀-鿿]{1,2}")
_LATIN = re.compile(r"[A-Z][a-z'-]+(?: [A-Z][A-Za-z'.-]*){1,3}")
_OF_PLACES = re.compile("(?:[省市区县镇乡村街巷庄屯寨店厂馆校所局队楼栋座]|网格|公司|中心|广场|花园|商行|超市|药房)\\Z")
"""What ends the name of a place or a firm of three characters or more, and hardly anybody's."""


@lru_cache(maxsize=50_000)
def looks_like_name(text: str) -> bool:
    """Whether a text is one name, or several with commas between them; a part of it may be hidden by stars."""
    parts = [part for part in _SEVERAL.split(text.strip()) if part]
    if not parts or len(parts) > 4:
        return False
    return _LATIN.fullmatch(parts[0]) is not None or any(map(_is_one, _readings(parts[0])))


def _readings(part: str) -> tuple[str, ...]:
    """A part whose blanks stand within a name (张 敏), or after one."""
    return _BLANKS.sub("", part), _BLANKS.split(part.strip())[0]


def _is_one(word: str) -> bool:
    if _DOTTED.fullmatch(word) or _HIDDEN.fullmatch(word) or word in OTHER_NAMES:
        return True
    if len(word) > 2 and _OF_PLACES.search(word):
        return False
    if family_name(word) is not None:
        return not is_word(word)
    return 2 <= len(word) <= 5 and surname_called(word) is not None and not is_word(word)
