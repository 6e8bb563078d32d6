"""A field with one value in each record: it is checked when the source's file is loaded, and is in every record."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Record, Row
from connectors.manifest import ManifestError
from connectors.shape import Shaper
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from connectors.transforms import Context
from schema import SPINE

pytestmark = pytest.mark.unit

FILE = """name: ledger
kind: csv
where: ledger.csv
collectedFor: event
trust: 1
records:
  - name: events
    entity: Event
    key: k
    identity: number
    fields:
      number: k
      kind:
        value: NOISE
      reporterPhone:
        value: "138 1111 0001"
"""


def load(folder: Path, text: str = FILE) -> Any:
    (folder / "ledger.yaml").write_text(text, "utf-8")
    (source,) = load_sources(folder, SPINE, {})
    return source


def test_each_record_has_the_value_in_the_form_that_a_cell_would_get(tmp_path: Path) -> None:
    source = load(tmp_path)
    context = Context({}, dt.UTC, dt.date(2026, 6, 30))
    shaper = Shaper(source, source.records[0], SPINE, context, lambda _: "0" * 32)
    shaped = [shaper.shape(Row(number, {"k": f"E{number}"})) for number in (1, 2)]
    assert all(isinstance(each, Record) for each in shaped)
    assert [each.values for each in shaped if isinstance(each, Record)] == [
        {"number": "E1", "kind": "NOISE", "reporterPhone": "13811110001"},
        {"number": "E2", "kind": "NOISE", "reporterPhone": "13811110001"},
    ]


def test_it_is_a_field_of_the_stream_like_others_and_no_column(tmp_path: Path) -> None:
    source = load(tmp_path)
    assert source.records[0].columns == ("k",)
    assert plan_streams([source], SPINE)["ledger/events"].fields == ("number", "kind", "reporterPhone")


def test_another_value_is_another_declaration(tmp_path: Path) -> None:
    """So that what was read under the one is read again under the other."""
    first, second = load(tmp_path), load(tmp_path, FILE.replace("NOISE", "OTHER"))
    assert first.digest(first.records[0]) != second.digest(second.records[0])


FAULTS = {
    "no word of the enum": ("value: NOISE", "value: Noise", 14, "fields.kind.value: must be one of "),
    "no text": ('value: "138 1111 0001"', "value: 13811110001", 16, "fields.reporterPhone.value: a text was expected"),
    "a column beside it": ("value: NOISE", "value: NOISE\n        column: a", 13, "takes one of `column`, `via`"),
    "a rule beside it": ("value: NOISE", "value: NOISE\n        required: true", 13, "`value` takes no other key"),
    "a day": ("kind:\n        value: NOISE", "reportedAt:\n        value: '2026-01-01'", 14, "only a text, a number"),
    "a region": ("kind:\n        value: NOISE", "region:\n        value: '14/03/'", 14, "only a text, a number"),
    "a truth": ("value: NOISE", "value: true", 14, "fields.kind.value: a text in quotes or a number is expected"),
    "the identity": ("number: k", "number: {value: E1}", 10, "identity: must be a field of this stream"),
    "in a check": (
        "    fields:", "    checks: [{rule: not_before, fields: [kind, number]}]\n    fields:", 11,
        "two fields of this stream, with a column each",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_one_is_told_when_the_file_is_loaded(tmp_path: Path, name: str) -> None:
    good, bad, line, told = FAULTS[name]
    assert FILE.count(good) == 1
    with pytest.raises(ManifestError) as refused:
        load(tmp_path, FILE.replace(good, bad))
    assert told in str(refused.value)
    assert f"ledger.yaml:{line}: " in str(refused.value)
    assert "13811110001" not in str(refused.value)
