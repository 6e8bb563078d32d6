"""What the page of a draft carries for its editor: words that a policy file may name, and lines that errors are about.

The words are those of the language and of the version in force; whoever may draft may see them all in the matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hub.console.steward.versions import Tried
from policies import masking, obligations
from policies.effects.words import PLAIN
from policies.model import PolicySet
from policies.vocabulary import PLACEHOLDERS, json_schema
from schema.catalogue import Catalogue, Field

PLACE: Final = re.compile(r"(?P<file>[^\s:]+\.ya?ml):(?P<line>[0-9]{1,6}): ")
"""How a text that is about a line of a policy file begins."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word to complete, with its `kind`, which is a key of `wording/`, and its name in the language of the page."""

    text: str
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is wrong with a draft: `severity` is `error` or `warning`; `file` and `line` where the text is about one."""

    text: str
    severity: str
    file: str = ""
    line: int = 0


def words_of_policies(catalogue: Catalogue, policy: PolicySet, language: str) -> Sequence[Word]:
    """Every word that a policy file may name, each once, the most general first."""
    found: dict[str, Word] = {}
    for word in _words(catalogue, policy, language):
        found.setdefault(word.text, word)
    return tuple(found.values())


def _words(catalogue: Catalogue, policy: PolicySet, language: str) -> Iterator[Word]:
    for text in _keys_of_the_language():
        yield Word(text, "editor_key")
    for text in (*PLAIN, *sorted(set(_masks(catalogue)))):
        yield Word(text, "editor_effect")
    for text in obligations.OBLIGATIONS:
        yield Word(text, "editor_obligation")
    for text in PLACEHOLDERS:
        yield Word(text, "editor_placeholder")
    for purpose in policy.purposes.values():
        yield Word(purpose.id, "editor_purpose", getattr(purpose, language))
    for application in policy.applications.values():
        yield Word(application.id, "editor_application", getattr(application, language))
    applying = (each.department for each in policy.applications.values())
    for text in sorted({*policy.departments, *policy.owners.values(), *applying}):
        name = policy.department_name(text, language)
        yield Word(text, "editor_department", "" if name == text else name)
    for entity in catalogue:
        yield Word(entity.name, "editor_type", getattr(entity, language))
    for text, coordinate in catalogue.coordinates():
        yield Word(text, "editor_coordinate", getattr(coordinate, language, ""))


def _masks(catalogue: Catalogue) -> Iterator[str]:
    yield from masking.METHODS
    for _, coordinate in catalogue.coordinates():
        if isinstance(coordinate, Field):
            yield from coordinate.masks


@lru_cache(maxsize=1)
def _keys_of_the_language() -> Sequence[str]:
    return sorted(set(_properties(json_schema())))


def _properties(schema: Any) -> Iterator[str]:
    """The names of properties anywhere in a JSON Schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for each in schema.values():
            yield from _properties(each)


def marks_of(tried: Tried | None, problem: str) -> Sequence[Mark]:
    """What is said of a draft, errors first; `problem` is why it was refused, with a line for each thing."""
    said = [(each, "error") for each in (_pieces(problem) if problem else ())]
    if tried is not None:
        said += [(each, "error") for each in tried.errors] + [(each, "warning") for each in tried.warnings]
    return [_mark(text, severity) for text, severity in said]


def _pieces(problem: str) -> Sequence[str]:
    """The texts of a problem: each line that names a place begins one."""
    pieces: list[str] = []
    for line in problem.splitlines():
        if pieces and not PLACE.match(line):
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line)
    return pieces


def _mark(text: str, severity: str) -> Mark:
    place = PLACE.match(text)
    return Mark(text, severity) if place is None else Mark(text, severity, place["file"], int(place["line"]))
