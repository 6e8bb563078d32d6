"""Writes the entries of registered operations into a policy file, and reads documents from what clients build.

An entry that is written reads back as exactly the text it was made of, or it is not written. Relay keeps its documents
in a JSON file of ids and texts, Apollo in a manifest; any other file is one document.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.operations.registered import document_id
from schema.strict_yaml import YamlFile

SECTION = "operations:"


class NoDocuments(ValueError):
    """A file that holds no documents in a form that is known; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the documents of a file are to be registered for, and who agreed when."""

    application: str
    purpose: str
    reviewed: Mapping[str, dt.date]


def documents_in(name: str, content: bytes) -> tuple[str, ...]:
    """The texts in a file of this name; raises NoDocuments."""
    try:
        text = content.decode("utf-8")
        found = tuple(_in_manifest(json.loads(text))) if name.endswith(".json") else (text,)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NoDocuments(f"{name} is no document in UTF-8, and no manifest of Relay or Apollo; name one") from None
    if not found or not all(isinstance(each, str) and each.strip() for each in found):
        raise NoDocuments(f"{name} holds no document; name a file with GraphQL, or a manifest of Relay or Apollo")
    return found


def _in_manifest(manifest: Mapping[str, object]) -> Iterator[str]:
    operations = manifest.get("operations")
    if isinstance(operations, list):
        yield from (each["body"] for each in operations)
    else:
        yield from manifest.values()  # type: ignore[misc] # looked at by the caller


def with_entry(file: str, content: bytes, document: str, wish: Wish) -> bytes:
    """What a policy file holds with one more operation; a file may be empty before."""
    before = content.decode("utf-8")
    lines = before.splitlines()
    if SECTION in lines:
        at = lines.index(SECTION) + 1
        lines[at:at] = _entry(document, wish)
    else:
        lines += [SECTION, *_entry(document, wish)]
    written = ("\n".join(lines) + "\n").encode()
    entries = YamlFile(file, written).content["operations"]
    if not any(each.get("document") == document for each in entries):
        raise NoDocuments(f"{file}: the document cannot be written into this file; put it into a file of its own")
    return written


def _entry(document: str, wish: Wish) -> list[str]:
    reviewed = ", ".join(f"{name}: {day.isoformat()}" for name, day in sorted(wish.reviewed.items()))
    head = [
        f"  - id: {document_id(document)}",
        f"    application: {wish.application}",
        f"    purpose: {wish.purpose}",
        f"    reviewed: {{{reviewed}}}",
    ]
    return [*head, *_written(document)]


def _written(document: str) -> list[str]:
    """The text as a block where a block keeps it as it is, else as one line in quotes."""
    lines = document.split("\n")
    ends = lines[-1] == "" and len(lines) > 1 and lines[-2] != ""
    body = lines[:-1] if ends else lines
    plain = all(each.isprintable() and each == each.rstrip() for each in body)
    if plain and body[0].strip() and body[0] == body[0].lstrip() and body[-1] != "":
        return [f"    document: {'|' if ends else '|-'}", *(f"      {each}" if each else "" for each in body)]
    return [f"    document: {json.dumps(document)}"]
