"""What is left of a text is looked at again until nothing more is found in it: masking twice changes nothing.

A model reads a sentence otherwise once a name is out of it, so one look is not enough to say that the rest is free of
people. Each look sees a comma where something was found before, and where the text itself holds a placeholder of ours
(which hides nobody: only what stands outside it is judged). A masked text therefore looks like the last look at the
text that it was made of, whatever its placeholders leave, and nothing is found in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from policies.text.show import PLACEHOLDER
from policies.text.spans import Detection, Span, without_overlap

LOOKS = 5
"""Most looks at one text; one in which there is still more to find then is redacted whole."""
UNSETTLED = "unsettled"
STAND_IN = "，"

Judge = Callable[[Sequence[str]], Sequence[Detection]]
"""One look at each of some texts."""


def settled(texts: Sequence[str], judge: Judge) -> list[Detection]:
    """What all looks found in each text, in order; the first that fails a text decides."""
    found = [Detection(failed=UNSETTLED)] * len(texts)
    spans: list[tuple[Span, ...]] = [()] * len(texts)
    left: Sequence[int] = range(len(texts))
    for _ in range(LOOKS):
        if not left:
            break
        views = [_view(texts[each], spans[each]) for each in left]
        looked = judge([text for text, _ in views])
        still = []
        for each, (_, places), seen in zip(left, views, looked, strict=True):
            more = () if seen.failed else tuple(_back(seen.spans, places))
            spans[each] = without_overlap((*spans[each], *more)) if more else spans[each]
            if more:
                still.append(each)
            else:
                found[each] = seen if seen.failed else Detection(spans[each])
        left = still
    return found


def _view(text: str, spans: Sequence[Span]) -> tuple[str, Sequence[int | None]]:
    """What the next look sees, and where in the text each of its characters stands; a stand-in stands nowhere."""
    regions = [(each.start, each.end) for each in spans]
    if "【" in text:
        regions += (each.span() for each in PLACEHOLDER.finditer(text))
    if not regions:
        return text, range(len(text))
    shown: list[str] = []
    places: list[int | None] = []
    at = 0
    for start, end in sorted(regions):
        if end <= at:  # a placeholder inside a span
            continue
        shown += (text[at:start], STAND_IN)
        places += (*range(at, start), None)
        at = end
    return "".join((*shown, text[at:])), [*places, *range(at, len(text))]


def _back(spans: Iterable[Span], places: Sequence[int | None]) -> Iterable[Span]:
    """Spans of a view as spans of the text: those of stand-ins alone are dropped."""
    for each in spans:
        covered = [place for place in places[each.start : each.end] if place is not None]
        if covered:
            yield Span(covered[0], covered[-1] + 1, each.kind, each.score, each.reason)
