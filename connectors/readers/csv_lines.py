"""Cuts the bytes of a CSV file into records, a line each (RFC 4180).

Every line comes out once, in order: in a record, or with the reason why it cannot be read. A quote
within an unquoted field is text. A quoted field that goes on over several lines is read only where the source declares
`multiline`, and not if one of its lines could be a row of its own. Otherwise each of its lines is refused, because who
wrote a text could have put rows into it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from connectors.readers.byte_lines import MAX_BYTES, Line, byte_lines, decode

MAX_LINES = 64
"""Most lines of one record."""
NOT_CSV = "not-csv"


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record: the number and byte offset of its first line, its bytes, and its cells, or why there are none.

    Bytes that are not in the encoding are lone surrogates in the cells (PEP 383).
    """

    line: int
    offset: int
    content: bytes
    cells: tuple[str, ...] = ()
    fault: str | None = None


class CsvLines:
    """The records of one file. `columns` is set by the reader once the header is known."""

    def __init__(self, file: IO[bytes], encoding: str, delimiter: str, multiline: bool) -> None:
        self._encoding, self._delimiter, self._multiline = encoding, delimiter, multiline
        self._lines = byte_lines(file, encoding)
        self._waiting: list[Line] = []
        self.columns = 0

    def records(self) -> Iterator[CsvRecord]:
        """Each record; a blank line is one without cells."""
        while (line := self._next()) is not None:
            yield from self._record(line)

    def _next(self) -> Line | None:
        return self._waiting.pop(0) if self._waiting else next(self._lines, None)

    def _record(self, line: Line) -> Iterator[CsvRecord]:
        if not line.whole:
            yield _faulty(line, f"line {line.number} is longer than {MAX_BYTES:,} bytes")
            return
        text = self._decode(line.content)
        cells = self._cells(text)
        if cells is not None:
            yield CsvRecord(line.number, line.offset, line.content, cells)
        elif not self._is_open(text):
            reason = f"line {line.number}: text follows a closing quote, or a field is longer than 131,072 characters"
            yield _faulty(line, reason)
        else:
            yield from self._several_lines(line, text)

    def _several_lines(self, first: Line, text: str) -> Iterator[CsvRecord]:
        """The record that begins with an open quote, or its lines refused."""
        gathered, cells = [first], None
        while len(gathered) < MAX_LINES and (more := self._next()) is not None:
            gathered.append(more)
            text += self._decode(more.content)
            cells = self._cells(text) if more.whole else None
            if cells is not None or not self._is_open(text):
                break
        if cells is None:
            # The quote is never closed: its line is refused, and the lines after it are read one by one.
            self._waiting = gathered[1:] + self._waiting
            yield _faulty(first, f"line {first.number}: a quote opens a field and is not closed{self._advice}")
        elif not self._multiline or self._may_be_rows(gathered):
            # Whoever wrote the text of a field could have written whole rows into it.
            reason = (
                f"lines {first.number} to {gathered[-1].number} may be rows of their own, or one field with line ends: "
                f"a quote is missing, or one is too many{self._advice}"
            )
            yield from (_faulty(each, reason) for each in gathered)
        else:
            yield CsvRecord(first.number, first.offset, b"".join(each.content for each in gathered), cells)

    @property
    def _advice(self) -> str:
        return "" if self._multiline else "; or declare `multiline: true` if fields of this source may hold line ends"

    def _may_be_rows(self, lines: list[Line]) -> bool:
        """Whether the first line would be whole with its quote taken for text, and one after it is a row of its own."""
        first = self._decode(lines[0].content).count(self._delimiter) + 1
        others = (len(self._cells(self._decode(each.content)) or ()) for each in lines[1:])
        return first >= self.columns and any(cells == self.columns for cells in others)

    def _decode(self, content: bytes) -> str:
        return decode(content, self._encoding)

    def _cells(self, text: str) -> tuple[str, ...] | None:
        """The cells of a text that is a complete record, else None."""
        plain = text.removesuffix("\n").removesuffix("\r")
        try:
            # One text, not its lines: the csv module takes a line end within quotes for text.
            return tuple(next(csv.reader([plain], delimiter=self._delimiter, strict=True), ()))
        except csv.Error:
            return None

    def _is_open(self, text: str) -> bool:
        """Whether a text that is no complete record becomes one when its last field is closed."""
        return self._cells(text.removesuffix("\n").removesuffix("\r") + '"') is not None


def _faulty(line: Line, reason: str) -> CsvRecord:
    return CsvRecord(line.number, line.offset, line.content, fault=reason)
