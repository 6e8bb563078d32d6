"""What to do about a source whose columns change: the `drift` block of its file, and the kinds of the columns' values.

A column that the source's file names and that is not there always refuses the run, by its reader. Else the block says:
`tell` (the default) or `refuse` a column that is new, one that is gone and that nobody reads, and one whose values are
of another kind than at the last full read.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from connectors.base import ConnectorError, Header, Note, Position, Row
from connectors.findings import Findings
from connectors.quarantine import SMALL_BATCH

SAMPLE_ROWS = 500
"""How many rows, the first ones, are looked at for the kinds of their values."""
MOST_ALIKE = 0.8
"""The share of a column's values that must be of one kind for the column to be of it."""
Answer = Literal["tell", "refuse"]
_TEXTS = (
    ("whole number", re.compile(r"[+-]?\d+\Z", re.ASCII)),
    ("number", re.compile(r"[+-]?\d+\.\d+\Z", re.ASCII)),
    ("day or time", re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}", re.ASCII)),
)
_TYPES: Sequence[tuple[str, tuple[type, ...]]] = (
    ("yes or no", (bool,)),
    ("whole number", (int,)),
    ("number", (float, decimal.Decimal)),
    ("day or time", (dt.date, dt.time)),
    ("list or map", (list, dict)),
)


class Drift(BaseModel):
    """What is done about columns that are new, gone (and that nobody reads), or hold values of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    new: Answer = "tell"
    gone: Answer = "tell"
    kind: Answer = "tell"

    def check(self, stream: str, findings: Findings) -> None:
        """Raise ConnectorError if something was found that the block refuses."""
        refused = {"new-columns": self.new, "missing-columns": self.gone, CHANGED_KIND: self.kind}
        for rule, note in findings.notes.items():
            answer = refused.get(rule.partition(" ")[0], "tell")
            if answer == "refuse":
                name = {"new-columns": "new", "missing-columns": "gone"}.get(rule, "kind")
                raise ConnectorError(
                    stream,
                    f"{note.text}. The source's file refuses that (drift.{name}): see what changed at the source, and "
                    "set it to tell for one pull if it is right",
                )


CHANGED_KIND = "changed-kind"


class ColumnWatch:
    """Watches the columns of one run: their names, and the kinds of their values by the first rows.

    A kind is a word and tells no value.
    """

    def __init__(self, stream: str, columns: Sequence[str], drift: Drift, findings: Findings) -> None:
        self._stream, self._drift, self._findings = stream, drift, findings
        self._found: Mapping[str, Counter[str]] = {name: Counter() for name in columns}
        self._rows = 0
        self._before = Position()

    def begin(self, before: Position) -> None:
        """Compare with the columns that the last pull kept."""
        self._before = before
        self._findings.columns = before.columns

    def header(self, header: Header) -> None:
        """Take the names of the columns; raises ConnectorError where the block refuses them."""
        self._findings.header(header, self._before.columns)
        self._drift.check(self._stream, self._findings)

    def look(self, row: Row) -> None:
        """Take the values of a row into account."""
        if self._rows < SAMPLE_ROWS:
            self._rows += 1
            for name, counts in self._found.items():
                kind = kind_of(row.values.get(name))
                if kind is not None:
                    counts[kind] += 1

    def check(self) -> None:
        """Note the columns whose values are of another kind; raises ConnectorError where the block refuses that."""
        before = self._before.kinds
        for name, kind in self.kinds().items():
            if name in before and before[name] != kind and f"{CHANGED_KIND} {name}" not in self._findings.notes:
                text = f"the values of {name} look otherwise than at the last full read: {kind}, and not {before[name]}"
                self._findings.note(Note(f"{CHANGED_KIND} {name}", text))
        self._drift.check(self._stream, self._findings)

    def kinds(self) -> dict[str, str]:
        """The kind of each column; of one that holds few values, or of several kinds, the one before."""
        found = dict(self._before.kinds)
        for name, counts in self._found.items():
            values = counts.total()
            kind, most = max(counts.items(), key=lambda each: (each[1], each[0]), default=("", 0))
            if values >= SMALL_BATCH and most >= MOST_ALIKE * values:
                found[name] = kind
        return {name: found[name] for name in sorted(found) if name in self._found and name.isprintable()}


def kind_of(cell: Any) -> str | None:
    """The kind of a value in words, None for a blank one."""
    if isinstance(cell, str):
        text = cell.strip()
        return next((kind for kind, form in _TEXTS if form.match(text)), "text") if text else None
    if cell is None:
        return None
    return next((kind for kind, types in _TYPES if isinstance(cell, types)), "other")
