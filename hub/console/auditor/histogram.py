"""Bars over days, for a picture that the server draws: a page of the console runs no script."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST, MOST = 14, 60
"""Bars in a picture: fewer days have empty ones before them, more share one."""
WIDTH, HEIGHT = 960, 96
"""Size of the picture, in units of its own."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The days from `since` to `until` (both included), how many requests they had, and where the bar is drawn."""

    since: str
    until: str
    count: int
    x: float
    y: float
    width: float
    height: float


def bars_of(days: Mapping[str, int]) -> Sequence[Bar]:
    """A bar for each day up to the last that counts, days without requests too; none for no day."""
    if not days:
        return ()
    last = dt.date.fromisoformat(max(days))
    first = min(dt.date.fromisoformat(min(days)), last - dt.timedelta(days=FEWEST - 1))
    span = -(-((last - first).days + 1) // MOST)
    starts = [first + dt.timedelta(days=at) for at in range(0, (last - first).days + 1, span)]
    counts = [sum(days.get(str(start + dt.timedelta(days=at)), 0) for at in range(span)) for start in starts]
    width, most = WIDTH / len(starts), max(counts)
    return [
        Bar(
            str(start),
            str(min(start + dt.timedelta(days=span - 1), last)),
            count,
            round(at * width, 2),
            round(HEIGHT - HEIGHT * count / most, 2),
            round(width * 0.86, 2),
            round(HEIGHT * count / most, 2),
        )
        for at, (start, count) in enumerate(zip(starts, counts, strict=True))
    ]
