"""The part of a list that its arguments ask for, cut out of the whole list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.small_graph import sid

CURSOR = "cursor:"


@dataclass(frozen=True)
class Part:
    """Rows in their order, and whether there are some before and after them."""

    rows: list[str]
    before: bool
    after: bool


def asks_backward(arguments: Mapping[str, Any]) -> bool | None:
    """Whether a page is asked for from its end; None where both ways are."""
    given = {each for each in ("first", "after", "last", "before") if arguments.get(each) is not None}
    backward = bool(given & {"last", "before"})
    return None if backward and given & {"first", "after"} else backward


def part_of(rows: Sequence[str], size: int, cursor: str | None, *, backward: bool) -> Part | None:
    """The part next to a cursor, or at the end of the list; None where the cursor is none of this list."""
    cursors = [CURSOR + sid(each) for each in rows]
    if cursor is not None and cursor not in cursors:
        return None
    if backward:
        end = len(rows) if cursor is None else cursors.index(cursor)
        begin = max(end - size, 0)
        return Part(list(rows[begin:end]), begin > 0, cursor is not None)
    begin = 0 if cursor is None else cursors.index(cursor) + 1
    return Part(list(rows[begin : begin + size]), cursor is not None, begin + size < len(rows))
