"""Says how many there are of something, in words: one row, two rows."""

from __future__ import annotations


def counted(count: int, one: str, many: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {one if count == 1 else many}"


def rows_of(count: int, whole: bool) -> str:
    """Rows that were read: all that there are, or the first ones."""
    rows = counted(count, "row", "rows")
    return f"the first {rows}" if not whole else rows if count == 1 else f"all {rows}"
