"""The outline of declarations: plain data in one order, and the version that is a digest of it.

The order of files, types and fields does not count; that of masks and values does, because it has a meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from schema.declarations import Answer, Case, Edge, Entity

_IF_SAID: Final = frozenset({"value_words", "deprecated", "searchable", "tells_changes"})
"""What stands in an outline only if a slice says it, so that catalogues which do not are the same as before."""


def outline(entities: Iterable[Entity], edges: Iterable[Edge], case: Case | None) -> dict[str, Any]:
    """Everything that is declared, as JSON can hold it: `entities` and `edges` by name, `case`.

    An entity holds its `fields` by name, its `answers` if it has any, and no edges: these stand once, by relationship.
    """
    return {
        "entities": {each.name: _entity(each) for each in sorted(entities, key=lambda each: each.name)},
        "edges": {each.relationship: _plain(each) for each in sorted(edges, key=lambda each: each.relationship)},
        "case": None if case is None else _plain(case),
    }


def version_of(outlined: Mapping[str, Any]) -> str:
    """SHA-256 of an outline in canonical JSON, in hex."""
    return hashlib.sha256(canonical(outlined)).hexdigest()


def canonical(outlined: Mapping[str, Any]) -> bytes:
    """An outline as JSON in UTF-8, with sorted keys and no blanks."""
    return json.dumps(outlined, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _entity(entity: Entity) -> dict[str, Any]:
    found = _plain(entity, "fields", "edges", "tag", "answers")
    found["fields"] = {each.name: _plain(each) for each in sorted(entity.fields, key=lambda each: each.name)}
    if entity.answers:
        found["answers"] = {each.name: _answer(each) for each in sorted(entity.answers, key=lambda each: each.name)}
    return found


def _answer(answer: Answer) -> dict[str, Any]:
    """An answer without what follows from its conditions as they are written."""
    found = _plain(answer, "cases", "reads")
    return found | {"cases": [_plain(each, "when") for each in answer.cases]}


def _plain(declared: Any, *without: str) -> dict[str, Any]:
    found = {each.name: _value(getattr(declared, each.name)) for each in fields(declared) if each.name not in without}
    return {name: each for name, each in found.items() if each or name not in _IF_SAID}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else _plain(value)
