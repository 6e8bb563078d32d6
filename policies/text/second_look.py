"""Runs the detector over a text again, without what it found, until it finds nothing more.

So masking a masked text changes nothing. A model reads a sentence otherwise once a name is out of it, so one look is
not enough. Each look sees a comma where something was found before, and where the text itself holds a placeholder of
ours (a placeholder hides nobody; only what stands outside it is judged). A masked text therefore looks like the last
look at the text from which it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from policies.text.masked_text import PLACEHOLDER
from policies.text.spans import Detection, Span, without_overlap

LOOKS = 5
"""Most looks at one text; one in which there is still more to find then is redacted whole."""
UNSETTLED = "unsettled"
STAND_IN = "，"

Judge = Callable[[Sequence[str]], Sequence[Detection]]
"""One look at each of some texts."""


def look_until_settled(texts: Sequence[str], judge: Judge) -> list[Detection]:
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
        for each, (_, cut), seen in zip(left, views, looked, strict=True):
            more = () if seen.failed else _back(seen.spans, cut, len(texts[each]))
            spans[each] = without_overlap((*spans[each], *more)) if more else spans[each]
            if more:
                still.append(each)
            else:
                found[each] = seen if seen.failed else Detection(spans[each])
        left = still
    return found


def _view(text: str, spans: Sequence[Span]) -> tuple[str, Sequence[tuple[int, int]]]:
    """What the next look sees, and what of the text is cut out of it: in order, a stand-in for each."""
    regions = [(each.start, each.end) for each in spans]
    if "【" in text:
        regions += (each.span() for each in PLACEHOLDER.finditer(text))
        regions.sort()
    if not regions:
        return text, ()
    shown: list[str] = []
    cut: list[tuple[int, int]] = []
    at = 0
    for start, end in regions:
        if end <= at:  # a placeholder inside a span
            continue
        shown += (text[at:start], STAND_IN)
        cut.append((max(start, at), end))
        at = end
    return "".join((*shown, text[at:])), cut


def _back(spans: Sequence[Span], cut: Sequence[tuple[int, int]], length: int) -> tuple[Span, ...]:
    """Spans of a view as spans of its text of `length` characters: those of stand-ins alone are dropped."""
    if not (spans and cut):
        return tuple(spans)
    places = list(_places(cut, length))
    found = []
    for each in spans:
        covered = [place for place in places[each.start : each.end] if place is not None]
        if covered:
            found.append(Span(covered[0], covered[-1] + 1, each.kind, each.score, each.reason))
    return tuple(found)


def _places(cut: Iterable[tuple[int, int]], length: int) -> Iterator[int | None]:
    """Where in the text each character of a view stands; a stand-in stands nowhere."""
    at = 0
    for start, end in cut:
        yield from range(at, start)
        yield None
        at = end
    yield from range(at, length)
