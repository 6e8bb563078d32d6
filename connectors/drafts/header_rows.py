"""Tells whether rows of a table are its header, a title above it, or rows of its own.

Pure over the texts of cells, without outer blanks. Who finds no header is told what to do, and no cell is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.base import ConnectorError
from connectors.drafts.words import HEADERS

NameTest = Callable[[str], bool]
Cells = Sequence[str]
Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last of merged cells, each as row and column from 0."""
MAX_TITLES, MAX_ROWS = 20, 5
"""Most rows above a header, and most of a header itself."""
_VALUE = re.compile(r"[\d.,:/ +*xX年月日-]*\d[\d.,:/ +*xX年月日-]*\Z")
"""What is a number, a day or a time, and so no name of a column."""
_STATES = re.compile(r"[:：]")
"""Stands in `填报单位：…` above a table, and not in names of columns."""
_MAX_HEADER = 40
_WORDS_OF_ROWS = frozenset({
    "男", "女", "是", "否", "无", "汉族", "已婚", "未婚", "离婚", "丧偶", "male", "female", "yes", "true", "false",
    "null", "none", "married", "divorced",
})  # fmt: skip
"""Words that stand in rows and name no column, in small letters."""
_NAMES_BELOW = 0.3
"""Share of the cells below a name that are names too, from which on it is one of theirs and not a header."""


@dataclass(frozen=True, slots=True)
class HeaderPlace:
    """Where a header stands: how many rows above it, and how many of its own."""

    above: int
    rows: int


def check_header_row(name: str, first: Cells, below: Sequence[Cells], looks_like_name: NameTest) -> None:
    """Raise ConnectorError if a first line is no header."""
    filled = [cell for cell in first if cell]
    widest = max((sum(map(bool, row)) for row in below), default=0)
    if len(filled) == 1 < widest:
        raise ConnectorError(name, "the first line is a title and no header; delete it, and what else stands above it")
    check_names(name, first, below, looks_like_name)
    if below and _goes_on(first, below[0]):
        raise ConnectorError(
            name, "the header seems to go on in the second line; write each column's name into the first, delete that"
        )


def check_names(name: str, header: Cells, below: Sequence[Cells], looks_like_name: NameTest) -> None:
    """Raise ConnectorError if what should be names of columns are values, or names of people above such names."""
    if (
        any(map(_is_value, filter(None, header)))
        or _stands_below(header, below)
        or _names_people(header, below, looks_like_name)
    ):
        raise ConnectorError(
            name, "the first line looks like a row and not like names of columns; add a line with their names above it"
        )


def header_place(name: str, rows: Sequence[Cells], merged: Sequence[Range]) -> HeaderPlace:
    """Where the header of a sheet stands, titles above it passed over; ConnectorError if there is none."""
    width = max((_filled(row) for row in rows), default=0)
    spread = spread_merged(rows, merged)
    for at, row in enumerate(rows[: MAX_TITLES + 1]):
        if _filled(row) and not _is_title(row, spread[at], width):
            return HeaderPlace(at, _depth(rows, merged, at))
    raise ConnectorError(name, f"no row of the first {MAX_TITLES} names the columns; write one name above each column")


def spread_merged(rows: Sequence[Cells], merged: Sequence[Range]) -> list[list[str]]:
    """The rows, each merged cell with the text of the first one of its range."""
    spread = [list(row) for row in rows]
    for (top, left), (bottom, right) in merged:
        if top < len(rows) and left < len(rows[top]):
            for row in spread[top : bottom + 1]:
                last = min(right + 1, len(row))
                row[left:last] = [rows[top][left]] * (last - left)
    return spread


def _filled(row: Cells) -> int:
    return sum(map(bool, row))


def _is_title(row: Cells, spread: Cells, width: int) -> bool:
    """Whether a row stands above a header: one text, few of them, or what states something (填报单位：…)."""
    told = [cell for cell in row if cell]
    if len(set(filter(None, spread))) == 1 < width:
        return True
    if len(told) < width and any(map(_STATES.search, told)):
        return True
    is_sparse = len(told) * 2 < width
    return is_sparse and (_filled(spread) * 2 < width or any(map(_is_value, told)))


def _depth(rows: Sequence[Cells], merged: Sequence[Range], top: int) -> int:
    """How many rows the header has that begins at `top`."""
    depth = 1
    while depth < MAX_ROWS:
        reach = max((bottom - top + 1 for (at, _), (bottom, _) in merged if top <= at < top + depth), default=1)
        if depth < reach <= MAX_ROWS:
            depth = reach
        elif top + depth < len(rows) and _names_parts(rows, merged, top + depth):
            depth += 1
        else:
            break
    return depth


def _names_parts(rows: Sequence[Cells], merged: Sequence[Range], at: int) -> bool:
    """Whether a row names the parts of what the row above it names, and is no row of the table."""
    row = rows[at]
    if any(map(_is_value, filter(None, row))):
        return False
    groups = {
        column
        for (top, left), (bottom, right) in merged
        if top <= bottom == at - 1 and right > left
        for column in range(left, right + 1)
    }
    if groups:
        return all(bool(cell) == (column in groups) for column, cell in enumerate(row) if cell or column in groups)
    return _goes_on(rows[at - 1], row)


def _is_value(cell: str) -> bool:
    """Whether a cell cannot be the name of a column."""
    return _VALUE.match(cell) is not None or len(cell) > _MAX_HEADER or cell.casefold() in _WORDS_OF_ROWS


def _stands_below(header: Cells, rows: Sequence[Cells]) -> bool:
    """Whether a cell of the header is a value of its own column too, such as a word of an enum."""
    return any(cell and any(len(row) > at and row[at] == cell for row in rows) for at, cell in enumerate(header))


def _names_people(header: Cells, rows: Sequence[Cells], looks_like_name: NameTest) -> bool:
    """Whether a cell of the header looks like the name of a person, as those below it do."""
    for at, cell in enumerate(header):
        if cell and cell not in HEADERS and looks_like_name(cell):
            below = [row[at] for row in rows if len(row) > at and row[at]]
            if below and sum(map(looks_like_name, below)) >= _NAMES_BELOW * len(below):
                return True
    return False


def _goes_on(header: Cells, second: Cells) -> bool:
    """Whether the second line names the columns that merged cells have left without a name, and no others."""
    pairs = list(zip(header, second, strict=False))
    gaps = [below for above, below in pairs if not above]
    return (
        bool(gaps)
        and all(gaps)
        and not any(_VALUE.match(below) for _, below in pairs)
        and any(above and not below for above, below in pairs)
    )
