"""A log that verifies is the log that was written: nothing changed, missing, moved, doubled or cut off.

Every leaf is computed again from its bytes and every root from the leaves (RFC 6962 section 2.1), so that the first
row that does not follow from the rows before it is found and named. Whoever rewrites the file *and* recomputes every
root after the change makes another log that is whole in itself: only a checkpoint kept elsewhere shows that.
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
from audit.tree import EMPTY_ROOT, Frontier, leaf_hash

PAGE: Final = 1_000

_Row = tuple[int, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`size` records verified up to `root` (hex); if not `ok`, `why` in one word and the first bad index, if any.

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


def verify(path: Path | str) -> Verdict:
    """Verify the log at `path`, which may be written to meanwhile; FileNotFoundError if there is none."""
    frontier = Frontier()
    try:
        with reading(Path(path)) as connection:
            try:
                _verify(connection, frontier)
            except sqlite3.DatabaseError:
                raise _Bad("unreadable", frontier.size) from None
    except _Bad as bad:
        return Verdict(False, frontier.size, frontier.root().hex(), bad.index, bad.why)
    except StoreFault:
        return Verdict(False, 0, EMPTY_ROOT.hex(), None, "unreadable")
    return Verdict(True, frontier.size, frontier.root().hex())


def _verify(connection: sqlite3.Connection, frontier: Frontier) -> None:
    size, root = _head(connection)
    # What other processes append after this moment is theirs; the head that was read is what must hold.
    for row in _rows(connection, size):
        _check(connection, frontier, row)
    if frontier.size < size:
        raise _Bad("truncated", frontier.size)
    if frontier.root() != root:
        raise _Bad("head")
    size, last = connection.execute("SELECT size, (SELECT max(idx) FROM record) FROM head").fetchone()
    if last is not None and last >= size:
        raise _Bad("added", size)
    for digest, text in connection.execute("SELECT hash, text FROM operation"):
        if (
            not isinstance(text, str)
            or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest
        ):
            raise _Bad("operation")


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    rows = connection.execute("SELECT size, root FROM head").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int) or not isinstance(rows[0][1], bytes):
        raise _Bad("head")
    return rows[0][0], rows[0][1]


def _rows(connection: sqlite3.Connection, size: int) -> Iterator[_Row]:
    # By pages, so that a long verification does not keep the writer from tidying its WAL.
    after: int | None = None
    while True:
        page: list[_Row] = connection.execute(
            "SELECT idx, leaf, root, body FROM record WHERE (?1 IS NULL OR idx > ?1) AND idx < ?2"
            " ORDER BY idx LIMIT ?3",
            (after, size, PAGE),
        ).fetchall()
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1][0]


def _check(connection: sqlite3.Connection, frontier: Frontier, row: _Row) -> None:
    index, leaf, root, body = row
    expected = frontier.size
    if index != expected:
        raise _Bad("missing" if index > expected else "added", min(index, expected))
    if not isinstance(body, bytes) or not isinstance(leaf, bytes) or leaf_hash(body) != leaf:
        raise _Bad(_why_body(connection, row), index)
    before = frontier.copy()
    frontier.append(leaf)
    if frontier.root() != root:
        raise _Bad(_why_row(connection, before, row), index)
    try:
        decode(body)
    except RecordInvalid:
        raise _Bad("undecodable", index) from None


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
    for other_leaf, other_root in connection.execute("SELECT leaf, root FROM record WHERE idx > ?", (index,)):
        candidate = before.copy()
        candidate.append(other_leaf)
        # The other row's leaf is the one that was appended here, whether its root moved with it or not.
        if candidate.root() in (root, other_root):
            return "reordered"
    size, count = connection.execute("SELECT size, (SELECT count(*) FROM record) FROM head").fetchone()
    return "missing" if count < size else "changed"
