"""Reads files of JSON lines: one object on each line.

A line that is no object is refused by itself. A file whose last line is half a line was cut short: the rows before it
are given, and then the file fails, so that it is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, ClassVar, Literal

from connectors.base import Broken, ConnectorError, Header, Item, Note, Row
from connectors.readers.byte_lines import MAX_BYTES, Line, byte_lines, is_really_utf_8, is_undecodable, wrong_byte
from connectors.readers.files import FilesSource
from connectors.readers.json_rows import json_key, json_row
from connectors.readers.page_json import loads
from connectors.readers.text_encoding import Encoding, text_form
from connectors.source_model import Stream

NOT_JSON = "not-json"
_BLANK = b" \t\r\n\0"


class JsonLinesSource(FilesSource):
    """Files of JSON lines, as their YAML file declares them."""

    unit: ClassVar[str] = "line"
    kind: Literal["jsonl"]
    encoding: Encoding = "utf-8"

    def items(self, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        """Every row of one file; ConnectorError after the last whole one if the file was cut short."""
        form = text_form(name, self.encoding, file)
        if form.note:
            yield form.note
        members: dict[str, None] = {}
        blank = 0
        for line in byte_lines(file, form.encoding):
            if not line.content.strip(_BLANK):
                blank += 1
                continue
            row = _row(stream, line, form.encoding)
            if isinstance(row, Broken) and row.rule == NOT_JSON and not _has_end(line, form.encoding):
                problem = f"it ends within line {line.number}: it was cut short; pull again when it is whole"
                raise ConnectorError(name, problem, terminal=False)
            if isinstance(row, Row):
                members.update(dict.fromkeys(row.values))
            yield row
        if blank:
            yield Note("blank-lines", "lines without any value are passed over", blank)
        yield Header(tuple(members))


def _has_end(line: Line, encoding: str) -> bool:
    return not line.whole or line.content.decode(encoding, "ignore").endswith("\n")


def _row(stream: Stream, line: Line, encoding: str) -> Row | Broken:
    if not line.whole:
        return Broken(line.number, "row", NOT_JSON, f"the line is longer than {MAX_BYTES:,} bytes")
    if is_really_utf_8(line.content, encoding):
        return Broken(line.number, "row", "not-decodable", f"the row is UTF-8, in a file of {encoding}")
    try:
        item = loads(line.content, encoding)
    except ValueError:
        return Broken(line.number, "row", NOT_JSON, "the line is not valid JSON")
    row = json_row(stream, line.number, item)
    return _decodable(stream, row, line, encoding) if isinstance(row, Row) else row


def _decodable(stream: Stream, row: Row, line: Line, encoding: str) -> Row | Broken:
    """The row, unless a wrong byte stands in a column that is read."""
    cells = ((each, row.values.get(each)) for each in stream.columns)
    column = next((name for name, cell in cells if isinstance(cell, str) and is_undecodable(cell)), None)
    if column is None:
        return row
    reason = wrong_byte(line.content, line.offset, encoding)
    return Broken(row.number, column, "not-decodable", reason, json_key(stream, dict(row.values)))
