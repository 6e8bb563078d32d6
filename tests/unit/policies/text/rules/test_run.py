"""A text that a rule cannot read, or not in time, has failed; the others of its batch have not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from policies.text.plain_text import PlainText, normalise
from policies.text.rules import run as rules
from policies.text.spans import PiiKind, Span
from policies.text.word_list import NO_WORDS, Words

pytestmark = pytest.mark.unit

BAD, GOOD = normalise("坏"), normalise("来电人曹女士反映路灯不亮")


def raises(error: type[Exception]) -> Iterator[Span]:
    yield Span(0, 1, PiiKind.PERSON)
    raise error


def endless() -> Iterator[Span]:
    return (Span(0, 1, PiiKind.PERSON) for _ in itertools.count())


def bad(spans: Callable[[], Iterator[Span]]) -> Callable[[PlainText, Words], Iterator[Span]]:
    return lambda normal, words: spans() if normal is BAD else iter(())


@pytest.mark.parametrize(
    ("spans", "failed"),
    [
        (lambda: raises(ValueError), "rules"),
        (lambda: raises(RecursionError), "rules"),
        (lambda: raises(TimeoutError), "timeout"),
        (endless, "timeout"),
    ],
    ids=["raises", "recursion", "times out", "never ends"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before the rules", "behind them"])
def test_one_text_fails_alone(
    monkeypatch: pytest.MonkeyPatch, spans: Callable[[], Iterator[Span]], failed: str, first: bool
) -> None:
    own = (bad(spans),)
    monkeypatch.setattr(rules, "RULES", own + rules.RULES if first else rules.RULES + own)
    read = rules.read([GOOD, BAD, GOOD], [(), (), ()], NO_WORDS, [0.5] * 3)
    assert [each.failed for each in read] == [None, failed, None]
    assert [{(span.start, span.end) for span in each.found} for each in read[::2]] == [{(3, 6)}, {(3, 6)}]


def test_a_text_without_time_left_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def asking(normal: PlainText, words: Words) -> Iterator[Span]:
        asked.append(normal.text)
        return iter(())

    monkeypatch.setattr(rules, "RULES", (asking, asking))
    assert [each.failed for each in rules.read([GOOD], [()], NO_WORDS, [-1.0])] == ["timeout"]
    assert asked == [GOOD.text]


def test_the_models_spans_come_first_and_may_be_doubted() -> None:
    tagged = [Span(10, 11, PiiKind.PERSON, 0.99, "model"), Span(11, 12, PiiKind.PERSON, 0.1, "model")]
    (read,) = rules.read([GOOD], [tagged], NO_WORDS, [1.0])
    assert [(span.start, span.reason) for span in read.found][:2] == [(10, "model"), (3, "title")]
