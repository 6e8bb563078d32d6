"""Reads the JSON of a page so that one bad value costs one record, and not the page.

Raw control characters, wrong bytes, lone surrogates and numbers that are none stay in their cell, where the transforms
refuse them; a record that names a member twice is marked. Only what is no JSON at all raises ValueError.
"""

from __future__ import annotations

import codecs
import json
import math
from typing import Any

from connectors.readers.byte_lines import decode

MAX_DIGITS = 400
"""Longest number that is read; what is longer is no number."""
MAX_COUNT = 2**53
"""No source has so many records or pages; what states more counts nothing."""


class Doubled(dict[str, Any]):
    """An object with members that it names twice; which value is meant is not known."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = frozenset(name for name in self if names.count(name) > 1)


def loads(body: bytes, encoding: str) -> Any:
    """The value of a body; raises ValueError. A byte order mark is passed over."""
    try:
        text = decode(body.removeprefix(codecs.BOM_UTF8), encoding)
        return json.loads(text, strict=False, parse_int=_whole, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def canonical(value: Any) -> bytes:
    """The same bytes for the same value, whatever stands in it."""
    return json.dumps(value, sort_keys=True).encode()


def whole_number(value: Any) -> int | None:
    """A count that a page states, as a number or as text of digits; None if it is none."""
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < MAX_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_COUNT:
        return None
    return int(value) if value == int(value) else None


def charset(content_type: str) -> str:
    """The encoding of a body by its Content-Type: UTF-8, or one of the two of the mainland."""
    named = content_type.lower().partition("charset=")[2].split(";")[0].strip(" \"'")
    return named if named in {"gbk", "gb18030", "gb2312"} else "utf-8"


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < MAX_DIGITS else math.inf


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else Doubled(pairs)
