"""Writes plain values as YAML that fits into one line, whatever surrounds them.

What is written reads back as the same value and as nothing else: a text that could mean anything but itself is put in
double quotes (YAML 1.2.2, section 7.3.1), and one with a sign that nobody sees is refused.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any, Final

_PLAIN: Final = re.compile(
    "[A-Za-z\u4e00-\u9fff$](?:[A-Za-z0-9_.$/\u4e00-\u9fff（）《》、；-]| (?=[A-Za-z0-9$\u4e00-\u9fff（《]))*"
)
"""Texts without a sign that YAML, or a reader of it, could take for anything else."""
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that some readers of YAML take for a truth value or for nothing."""


class EditRefused(ValueError):
    """A rule cannot be written or changed so. The text says what to do, and holds no value."""


def written(value: Any) -> str:
    """The value in one line of YAML; EditRefused for a text with a sign that nobody sees, and for no plain value."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int():
            return str(value)
        case dt.datetime() | float() | None:
            raise EditRefused("a form writes texts, whole numbers, days and truth values only; edit this rule as text")
        case dt.date():
            return value.isoformat()
        case dict():
            return f"{{{', '.join(f'{_text(key)}: {written(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(written, value))}]"
    raise EditRefused("a form cannot write this; edit the rule as text")


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same; 1 is not true, and the order of keys says nothing."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(each, other[key]) for key, each in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _text(text: str) -> str:
    if not text.isprintable():
        raise EditRefused(
            "a text here stands in one line and has no control characters that nobody sees; write it anew"
        )
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
