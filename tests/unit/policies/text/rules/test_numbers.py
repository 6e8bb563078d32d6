"""Numbers, codes and accounts: what is found, as what, and what is nobody's. All of them are invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policies.text.plain_text import normalise
from policies.text.rules import numbers
from policies.text.spans import PiiKind, without_overlap

pytestmark = pytest.mark.unit

PII = Path(__file__).parents[4] / "pii"
ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\n")


def lines(name: str) -> list[str]:
    """The lines of a table that are not comments, escapes resolved."""
    read = (PII / name).read_text(encoding="utf-8").splitlines()
    return [
        ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", line)
        for line in read
        if not line.startswith("#")
    ]


WRITTEN = [(PiiKind(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines("numbers.txt")]


KIND_BY_LENGTH = {11: PiiKind.PHONE, 18: PiiKind.CN_ID, 19: PiiKind.BANK_CARD}


def found(text: str) -> list[tuple[str, PiiKind]]:
    normal = normalise(text)
    spans = without_overlap(numbers.find(normal))
    return [(text[slice(*normal.span(each.start, each.end))], each.kind) for each in spans]


@pytest.mark.parametrize(("kind", "marked"), WRITTEN)
def test_what_is_marked_is_found_and_nothing_else(kind: PiiKind, marked: str) -> None:
    wanted = [(each, kind) for each in re.findall(r"\[\[(.*?)\]\](?!\])", marked, re.DOTALL)]
    assert wanted
    assert found(re.sub(r"\[\[|\]\](?!\])", "", marked)) == wanted


@pytest.mark.parametrize("text", lines("nobodys_numbers.txt"))
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_numbers_that_were_run_together_are_told_apart() -> None:
    telephone, number, card = "19903210001", "140321195703129022", "6228480402564890018"
    for parts in ((telephone, number), (number, telephone), (telephone, card), (telephone, number, telephone)):
        text = f"联系人骆丹{''.join(parts)}已录入"
        assert found(text) == [(part, KIND_BY_LENGTH[len(part)]) for part in parts]


def test_every_kind_of_number_is_in_the_table() -> None:
    assert set(PiiKind) - {kind for kind, _ in WRITTEN} == {PiiKind.PERSON, PiiKind.ADDRESS}


@pytest.mark.parametrize(
    ("marked", "kind", "reason"),
    [
        ("身份证330106194103127193", PiiKind.CN_ID, "check digit"),
        ("身份证330106194103127190", PiiKind.CN_ID, "province and date"),
        ("身份证330106194113417190", PiiKind.CN_ID, "wrongly written"),
        ("旧身份证330106410312719", PiiKind.CN_ID, "15 digits: labelled"),
    ],
)
def test_the_reason_says_how_sure_a_resident_id_is(marked: str, kind: PiiKind, reason: str) -> None:
    (span,) = without_overlap(numbers.find(normalise(marked)))
    assert span.kind is kind
    assert reason in span.reason
    assert not re.search("[0-9]{3}", span.reason)
