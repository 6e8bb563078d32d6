"""A log that verifies is the log that was written: nothing changed, missing, moved, doubled or cut off.

Every leaf is computed again from its bytes and every root from the leaves (RFC 6962 section 2.1), so that
the first row that does not follow from the rows before it is found and named. Whoever rewrites the file
*and* recomputes every root after the change makes another log that is whole in itself: only a checkpoint
kept elsewhere shows that.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.record import RecordInvalid, decode
from audit.store import StoreFault, reading
from audit.tree import Frontier, leaf_hash

PAGE: Final = 1_000

# SQLite keeps a value of any type in any column; only what is checked to be bytes is taken for bytes.
_Row = tuple[int, object, object, object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`size` records verified up to `root` (hex); if not `ok`, `why`, and the first bad index if it is one.

    `why` is one of: changed, missing, reordered, duplicated, truncated, added, undecodable, head, operation,
    unreadable.
    """

    ok: bool
    size: int
    root: str
    first_bad: int | None = None
    why: str | None = None


class _Bad(Exception):
    def __init__(self, why: str, index: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.index = index


@dataclass(slots=True)
class _Good:
    tree: Frontier


def verify(path: Path | str) -> Verdict:
    """Verify the log at `path`, which may be written to meanwhile; FileNotFoundError if there is none."""
    good = _Good(Frontier())
    bad: _Bad | None = None
    try:
        with reading(Path(path)) as connection:
            try:
                _verify(connection, good)
            except sqlite3.DatabaseError:
                bad = _Bad("unreadable", good.tree.size)
    except _Bad as found:
        bad = found
    except StoreFault:
        bad = _Bad("unreadable")
    size, root = good.tree.size, good.tree.root().hex()
    return Verdict(False, size, root, bad.index, bad.why) if bad else Verdict(True, size, root)


def _verify(connection: sqlite3.Connection, good: _Good) -> None:
    size, root = _head(connection)
    # What other processes append after this moment is theirs; the head that was read is what must hold.
    for row in _rows(connection, size):
        good.tree = _follow(connection, good.tree, row)
    if good.tree.size < size:
        raise _Bad("truncated", good.tree.size)
    if good.tree.root() != root:
        raise _Bad("head")
    size, last = connection.execute("SELECT size, (SELECT max(idx) FROM record) FROM head").fetchone()
    if last is not None and last >= size:
        raise _Bad("added", size)
    for digest, text in connection.execute("SELECT hash, text FROM operation"):
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise _Bad("operation")


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    rows = connection.execute("SELECT size, root FROM head").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
        raise _Bad("head")
    return rows[0][0], rows[0][1]


def _rows(connection: sqlite3.Connection, size: int) -> Iterator[_Row]:
    # By pages, so that a long verification does not keep the writer from tidying its WAL.
    after = -(2**63)
    while True:
        page: list[_Row] = connection.execute(
            "SELECT idx, leaf, root, body FROM record WHERE idx > ? AND idx < ? ORDER BY idx LIMIT ?",
            (after, size, PAGE),
        ).fetchall()
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1][0]


def _follow(connection: sqlite3.Connection, before: Frontier, row: _Row) -> Frontier:
    """The tree with `row` after the rows of `before`; _Bad if it does not follow from them."""
    index, leaf, root, body = row
    expected = before.size
    if index != expected:
        raise _Bad("missing" if index > expected else "added", min(index, expected))
    if not isinstance(body, bytes) or not isinstance(leaf, bytes) or leaf_hash(body) != leaf:
        raise _Bad(_why_body(connection, row), index)
    after = before.copy()
    after.append(leaf)
    if after.root() != root:
        raise _Bad(_why_row(connection, before, row), index)
    try:
        decode(body)
    except RecordInvalid:
        raise _Bad("undecodable", index) from None
    return after


def _why_body(connection: sqlite3.Connection, row: _Row) -> str:
    """Why the bytes are not those of the row's leaf: they are another row's, or nobody's."""
    index, _, _, body = row
    if isinstance(body, bytes):
        leaf = leaf_hash(body)
        for other in connection.execute("SELECT body FROM record WHERE leaf = ? AND idx <> ?", (leaf, index)):
            return "duplicated" if other[0] == body else "reordered"
        try:
            decode(body)
        except RecordInvalid:
            return "undecodable"
        return "changed"
    return "undecodable"


def _why_row(connection: sqlite3.Connection, before: Frontier, row: _Row) -> str:
    """Why leaf and bytes agree with each other and not with the rows before: the row does not belong here."""
    index, leaf, root, _ = row
    if connection.execute("SELECT 1 FROM record WHERE leaf = ? AND idx <> ?", (leaf, index)).fetchone():
        return "duplicated"
    others = "SELECT leaf, root FROM record WHERE idx > ? AND typeof(leaf) = 'blob' AND length(leaf) = 32"
    for other_leaf, other_root in connection.execute(others, (index,)):
        candidate = before.copy()
        candidate.append(other_leaf)
        # The other row's leaf is the one that was appended here, whether its root moved with it or not.
        if candidate.root() in (root, other_root):
            return "reordered"
    size, count = connection.execute("SELECT size, (SELECT count(*) FROM record) FROM head").fetchone()
    return "missing" if count < size else "changed"
