"""Finds how a workbook is written: which of its sheets hold the table, where their header stands, and what is merged.

What is found is what `connectors/readers/excel.py` reads. A workbook in which that cannot be told is refused with what
to do about it; names of sheets are told, and no cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.base import ConnectorError
from connectors.drafts.header_rows import (
    HeaderPlace,
    NameTest,
    check_names,
    header_place,
    spread_merged,
)
from connectors.quarantine import holds_number_of_person
from connectors.readers.excel import SHEET, SheetView, column_names, visible_sheets

SEPARATOR = "/"
"""Joins the names of a header of several rows, as the reader does where nothing else is said."""
_LOOKED_AT = 70
"""Rows by which the header is told."""


@dataclass(frozen=True, slots=True)
class ExcelForm:
    """How a workbook is read: the keys of its source, its sheets if they have to be named, and its headers."""

    keys: dict[str, int | bool]
    sheets: tuple[str, ...]
    headers: list[str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """The table of one sheet: where its header stands, and the names of its columns."""

    sheet: SheetView
    place: HeaderPlace
    headers: tuple[str, ...]

    @property
    def fills_down(self) -> bool:
        """Whether cells of several rows are merged."""
        first = self.place.above + self.place.rows
        return any(bottom > top >= first for (top, _), (bottom, _) in self.sheet.merged)


def excel_form(name: str, path: Path, asked: Sequence[str], looks_like_name: NameTest) -> ExcelForm:
    """The form of a workbook; of several tables those that are `asked` for. Raises ConnectorError."""
    with path.open("rb") as file:
        views = visible_sheets(name, file, _LOOKED_AT)
    if any(holds_number_of_person(each.name) for each in views):
        raise ConnectorError(name, "a sheet is called by a number that looks like that of a person; rename the sheet")
    chosen = _chosen(name, views, asked)
    tables = [_table(name, each, looks_like_name) for each in chosen]
    first = tables[0]
    if any((each.place, each.headers) != (first.place, first.headers) for each in tables):
        known = ", ".join(each.name for each in chosen)
        raise ConnectorError(name, f"its sheets have different headers; name those of one with --sheet: {known}")
    keys: dict[str, int | bool] = {}
    if first.place.above:
        keys["skipRows"] = first.place.above
    if first.place.rows > 1:
        keys["headerRows"] = first.place.rows
    if any(each.fills_down for each in tables):
        keys["fillMerged"] = True
    names = tuple(each.name for each in chosen)
    headers = [*first.headers, *([SHEET] if len(names) > 1 else [])]
    return ExcelForm(keys, names if len(views) > 1 else (), headers, tuple(_notes(views, first.place, names)))


def _chosen(name: str, views: Sequence[SheetView], asked: Sequence[str]) -> list[SheetView]:
    """The sheets to read: those that are asked for, else all that hold a table."""
    missing = [each for each in asked if each not in {view.name for view in views}]
    if missing:
        known = ", ".join(view.name for view in views)
        raise ConnectorError(name, f"it has no visible sheet {', '.join(missing)}; it has {known}")
    chosen = [each for each in views if (each.name in asked if asked else _holds_table(each))]
    if not chosen:
        raise ConnectorError(name, "no visible sheet holds a table of two columns or more, with a header above it")
    return chosen


def _holds_table(view: SheetView) -> bool:
    return sum(sum(map(bool, row)) > 1 for row in view.rows) > 1


def _table(name: str, view: SheetView, looks_like_name: NameTest) -> _Table:
    place = header_place(name, view.rows, view.merged)
    end = place.above + place.rows
    head = spread_merged(view.rows, view.merged)[place.above : end]
    check_names(name, head[-1], view.rows[end:], looks_like_name)
    return _Table(view, place, tuple(column_names(head, SEPARATOR)))


def _notes(views: Sequence[SheetView], place: HeaderPlace, names: Sequence[str]) -> list[str]:
    end = place.above + place.rows
    rows = f"row {end}" if place.rows == 1 else f"rows {place.above + 1} to {end}"
    of = f"sheet{'s' if len(names) > 1 else ''} {', '.join(names)}"
    notes = [f"the header is {rows} of the {of}"]
    others = [each.name for each in views if each.name not in names]
    if others:
        notes.append(f"sheets that are not read: {', '.join(others)}")
    return notes
