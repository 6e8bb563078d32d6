"""One column of a sample: its cells, and what can be counted about them.

The cells stand in no repr. Counts are of the rows that were looked at, and say nothing of others.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.base import Place
from connectors.quarantine import Unfit
from connectors.transforms import TRANSFORMS, Context, Options, blank
from schema.normal_forms import narrow

ONE_IN = 20
"""One cell in so many may be of no use, such as a wrong day: its row is refused, and the column is what the others are.
"""
FIRST = 200
"""How many cells are tried first: a guess that fits too few of them is not tried on the others."""


def tolerated(cells: int) -> int:
    """How many of so many cells may be of no use: one in twenty, and one of five or more."""
    return max(cells // ONE_IN, 1) if cells >= 5 else 0


@dataclass(frozen=True)
class Column:
    """A column: its header, how many rows there are, and its cells that are not blank.

    `unread` says why its cells were not read, if they were not.
    """

    header: str
    rows: int
    cells: tuple[Any, ...] = field(repr=False)
    unread: str = ""

    @property
    def title(self) -> str:
        """The header on one line."""
        return on_one_line(self.header)

    @property
    def may_misfit(self) -> int:
        """How many of its cells need not be what the others are."""
        return tolerated(len(self.cells))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The cells as text, without outer blanks and with narrow digits."""
        return tuple(narrow(as_text(each)) for each in self.cells)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text stands in it."""
        return Counter(self.texts)

    @property
    def blanks(self) -> int:
        """Rows without a value."""
        return self.rows - len(self.cells)

    @property
    def repeats(self) -> int:
        """Rows whose value stands in an earlier row too."""
        return len(self.cells) - len(self.counts)

    def count(self, is_one: Callable[[str], bool]) -> int:
        """How many of the texts are such that `is_one` holds."""
        return sum(count for text, count in self.counts.items() if is_one(text))

    def share(self, is_one: Callable[[str], bool]) -> float:
        """The share of the texts for which `is_one` holds; 0 of none."""
        return self.count(is_one) / len(self.texts) if self.texts else 0.0

    def misfits(self, transform: str, options: Options, today: dt.date, *, whole: bool = False) -> int:
        """How many cells a transform of the connectors would refuse; all if few of the first fit, unless `whole`."""
        context = Context(_ANY_PLACE, dt.timezone(dt.timedelta(hours=8)), today)
        first = _refused(transform, options, context, self.cells[:FIRST])
        if not whole and first > len(self.cells[:FIRST]) // 5:
            return len(self.cells)
        return first + _refused(transform, options, context, self.cells[FIRST:])


def columns_of(
    headers: Sequence[str], rows: Sequence[Sequence[Any]], unread: Mapping[str, str] | None = None
) -> tuple[Column, ...]:
    """The columns of rows that have a cell for each header; of those that were not read `unread` says why."""
    why = unread or {}
    return tuple(
        Column(header, len(rows), tuple(row[at] for row in rows if not blank(row[at])), why.get(header, ""))
        for at, header in enumerate(headers)
    )


def on_one_line(header: str) -> str:
    """A header without the line ends within it, as a cell of a workbook may have them."""
    return " ".join(header.split())


def as_text(cell: Any) -> str:
    """A cell as a register shows it: a whole number without a point."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _refused(transform: str, options: Options, context: Context, cells: Sequence[Any]) -> int:
    return sum(not _fits(transform, each, options, context) for each in cells)


def _fits(transform: str, cell: Any, options: Options, context: Context) -> bool:
    try:
        TRANSFORMS[transform](cell, options, context)
    except Unfit:
        return False
    return True


class _AnyPlace(dict[str, Place]):
    """Stands for the divisions of a graph that is not asked: each code is that of a grid."""

    def get(self, key: str, default: Any = None) -> Any:
        """A grid in force."""
        return Place("", grid=True)


_ANY_PLACE = _AnyPlace()
