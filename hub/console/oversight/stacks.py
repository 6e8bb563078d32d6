"""Stacked bars by month, for a picture that the server draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH, HEIGHT = 480, 160
"""Size of the picture, in units of its own."""
FILLED: Final = 0.7


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: what it counts, how much, and where it is drawn."""

    month: str
    name: str
    count: int
    x: float
    y: float
    width: float
    height: float


def stacks(months: Mapping[str, Mapping[str, int]]) -> Sequence[Part]:
    """A bar for each month, its parts from the bottom up in their order; the highest bar fills the picture."""
    highest = max((sum(parts.values()) for parts in months.values()), default=0)
    width = WIDTH / max(len(months), 1)
    found = []
    for at, (month, parts) in enumerate(months.items()):
        below = 0
        for name, count in parts.items():
            below += count
            y = HEIGHT - HEIGHT * below / max(highest, 1)
            height = HEIGHT * count / max(highest, 1)
            x = (at + (1 - FILLED) / 2) * width
            found.append(Part(month, name, count, *(round(each, 2) for each in (x, y, width * FILLED, height))))
    return found
