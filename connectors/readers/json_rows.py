"""Turns an object of JSON into a row, for every kind of source that gives such objects.

What is no object, or names a member twice that the stream reads, is refused by itself.
"""

from __future__ import annotations

from typing import Any

from connectors.base import Broken, Row
from connectors.readers.page_json import Doubled
from connectors.source_model import Stream


def json_row(stream: Stream, number: int, item: Any) -> Row | Broken:
    """The row that an object is, or why it is none."""
    if not isinstance(item, dict):
        return Broken(number, "row", "not-a-record", "an object was expected", values={"": item})
    twice = [each for each in stream.columns if isinstance(item, Doubled) and each in item.twice]
    if twice:
        key = json_key(stream, item)
        return Broken(number, twice[0], "member-twice", "the record names the member twice", key, item)
    return Row(number, item)


def json_key(stream: Stream, item: dict[str, Any]) -> tuple[str, ...] | None:
    """The key of a record that is refused, if it can be read; it only names the record in its refusal."""
    cells = [item.get(each) for each in stream.key]
    return tuple(str(each) for each in cells) if all(isinstance(each, str | int) for each in cells) else None
