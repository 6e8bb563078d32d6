"""Finds the known name that is most like a word somebody wrote.

Large and small letters count alike, and what is compared is bounded, so that no word takes long.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

COMPARED_LETTERS, COMPARED_NAMES = 32, 20
"""How long a name, and how many of them, are compared with one that is not known."""


def nearest_name(word: str, known: Iterable[str], least: float = 0.5, most: int = COMPARED_NAMES) -> str | None:
    """The name that is most like a word, of the first few; none for a long word, because comparing takes its square.

    150 names of 199 letters took 0.9 s. `least` is how like it must be: 1 is the same but for large and small letters.
    `most` is how many names are compared; 160 of 32 letters at most take 4 ms.
    """
    if len(word) > COMPARED_LETTERS:
        return None
    compared = [each for each in known if len(each) <= COMPARED_LETTERS][:most]
    named = {each.lower(): each for each in reversed(compared)}
    return next((named[each] for each in get_close_matches(word.lower(), named, 1, least)), None)
