"""Reads a CSV file.

A row that is not as declared is refused by itself, with its place, and the rows around it are read: one wrong byte
costs one row, and none if it stands in a column that nobody reads. Lines of delimiters only are passed over and
counted. A file whose header is not as declared is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from connectors.base import Broken, ConnectorError, Header, Item, Note, Row, Since
from connectors.manifest import Source, Stream
from connectors.readers.csv_lines import NOT_CSV, CsvLines, CsvRecord
from connectors.readers.dlt_resources import open_file

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONE = re.compile("[\udc80-\udcff]")
_AROUND_NAMES = " \t\r\n\u3000\ufeff\u200b"


class CsvReader:
    """Reads one CSV file from its beginning, whatever was read before."""

    ordered = False
    full = True

    def __init__(self, source: Source, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        self._columns = stream.columns
        self._encoding = "utf-8" if source.encoding == "utf-8-sig" else source.encoding

    def read(self, since: Since) -> Iterator[Item]:
        """Every row of the file; ConnectorError if the file is missing or its header is not as declared."""
        with open_file(self._name, Path(self._source.where)) as file:
            self._skip_mark(file)
            lines = CsvLines(file, self._encoding, self._source.delimiter, self._source.multiline)
            records = lines.records()
            header = self._header(next((each for each in records if each.content.strip()), None))
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

    def _skip_mark(self, file: IO[bytes]) -> None:
        start = file.read(3)
        if start.startswith(_UTF_16):
            raise ConnectorError(self._name, "the file is UTF-16; export it as UTF-8 or GB 18030")
        if start == BYTE_ORDER_MARK and self._encoding != "utf-8":
            raise ConnectorError(
                self._name, f"the file starts with the byte order mark of UTF-8, and {self._encoding} is declared"
            )
        file.seek(len(BYTE_ORDER_MARK) if start == BYTE_ORDER_MARK else 0)

    def _header(self, record: CsvRecord | None) -> list[str]:
        """The names of the columns, empty for a column without one."""
        if record is None:
            raise ConnectorError(self._name, "the file is empty")
        if b"\r" in record.content.rstrip(b"\r\n"):
            raise ConnectorError(self._name, "lines end with CR alone; export the file with LF or CRLF")
        if record.fault is not None:
            raise ConnectorError(self._name, f"the header cannot be read: {record.fault}")
        header = [cell.strip(_AROUND_NAMES) for cell in record.cells]
        if any(_undecodable(name) for name in header):
            raise ConnectorError(
                self._name,
                f"the header is not {self._encoding}; save the file so, or declare its `encoding` in the source file",
            )
        missing = [each for each in self._columns if each not in header]
        if len(missing) == len(self._columns):
            # What stands there may be a person's data, so it is not told.
            text = f"the first line is no header: none of its {len(header)} cells is a column of the source file"
            raise ConnectorError(self._name, f"{text}; export the file with its header, and nothing above it")
        if missing:
            has = ", ".join(name for name in header if name)
            raise ConnectorError(self._name, f"the header lacks {', '.join(missing)}; it has {has}")
        counts = Counter(header)
        twice = [each for each in self._columns if counts[each] > 1]
        if twice:
            raise ConnectorError(self._name, f"the header names a column twice: {', '.join(twice)}")
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
            if _undecodable(values[column]):
                return Broken(number, column, "not-decodable", self._wrong_byte(record), key)
        return Row(number, values)

    def _wrong_byte(self, record: CsvRecord) -> str:
        try:
            record.content.decode(self._encoding)
        except UnicodeDecodeError as error:
            return f"byte {record.offset + error.start} of the file is not {self._encoding}"
        return f"the row is not {self._encoding}"

    def _key(self, values: dict[str, str]) -> tuple[str, ...] | None:
        """The key columns of a row that is refused, if they can be read; they only name it in its refusal."""
        key = tuple(values.get(each, "") for each in self._stream.key)
        return key if all(key) and not any(map(_undecodable, key)) else None


def _undecodable(cell: str) -> bool:
    return not cell.isascii() and _LONE.search(cell) is not None
