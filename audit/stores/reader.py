"""Reads the tables of a log: the statements that SQLite and PostgreSQL have in common.

Each call sees what was committed before it, and nothing is written. Rows are given as they are kept: whoever trusts
one checks it first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, LiteralString

from audit.stores.base import Head, Row, StoreFault, checked_head


class Reader(ABC):
    """One connection that only reads; also the `Leaves` of proofs. Its methods raise StoreFault.

    Ranges are [start, stop). In statements `?` stands for a value.
    """

    row_columns: ClassVar[LiteralString] = "idx, leaf, root, body"
    head_columns: ClassVar[LiteralString] = "size, root, frontier"

    @abstractmethod
    def select(self, statement: LiteralString, *values: object) -> list[Any]:
        """All rows of one SELECT."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def may_append(self) -> bool:
        """Whether the rights of this connection's account would let it append."""
        return True

    @property
    def size(self) -> int:
        """How many records the newest head covers."""
        return self.head().size

    def head(self) -> Head:
        """The newest head; StoreFault NO_HEAD if there is none, HEAD_DAMAGED if its row is not a head."""
        found = self.select(f"SELECT {self.head_columns} FROM head ORDER BY size DESC LIMIT 1")
        if not found:
            raise StoreFault("NO_HEAD", lasting=True)
        return checked_head(*found[0])

    def heads(self, after: int, limit: int) -> list[Head]:
        """The heads of the commits whose size is beyond `after`, smallest first, as far as they are kept."""
        found = self.select(f"SELECT {self.head_columns} FROM head WHERE size > ? ORDER BY size LIMIT ?", after, limit)
        return [checked_head(*each) for each in found]

    def ends(self) -> tuple[int, int | None]:
        """The size of the newest head and the largest index of a row, at one moment."""
        ((size, last),) = self.select("SELECT (SELECT max(size) FROM head), (SELECT max(idx) FROM record)")
        if type(size) is not int:
            raise StoreFault("NO_HEAD", lasting=True)
        return size, last

    def count(self) -> int:
        """How many rows there are."""
        return int(self.select("SELECT count(*) FROM record")[0][0])

    def rows(self, start: int, stop: int, limit: int) -> list[Row]:
        """The rows with start ≤ index < stop, by index."""
        found = self.select(
            f"SELECT {self.row_columns} FROM record WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?",
            start,
            stop,
            limit,
        )
        return [Row(*row) for row in found]

    def row_with_leaf(self, leaf: bytes, other_than: int) -> Row | None:
        """A row with this leaf hash at any other index than `other_than`."""
        found = self.select(
            f"SELECT {self.row_columns} FROM record WHERE leaf = ? AND idx <> ? ORDER BY idx LIMIT 1",
            leaf,
            other_than,
        )
        return Row(*found[0]) if found else None

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes from `start` to before `stop`."""
        found = self.select("SELECT leaf FROM record WHERE idx >= ? AND idx < ? ORDER BY idx", start, stop)
        return [leaf for (leaf,) in found]

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of perfect subtrees of height 8 × `level`, level ≥ 1."""
        found = self.select(
            "SELECT hash FROM node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx", level, start, stop
        )
        return [kept for (kept,) in found]

    def kept_nodes(self) -> Iterator[tuple[object, object, object]]:
        """Each (level, index, hash) as it is kept."""
        yield from self.select("SELECT level, idx, hash FROM node")

    def operation(self, digest: str) -> str | None:
        """The text of an operation by its SHA-256 in hex, if it is kept."""
        found = self.select("SELECT text FROM operation WHERE hash = ?", digest)
        return found[0][0] if found else None

    def operations(self) -> Iterator[tuple[object, object]]:
        """Each (hash, text) as it is kept."""
        yield from self.select("SELECT hash, text FROM operation")

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that was published, a signed note."""
        found = self.select("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return found[0][0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, object]]:
        """The (size, note) of checkpoints whose size is beyond `after`, smallest first."""
        return self.select("SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?", after, limit)
