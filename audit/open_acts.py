"""Finds the acts that were begun and have no end, in the bytes of a log's records from the first to the last.

An act is begun by a record whose result is `BEGUN`, and ended by the next one with its request id. What is left when
the log ends runs still, or was killed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit.record import BEGUN, decode

_BEGUN: Final = f'"result":"{BEGUN}"'.encode()
# Records are canonical: a quote within a text is escaped, and this key comes before the variables.
_REQUEST: Final = re.compile(rb'"request_id":"([^"\\]*)"')


@dataclass(frozen=True, slots=True)
class OpenAct:
    """An act without an end: the index of the record that it began, that record's name, and when."""

    index: int
    name: str
    time: str


class OpenActs:
    """The acts that are open after the records that were taken so far."""

    def __init__(self) -> None:
        self._open: dict[bytes, tuple[int, bytes]] = {}

    def take(self, index: int, body: bytes) -> None:
        """Take the next record, which is sound."""
        is_begun = _BEGUN in body
        if not is_begun and not self._open:
            return
        found = _REQUEST.search(body)
        if found is None:
            return
        if is_begun:
            self._open[found[1]] = (index, body)
        else:
            self._open.pop(found[1], None)

    def left(self) -> tuple[OpenAct, ...]:
        """Those that are open, the oldest first."""
        records = ((index, decode(body)) for index, body in self._open.values())
        return tuple(OpenAct(index, record.operation_name or record.kind, record.time) for index, record in records)
