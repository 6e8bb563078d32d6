"""Scores a detector on a labelled set: precision, recall, F2 and the leak rate.

A found span is right if it shares at least half of the union with a labelled span of its kind (IoU ≥ 0.5); each
labelled span is matched once. F2 weighs recall four times as much as precision. The leak rate is the share of labelled
characters that no span covers, of whatever kind. `optional` spans are neither a miss nor a false alarm. A text that
could not be judged is redacted whole: it leaks nothing, and finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policies.text.labelled_sets import Labelled, LabelsError, read
from policies.text.spans import Detection, Span

__all__ = ["ALL", "Figures", "Labelled", "LabelsError", "Score", "read", "score", "score_by_style"]

IOU = 0.5
"""Least share of the union that two spans must have in common to be the same."""
ALL = "all"


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
    return any((place.start <= span.start and span.end <= place.end) or _iou(span, place) >= IOU for place in places)


def _places(spans: Iterable[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


def _iou(one: Span, other: Span) -> float:
    common = min(one.end, other.end) - max(one.start, other.start)
    if common <= 0:
        return 0.0
    return common / (max(one.end, other.end) - min(one.start, other.start))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
