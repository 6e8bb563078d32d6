"""Writes slices of as many types and fields as a whole city's catalogue may have, beside the spine.

Each type is joined to people and to a type of its slice, and each kind of field is in it as often as any other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

TYPES, FIELDS = 60, 10
"""How many types there are, and fields of each, unless it is said."""
PER_FILE = 6
"""Types of a slice."""
FORMS: tuple[dict[str, Any], ...] = (
    {"type": "String", "kind": "code", "grade": "general-1", "indexed": True},
    {"type": "Enum", "kind": "status", "grade": "general-1", "values": ["ONE", "TWO", "THREE"]},
    {"type": "Date", "kind": "time", "grade": "general-2", "masks": ["redact", "year"]},
    {"type": "String", "kind": "phone", "grade": "general-3", "personal": True, "masks": ["redact", "partial(0,4)"]},
    {"type": "Float", "kind": "quantity", "grade": "general-2", "masks": ["redact", "round(10)"]},
)


def write_large_catalogue(folder: Path, types: int = TYPES, fields: int = FIELDS) -> Path:
    """Write slices of so many types with so many fields each into a new folder, which is returned."""
    folder.mkdir(parents=True)
    for number in range(-(-types // PER_FILE)):
        content = slice_of(number, min(PER_FILE, types - number * PER_FILE), fields)
        plain = json.loads(json.dumps(content))  # without what would become an alias
        text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)
        (folder / f"slice{number}.yaml").write_text(text, "utf-8")
    return folder


def slice_of(number: int, types: int, fields: int) -> dict[str, Any]:
    """A slice with this many types; each is joined to people, and to a type of the same slice."""
    names = [f"Kind{number}x{index}" for index in range(types)]
    entities = {name: entity(name, fields) for name in names}
    edges = {f"{name.upper()}_OF": edge(name, "Person", "owners") for name in names}
    edges |= {f"{name.upper()}_IN": edge(name, names[0], "above") for name in names[1:]}
    return {"slice": f"slice-{number}", "entities": entities, "edges": edges}


def entity(name: str, fields: int) -> dict[str, Any]:
    """A type that tells about its owners."""
    title = {"zh": f"类型{name}", "en": f"Type {name}"}
    made = {f"field{index}": {**FORMS[index % len(FORMS)], **title} for index in range(fields)}
    return {"plural": f"{name.lower()}s", **title, "subjects": ["owners"], "fields": made}


def edge(source: str, target: str, name: str) -> dict[str, Any]:
    """An edge from a type to another."""
    title = {"zh": f"关系{source}", "en": f"Edge of {source}"}
    back = f"{source[0].lower()}{source[1:]}{name.title()}"
    return {
        "from": {"entity": source, "name": name, "many": True, **title},
        "to": {"entity": target, "name": back, "many": True, **title},
        "personal": target == "Person",
    }
