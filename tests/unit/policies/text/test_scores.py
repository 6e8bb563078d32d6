"""The figures of a detector are those of the definition, counted by hand."""

from __future__ import annotations

import pytest

from policies.text.labelled_sets import Labelled
from policies.text.scores import Figures, score, score_by_style
from policies.text.spans import Detection, PiiKind, Span

pytestmark = pytest.mark.unit
PERSON, PHONE = PiiKind.PERSON, PiiKind.PHONE


def of(*spans: tuple[int, int, PiiKind]) -> Detection:
    return Detection(tuple(Span(*each) for each in spans))


def text(*spans: tuple[int, int, PiiKind], optional: tuple[tuple[int, int], ...] = (), style: str = "") -> Labelled:
    return Labelled("字" * 30, tuple(Span(*each) for each in spans), optional, not spans, style)


@pytest.mark.parametrize(
    ("labelled", "found", "figures", "leak"),
    [
        (text((0, 3, PERSON)), of((0, 3, PERSON)), Figures(1, 0, 0), 0),
        (text((0, 3, PERSON)), of(), Figures(0, 1, 0), 1),
        (text((0, 3, PERSON)), of((0, 5, PERSON)), Figures(1, 0, 0), 0),  # 3 of 5 characters in common
        (text((0, 3, PERSON)), of((0, 7, PERSON)), Figures(0, 1, 1), 0),  # 3 of 7: not the same, yet nothing leaks
        (text((0, 4, PERSON)), of((0, 2, PERSON)), Figures(1, 0, 0), 0.5),
        (text((0, 4, PERSON)), of((0, 4, PHONE)), Figures(0, 1, 1), 0),  # the wrong kind, and nothing leaks
        (text((0, 4, PERSON)), of((0, 4, PERSON), (8, 9, PERSON)), Figures(1, 0, 1), 0),
        (text((0, 4, PERSON)), of((0, 3, PERSON), (3, 4, PERSON)), Figures(1, 0, 1), 0),  # each is matched once
        (text((0, 2, PERSON), (4, 6, PERSON)), of((0, 6, PERSON)), Figures(0, 2, 1), 0),
        (text((0, 4, PERSON), optional=((8, 12),)), of((0, 4, PERSON), (9, 10, PERSON)), Figures(1, 0, 0), 0),
        (text((0, 4, PERSON), optional=((8, 12),)), of((0, 4, PERSON), (7, 11, PERSON)), Figures(1, 0, 0), 0),
        (text((0, 4, PERSON), optional=((8, 12),)), of((0, 4, PERSON), (11, 20, PERSON)), Figures(1, 0, 1), 0),
        (text((0, 4, PERSON)), Detection(failed="model"), Figures(0, 1, 0), 0),  # redacted whole
    ],
)
def test_figures(labelled: Labelled, found: Detection, figures: Figures, leak: float) -> None:
    made = score([labelled], [found])
    assert made.overall == figures
    assert made.leak_rate == pytest.approx(leak)


def test_precision_recall_and_f2() -> None:
    figures = Figures(found=6, missed=2, false=4)
    assert (figures.precision, figures.recall) == (0.6, 0.75)
    assert figures.f2 == pytest.approx(5 * 0.6 * 0.75 / (4 * 0.6 + 0.75))
    assert Figures().f2 == Figures().precision == 1


def test_negatives_kinds_and_styles() -> None:
    labelled = [text(style="a"), text(style="a"), text((0, 3, PERSON), (5, 9, PHONE), style="b"), text(style="b")]
    found = [of(), of((0, 2, PERSON)), of((0, 3, PERSON)), Detection(failed="model")]
    made = score(labelled, found)
    assert made.left_alone == pytest.approx(1 / 3)
    assert made.failed == 1
    assert made.kinds[PERSON] == Figures(1, 0, 1)
    assert made.kinds[PHONE] == Figures(0, 1, 0)
    styles = score_by_style(labelled, found)
    assert [(name, each.texts, each.left_alone) for name, each in styles.items()] == [("a", 2, 0.5), ("b", 2, 0.0)]


def test_as_many_detections_as_texts() -> None:
    with pytest.raises(ValueError, match="zip"):
        score([text()], [])
