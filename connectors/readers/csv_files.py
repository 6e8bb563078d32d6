"""Reads a CSV file.

A row that is not as declared is refused by itself, with its place, and the rows around it are read. The bytes are cut
into records first (RFC 4180: a quoted field may hold line ends) and each is decoded strictly: one wrong byte costs one
row, and no wrong character enters the graph. A quote that is never closed costs its own line, not the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.manifest import Source, Stream
from connectors.readers.dlt_resources import open_file

MAX_LINES = 64
MAX_BYTES = 1 << 20


class CsvReader:
    """Reads one CSV file from its beginning, whatever was read before."""

    ordered = False
    full = True

    def __init__(self, source: Source, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"

    def read(self, since: Since) -> Iterator[Row | Broken]:
        """Every row of the file; ConnectorError if the file is missing or its header is not as declared."""
        with open_file(self._name, Path(self._source.where)) as file:
            records = _records(file)
            header = self._header(next(records, None))
            for number, (offset, line) in enumerate(records, start=1):
                yield self._row(number, offset, line, header)

    def _header(self, first: tuple[int, bytes] | None) -> list[str]:
        if first is None:
            raise ConnectorError(self._name, "the file is empty")
        if first[1].startswith(b"\xef\xbb\xbf") and self._source.encoding != "utf-8-sig":
            raise ConnectorError(self._name, "the file starts with a byte order mark: declare utf-8-sig")
        try:
            header = self._cells(first[1].decode(self._source.encoding))
        except (UnicodeDecodeError, csv.Error):
            raise ConnectorError(self._name, f"the header is not {self._source.encoding}") from None
        missing = [each for each in self._stream.columns if each not in header]
        if missing:
            raise ConnectorError(self._name, f"the header lacks {', '.join(missing)}")
        if len(set(header)) != len(header):
            raise ConnectorError(self._name, "the header names a column twice")
        return header

    def _row(self, number: int, offset: int, line: bytes, header: list[str]) -> Row | Broken:
        encoding = "utf-8" if self._source.encoding == "utf-8-sig" else self._source.encoding
        try:
            cells = self._cells(line.decode(encoding))
        except UnicodeDecodeError as error:
            reason = f"byte {offset + error.start} of the file is not {encoding}"
            return Broken(number, "row", "not-decodable", reason, self._key(line, encoding, header))
        except csv.Error:
            return Broken(number, "row", "not-csv", "quotes are not closed or stand inside a field")
        if len(cells) != len(header):
            reason = f"{len(cells)} fields where the header has {len(header)}"
            return Broken(number, "row", "wrong-length", reason, self._key(line, encoding, header))
        return Row(number, dict(zip(header, cells, strict=True)))

    def _cells(self, line: str) -> list[str]:
        text = line.removesuffix("\n").removesuffix("\r")
        return next(csv.reader([text], delimiter=self._source.delimiter, strict=True), [])

    def _key(self, line: bytes, encoding: str, header: list[str]) -> tuple[str, ...] | None:
        """The key columns of a broken row, if they can be read; they only name the row in its refusal."""
        try:
            cells = self._cells(line.decode(encoding, "replace"))
            return tuple(cells[header.index(each)] for each in self._stream.key)
        except (csv.Error, IndexError):
            return None


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each record, blank lines left out.

    No byte of a GBK or GB 18030 character equals a line end or a quote, so bytes can be cut before decoding.
    """
    waiting: list[tuple[int, bytes]] = []
    lines = _lines(file)
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        offset, taken = line
        gathered = [taken]
        while not _quotes_are_closed(gathered) and len(gathered) < MAX_LINES:
            more = waiting.pop(0) if waiting else next(lines, None)
            if more is None:
                break
            gathered.append(more[1])
        if not _quotes_are_closed(gathered):
            # The quote is never closed: its line is refused, and the lines after it are read one by one again.
            waiting = _with_offsets(offset + len(taken), gathered[1:]) + waiting
            gathered = gathered[:1]
        record = b"".join(gathered)
        if record.strip():
            yield offset, record


def _quotes_are_closed(lines: Iterable[bytes]) -> bool:
    return sum(each.count(b'"') for each in lines) % 2 == 0


def _with_offsets(offset: int, lines: list[bytes]) -> list[tuple[int, bytes]]:
    placed = []
    for line in lines:
        placed.append((offset, line))
        offset += len(line)
    return placed


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while line := file.readline(MAX_BYTES):
        yield offset, line
        offset += len(line)
