"""Reads labelled sets: texts with what is personal in them, one JSON object a line, in UTF-8.

A set is read whole or not at all; an error names line and field and never quotes the text. Keys: `text`; `entities`,
each with `entity_type` (a PiiKind), `start` and `end` in code points; `optional`, spans that count neither as a miss
nor as a false alarm; `negative`, whether nothing in it is personal; `style`, the kind of writing; `id`. All but `text`
may be left out; other keys are notes for the reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from policies.text.spans import PiiKind, Span


class LabelsError(ValueError):
    """A line of a labelled set cannot be read; the text names the line and the field."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what is personal in it. `negative` says that nothing is; `style` is the kind of writing."""

    text: str = field(repr=False)
    entities: tuple[Span, ...] = ()
    optional: tuple[tuple[int, int], ...] = ()
    negative: bool = False
    style: str = ""
    name: str = ""


class _Wrong(Exception):
    """A field of a line is not what it must be."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")


def read(lines: Iterable[str | bytes]) -> list[Labelled]:
    """Labelled texts, one JSON object a line, blank lines apart; raises LabelsError."""
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_labelled(str(number), _object(line)))
            except _Wrong as wrong:
                raise LabelsError(f"line {number}, {wrong}") from None
    return found


def _object(line: str | bytes) -> dict[str, Any]:
    try:
        row = json.loads(line if isinstance(line, str) else line.decode("utf-8-sig"))
    except UnicodeDecodeError as wrong:
        raise _Wrong(f"byte {wrong.start + 1} of the line", "not UTF-8") from None
    except (ValueError, RecursionError):
        raise _Wrong("the line", "not JSON") from None
    if not isinstance(row, dict):
        raise _Wrong("the line", "not a JSON object")
    return row


def _labelled(name: str, row: dict[str, Any]) -> Labelled:
    text = _typed(row, "text", str, None)
    entities = tuple(_entity(each, where, text) for where, each in _objects(row, "entities"))
    optional = tuple(_place(each, where, text) for where, each in _objects(row, "optional"))
    negative = _typed(row, "negative", bool, not entities)
    if negative and entities:
        raise _Wrong("negative", "true, but `entities` lists something")
    name = str(row.get("id", name))
    return Labelled(text, entities, optional, negative, _typed(row, "style", str, ""), name)


def _objects(row: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    listed = _typed(row, key, list, [])
    for number, each in enumerate(listed):
        if not isinstance(each, dict):
            raise _Wrong(f"{key}[{number}]", "not an object")
    return [(f"{key}[{number}]", each) for number, each in enumerate(listed)]


def _entity(each: dict[str, Any], where: str, text: str) -> Span:
    kind = each.get("entity_type")
    if kind not in list(PiiKind):
        raise _Wrong(f"{where}.entity_type", f"takes one of {', '.join(PiiKind)}")
    return Span(*_place(each, where, text), PiiKind(kind))


def _place(each: dict[str, Any], where: str, text: str) -> tuple[int, int]:
    start, end = (_typed(each, key, int, None, f"{where}.{key}") for key in ("start", "end"))
    if not 0 <= start < len(text):
        raise _Wrong(f"{where}.start", f"lies outside the text of {len(text)} characters")
    if not start < end <= len(text):
        raise _Wrong(f"{where}.end", f"lies before its start or outside the text of {len(text)} characters")
    return start, end


def _typed(row: dict[str, Any], key: str, kind: type, default: Any, where: str = "") -> Any:
    """The value of a key that has the type it must have; `default` stands for one that is left out, None for none."""
    found = row.get(key, default)
    if found is None:
        raise _Wrong(where or key, "missing")
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        names = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
        raise _Wrong(where or key, f"not {names[kind]}")
    return found
