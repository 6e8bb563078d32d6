"""Word lists of Chinese prose about people and places, read from `forms.txt`, and patterns made of them.

Surnames, titles, the words that stand before and after a name, and what begins, ends and leads to an address. A word is
listed for what it says about the words beside it, never because a person bears it. All are simplified characters;
`rules/people.py` and `rules/places.py` make their rules of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from policies.text.surnames import COMPOUND_SURNAMES


def _sections() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("forms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            section.extend(line.split())
    return {name: tuple(dict.fromkeys(words)) for name, words in found.items()}


_SECTIONS = _sections()


def words(section: str) -> tuple[str, ...]:
    """The words of a section of `forms.txt`; KeyError for one that is not there."""
    return _SECTIONS[section]


def characters(section: str) -> str:
    """The characters of a section, in one string."""
    return "".join(_SECTIONS[section])


def any_of(*lists: Iterable[str]) -> str:
    """A pattern of all these words, the longest first, that looks at them only where one may begin."""
    return f"{may_begin(*lists)}{first_of(*lists)}"


def first_of(*lists: Iterable[str]) -> str:
    """The same for the beginning of a pattern: by its first characters `re` passes over a text twice as quickly."""
    return _shared(sorted({word for each in lists for word in each}))


def may_begin(*lists: Iterable[str]) -> str:
    """A condition on the next two characters that is met wherever one of these words stands, and seldom elsewhere."""
    words = {word for each in lists for word in each}
    alone = {word for word in words if len(word) == 1}
    ways = [beginning(alone)] if alone else []
    if longer := words - alone:
        ways.append(beginning(longer) + beginning(word[1:] for word in longer))
    return f"(?={'|'.join(ways)})"


def beginning(words: Iterable[str]) -> str:
    """A class of the characters that these words begin with."""
    return f"[{''.join(sorted({re.escape(word[0]) for word in words}))}]"


def _shared(words: Iterable[str]) -> str:
    """A pattern in which words that begin alike are looked at together: a tree is quicker than a list."""
    by_first: dict[str, list[str]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    ends = bool(by_first.pop("", None))
    branches = [re.escape(first) + (_shared(rest) if rest != [""] else "") for first, rest in by_first.items()]
    tree = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{tree}?" if ends else tree


COMPOUND = frozenset((*COMPOUND_SURNAMES, *words("further compound surnames")))
"""Surnames of two characters and more."""
SAFE = frozenset(characters("safe surnames"))
RISKY = frozenset(characters("risky surnames"))
FUNCTION = frozenset(characters("function surnames"))
SURNAMES = "".join(sorted(SAFE | RISKY))
ANY_SURNAME = f"(?:[{SURNAMES}]|{any_of(COMPOUND)})"
SURNAME_BEGINS = beginning((*COMPOUND, *SURNAMES))
STOPS = frozenset(characters("stops"))
HAN = "一-鿿〇"
"""Chinese characters, as a class of a pattern."""
