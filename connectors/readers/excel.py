"""Reads the sheets of Excel workbooks (.xlsx): values only; no formula is computed, and no link is followed.

Numbers that stand for themselves come as text of their digits. What Excel has changed beyond recall, such as an id
number that it keeps as a number, is refused with its row. A text that begins with = + - @ is text.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any, ClassVar, Literal

import python_calamine as calamine
from pydantic import Field

from connectors.base import FILE, Broken, ConnectorError, Header, Item, Note, Row
from connectors.readers.file_sets import shown_name
from connectors.readers.files import FilesSource
from connectors.readers.headers import check_header
from connectors.readers.shared_strings import UnfitWorkbook
from connectors.readers.workbook_parts import MAX_CELLS, SheetParts, look_through
from connectors.source_model import Stream

MAX_FILE_BYTES = 128 << 20
EXACT = 10**15
"""Excel keeps 15 digits of a number; the last ones of a longer one are gone."""
SHEET = "@sheet"
_ALL = ("*",)
_LOST = ("precision-lost", "a number of more than 15 digits has lost digits; keep the column as text in the workbook")
_MERGED = "its merged ranges span too many cells"
_AROUND_NAMES = " \t\r\n\u3000\ufeff\u200b"
Unfit = dict[tuple[int, int], tuple[str, str]]
Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of merged ones, each as row and column from 0."""


@dataclass(frozen=True, slots=True)
class SheetView:
    """A visible sheet as it stands: the texts of its first rows, and its merged ranges."""

    name: str
    rows: Sequence[Sequence[str]] = field(repr=False)
    merged: Sequence[Range] = ()


def visible_sheets(name: str, file: IO[bytes], first: int) -> list[SheetView]:
    """The visible sheets of a workbook with their `first` rows; ConnectorError if it cannot be read, or is too wide."""
    book, parts = _opened(name, file)
    with book:
        visible = _visible(book)
        # All of them are held at once, and each of them is as wide as its last cell says.
        if sum(min(parts[each].rows, first) * parts[each].columns for each in visible) > MAX_CELLS:
            raise ConnectorError(
                name, "its sheets are too many and too wide; remove what stands far outside, or save them apart"
            )
        return [_view(name, _sheet_of(name, book, each), first) for each in visible]


def _view(name: str, sheet: calamine.CalamineSheet, first: int) -> SheetView:
    rows: list[list[Any]] = _asked(name, lambda: sheet.to_python(skip_empty_area=False, nrows=first))
    ranges: list[Range] = _asked(name, lambda: sheet.merged_cell_ranges) or []
    last = max(map(len, rows), default=0) - 1
    # What is merged beyond the last cell of the sheet merges nothing.
    merged = [(start, (bottom, min(right, last))) for start, (bottom, right) in ranges if start[1] <= last]
    spanned = ((min(bottom + 1, first) - top) * (right + 1 - left) for (top, left), (bottom, right) in merged)
    if sum(each for each in spanned if each > 0) > MAX_CELLS:
        raise ConnectorError(name, _MERGED)
    return SheetView(sheet.name, [[_text(cell) for cell in row] for row in rows], merged)


def _visible(book: calamine.CalamineWorkbook) -> list[str]:
    """The names of the sheets that whoever opens the workbook sees."""
    sheets = [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    return [each.name for each in sheets if each.visible == calamine.SheetVisibleEnum.Visible]


def column_names(head: Sequence[Sequence[str]], separator: str) -> list[str]:
    """The name of each column: the texts above it from top to bottom, each once, empty if there is none."""
    return [separator.join(dict.fromkeys(each for each in cells if each)) for cells in zip(*head, strict=True)]


def _text(cell: Any) -> str:
    """A cell as part of the name of a column."""
    return "" if cell == "" else str(_value(cell, None)).strip(_AROUND_NAMES)


class ExcelSource(FilesSource):
    """Excel workbooks, as their YAML file declares them."""

    takes: ClassVar[frozenset[str]] = frozenset({"sheets"})

    kind: Literal["excel"]
    skip_rows: int = Field(default=0, ge=0, le=100, alias="skipRows")
    header_rows: int = Field(default=1, ge=1, le=5, alias="headerRows")
    header_separator: str = Field(default="/", min_length=1, max_length=3, alias="headerSeparator")
    fill_merged: bool = Field(default=False, alias="fillMerged")

    def items(self, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        """Every row of the sheets of one workbook; ConnectorError if one is missing or not as declared."""
        book, parts = _opened(name, file)
        columns: dict[str, None] = {}
        complete = True
        with book:
            chosen, hidden = _chosen(name, stream, book)
            for ordinal, each in enumerate(chosen, 1):
                part = shown_name(each, ordinal, "sheet") if stream.sheets else ""
                try:
                    sheet = _Sheet(name, self, stream, _sheet_of(name, book, each), parts[each].unfit)
                    columns.update(dict.fromkeys(sheet.header))
                    for item in sheet.items():
                        yield replace(item, part=part) if isinstance(item, Row | Broken) else item
                except ConnectorError as wrong:
                    if not stream.sheets:
                        raise
                    complete = False
                    yield Broken(1, FILE, "unreadable-sheet", f"{wrong.problem}, or name the sheets to read", part=part)
        if hidden:
            text = "sheets are hidden, and are passed over; nothing is removed until the sheets to read are named"
            yield Note("hidden-sheets", text, hidden)
        yield Header(tuple(each for each in columns if each), complete)


def _opened(name: str, file: IO[bytes]) -> tuple[calamine.CalamineWorkbook, Mapping[str, SheetParts]]:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ConnectorError(
            name, f"the workbook is larger than {MAX_FILE_BYTES:,} bytes; export it in parts, or as CSV"
        )
    try:
        parts = look_through(content)
    except UnfitWorkbook as wrong:
        raise ConnectorError(name, str(wrong)) from None
    book: calamine.CalamineWorkbook = _asked(name, lambda: calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)))
    if book.sheet_names != list(parts):
        raise ConnectorError(name, "the name of a sheet holds a tab or a line end, or is ambiguous; rename the sheet")
    return book, parts


def _asked(name: str, question: Callable[[], Any]) -> Any:
    """What calamine answers; ConnectorError if it cannot, or breaks off."""
    try:
        return question()
    except BaseException as wrong:
        # A panic of Rust is no Exception, and its class cannot be imported.
        if isinstance(wrong, calamine.CalamineError | ValueError) or type(wrong).__name__ == "PanicException":
            raise ConnectorError(name, "it is no whole .xlsx workbook; save it again as .xlsx") from None
        raise


def _sheet_of(name: str, book: calamine.CalamineWorkbook, sheet: str) -> calamine.CalamineSheet:
    found: calamine.CalamineSheet = _asked(name, lambda: book.get_sheet_by_name(sheet))
    return found


def _chosen(name: str, stream: Stream, book: calamine.CalamineWorkbook) -> tuple[list[str], int]:
    """The sheets to read in the order of the workbook, and how many hidden ones are not read."""
    names = [each.name for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = _visible(book)
    if stream.sheets == _ALL:
        return visible, len(names) - len(visible)
    if stream.sheets is None:
        if len(visible) != 1:
            raise ConnectorError(
                name, f"the workbook has {len(visible)} sheets; say which with `sheets`: {_told(names)}"
            )
        return visible, 0
    missing = [each for each in stream.sheets if each not in names]
    if missing:
        raise ConnectorError(name, f"the workbook has no sheet {_told(missing)}; it has {_told(names)}")
    return [each for each in names if each in stream.sheets], 0


def _told(names: Sequence[str]) -> str:
    return ", ".join(shown_name(each, ordinal, "sheet") for ordinal, each in enumerate(names[:20], 1))


class _Sheet:
    """One sheet: its header, and its rows."""

    def __init__(
        self, name: str, source: ExcelSource, stream: Stream, sheet: calamine.CalamineSheet, unfit: Unfit
    ) -> None:
        self._name, self._source, self._stream, self._unfit = name, source, stream, unfit
        self._rows: list[list[Any]] = _asked(name, lambda: sheet.to_python(skip_empty_area=False))
        self._merged: list[Range] = _asked(name, lambda: sheet.merged_cell_ranges) or []
        self._sheet = sheet.name
        self._first = source.skip_rows + source.header_rows
        self._fill(range(source.skip_rows, self._first))
        self.header = self._named()
        columns = [each for each in stream.columns if each != SHEET or not stream.sheets]
        check_header(name, self.header, columns, "correct `skipRows` and `headerRows`", source.header_rows == 1)

    def items(self) -> Iterator[Item]:
        """The rows below the header; blank ones are counted."""
        merged = sum(end[0] >= self._first for _, end in self._merged)
        if self._source.fill_merged:
            self._fill(range(self._first, len(self._rows)))
        elif merged:
            text = "ranges of merged cells hold a value in their first cell alone; `fillMerged: true` fills the others"
            yield Note("merged-cells", text, merged)
        blank = 0
        for at in range(self._first, len(self._rows)):
            if self._is_blank(at):
                blank += 1
            else:
                yield self._row(at)
        if blank:
            yield Note("blank-lines", "lines without any value are passed over", blank)

    def _is_blank(self, at: int) -> bool:
        """Whether a row holds nothing; where an error is shown, calamine gives no value."""
        return all(isinstance(cell, str) and not cell.strip() for cell in self._rows[at]) and not any(
            (at, column) in self._unfit for column in range(len(self._rows[at]))
        )

    def _named(self) -> list[str]:
        """The name of each column: the names above it from top to bottom, each once, empty if there is none."""
        head = self._rows[self._source.skip_rows : self._first]
        if len(head) < self._source.header_rows:
            raise ConnectorError(self._name, "the sheet has no header")
        return column_names([[_text(each) for each in row] for row in head], self._source.header_separator)

    def _fill(self, rows: range) -> None:
        """Give every cell of a merged range within these rows the value of its first cell."""
        total = 0
        for (top, left), (bottom, right) in self._merged:
            filled = range(max(top, rows.start), min(bottom + 1, rows.stop, len(self._rows)))
            if not filled or top not in rows or left >= len(self._rows[top]):
                continue
            last = min(right + 1, len(self._rows[top]))
            total += len(filled) * (last - left)
            if total > MAX_CELLS:
                raise ConnectorError(self._name, _MERGED)
            for at in filled:
                self._rows[at][left:last] = [self._rows[top][left]] * (last - left)
                if (top, left) in self._unfit:
                    self._unfit.update(
                        dict.fromkeys(((at, column) for column in range(left, last)), self._unfit[top, left])
                    )

    def _row(self, at: int) -> Row | Broken:
        cells, values = self._rows[at], dict[str, Any]()
        wrong: tuple[str, tuple[str, str]] | None = None
        for column, (name, cell) in enumerate(zip(self.header, cells, strict=True)):
            if name not in self._stream.columns:
                continue
            values[name] = _value(cell, self._source.tzinfo)
            fault = self._unfit.get((at, column)) or (_LOST if _has_lost_digits(cell) else None)
            wrong = wrong or (fault and (name, fault))
        if self._stream.sheets:
            values[SHEET] = self._sheet
        if wrong is None:
            return Row(at + 1, values)
        column_name, (rule, reason) = wrong
        return Broken(at + 1, column_name, rule, reason, self._key(values, column_name))

    def _key(self, values: dict[str, Any], wrong: str) -> tuple[str, ...] | None:
        """The key of a row that is refused, unless the fault is in it; it only names the row in its refusal."""
        key = tuple(str(values.get(each) or "") for each in self._stream.key)
        return key if all(key) and wrong not in self._stream.key else None


def _has_lost_digits(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= EXACT


def _value(cell: Any, zone: dt.tzinfo | None) -> Any:
    """A cell as a row gives it: whole numbers by their digits, moments in the zone of the source, nothing as None."""
    match cell:
        case "":
            return None
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() | float() if math.isfinite(cell) and cell == int(cell):
            return str(int(cell))
        case dt.datetime():
            return cell.replace(tzinfo=zone)
        case dt.timedelta():
            return str(cell)
        case _:
            return cell
