"""A Boolean field of a slice is filled from a column: by the values themselves, or by words that the file declares."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Record, Refused, Row
from connectors.manifest import ManifestError
from connectors.shape import Shaper
from connectors.sources import load_sources
from connectors.transforms import Context
from tests.support.sources.slices import composed

pytestmark = pytest.mark.unit

SLICE = """slice: alarms
extends:
  Dwelling:
    fields:
      alarmed: {type: Boolean, zh: 有报警器, en: Whether there is an alarm, kind: status, grade: general-1}
"""
FILE = """name: ledger
kind: csv
where: ledger.csv
collectedFor: event
trust: 1
records:
  - name: dwellings
    entity: Dwelling
    key: k
    identity: code
    fields:
      code: {column: k, as: code}
      alarmed: ALARMED
"""


def shaped(folder: Path, alarmed: str, cell: Any) -> Record | Refused:
    catalogue = composed(folder / "slices", {"alarms.yaml": SLICE}).catalogue
    (sources := folder / "sources").mkdir()
    (sources / "ledger.yaml").write_text(FILE.replace("ALARMED", alarmed), "utf-8")
    (source,) = load_sources(sources, catalogue, {})
    context = Context({}, dt.UTC, dt.date(2026, 6, 30))
    return Shaper(source, source.records[0], catalogue, context, lambda _: "0" * 32).shape(
        Row(1, {"k": "F1", "a": cell})
    )


@pytest.mark.parametrize(
    ("alarmed", "cell", "value"),
    [
        ("a", True, True),
        ("a", None, None),
        ('{column: a, values: {是: "true", 否: "false"}}', "是", True),
        ('{column: a, values: {是: "true", 否: "false"}}', " 是 ", True),
        ('{column: a, values: {是: "true", 否: "false"}}', "否", False),
        ('{column: a, values: {是: "true", 否: "false"}}', False, False),
        ('{column: a, values: {"1": "true", "0": "false"}}', 0, False),
    ],
)
def test_it_is_read_from_a_column(tmp_path: Path, alarmed: str, cell: Any, value: bool | None) -> None:
    record = shaped(tmp_path, alarmed, cell)
    assert isinstance(record, Record) and record.values["alarmed"] is value


@pytest.mark.parametrize("cell", ["是", "true", 1, ["是"]])
def test_a_word_that_is_not_declared_refuses_the_row(tmp_path: Path, cell: Any) -> None:
    refused = shaped(tmp_path, "a", cell)
    assert isinstance(refused, Refused) and refused.rule == "unknown-value"


def test_words_lead_to_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"alarmed\.values.*must lead to true, false"):
        shaped(tmp_path, '{column: a, values: {是: "yes"}}', "是")
