"""Makes plain Python values of what the driver returns, and counts their size against a cap."""

from __future__ import annotations

import logging
from typing import Any

import neo4j
from neo4j import time

from hub.errors import Code, HubError, internal_error

VALUE_OVERHEAD = 8
"""Bytes counted for each value besides its text, about as many as JSON punctuation takes."""
_log = logging.getLogger("sluicegate.graph")


class Meter:
    """Turns driver values into plain ones in their place and counts their size, in one walk.

    A call for each map and list, not for each value (what a text takes is that of `size_of`), and nothing is copied: a
    page of 100 people with two levels takes a third of the time.
    """

    def __init__(self, byte_cap: int) -> None:
        self._cap = self._left = byte_cap

    def plain(self, value: Any) -> Any:
        """The value, whose maps and lists hold plain values from now on; raises RESULT_LIMIT."""
        self._walk(held := [value])
        return held[0]

    def _walk(self, within: Any) -> None:
        """Make plain what a map or a list holds."""
        left = self._left
        for key, value in within.items() if type(within) is dict else enumerate(within):
            kind = type(value)
            left -= VALUE_OVERHEAD
            if kind is str:
                left -= len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
            elif kind is dict or kind is list:
                self._left = left
                self._walk(value)
                left = self._left
            elif kind not in _PLAIN:
                within[key] = _iso(value)
        self._left = left
        if left < 0:
            raise too_large(self._cap)


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _iso(value: object) -> str:
    if isinstance(value, time.Date | time.DateTime | time.Time):
        return value.to_native().isoformat()
    # The compiler never asks for a node, a point or a duration, so this is a fault in our own code.
    _log.error("the graph returned a value of the type %s", type(value).__name__)
    raise internal_error()


def plain(record: neo4j.Record, meter: Meter) -> dict[str, Any]:
    """A row as plain values, counted by a meter; raises RESULT_LIMIT."""
    return {name: meter.plain(value) for name, value in zip(record.keys(), record, strict=True)}


def rows(result: neo4j.Result) -> list[dict[str, Any]]:
    """All rows of a result as plain values, whatever their size."""
    meter = Meter(2**62)
    return [plain(record, meter) for record in result]


def size_of(value: object) -> int:
    """Bytes counted for a value, those that it holds apart: about what it takes as JSON."""
    if type(value) is not str:
        return VALUE_OVERHEAD
    return VALUE_OVERHEAD + (len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass")))


def too_large(cap: int) -> HubError:
    """The refusal of an answer larger than `cap` bytes."""
    return HubError(Code.RESULT_LIMIT, f"the answer is larger than {cap} bytes; ask for fewer nodes or fields")
