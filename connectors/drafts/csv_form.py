"""Finds how a CSV file is written: its encoding, its delimiter, and the cells of its first lines.

What is found is what `connectors/readers/csv_files.py` reads. A file that it could not read is refused with what to do
about it, and no cell of it is repeated.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import IO, cast, get_args

from connectors.base import ConnectorError
from connectors.drafts.columns import tolerated
from connectors.readers.byte_lines import byte_lines, decode
from connectors.readers.text_encoding import Encoding, WrongLines, text_form, wrong_lines

ENCODINGS: tuple[str, ...] = get_args(Encoding)
DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 50
"""Lines by which delimiter and header are told."""
_TRIED = ("utf-8", "gb18030", "gbk", "big5")
"""Encodings of which the one with the fewest wrong lines is taken, if no encoding fits the whole file."""


def encoding_of(name: str, file: IO[bytes], declared: str | None) -> tuple[str, str]:
    """The encoding of a file, and what to tell of it.

    If some lines hold bytes that are in none, the encoding of all others is taken, and the first such line is told.
    ConnectorError if nothing fits, or not what is `declared`.
    """
    if not file.read(1):
        raise ConnectorError(name, "the file is empty; export it with its header and its rows")
    if declared is not None:
        if declared not in ENCODINGS:
            raise ConnectorError("--encoding", f"name one of {', '.join(ENCODINGS)}")
        encoding = text_form(name, cast("Encoding", declared), file).encoding
        found = wrong_lines(file, encoding)
        return encoding, _told(encoding, found) if found.count else f"every byte of the file is valid {encoding}"
    try:
        encoding = text_form(name, "detect", file).encoding
    except ConnectorError:
        return _most_likely(name, file)
    return encoding, f"every byte of the file is valid {encoding}"


def _most_likely(name: str, file: IO[bytes]) -> tuple[str, str]:
    wrong = {encoding: wrong_lines(file, encoding) for encoding in _TRIED}
    encoding = min(wrong, key=lambda each: wrong[each].count)
    found = wrong[encoding]
    if found.count > tolerated(found.lines):
        raise ConnectorError(
            name, f"no encoding fits the file: {_told(encoding, found)}; export it again, or name its --encoding"
        )
    return encoding, _told(encoding, found)


def _told(encoding: str, found: WrongLines) -> str:
    lines = "1 line is" if found.count == 1 else f"{found.count:,} lines are"
    first = f"line {found.first} (byte {found.byte:,} of the file)"
    return f"{lines} not {encoding}, of {found.lines:,}; the first is {first}; if it is another, name it by --encoding"


def first_lines(file: IO[bytes], encoding: str) -> list[str]:
    """The first lines that are not blank."""
    file.seek(0)
    lines = (decode(line.content, encoding).lstrip("\ufeff").rstrip("\r\n") for line in byte_lines(file, encoding))
    return list(itertools.islice((line for line in lines if line.strip()), _LOOKED_AT))


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
