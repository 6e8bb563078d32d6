"""Checks the names of the columns at the head of a table against those that a stream reads.

A table that lacks one, or names one twice, is refused; cells of a row that may be no header are never told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from connectors.base import ConnectorError
from connectors.quarantine import holds_number_of_person


def check_header(name: str, header: Sequence[str], columns: Sequence[str], remedy: str, is_sure: bool = True) -> None:
    """Raise ConnectorError if a column is missing or named twice; `remedy` is for a table without a header.

    Not `is_sure`: a cell of a record may be in the names, as one is where too many rows are declared as the header.
    """
    missing = [each for each in columns if each not in header]
    if len(missing) == len(columns):
        # What stands there may be a person's data, so it is not told.
        text = f"the first line is no header: none of its {len(header)} cells is a column of the source file"
        raise ConnectorError(name, f"{text}; {remedy}")
    if missing:
        has = ", ".join("(a number of a person)" if holds_number_of_person(each) else each for each in header if each)
        raise ConnectorError(name, f"the header lacks {', '.join(missing)}; {f'it has {has}' if is_sure else remedy}")
    counts = Counter(header)
    twice = [each for each in columns if counts[each] > 1]
    if twice:
        raise ConnectorError(name, f"the header names a column twice: {', '.join(twice)}")
