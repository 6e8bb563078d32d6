"""A row that does not follow from the rows before it gets one word: what was done to it.

The word is told from what else is in the log: a row that has the leaf, or the root, that should stand here.
"""

from __future__ import annotations

from audit.record import RecordInvalid, decode
from audit.stores.base import Row
from audit.stores.reader import Reader
from audit.tree import HASH_BYTES, Frontier, leaf_hash

PAGE = 1_000
MAX_INDEX = 2**63 - 1


class Bad(Exception):
    """What is wrong, and at which index if it is one; `sound` is how many records are, if not all before that."""

    def __init__(self, why: str, index: int | None = None, sound: tuple[int, bytes] | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.index = index
        self.sound = sound


def why_body(reader: Reader, row: Row) -> str:
    """Why the bytes are not those of the row's leaf: they are another row's, or nobody's."""
    if not isinstance(row.body, bytes):
        return "undecodable"
    other = reader.row_with_leaf(leaf_hash(row.body), row.index)
    if other is not None:
        return "duplicated" if other.body == row.body else "reordered"
    try:
        decode(row.body)
    except RecordInvalid:
        return "undecodable"
    return "changed"


def why_row(reader: Reader, before: Frontier, row: Row) -> str:
    """Why leaf and bytes agree with each other and not with the rows before: the row does not belong here."""
    if isinstance(row.leaf, bytes) and reader.row_with_leaf(row.leaf, row.index):
        return "duplicated"
    if _stands_later(reader, before, row):
        return "reordered"
    size, _ = reader.ends()
    return "missing" if reader.count() < size else "changed"


def _stands_later(reader: Reader, before: Frontier, row: Row) -> bool:
    start = row.index + 1
    while True:
        page = reader.rows(start, MAX_INDEX, PAGE)
        for other in page:
            if not isinstance(other.leaf, bytes) or len(other.leaf) != HASH_BYTES:
                continue
            candidate = before.copy()
            candidate.append(other.leaf)
            # The other row's leaf is the one that was appended here, whether its root moved with it or not.
            if candidate.root() in (row.root, other.root):
                return True
        if len(page) < PAGE:
            return False
        start = page[-1].index + 1
