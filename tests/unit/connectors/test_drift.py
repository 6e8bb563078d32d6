"""Columns that change: told by default, refused where the source's file says so."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.base import ConnectorError, Header, Position, Row
from connectors.drift import ColumnWatch, Drift, kind_of
from connectors.findings import Findings

pytestmark = pytest.mark.unit

KINDS: list[tuple[Any, str | None]] = [
    (None, None), ("", None), ("  ", None), ("12", "whole number"), ("-12", "whole number"), ("1.5", "number"),
    ("٣", "text"), ("2026-01-02", "day or time"), ("2026年1月2日", "day or time"), ("2026/1/2 03:04", "day or time"),
    ("东街", "text"), ("12号", "text"), ("140321199003070017", "whole number"), (12, "whole number"),
    (True, "yes or no"),
    (1.5, "number"), (decimal.Decimal("1.5"), "number"), (dt.date(2026, 1, 2), "day or time"),
    (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "day or time"), ([], "list or map"), ({}, "list or map"), (b"x", "other"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "kind"), KINDS)
def test_a_value_is_of_a_kind(cell: Any, kind: str | None) -> None:
    assert kind_of(cell) == kind


def watched(values: Sequence[Any], before: dict[str, str], drift: Drift | None = None) -> tuple[ColumnWatch, Findings]:
    findings = Findings()
    watch = ColumnWatch("s/t", ["a"], drift or Drift(), findings)
    watch.begin(Position(columns=("a", "b"), kinds=before))
    for number, value in enumerate(values):
        watch.look(Row(number, {"a": value}))
    return watch, findings


def test_values_of_another_kind_are_told_once_and_without_one() -> None:
    watch, findings = watched(["东街"] * 19 + ["12"] * 4, {"a": "whole number"})
    watch.check()
    watch.check()
    (note,) = findings.notes.values()
    assert note.text == "the values of a look otherwise than at the last full read: text, and not whole number"
    assert watch.kinds() == {"a": "text"}


@pytest.mark.parametrize("values", [["东街"] * 19, ["东街"] * 20 + ["12"] * 20, ["12"] * 20 + [None] * 40])
def test_few_or_mixed_values_say_nothing(values: list[Any]) -> None:
    watch, findings = watched(values, {"a": "whole number"})
    watch.check()
    assert findings.notes == {}
    assert watch.kinds() == {"a": "whole number"}


def test_the_first_rows_are_looked_at() -> None:
    watch, _ = watched(["12"] * 500 + ["东街"] * 5_000, {})
    assert watch.kinds() == {"a": "whole number"}


REFUSED = [
    (Drift(new="refuse"), Header(("a", "b", "c")), "columns that were not there at the last pull: c"),
    (Drift(gone="refuse"), Header(("a",)), "columns of the last pull that are gone: b"),
]


@pytest.mark.parametrize(("drift", "header", "why"), REFUSED)
def test_a_column_that_the_block_refuses_stops_the_run(drift: Drift, header: Header, why: str) -> None:
    watch, _ = watched([], {}, drift)
    with pytest.raises(ConnectorError) as refused:
        watch.header(header)
    assert str(refused.value).startswith(f"s/t: {why}. The source's file refuses that (drift.")
    told, findings = watched([], {})
    told.header(header)
    assert [each.text for each in findings.notes.values()] == [why]


def test_a_kind_that_the_block_refuses_stops_the_run() -> None:
    watch, _ = watched(["东街"] * 20, {"a": "whole number"}, Drift(kind="refuse"))
    with pytest.raises(ConnectorError, match=r"text, and not whole number\. .*\(drift\.kind\)"):
        watch.check()
