"""No rule finds anything in a text that does not pass its gate, and the conditions in front of lists of words hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from policies.text import forms
from policies.text import plain_text as normal
from policies.text.gates import Gate, always, either, holds
from policies.text.plain_text import digits, normalise
from policies.text.rules import numbers, people
from policies.text.rules.cues import _LABELS, Cues
from policies.text.spans import Span

pytestmark = pytest.mark.unit

PII = Path(__file__).parents[3] / "pii"
Rule = Callable[[str], Iterator[Span]]


def texts() -> list[str]:
    """The plain texts of all labelled sets, with and without spelled numbers as digits."""
    sets = [line for path in PII.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    tables = [line for path in PII.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    plain = [normalise(json.loads(line)["text"]).text for line in sets]
    plain += [normalise(re.sub(r"\[\[|\]\](?!\])", "", line)).text for line in tables]
    return [*plain, *map(digits, plain)]


TEXTS = texts()


def of_a_code(rule: Callable[[str, Cues], Iterator[Span]], text: str) -> Iterator[Span]:
    return rule(text, Cues(text))


LONG: Gate = numbers._LONG.search
RULES: list[tuple[str, Gate, Rule]] = [
    *((rule.__name__, gate, rule) for gate, rule in people._RULES),
    *((rule.__name__, gate, partial(of_a_code, rule)) for gate, rule in numbers._CODES),
    *((rule.__name__, gate, partial(of_a_code, rule)) for gate, rule in numbers._LONG_CODES),
    *((f"{rule.__name__}, long", LONG, partial(of_a_code, rule)) for _, rule in numbers._LONG_CODES),
]


@pytest.mark.parametrize(("gate", "rule"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_rule_finds_nothing_outside_its_gate(gate: Gate, rule: Rule) -> None:
    assert [text for text in TEXTS if not gate(text) and list(rule(text))] == []
    assert any(list(rule(text)) for text in TEXTS)
    assert gate is always or not all(map(gate, TEXTS))


def test_what_is_not_asked_about_spelled_numbers_spells_none() -> None:
    spelled = [text for text in TEXTS if normal._SPELLED.sub(lambda found: normal._spelled(found[0]), text) != text]
    assert spelled
    assert [text for text in spelled if not normal._MAY_BE_SPELLED.search(text)] == []


LISTS = [*(words for words in forms._SECTIONS.values()), tuple(forms.COMPOUND), tuple(_LABELS)]


@pytest.mark.parametrize("words", LISTS, ids=range(len(LISTS)))
def test_every_word_of_a_list_is_found_whole(words: tuple[str, ...]) -> None:
    for pattern in (forms.any_of(words), forms.first_of(words)):
        assert [word for word in words if not re.fullmatch(pattern, word)] == []
        assert re.match(pattern, "\x00") is None
    assert all(re.match(forms.may_begin(words), word) for word in words)


@pytest.mark.parametrize(
    ("pattern", "passes", "stops"),
    [
        (either(("ab", "x"), ("b", "y")).search, ["..ax", "bx", "by"], ["ay", "a", "x", ""]),
        (either(("0-9", ""), ("车", "牌")).search, ["7", "车牌"], ["车", "牌车"]),
        (holds("."), ["a.b"], ["ab"]),
        (always, ["a"], [""]),
    ],
    ids=["ways", "class", "word", "always"],
)
def test_gates(pattern: Gate, passes: list[str], stops: list[str]) -> None:
    assert all(map(pattern, passes))
    assert not any(map(pattern, stops))
