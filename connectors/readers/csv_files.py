"""Reads a CSV file.

A row that is not as declared is refused by itself, with its place, and the rows around it are read: one wrong byte
costs one row, and none if it stands in a column that nobody reads. Lines of delimiters only are passed over and
counted. A file whose header is not as declared is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Annotated, ClassVar, Literal

from pydantic import Field

from connectors.base import Broken, ConnectorError, Header, Item, Note, Row
from connectors.readers.byte_lines import is_really_utf_8, is_undecodable, wrong_byte
from connectors.readers.csv_lines import NOT_CSV, CsvLines, CsvRecord
from connectors.readers.files import FilesSource
from connectors.readers.headers import check_header
from connectors.readers.text_encoding import Encoding, text_form
from connectors.source_model import Stream
from schema import shapes

_AROUND_NAMES = " \t\r\n\u3000\ufeff\u200b"


class CsvSource(FilesSource):
    """CSV files, as their YAML file declares them."""

    unit: ClassVar[str] = "line"
    kind: Literal["csv"]
    encoding: Encoding = "utf-8"
    delimiter: Annotated[str, Field(pattern=shapes.DELIMITER)] = ","
    multiline: bool = False

    def items(self, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        """Every row of one file; ConnectorError if its header is not as declared."""
        form = text_form(name, self.encoding, file)
        if form.note:
            yield form.note
        lines = CsvLines(file, form.encoding, self.delimiter, self.multiline)
        yield from _CsvFile(name, stream, form.encoding).items(lines)


class _CsvFile:
    """The header and the rows of one file."""

    def __init__(self, name: str, stream: Stream, encoding: str) -> None:
        self._name, self._stream, self._encoding = name, stream, encoding
        self._columns = stream.columns

    def items(self, lines: CsvLines) -> Iterator[Item]:
        """The names of the columns, then the rows."""
        records = lines.records()
        header = self._header(next((each for each in records if each.content.strip(b"\r\n\0 ")), None))
        lines.columns = len(header)
        yield Header(tuple(name for name in header if name))
        blank = 0
        for record in records:
            if record.fault is None and not any(cell.strip() for cell in record.cells):
                blank += 1
                continue
            yield self._row(record, header)
        if blank:
            yield Note("blank-lines", "lines without any value are passed over", blank)

    def _header(self, record: CsvRecord | None) -> list[str]:
        """The names of the columns, empty for a column without one."""
        if record is None:
            raise ConnectorError(self._name, "the file is empty")
        if self._encoding[:6] != "utf-16" and b"\r" in record.content.rstrip(b"\r\n"):
            raise ConnectorError(self._name, "lines end with CR alone; export the file with LF or CRLF")
        if record.fault is not None:
            raise ConnectorError(self._name, f"the header cannot be read: {record.fault}")
        header = [cell.strip(_AROUND_NAMES) for cell in record.cells]
        utf_8 = is_really_utf_8(record.content, self._encoding)
        if utf_8 or any(map(is_undecodable, header)):
            why = "it is UTF-8" if utf_8 else wrong_byte(record.content, record.offset, self._encoding)
            raise ConnectorError(
                self._name,
                f"the header is not {self._encoding}: {why}; save the file so, or declare its `encoding` in the source "
                "file",
            )
        check_header(self._name, header, self._columns, "export the file with its header, and nothing above it")
        return header

    def _row(self, record: CsvRecord, header: Sequence[str]) -> Row | Broken:
        number = record.line
        if record.fault is not None:
            return Broken(number, "row", NOT_CSV, record.fault)
        cells = record.cells
        values = dict(zip(header, cells, strict=False))
        key = self._key(values)
        # What a spreadsheet appends to a row, empty cells, is no value.
        if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            return Broken(number, "row", "wrong-length", f"{len(cells)} fields where the header has {len(header)}", key)
        for column in self._columns:
            if is_undecodable(values[column]):
                reason = wrong_byte(record.content, record.offset, self._encoding)
                return Broken(number, column, "not-decodable", reason, key)
        if is_really_utf_8(record.content, self._encoding):
            return Broken(number, "row", "not-decodable", f"the row is UTF-8, in a file of {self._encoding}")
        return Row(number, values)

    def _key(self, values: dict[str, str]) -> tuple[str, ...] | None:
        """The key columns of a row that is refused, if they can be read; they only name it in its refusal."""
        key = tuple(values.get(each, "") for each in self._stream.key)
        return key if all(key) and not any(map(is_undecodable, key)) else None
