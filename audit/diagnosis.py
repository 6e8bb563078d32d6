"""Finds out what was done to a row of the log that does not follow from the rows before it, and says it in one word.

The word (changed, missing, reordered …) follows from the rest of the log: whether another row has the leaf or the root
that should stand here.
"""

from __future__ import annotations

from audit.record import RecordInvalid, decode
from audit.stores.base import Row
from audit.stores.reader import Reader
from audit.tree import HASH_BYTES, Frontier, leaf_hash

PAGE = 1_000
MAX_INDEX = 2**63 - 1


class Damage(Exception):
    """What is wrong with a log, and at which index if it is one record.

    `sound` is (size, root) of the part that is sound, where that is less than all before it. `note` is the number of
    the note kept elsewhere that does not fit, counted from 1.
    """

    def __init__(
        self,
        why: str,
        index: int | None = None,
        sound: tuple[int, bytes] | None = None,
        note: int | None = None,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.index = index
        self.sound = sound
        self.note = note


def diagnose_body(reader: Reader, row: Row) -> str:
    """What was done to a row whose bytes do not have its leaf hash: they are those of another row, or of none."""
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


def diagnose_row(reader: Reader, before: Frontier, row: Row) -> str:
    """What was done to a row whose bytes have its leaf hash but that does not follow from the tree `before` it."""
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
            # The leaf of the other row was appended here, whether its root was moved with it or not.
            if candidate.root() in (row.root, other.root):
                return True
        if len(page) < PAGE:
            return False
        start = page[-1].index + 1
