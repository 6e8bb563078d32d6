"""The log is one SQLite file whose rows only grow; its layout is said here and nowhere else.

`record` holds one row an index, counted from 0 without gaps: the canonical bytes, their leaf hash, and the
root of the tree of RFC 6962 up to and including that leaf. `node` holds the roots of perfect subtrees of height
8, 16 …, `head` the size, root and frontier in one row, both written in the same transaction. `operation` holds
each normalised text once, by its SHA-256; `checkpoint` what was published, by its size. WAL with
`synchronous=FULL`: a COMMIT that returned is on the disk. The triggers are a second fence, not the proof: that
is `audit/verify.py`. A file of an older layout is told, and not touched.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from audit.stores.base import LAYOUT, StoreFault
from audit.tree import EMPTY_ROOT

APPLICATION_ID: Final = 0x534C4741
RESERVE_BYTES: Final = 1024 * 1024

_FOREVER: Final = ("record", "operation", "node", "checkpoint")
_TABLES: Final = (
    "CREATE TABLE record (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, root BLOB NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE operation (hash TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)",
    "CREATE TABLE node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx))",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL)",
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL,"
    " frontier BLOB NOT NULL)",
    f"INSERT INTO head VALUES (1, 0, x'{EMPTY_ROOT.hex()}', x'')",
    *(
        f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'append only'); END"
        for table in _FOREVER
        for verb in ("UPDATE", "DELETE")
    ),
    # INSERT OR REPLACE would delete without asking the triggers above.
    *(
        f"CREATE TRIGGER {table}_REPLACE BEFORE INSERT ON {table}"
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
        " BEGIN SELECT RAISE(ABORT, 'append only'); END"
        for table, same in (("record", "idx = NEW.idx"), ("node", "level = NEW.level AND idx = NEW.idx"))
    ),
    "CREATE TRIGGER checkpoint_BACK BEFORE INSERT ON checkpoint"
    " WHEN EXISTS (SELECT 1 FROM checkpoint WHERE size >= NEW.size)"
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
PASSING_ERRNO: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EFBIG)
)
FULL: Final = frozenset(("SQLITE_FULL", "ENOSPC", "EDQUOT"))


@contextmanager
def translated() -> Iterator[None]:
    """Errors of SQLite and of the system as StoreFault."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        passing = code in _PASSING or code & 0xFF in _PASSING
        raise StoreFault(getattr(error, "sqlite_errorname", "SQLITE_ERROR"), lasting=not passing) from error
    except OSError as error:
        raise StoreFault(errno_name(error), lasting=error.errno not in PASSING_ERRNO) from error


def errno_name(error: OSError) -> str:
    """`ENOSPC` and the like."""
    return errno.errorcode.get(error.errno or 0, "OSERROR")


def create(path: Path) -> None:
    """Make an empty file at `path`, for its owner alone, unless there is one."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def fill(path: Path) -> None:
    """Make `path` a file of RESERVE_BYTES that takes up room on the disk, unless it is one."""
    with suppress(FileNotFoundError):
        if path.stat().st_blocks * 512 >= RESERVE_BYTES:
            return
    reserve = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(reserve, 0, RESERVE_BYTES)
        os.fsync(reserve)
    finally:
        os.close(reserve)


def identity(path: Path) -> tuple[int, int]:
    """Which file stands at `path`."""
    found = path.stat()
    return found.st_dev, found.st_ino


def begin(connection: sqlite3.Connection, until: float) -> None:
    """Take the single writer's lock, waiting until the monotonic time `until`."""
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


def prepare(connection: sqlite3.Connection, until: float) -> None:
    """Make the connection one that commits durably, and the tables if the file has none."""
    connection.execute("PRAGMA busy_timeout = 200")
    known(connection)  # before anything is changed in a file that is not ours
    connection.execute("PRAGMA busy_timeout = 0")
    if _patient(connection, "PRAGMA journal_mode = WAL", until) != "wal":
        raise StoreFault("NO_WAL", lasting=True)
    for setting in (
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")
    if known(connection):
        return
    begin(connection, until)
    if not known(connection):
        for statement in _TABLES:
            connection.execute(statement)
    connection.execute("COMMIT")


def known(connection: sqlite3.Connection) -> bool:
    """Whether the file is a log; False if it is empty, StoreFault if it is anything else."""
    mark = (_pragma(connection, "application_id"), _pragma(connection, "user_version"))
    if mark == (APPLICATION_ID, LAYOUT):
        return True
    if mark[0] == APPLICATION_ID and isinstance(mark[1], int):
        raise StoreFault("OLDER_LAYOUT" if mark[1] < LAYOUT else "NEWER_LAYOUT", lasting=True)
    if mark != (0, 0) or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreFault("NOT_A_LOG", lasting=True)
    return False
