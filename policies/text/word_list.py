"""Reads a department's word list: names that are always found, places, and what is never masked.

A list is read whole or not at all: an unknown key is an error that names file and line. Three lists of plain words, in
YAML:

    people:   # names that are always found, such as the staff of this office
      - 祁连山
    places:   # estates, roads and villages: never a person, and a house number after one makes an address
      - 锦绣江南
    never:    # what is public and is never masked: service numbers, public figures, brands, addresses of offices
      - 400-820-8820

The digest of the list is part of the detector's version, so that texts are looked through again when the list changes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from policies.text.plain_text import normalise
from policies.text.spans import PiiKind, Span
from schema.strict_yaml import YamlFile, YamlFileError

MAX_WORDS = 20_000
"""Most words in one list file."""
MAX_LENGTH = 60
"""Longest word, in characters."""
SECTIONS = ("people", "places", "never")
NOTHING = re.compile(r"(?!)")
_BLANKS = re.compile(r"[\s\-—.·]")


@dataclass(frozen=True, slots=True)
class Words:
    """A word list; each pattern matches any word of its section, the longest first."""

    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    people_pattern: re.Pattern[str] = field(default=NOTHING, compare=False, repr=False)
    places_pattern: re.Pattern[str] = field(default=NOTHING, compare=False, repr=False)
    never_pattern: re.Pattern[str] = field(default=NOTHING, compare=False, repr=False)

    @classmethod
    def of(cls, people: Sequence[str] = (), places: Sequence[str] = (), never: Sequence[str] = ()) -> Words:
        """A list of these words, each in the plain form of the texts that are searched."""
        names, sites, public = (
            tuple(sorted({normalise(each).text for each in words})) for words in (people, places, never)
        )
        return cls(names, sites, public, _any_of(names), _any_of(sites), _any_of(public))

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change with any word."""
        lines = "\n".join(f"{section}\t{word}" for section in SECTIONS for word in getattr(self, section))
        return hashlib.sha256(lines.encode()).hexdigest()[:16]

    def personal(self, spans: list[Span], text: str) -> list[Span]:
        """Spans without what the list calls public, and without people who are the name of a place."""
        if self.never_pattern is NOTHING and self.places_pattern is NOTHING:
            return spans
        never, named = _stand(self.never_pattern, text), _stand(self.places_pattern, text)
        if not never and not named:
            return spans
        return [
            each
            for each in spans
            if not _within(each, never) and not (each.kind is PiiKind.PERSON and _within(each, named))
        ]


NO_WORDS = Words()


def load(path: Path) -> Words:
    """Words of a YAML file. YamlFileError for one that cannot be read, and for anything unknown in it."""
    try:
        raw = path.read_bytes()
    except OSError:
        raise YamlFileError(path.name, "cannot be read") from None
    return read(path.name, raw)


def read(name: str, raw: bytes) -> Words:
    """Words of the bytes of a YAML file, which errors call `name`."""
    file = YamlFile(name, raw)
    for key in file.content:
        if key not in SECTIONS:
            raise YamlFileError(file.place((key,)), f"{key!r} is not one of {', '.join(SECTIONS)}")
    lists = {section: _section(file, section) for section in SECTIONS}
    if sum(map(len, lists.values())) > MAX_WORDS:
        raise YamlFileError(name, f"more than {MAX_WORDS} words")
    return Words.of(**lists)


def _section(file: YamlFile, section: str) -> list[str]:
    listed = file.content.get(section, [])
    if not isinstance(listed, list):
        raise YamlFileError(file.place((section,)), f"`{section}:` is a list of words, each after `- `")
    for number, word in enumerate(listed):
        place = file.place((section, number))
        if not isinstance(word, str):
            raise YamlFileError(place, "a word is text; put numbers in quotes")
        if not 2 <= len(word.strip()) <= MAX_LENGTH:
            raise YamlFileError(place, f"a word has 2 to {MAX_LENGTH} characters")
    return [word.strip() for word in listed]


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    if not words:
        return NOTHING
    return re.compile(
        "|".join(_one(word) for word in sorted(words, key=lambda each: (-len(each), each))), re.IGNORECASE
    )


def _one(word: str) -> str:
    """A number is found however it is grouped, and never inside a longer one."""
    bare = _BLANKS.sub("", word)
    if not (bare.isascii() and bare.isdigit()):
        return re.escape(word)
    return r"(?<![0-9])" + r"[\s\-—.·]?".join(bare) + r"(?![0-9])"


def _stand(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [] if pattern is NOTHING else [found.span() for found in pattern.finditer(text)]


def _within(span: Span, places: list[tuple[int, int]]) -> bool:
    return any(start <= span.start and span.end <= end for start, end in places)
