"""Appends to and reads the log in one SQLite file.

Each index is given once: the head is read and moved under SQLite's single-writer lock, and several processes may append
to one file. A reserve file beside the log is given up when the disk is full, so that what is under way can still be
written. The layout is in `audit/stores/sqlite_file.py`.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from audit.stores import sqlite_file
from audit.stores.base import Append, Placed, StoreFault, checked_head, grow, load_frontier
from audit.stores.reader import Reader
from audit.stores.sqlite_file import (
    FULL,
    PASSING_ERRNO,
    create,
    errno_code,
    file_identity,
    fill_reserve,
    is_log,
    prepare,
    store_faults,
)
from audit.tree import Frontier

TIDY_BYTES: Final = 4 * 1024 * 1024  # of new records; then the WAL is copied into the main file

_NO_ROOM_BESIDE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class SqliteStore:
    """One connection that appends, used by one thread; see `Store`."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self._untidied = 0
        self._spent = False

    prepared_until = None

    @property
    def spent(self) -> bool:
        """Whether the reserve was given up."""
        return self._spent

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; opens the file if need be."""
        with store_faults():
            if self._connection is None:
                self._connection = self._open(until)
            sqlite_file.begin(self._connection, until)

    def append(self, appends: Sequence[Append]) -> list[Placed]:
        """Add the (leaf, body) rows of each append after the head, in the open transaction."""
        with store_faults():
            frontier = self._read_frontier()
            growth = grow(frontier, appends)
            self._untidied += sum(len(body) for _, _, _, body in growth.rows)
            connection = self._open_connection
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", growth.rows)
            nodes = [(node.level, node.index, node.hash) for node in growth.nodes]
            connection.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
            connection.execute(
                "UPDATE head SET size = ?, root = ?, frontier = ?",
                (frontier.size, frontier.root(), frontier.packed),
            )
        return growth.placed

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once, in the open transaction."""
        with store_faults():
            self._open_connection.executemany("INSERT INTO operation VALUES (?, ?)", texts.items())

    def publish(self, size: int, note: bytes) -> bool:
        """Keep a checkpoint, in the open transaction; False, and nothing is kept, if there is one as large."""
        with store_faults():
            connection = self._open_connection
            if connection.execute("SELECT 1 FROM checkpoint WHERE size >= ?", (size,)).fetchone():
                return False
            connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
            return True

    def commit(self) -> None:
        """Return when the transaction is on the disk."""
        with store_faults():
            self._open_connection.execute("COMMIT")
            self._check_not_moved()

    def relieve(self, code: str) -> bool:
        """Give up the reserve if `code` says that the disk is full; whether another try may now succeed."""
        if self._spent or code not in FULL:
            return False
        self._spent = True
        # Another process may have been quicker; the room is there all the same.
        self._reserve.unlink(missing_ok=True)
        return True

    def tidy(self, *, now: bool = False) -> None:
        """Copy the WAL into the main file if it holds enough or `now`; SQLite by itself would not report a failure."""
        if self._connection is not None and self._untidied >= (1 if now else TIDY_BYTES):
            with store_faults():
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._untidied = 0
        if self._spent and now:
            self._make_reserve()

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

    def _read_frontier(self) -> Frontier:
        row = self._open_connection.execute(
            "SELECT size, root, frontier, (SELECT max(idx) FROM record) FROM head"
        ).fetchone()
        if row is None:
            raise StoreFault("NO_HEAD", lasting=True)
        frontier = load_frontier(checked_head(*row[:3]), row[3], self._size)
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
                self._identity = file_identity(self._path)
                self._make_reserve()
            self._check_not_moved()
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def _reserve(self) -> Path:
        return self._path.with_suffix(".reserve")

    def _make_reserve(self) -> None:
        try:
            fill_reserve(self._reserve)
        except OSError as error:
            if errno.errorcode.get(error.errno or 0) not in FULL:
                raise StoreFault(errno_code(error), lasting=error.errno not in PASSING_ERRNO) from error
            self._reserve.unlink(missing_ok=True)
            self._spent = True
        else:
            self._spent = False

    def _check_not_moved(self) -> None:
        # SQLite keeps writing to a file that was removed or replaced; nobody would find those records.
        try:
            there = file_identity(self._path)
        except FileNotFoundError:
            there = None
        if there != self._identity:
            raise StoreFault("FILE_MOVED", lasting=True)


class SqliteReader(Reader):
    """Reads the log in a file. No read transaction outlives a call, so that the WAL can be tidied.

    Nothing is left beside the file that was not there before; a file in a folder that cannot be written is read as it
    stands.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "there is no audit log here", str(path))
        self._uri = path.absolute().as_uri()
        self._alone = not path.with_name(f"{path.name}-wal").exists()
        with store_faults():
            self._connection = self._connect("mode=ro")
            try:
                if not self._is_log():
                    raise StoreFault("NOT_A_LOG", lasting=True)
            except BaseException:
                self._connection.close()
                raise

    def select(self, statement: str, *values: object) -> list[Any]:
        """All rows of one SELECT."""
        with store_faults():
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        if self._alone:
            # A connection that only reads leaves an empty WAL behind; the last one that may write takes it away.
            with suppress(sqlite3.Error), closing(self._connect("mode=rw")) as last:
                last.execute("SELECT 1 FROM sqlite_master").fetchone()

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._uri}?{mode}", uri=True, isolation_level=None, timeout=5, check_same_thread=False
        )

    def _is_log(self) -> bool:
        try:
            return is_log(self._connection)
        except sqlite3.OperationalError as error:
            if not self._alone or error.sqlite_errorcode & 0xFF not in _NO_ROOM_BESIDE:
                raise
        # No room for a WAL beside the file, so nobody writes to it either.
        self._connection.close()
        self._connection = self._connect("mode=ro&immutable=1")
        self._alone = False
        return is_log(self._connection)
