"""Reads JSON strictly.

A text that two parsers could read differently is refused: duplicate names, lone surrogates, huge numbers, NaN and
Infinity, whose meaning RFC 8259 leaves open (I-JSON, RFC 7493), because such a text could slip past a check. Deep
nesting is refused too, and a text of more than `MAX_VALUES` values is refused before any of it becomes an object.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import Any

MAX_DEPTH = 64
MAX_VALUES = 10_000
"""Most values in a text; an array or object counts for itself and for what is in it."""
MAX_DIGITS = 20
_NEXT_VALUE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[,\[{]', re.DOTALL)
"""A string, whose content does not count, or a sign that a value follows."""
_STRING = ord('"')
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotStrict(ValueError):
    """The text is not strict JSON; the message says which rule it broke and repeats nothing of the text."""


def loads(raw: bytes) -> Any:
    """The value of a strict JSON text in UTF-8; raises NotStrict."""
    if _has_too_many_values(raw):
        raise NotStrict(f"the text has more than {MAX_VALUES} values")
    try:
        value = _decoder.decode(raw.decode("utf-8"))
    except NotStrict:
        raise
    except UnicodeDecodeError:
        raise NotStrict("the text is not UTF-8") from None
    except RecursionError:
        raise NotStrict(f"the text is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise NotStrict("the text is not JSON") from None
    _check(value)
    return value


def _has_too_many_values(raw: bytes) -> bool:
    # The count ends at the limit, so that a hostile text costs no more than a permitted one.
    signs = (found for found in _NEXT_VALUE.finditer(raw) if raw[found.start()] != _STRING)
    return next(itertools.islice(signs, MAX_VALUES, None), None) is not None


def _check(value: Any) -> None:
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack:
        each, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise NotStrict(f"the text is nested deeper than {MAX_DEPTH} levels")
        if isinstance(each, dict):
            stack.extend((name, depth + 1) for name in each)
            stack.extend((inner, depth + 1) for inner in each.values())
        elif isinstance(each, list):
            stack.extend((inner, depth + 1) for inner in each)
        elif isinstance(each, str) and not each.isascii() and _SURROGATE.search(each):
            raise NotStrict("a string holds half of a surrogate pair")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrict("one object has the same name twice")
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NotStrict(f"a number has more than {MAX_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrict("a number is too large")
    return number


def _constant(text: str) -> float:
    raise NotStrict("NaN and Infinity are not JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
