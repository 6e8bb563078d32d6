"""One column of a sample: its cells, and what can be counted about them.

The cells stand in no repr. Counts are of the rows that were looked at, and say nothing of others.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from connectors.base import Place
from connectors.quarantine import Unfit
from connectors.transforms import TRANSFORMS, Context, Options, blank
from schema.normal_forms import narrow

FIRST = 200
"""How many cells are tried first: a guess that fits too few of them is not tried on the others."""


@dataclass(frozen=True)
class Column:
    """A column: its header, how many rows there are, and its cells that are not blank."""

    header: str
    rows: int
    cells: tuple[Any, ...] = field(repr=False)

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
    def unique(self) -> bool:
        """Whether every row has a value, and none stands twice."""
        return bool(self.rows) and not self.blanks and len(self.counts) == self.rows

    def share(self, is_one: Callable[[str], bool]) -> float:
        """The share of the texts for which `is_one` holds; 0 of none."""
        if not self.texts:
            return 0.0
        return sum(count for text, count in self.counts.items() if is_one(text)) / len(self.texts)

    def misfits(self, transform: str, options: Options, today: dt.date) -> int:
        """How many cells a transform of the connectors would refuse; all of them if too few of the first ones fit."""
        context = Context(_ANY_PLACE, dt.timezone(dt.timedelta(hours=8)), today)
        first = _refused(transform, options, context, self.cells[:FIRST])
        if first > len(self.cells[:FIRST]) // 5:
            return len(self.cells)
        return first + _refused(transform, options, context, self.cells[FIRST:])


def columns_of(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[Column, ...]:
    """The columns of rows that have a cell for each header."""
    return tuple(
        Column(header, len(rows), tuple(row[at] for row in rows if not blank(row[at])))
        for at, header in enumerate(headers)
    )


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
