"""Finds how a CSV file is written: its encoding, its delimiter, and whether its first line is a header.

Pure over bytes and texts. A file that `connectors/readers/csv_files.py` could not read is refused with what to do about
it, and no cell of it is repeated.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO

from connectors.base import ConnectorError

DELIMITERS = (",", "\t", ";", "|")
_CHUNK = 1 << 20
_LOOKED_AT = 50
"""Lines by which delimiter and header are told."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_VALUE = re.compile(r"[\d.,:/ +*xX年月日-]*\d[\d.,:/ +*xX年月日-]*\Z")
"""What is a number, a day or a time, and so no name of a column."""
_MAX_HEADER = 40
_WORDS_OF_ROWS = frozenset({
    "男", "女", "是", "否", "无", "汉族", "已婚", "未婚", "离婚", "丧偶", "male", "female", "yes", "true", "false",
    "null", "none", "married", "divorced",
})  # fmt: skip
"""Words that stand in rows and name no column, in small letters."""


def encoding_of(name: str, file: IO[bytes]) -> str:
    """The encoding in which every byte of a file is text; ConnectorError with the first byte that is none."""
    start = file.read(3)
    file.seek(0)
    if start.startswith(_UTF_16):
        raise ConnectorError(name, "the file is UTF-16; export it as UTF-8 or GB 18030")
    if not start:
        raise ConnectorError(name, "the file is empty; export it with its header and its rows")
    fault = _first_fault(file, "utf-8")
    if fault is None:
        return "utf-8"
    # Text that is surely UTF-8 before the wrong byte: as GB 18030 all of it would be other characters.
    if start == codecs.BOM_UTF8 or _is_chinese(file, fault):
        raise ConnectorError(name, f"the file is UTF-8 up to byte {fault}, which is not; export it again")
    wrong = _first_fault(file, "gb18030")
    if wrong is None:
        return "gb18030"
    raise ConnectorError(
        name, f"byte {fault} is not UTF-8 and byte {wrong} is not GB 18030; export the file again in one of them"
    )


def _first_fault(file: IO[bytes], encoding: str) -> int | None:
    file.seek(0)
    decoder, offset = codecs.getincrementaldecoder(encoding)(), 0
    done = False
    while not done:
        chunk = file.read(_CHUNK)
        done = not chunk
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, final=done)
        except UnicodeDecodeError as error:
            return offset - kept + error.start
        offset += len(chunk)
    return None


def _is_chinese(file: IO[bytes], fault: int) -> bool:
    file.seek(0)
    return re.search("[\u2e80-\U0010ffff]", file.read(min(fault, _CHUNK)).decode("utf-8", "ignore")) is not None


def first_lines(file: IO[bytes], encoding: str) -> list[str]:
    """The first lines that are not blank."""
    file.seek(0)
    lines: Iterator[str] = (line.decode(encoding, "replace").lstrip("\ufeff").rstrip("\r\n") for line in file)
    found: list[str] = []
    for line in lines:
        if line.strip():
            found.append(line)
        if len(found) == _LOOKED_AT:
            break
    return found


def delimiter_of(lines: Sequence[str]) -> str:
    """The sign by which most lines have the same number of cells, and more than one; a comma if there is none."""
    best, most = ",", (0, 0)
    for sign in DELIMITERS:
        counts = Counter(len(cells_of(line, sign)) for line in lines)
        cells, times = max(counts.items(), key=lambda each: (each[1], each[0]), default=(1, 0))
        if cells > 1 and (times, cells) > most:
            best, most = sign, (times, cells)
    return best


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, without outer blanks."""
    return [cell.strip(" \t\u3000\ufeff\u200b") for cell in next(csv.reader([line], delimiter=delimiter), [])]


def header_of(name: str, lines: Sequence[str], delimiter: str) -> list[str]:
    """The names of the columns, empty where there is none; ConnectorError if the first line is no header."""
    first, *below = [cells_of(line, delimiter) for line in lines]
    filled = [cell for cell in first if cell]
    widest = max((sum(map(bool, row)) for row in below), default=0)
    if len(filled) == 1 < widest:
        raise ConnectorError(name, "the first line is a title and no header; delete it, and what else stands above it")
    if any(map(_is_value, filled)) or _stands_below(first, below):
        raise ConnectorError(
            name, "the first line looks like a row and not like names of columns; add a line with their names above it"
        )
    if below and _goes_on(first, below[0]):
        raise ConnectorError(
            name, "the header seems to go on in the second line; write each column's name into the first, delete that"
        )
    return first


def _is_value(cell: str) -> bool:
    """Whether a cell cannot be the name of a column."""
    return _VALUE.match(cell) is not None or len(cell) > _MAX_HEADER or cell.casefold() in _WORDS_OF_ROWS


def _stands_below(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a cell of the header is a value of its own column too, such as a word of an enum."""
    return any(cell and any(len(row) > at and row[at] == cell for row in rows) for at, cell in enumerate(header))


def _goes_on(header: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the second line names the columns that merged cells have left without a name, and no others."""
    pairs = list(zip(header, second, strict=False))
    gaps = [below for above, below in pairs if not above]
    return (
        bool(gaps)
        and all(gaps)
        and not any(_VALUE.match(below) for _, below in pairs)
        and any(above and not below for above, below in pairs)
    )
