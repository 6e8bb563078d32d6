"""What is told of a list, page or aggregate that ends though there is more.

It is told of what the answer shows in any case, and of rows that the asker may list; of hidden rows it tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Response names and list indices that lead to a place in an answer."""

CUT_BYTES = 100
"""About the size of what is told of one cut, without its path."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A list, page or aggregate that ends after `shown` because no more was asked for, though there is more.

    `total` is how many there are in all, None where that was not counted.
    """

    coordinate: str
    shown: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """What ended early, and where it stands in the answer."""

    ended: Ended
    path: Path

    def told(self) -> dict[str, Any]:
        """As `extensions.access.cut` says it."""
        ended = self.ended
        total = {} if ended.total is None else {"total": ended.total}
        return {"coordinate": ended.coordinate, "path": self.path, "shown": ended.shown, **total}


def path_size(path: Path) -> int:
    """The size of a path as JSON: response names are as long as the client likes, and stand in each path again."""
    return sum(len(str(step)) + 3 for step in path)


def cuts_in(value: Any, ended: dict[int, Ended], path: Path = ()) -> Iterator[Cut]:
    """What was cut in a part of an answer, in its order; `ended` names objects and lists of it by their identity."""
    if id(value) in ended:
        yield Cut(ended[id(value)], path)
    if isinstance(value, dict):
        for name, each in value.items():
            yield from cuts_in(each, ended, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from cuts_in(each, ended, (*path, index))
