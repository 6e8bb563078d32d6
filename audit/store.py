"""The log is one SQLite file whose rows only grow; its layout is said here and nowhere else.

`record` holds one row an index, counted from 0 without gaps: the canonical bytes, their leaf hash, and the
root of the tree of RFC 6962 up to and including that leaf. `head` holds the size, root and frontier in one
row, written in the same transaction. `operation` holds each normalised text once, by its SHA-256. WAL with
`synchronous=FULL`: a COMMIT that returned is on the disk. The triggers are a second fence, not the proof:
that is `audit/verify.py`.

A `Store` is one connection, used by one thread. Several processes may append to one file: the index is read
and given under SQLite's single-writer lock.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.tree import EMPTY_ROOT, Frontier

APPLICATION_ID: Final = 0x534C4741
LAYOUT: Final = 1
CHECKPOINT_BYTES: Final = 4 * 1024 * 1024  # of new records; then the WAL is copied into the main file

_TABLES: Final = (
    "CREATE TABLE record (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, root BLOB NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE operation (hash TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)",
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,"
    " frontier BLOB NOT NULL)",
    f"INSERT INTO head VALUES (1, 0, x'{EMPTY_ROOT.hex()}', x'')",
    *(
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'append only'); END"
        for table in ("record", "operation")
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE would delete without asking the triggers above.
    "CREATE TRIGGER record_REPLACE BEFORE INSERT ON record"
    " WHEN EXISTS (SELECT 1 FROM record WHERE idx = NEW.idx)"
    " BEGIN SELECT RAISE(ABORT, 'append only'); END",
    "CREATE TRIGGER operation_AGAIN BEFORE INSERT ON operation"
    " WHEN EXISTS (SELECT 1 FROM operation WHERE hash = NEW.hash) BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER head_BACK BEFORE UPDATE ON head WHEN NEW.size < OLD.size"
    " BEGIN SELECT RAISE(ABORT, 'append only'); END",
    "CREATE TRIGGER head_DELETE BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'append only'); END",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {LAYOUT}",
)

# What may pass by itself: a full disk, a read-only or locked file. After anything else, a failed fsync before
# all, what the kernel still holds is not known, and only a reopening (which reads the disk again) may go on.
_PASSING: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
}
_PASSING_ERRNO: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EFBIG)
)


class StoreFault(Exception):
    """The store refused. `lasting`: only a reopening may help. The text is a code, never a value."""

    def __init__(self, code: str, *, lasting: bool) -> None:
        super().__init__(code)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one append's rows came to stand: the first one's index, and size and root after the last."""

    index: int
    size: int
    root: bytes


class Store:
    """One connection that appends: `begin`, `append`, `commit`; after a StoreFault, `drop`."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self._unchecked = 0

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; opens the file if need be."""
        with _translated():
            if self._connection is None:
                self._connection = self._open(until)
            _begin(self._connection, until)

    def append(self, appends: Sequence[Sequence[tuple[bytes, bytes]]]) -> list[Placed]:
        """Add the (leaf, body) rows of each append after the head, in the open transaction."""
        with _translated():
            frontier = self._head()
            rows, placed = [], []
            for leaves in appends:
                first = frontier.size
                for leaf, body in leaves:
                    frontier.append(leaf)
                    rows.append((frontier.size - 1, leaf, frontier.root(), body))
                    self._unchecked += len(body)
                placed.append(Placed(first, frontier.size, frontier.root()))
            self._open_connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
            self._open_connection.execute(
                "UPDATE head SET size = ?, root = ?, frontier = ?",
                (frontier.size, frontier.root(), frontier.packed),
            )
        return placed

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once, in the open transaction."""
        with _translated():
            self._open_connection.executemany("INSERT INTO operation VALUES (?, ?)", texts.items())

    def commit(self) -> None:
        """Return when the transaction is on the disk."""
        with _translated():
            self._open_connection.execute("COMMIT")
            self._unmoved()

    def checkpoint(self, *, now: bool = False) -> None:
        """Copy the WAL into the main file if enough has come; SQLite by itself would keep a failure quiet."""
        if self._connection is None or self._unchecked < (1 if now else CHECKPOINT_BYTES):
            return
        with _translated():
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._unchecked = 0

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

    def _head(self) -> Frontier:
        row = self._open_connection.execute(
            "SELECT size, frontier, root, (SELECT max(idx) FROM record) FROM head"
        ).fetchone()
        if row is None:
            raise StoreFault("NO_HEAD", lasting=True)
        size, packed, root, last = row
        try:
            frontier = Frontier.load(size, packed)
        except (TypeError, ValueError, AttributeError):
            raise StoreFault("HEAD_DAMAGED", lasting=True) from None
        # To append after a damaged end would hide the damage; a shorter log than seen before was put back.
        if frontier.root() != root or last != (size - 1 if size else None) or size < self._size:
            raise StoreFault("HEAD_DAMAGED", lasting=True)
        self._size = size
        return frontier

    def _open(self, until: float) -> sqlite3.Connection:
        if self._identity is None:
            _create(self._path)
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=0,
            check_same_thread=False,
        )
        try:
            _prepare(connection, until)
            self._identity = self._identity or _identity(self._path)
            self._unmoved()
        except BaseException:
            connection.close()
            raise
        return connection

    def _unmoved(self) -> None:
        # SQLite writes on into a file that was removed or replaced under it; nobody would find those records.
        try:
            there = _identity(self._path)
        except FileNotFoundError:
            there = None
        if there != self._identity:
            raise StoreFault("FILE_MOVED", lasting=True)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads; FileNotFoundError if there is no log, StoreFault if it can't be read."""
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no audit log here", str(path))
    with _translated():
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
        try:
            if _pragma(connection, "application_id") != APPLICATION_ID:
                raise StoreFault("NOT_A_LOG", lasting=True)
            yield connection
        finally:
            connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        passing = code in _PASSING or code & 0xFF in _PASSING
        raise StoreFault(getattr(error, "sqlite_errorname", "SQLITE_ERROR"), lasting=not passing) from error
    except OSError as error:
        code_name = errno.errorcode.get(error.errno or 0, "OSERROR")
        raise StoreFault(code_name, lasting=error.errno not in _PASSING_ERRNO) from error


def _create(path: Path) -> None:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _begin(connection: sqlite3.Connection, until: float) -> None:
    _patient(connection, "BEGIN IMMEDIATE", until)


def _patient(connection: sqlite3.Connection, statement: str, until: float) -> object:
    # SQLite's own waiting backs off to 100 ms, which starves one of two busy processes.
    while True:
        try:
            row = connection.execute(statement).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        else:
            return row[0] if row else None
        time.sleep(0.001)


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _prepare(connection: sqlite3.Connection, until: float) -> None:
    if _patient(connection, "PRAGMA journal_mode = WAL", until) != "wal":
        raise StoreFault("NO_WAL", lasting=True)
    for setting in (
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")
    if _known(connection):
        return
    _begin(connection, until)
    if not _known(connection):
        for statement in _TABLES:
            connection.execute(statement)
    connection.execute("COMMIT")


def _known(connection: sqlite3.Connection) -> bool:
    mark = (_pragma(connection, "application_id"), _pragma(connection, "user_version"))
    if mark == (APPLICATION_ID, LAYOUT):
        return True
    if mark != (0, 0) or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreFault("NOT_A_LOG", lasting=True)
    return False
