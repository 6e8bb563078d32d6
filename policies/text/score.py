"""A detector is judged by what it leaves unmasked: recall weighs more than precision, and every lost character counts.

A found span is right if its intersection with a labelled span of its kind is at least half of their union (IoU ≥ 0.5);
each labelled span is matched once. F2 weighs recall four times. The leak rate is the share of labelled characters that no
span covers, of whatever kind. `optional` spans are neither a miss nor a false alarm. A text that could not be judged is
redacted whole: it leaks nothing, and finds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policies.text.spans import Detection, PiiKind, Span

IOU = 0.5
"""Least share of the union that two spans must have in common to be the same."""
ALL = "all"


class LabelsError(ValueError):
    """A line of a labelled set cannot be read; the text names the line and never quotes it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and what is personal in it. `negative` says that nothing is; `style` is the kind of writing."""

    text: str = field(repr=False)
    entities: tuple[Span, ...] = ()
    optional: tuple[tuple[int, int], ...] = ()
    negative: bool = False
    style: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one kind, and what follows from them; a share of nothing is 1."""

    found: int = 0
    missed: int = 0
    false: int = 0

    @property
    def precision(self) -> float:
        """Share of found spans that are right."""
        return _share(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        """Share of labelled spans that were found."""
        return _share(self.found, self.found + self.missed)

    @property
    def f2(self) -> float:
        """Five precision times recall over four precision plus recall."""
        return _share(5 * self.found, 5 * self.found + 4 * self.missed + self.false)


@dataclass(frozen=True, slots=True)
class Score:
    """What a detector did on a set. `leak_rate` and `left_alone` are shares; `failed` counts texts redacted whole."""

    texts: int
    kinds: Mapping[str, Figures]
    leak_rate: float
    left_alone: float
    failed: int = 0

    @property
    def overall(self) -> Figures:
        """All kinds together."""
        return self.kinds[ALL]


def read(lines: Iterable[str | bytes]) -> list[Labelled]:
    """Labelled texts, one JSON object a line; raises LabelsError."""
    return [_labelled(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def score(labelled: Sequence[Labelled], detections: Sequence[Detection]) -> Score:
    """Figures of the detections of these texts, in the same order; a ValueError if their numbers differ."""
    counts: dict[str, list[int]] = {}
    personal = covered = negatives = alone = failed = 0
    for each, detection in zip(labelled, detections, strict=True):
        for kind, place in _judged(each, detection.spans):
            counts.setdefault(kind, [0, 0, 0])[place] += 1
        wanted = _places(each.entities)
        personal += len(wanted)
        covered += len(wanted) if detection.failed else len(wanted & _places(detection.spans))
        negatives += each.negative
        alone += each.negative and detection.failed is None and not _unwanted(each, detection.spans)
        failed += detection.failed is not None
    kinds = {kind: Figures(*counts[kind]) for kind in sorted(counts)}
    kinds[ALL] = Figures(*(sum(each[place] for each in counts.values()) for place in range(3)))
    return Score(len(labelled), kinds, 1 - _share(covered, personal), _share(alone, negatives), failed)


def score_by_style(labelled: Sequence[Labelled], detections: Sequence[Detection]) -> dict[str, Score]:
    """One Score for each style that the set names, in order of the names."""
    grouped: dict[str, tuple[list[Labelled], list[Detection]]] = {}
    for each, detection in zip(labelled, detections, strict=True):
        texts, found = grouped.setdefault(each.style, ([], []))
        texts.append(each)
        found.append(detection)
    return {style: score(*grouped[style]) for style in sorted(grouped)}


def _judged(each: Labelled, spans: Sequence[Span]) -> Iterable[tuple[str, int]]:
    """Kind and place in (found, missed, false) of every labelled span and of every found one that is not."""
    left = list(spans)
    for wanted in each.entities:
        same = [span for span in left if span.kind is wanted.kind]
        best = max(same, key=lambda span: _iou(span, wanted), default=None)
        if best is not None and _iou(best, wanted) >= IOU:
            left.remove(best)
            yield wanted.kind, 0
        else:
            yield wanted.kind, 1
    for span in left:
        if not _is_optional(each, span):
            yield span.kind, 2


def _unwanted(each: Labelled, spans: Sequence[Span]) -> bool:
    return any(not _is_optional(each, span) for span in spans)


def _is_optional(each: Labelled, span: Span) -> bool:
    places = [Span(start, end, span.kind) for start, end in each.optional]
    return any(
        (place.start <= span.start and span.end <= place.end) or _iou(span, place) >= IOU for place in places
    )


def _places(spans: Iterable[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


def _iou(one: Span, other: Span) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    if common <= 0:
        return 0.0
    return common / (max(one.end, other.end) - min(one.start, other.start))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _labelled(number: int, line: str | bytes) -> Labelled:
    try:
        row = json.loads(line)
        text = row["text"]
        entities = tuple(_span(each, text) for each in row.get("entities", ()))
        optional = tuple((each["start"], each["end"]) for each in row.get("optional", ()))
        negative = bool(row.get("negative", not entities))
        return Labelled(text, entities, optional, negative, str(row.get("style", "")), str(row.get("id", number)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LabelsError(f"line {number}: not a labelled text") from None


def _span(each: Mapping[str, object], text: str) -> Span:
    start, end = each["start"], each["end"]
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        raise ValueError("offsets outside the text")
    return Span(start, end, PiiKind(str(each["entity_type"])))
