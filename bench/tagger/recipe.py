"""Fills the templates of the training prose with invented people, addresses and numbers, and labels them.

Each label is exact to the character, and an unknown slot is an error. The templates are in `prose/*.txt`: one text on a
line, slots in braces, `#` begins a comment. Slots with the same digit are the same person within a line. Places that
touch an address, as in `{ESTATE}{AS}`, belong to it: an address goes from its first administrative part to its last
unit.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.tagger import numbers, people, places
from bench.tagger.stock import Source

PERSON, ADDRESS, PLACE, ORG, NONE = "PERSON", "ADDRESS", "PLACE", "ORG", ""
SLOT = re.compile(r"\{([A-Z]+)(\d*)\}")

Filler = Callable[[Source], str]

FILLED: Mapping[str, tuple[str, Filler]] = {
    "A": (ADDRESS, places.full),
    "AS": (ADDRESS, places.short),
    "AV": (ADDRESS, places.rural),
    "NICK": (PERSON, people.nickname),
    "MIN": (PERSON, people.minority),
    "EN": (PERSON, people.latin),
    "STREET": (PLACE, places.street),
    "ESTATE": (PLACE, places.estate),
    "VILLAGE": (PLACE, places.village),
    "DISTRICT": (PLACE, places.district),
    "TOWN": (PLACE, places.town),
    "PLACE": (PLACE, places.spot),
    "ORG": (ORG, places.organisation),
    "PHONE": (NONE, numbers.mobile),
    "TEL": (NONE, numbers.landline),
    "ID": (NONE, numbers.resident),
    "PLATE": (NONE, numbers.plate),
    "CARD": (NONE, numbers.card),
    "USCC": (NONE, lambda source: "91" + numbers.digits(source, 6) + "MA" + numbers.digits(source, 8)),
    "DOC": (NONE, numbers.document),
    "EMAIL": (NONE, numbers.mail),
    "WX": (NONE, numbers.account),
    "QQ": (NONE, lambda source: numbers.digits(source, source.randint(6, 10))),
    "CERT": (NONE, numbers.certificate),
    "HUKOU": (NONE, lambda source: numbers.digits(source, 9)),
    "HOUSE": (NONE, lambda source: numbers.digits(source, source.choice((12, 16, 19)))),
    "DATE": (NONE, numbers.date),
    "TIME": (NONE, numbers.hour),
    "NUM": (NONE, numbers.few),
    "MONEY": (NONE, numbers.amount),
    "ORDER": (NONE, numbers.order),
    "SERVICE": (NONE, numbers.service),
}
NAMED = ("P", "T", "M", "G", "S")
SPLIT = "evasive_split"
"""In templates of this name every {P} has something between its characters, as the file says of itself."""

BETWEEN = (" ", " ", ".", "/", "-", "_", "*", "、", "·", "  ", "。")


class RecipeError(ValueError):
    """A template has a slot that nobody fills, or a brace too many."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: literal text if `slot` is empty, or what to fill in (`who` numbers the person)."""

    slot: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with (start, end, label) of everything the tagger is taught, PLACE and ORG included."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def templates(folder: Path, *, held: bool = False) -> list[tuple[Piece, ...]]:
    """The templates of a folder to train on, or the sixteenth part held back to measure by.

    Raises RecipeError naming file and line.
    """
    found = []
    for path in sorted(folder.glob("*.txt")):
        for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#") and held == (zlib.crc32(line.encode()) % 16 == 0):
                pieces = parsed(line.strip(), f"{path.name}:{count}")
                found.append(tuple(_split(each) for each in pieces) if path.stem == SPLIT else pieces)
    return found


def _split(piece: Piece) -> Piece:
    return replace(piece, slot="S") if piece.slot == "P" else piece


def parsed(line: str, place: str) -> tuple[Piece, ...]:
    """A template as its pieces."""
    pieces, end = [], 0
    for match in SLOT.finditer(line):
        if match.start() > end:
            pieces.append(Piece("", "", line[end : match.start()]))
        if match[1] not in FILLED and match[1] not in NAMED:
            raise RecipeError(f"{place}: no slot is called {match[1]}")
        pieces.append(Piece(match[1], match[2], ""))
        end = match.end()
    if end < len(line):
        pieces.append(Piece("", "", line[end:]))
    if any("{" in each.text or "}" in each.text for each in pieces):
        raise RecipeError(f"{place}: a brace that opens no slot")
    return tuple(pieces)


def filled(pieces: tuple[Piece, ...], source: Source) -> Labelled:
    """A template with every slot filled."""
    cast: dict[str, people.Invented] = {}
    text, spans = "", []
    for piece, after in zip(pieces, (*pieces[1:], None), strict=True):
        if piece.slot == "P" and source.random() < 0.07 and not (after and after.text.startswith(people.TITLE_STARTS)):
            piece = replace(piece, slot="T")  # noqa: PLW2901
        if not piece.slot:
            text += piece.text
            continue
        label, value = _value(piece, cast, source)
        if label:
            spans.append((len(text), len(text) + len(value), label))
        text += value
    return Labelled(text, tuple(_joined(spans)))


def _value(piece: Piece, cast: dict[str, people.Invented], source: Source) -> tuple[str, str]:
    if piece.slot not in NAMED:
        label, filler = FILLED[piece.slot]
        return label, filler(source)
    if not piece.who or piece.who not in cast:
        cast[piece.who] = people.invented(source)
    person = cast[piece.who]
    if piece.slot == "T":
        return PERSON, people.addressed(person, source)
    if piece.slot == "M":
        return PERSON, people.hidden(person, source)
    if piece.slot == "G":
        return PERSON, person.given if len(person.given) > 1 else person.given * 2
    if piece.slot == "S":
        return PERSON, source.choice(BETWEEN).join(person.surname + person.given)
    return PERSON, named(person, source)


def named(person: people.Invented, source: Source) -> str:
    """A full name, now and then hidden, of a minority, or with something between its characters."""
    draw = source.random()
    whole = person.surname + person.given
    if draw < 0.03:
        return people.hidden(person, source)
    if draw < 0.04:
        return people.minority(source)
    if draw < 0.065:
        return people.transcribed(source)
    if draw < 0.08:
        return source.choice(BETWEEN).join(whole)
    return whole


def _joined(spans: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for start, end, label in spans:
        first = start
        if label == ADDRESS:
            while kept and kept[-1][1] == first and kept[-1][2] in (PLACE, ADDRESS):
                first = kept.pop()[0]
        kept.append((first, end, label))
    yield from kept
