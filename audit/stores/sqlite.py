"""The log in one SQLite file: an index is read and given under SQLite's single-writer lock.

The layout is said in `audit/stores/sqlite_file.py`. A `SqliteStore` is one connection, used by one thread; several
processes may append to one file. Beside the file lies a reserve, given up when the disk is full, so that what is under
way can still be written.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from audit.stores import sqlite_file
from audit.stores.base import Append, Head, Placed, Row, StoreFault, grow, load_frontier, sound_head
from audit.stores.sqlite_file import FULL, PASSING_ERRNO, create, errno_name, fill, identity, known, prepare, translated
from audit.tree import Frontier

TIDY_BYTES: Final = 4 * 1024 * 1024  # of new records; then the WAL is copied into the main file


class SqliteStore:
    """One connection that appends; see `Store`."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self._untidied = 0
        self._spent = False

    @property
    def spent(self) -> bool:
        """Whether the reserve was given up."""
        return self._spent

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; opens the file if need be."""
        with translated():
            if self._connection is None:
                self._connection = self._open(until)
            sqlite_file.begin(self._connection, until)

    def append(self, appends: Sequence[Append]) -> list[Placed]:
        """Add the (leaf, body) rows of each append after the head, in the open transaction."""
        with translated():
            frontier = self._frontier()
            grown = grow(frontier, appends)
            self._untidied += sum(len(body) for _, _, _, body in grown.rows)
            connection = self._open_connection
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", grown.rows)
            nodes = [(node.level, node.index, node.hash) for node in grown.nodes]
            connection.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
            connection.execute(
                "UPDATE head SET size = ?, root = ?, frontier = ?",
                (frontier.size, frontier.root(), frontier.packed),
            )
        return grown.placed

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once, in the open transaction."""
        with translated():
            self._open_connection.executemany("INSERT INTO operation VALUES (?, ?)", texts.items())

    def publish(self, size: int, note: bytes) -> bool:
        """Keep a checkpoint, in the open transaction; False, and nothing is kept, if there is one as large."""
        with translated():
            connection = self._open_connection
            if connection.execute("SELECT 1 FROM checkpoint WHERE size >= ?", (size,)).fetchone():
                return False
            connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
            return True

    def commit(self) -> None:
        """Return when the transaction is on the disk."""
        with translated():
            self._open_connection.execute("COMMIT")
            self._unmoved()

    def relieve(self, code: str) -> bool:
        """Give up the reserve if `code` says that the disk is full; whether another try may now succeed."""
        if self._spent or code not in FULL:
            return False
        self._spent = True
        # Another process may have been quicker; the room is there all the same.
        self._reserve.unlink(missing_ok=True)
        return True

    def tidy(self, *, now: bool = False) -> None:
        """Copy the WAL into the main file if enough has come; SQLite by itself would keep a failure quiet."""
        if self._connection is not None and self._untidied >= (1 if now else TIDY_BYTES):
            with translated():
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._untidied = 0
        if self._spent and now:
            self._hold_reserve()

    def drop(self) -> None:
        """Roll back and close, whatever state the connection is in."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.rollback()
            with suppress(sqlite3.Error):
                connection.close()

    @property
    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreFault("NOT_OPEN", lasting=True)
        return self._connection

    def _frontier(self) -> Frontier:
        row = self._open_connection.execute(
            "SELECT size, root, frontier, (SELECT max(idx) FROM record) FROM head"
        ).fetchone()
        if row is None:
            raise StoreFault("NO_HEAD", lasting=True)
        frontier = load_frontier(sound_head(*row[:3]), row[3], self._size)
        self._size = frontier.size
        return frontier

    def _open(self, until: float) -> sqlite3.Connection:
        if self._identity is None:
            create(self._path)
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=0,
            check_same_thread=False,
        )
        try:
            prepare(connection, until)
            if self._identity is None:
                self._identity = identity(self._path)
                self._hold_reserve()
            self._unmoved()
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def _reserve(self) -> Path:
        return self._path.with_suffix(".reserve")

    def _hold_reserve(self) -> None:
        try:
            fill(self._reserve)
        except OSError as error:
            if errno.errorcode.get(error.errno or 0) not in FULL:
                raise StoreFault(errno_name(error), lasting=error.errno not in PASSING_ERRNO) from error
            self._reserve.unlink(missing_ok=True)
            self._spent = True
        else:
            self._spent = False

    def _unmoved(self) -> None:
        # SQLite writes on into a file that was removed or replaced under it; nobody would find those records.
        try:
            there = identity(self._path)
        except FileNotFoundError:
            there = None
        if there != self._identity:
            raise StoreFault("FILE_MOVED", lasting=True)


class SqliteReader:
    """One connection that only reads; see `Reader`. No read transaction outlives a call, so that the WAL is tidied."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "there is no audit log here", str(path))
        with translated():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                timeout=5,
                check_same_thread=False,
            )
            try:
                if not known(self._connection):
                    raise StoreFault("NOT_A_LOG", lasting=True)
            except BaseException:
                self._connection.close()
                raise

    @property
    def size(self) -> int:
        """How many records the head covers."""
        return self.head().size

    def head(self) -> Head:
        """The head; StoreFault HEAD_DAMAGED if it is none."""
        rows = self._all("SELECT size, root, frontier FROM head")
        if len(rows) != 1:
            raise StoreFault("NO_HEAD", lasting=True)
        return sound_head(*rows[0])

    def heads(self, after: int, limit: int) -> list[Head]:
        """The one head that is kept, if it is beyond `after`."""
        head = self.head()
        return [head] if head.size > after and limit else []

    def ends(self) -> tuple[int, int | None]:
        """The size of the head and the largest index of a row, at one moment."""
        rows = self._all("SELECT size, (SELECT max(idx) FROM record) FROM head")
        if len(rows) != 1 or type(rows[0][0]) is not int:
            raise StoreFault("NO_HEAD", lasting=True)
        return int(rows[0][0]), rows[0][1]

    def count(self) -> int:
        """How many rows there are."""
        return int(self._all("SELECT count(*) FROM record")[0][0])

    def rows(self, start: int, stop: int, limit: int) -> list[Row]:
        """The rows with start ≤ index < stop, by index."""
        found = self._all(
            "SELECT idx, leaf, root, body FROM record WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?",
            (start, stop, limit),
        )
        return [Row(*each) for each in found]

    def alike(self, leaf: bytes, index: int) -> Row | None:
        """A row with that leaf at any other index than `index`."""
        found = self._all(
            "SELECT idx, leaf, root, body FROM record WHERE leaf = ? AND idx <> ? ORDER BY idx LIMIT 1", (leaf, index)
        )
        return Row(*found[0]) if found else None

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes from `start` to before `stop`."""
        found = self._all("SELECT leaf FROM record WHERE idx >= ? AND idx < ? ORDER BY idx", (start, stop))
        return [leaf for (leaf,) in found]

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of perfect subtrees of height 8 × `level`, level ≥ 1."""
        found = self._all(
            "SELECT hash FROM node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx", (level, start, stop)
        )
        return [kept for (kept,) in found]

    def kept_nodes(self) -> Iterator[tuple[object, object, object]]:
        """Each (level, index, hash) as it is kept."""
        yield from self._all("SELECT level, idx, hash FROM node")

    def operation(self, digest: str) -> str | None:
        """The text of an operation by its SHA-256 in hex, if it is kept."""
        found = self._all("SELECT text FROM operation WHERE hash = ?", (digest,))
        return found[0][0] if found else None

    def operations(self) -> Iterator[tuple[object, object]]:
        """Each (hash, text) as it is kept."""
        yield from self._all("SELECT hash, text FROM operation")

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that was published, a signed note."""
        found = self._all("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return found[0][0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, object]]:
        """The (size, note) of checkpoints whose size is beyond `after`, smallest first."""
        return self._all("SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?", (after, limit))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _all(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with translated():
            return self._connection.execute(statement, values).fetchall()
