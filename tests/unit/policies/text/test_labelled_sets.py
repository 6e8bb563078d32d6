"""A labelled set is read whole, or the error names the line and the field and quotes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.text.labelled_sets import Labelled, LabelsError, read
from policies.text.spans import PiiKind, Span
from tests.support.county import ROOT

pytestmark = pytest.mark.unit

TEXT = "祁慧兰来电"
GOOD = {"text": TEXT, "entities": [{"entity_type": "PERSON", "start": 0, "end": 3}]}


def line(**changes: Any) -> str:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False)


def entity(**changes: Any) -> list[dict[str, Any]]:
    return [{"entity_type": "PERSON", "start": 0, "end": 3, **changes}]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (TEXT, "the line: not JSON"),
        ("[]", "the line: not a JSON object"),
        (b'{"text": "\xb5\xe7"}', "byte 11 of the line: not UTF-8"),
        ("{}", "text: missing"),
        (line(text=7), "text: not text"),
        (line(entities={}), "entities: not a list"),
        (line(entities=["祁慧兰"]), "entities[0]: not an object"),
        (line(entities=entity(entity_type="NAME")), "entities[0].entity_type: takes one of PERSON, ADDRESS"),
        (line(entities=entity(entity_type=[])), "entities[0].entity_type: takes one of PERSON, ADDRESS"),
        (line(entities=entity() + entity(start=9)), "entities[1].start: lies outside the text of 5 characters"),
        (line(entities=entity(start="0")), "entities[0].start: not a whole number"),
        (line(entities=entity(start=True)), "entities[0].start: not a whole number"),
        (line(entities=entity(start=-1)), "entities[0].start: lies outside"),
        (line(entities=entity(end=0)), "entities[0].end: lies before its start"),
        (line(entities=entity(end=6)), "entities[0].end: lies before its start or outside"),
        (line(entities=entity(end=None)), "entities[0].end: missing"),
        (line(optional=[{"start": 3}]), "optional[0].end: missing"),
        (line(negative="no"), "negative: not true or false"),
        (line(negative=True), "negative: true, but `entities` lists something"),
        (line(style=1), "style: not text"),
        ("[" * 100_000, "the line: not JSON"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_what_is_wrong_is_named_by_line_and_field(wrong: str | bytes, said: str) -> None:
    with pytest.raises(LabelsError) as refused:
        read([line(), "", wrong])
    assert str(refused.value).startswith(f"line 3, {said}")
    assert "祁慧兰" not in str(refused.value)


def test_a_line_is_read_as_it_is_written() -> None:
    rows = [line(optional=[{"start": 3, "end": 5}], style="hotline", id="H1"), '{"text": "路灯不亮"}']
    assert read(rows) == [
        Labelled(TEXT, (Span(0, 3, PiiKind.PERSON),), ((3, 5),), False, "hotline", "H1"),
        Labelled("路灯不亮", negative=True, name="2"),
    ]


@pytest.mark.parametrize("name", ["dev_sample.jsonl", "ours.jsonl"])
def test_the_sets_kept_here_are_whole(name: str) -> None:
    lines = (ROOT / "tests" / "pii" / name).read_bytes().splitlines()
    assert len(read(lines)) == len(lines)
