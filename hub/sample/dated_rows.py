"""The rows of a file of JSON lines in the order of their last change, and the parameters by which an API gives them.

A file is read again when it changes.
"""

import json
from bisect import bisect_left
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams

Row = dict[str, Any]


class InvalidParameter(ValueError):
    """A query parameter cannot be used; holds its name only, never its value."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class DatedRows:
    """The rows of a file in the order of (updatedAt, key)."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._stamp: tuple[int, int, int] | None = None
        self._rows: list[Row] = []
        self._times: list[datetime] = []
        self._refresh()

    def since(self, moment: datetime | None) -> list[Row]:
        """The rows changed at or after `moment`, which has a UTC offset; all rows if it is None."""
        self._refresh()
        start = 0 if moment is None else bisect_left(self._times, moment)
        return self._rows[start:]

    def _refresh(self) -> None:
        status = self._path.stat()
        # The inode too: a file may be replaced faster than the clock of the file system moves on.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        with self._path.open(encoding="utf-8") as file:
            rows: list[Row] = [json.loads(line) for line in file]
        dated = [(datetime.fromisoformat(row["updatedAt"]), row[self._key], row) for row in rows]
        dated.sort(key=lambda row: row[:2])
        self._times = [row[0] for row in dated]
        self._rows = [row[2] for row in dated]
        self._stamp = stamp


def refuse_unknown(query: QueryParams, known: Collection[str]) -> None:
    """Raise `InvalidParameter` for a parameter that does not exist."""
    for name in query:
        if name not in known:
            # The name of an unknown parameter is the caller's text, so it is not repeated.
            raise InvalidParameter("unknown")


def whole_number(query: QueryParams, name: str, default: int, most: int) -> int:
    """The number from 1 to `most` of a parameter; raises `InvalidParameter`."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= most):
        raise InvalidParameter(name)
    return int(text)


def moment(query: QueryParams, name: str) -> datetime | None:
    """The moment of a parameter, ISO 8601 with a UTC offset; raises `InvalidParameter`."""
    text = query.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidParameter(name) from None
    if found.tzinfo is None:
        raise InvalidParameter(name)
    return found
