"""Spans: where a text is personal, of which kind, and how they are stored and merged.

Where spans overlap they become one, which covers every character of each of them. This is what detection yields, what
the graph keeps beside a text (never the matched values), and what masking cuts by. Offsets are code points of the
original text, as Python counts them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple


class PiiKind(StrEnum):
    """What a span of text is; the value is the entity type of a labelled set."""

    PERSON = "PERSON"
    ADDRESS = "ADDRESS"
    CN_ID = "CN_ID"
    PHONE = "PHONE"
    PLATE = "PLATE"
    BANK_CARD = "BANK_CARD"
    USCC = "USCC"
    TRAVEL_DOC = "TRAVEL_DOC"
    EMAIL = "EMAIL"
    IM_ID = "IM_ID"
    PROPERTY_CERT = "PROPERTY_CERT"
    HUKOU_NO = "HUKOU_NO"
    HOUSE_CODE = "HOUSE_CODE"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (excluded) of a text are personal. `reason` names the rule, never the value."""

    start: int
    end: int
    kind: PiiKind = field(compare=False)
    score: float = field(default=1.0, compare=False)
    reason: str = field(default="", compare=False)


PLACE = attrgetter("start", "end")
"""Where a span stands: sorting by it is three times as quick as comparing spans."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found in one text, ordered and without overlap; `failed` names why it must be redacted whole."""

    spans: tuple[Span, ...] = ()
    failed: str | None = None


KINDS = tuple(PiiKind)
"""A kind's place in this tuple is what the graph keeps; kinds are added at the end and never moved."""

_CODES = {kind: code for code, kind in enumerate(KINDS)}


class FreeText(NamedTuple):
    """A text as the graph keeps it, with the flat list of its spans."""

    text: str
    spans: Sequence[int]


class SpansError(ValueError):
    """What is stored beside a text is not a list of spans of that text."""


def without_overlap(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, in which overlapping ones have become one of the kind of the longest (then of the surest)."""
    groups: list[list[Span]] = []
    end = -1
    for each in sorted(spans, key=PLACE):
        if each.start < end:
            groups[-1].append(each)
        else:
            groups.append([each])
        end = max(end, each.end)
    return tuple([_united(group) if group[1:] else group[0] for group in groups])


def _united(group: Sequence[Span]) -> Span:
    first = max(group, key=lambda each: (each.end - each.start, each.score))
    return Span(group[0].start, max(each.end for each in group), first.kind, first.score, first.reason)


def encode(spans: Sequence[Span]) -> list[int]:
    """The form that the graph keeps: start, end and kind of each span in one flat list, which is quick to cut by."""
    return [number for each in spans for number in (each.start, each.end, _CODES[each.kind])]


def decode(stored: Sequence[int], length: int) -> tuple[Span, ...]:
    """The stored spans of a text of `length` characters; raises SpansError unless they are ordered and lie in it."""
    found = []
    before = 0
    for start, end, code in triples(stored):
        if not (before <= start < end <= length and 0 <= code < len(KINDS)):
            raise SpansError("spans out of order, outside the text or of an unknown kind")
        before = end
        found.append(Span(start, end, KINDS[code]))
    return tuple(found)


def checksum(text: str, stored: Sequence[int]) -> int:
    """A number kept beside both, by which a text is never cut by the spans of another one.

    A database may read the two from different moments: one statement of Neo4j does, while a text is being replaced.
    """
    return zlib.crc32(struct.pack(f"<{len(stored)}q", *stored), zlib.crc32(text.encode("utf-8", "surrogatepass")))


def free_text(text: str, spans: Any, check: Any) -> FreeText | str:
    """A text with its spans; without them, so that it is redacted whole, if they are not those of this text."""
    try:
        return FreeText(text, spans) if checksum(text, spans) == check else text
    except Exception:  # the spans are not numbers
        return text


def triples(stored: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Start, end and kind of each stored span; raises SpansError if the list breaks off."""
    if len(stored) % 3:
        raise SpansError("a list of spans that breaks off")
    numbers = iter(stored)
    return zip(numbers, numbers, numbers, strict=True)
