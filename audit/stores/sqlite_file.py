"""The layout of the log in an SQLite file, and the making and opening of such a file.

A COMMIT that returned is on the disk (WAL with `synchronous=FULL`), and rows only grow: triggers refuse changes, and
`audit/verify.py` finds those that were made in spite of them. A file of another layout is refused and not touched.

`record` holds one row for each index, counted from 0 without gaps: the canonical bytes, their leaf hash, and the root
of the RFC 6962 tree up to and including that leaf. `node` holds the roots of perfect subtrees of height 8, 16 …, `head`
the size, root and frontier in one row; all three are written in one transaction. `operation` holds each normalised text
once, by its SHA-256; `checkpoint` the published notes, by their size.
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

from audit.durable_files import sync_folder
from audit.stores.base import LAYOUT, StoreFault, check_layout
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
_WHAT_IT_IS: Final = (
    "SELECT application_id, user_version, EXISTS (SELECT 1 FROM sqlite_master)"
    " FROM pragma_application_id, pragma_user_version"
)

# Faults that may pass by themselves: a full disk, a read-only or locked file. After any other, such as a failed fsync,
# nobody knows what the kernel still holds: the log goes on only after the file was opened again and read from disk.
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
def store_faults() -> Iterator[None]:
    """Raise errors of SQLite and of the operating system as StoreFault."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        passing = code in _PASSING or code & 0xFF in _PASSING
        raise StoreFault(getattr(error, "sqlite_errorname", "SQLITE_ERROR"), lasting=not passing) from error
    except OSError as error:
        raise StoreFault(errno_code(error), lasting=error.errno not in PASSING_ERRNO) from error


def errno_code(error: OSError) -> str:
    """The name of the error, such as `ENOSPC`."""
    return errno.errorcode.get(error.errno or 0, "OSERROR")


def create(path: Path) -> None:
    """Make an empty file at `path` that only its owner may read, unless there is one."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        sync_folder(path.parent)


def fill_reserve(path: Path) -> None:
    """Make `path` a file that takes up RESERVE_BYTES on the disk, unless it is one.

    It stands there whole or not at all: it is filled under another name. OSError if there is no room.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_blocks * 512 >= RESERVE_BYTES:
            return
    unfinished = path.with_name(f"{path.name}.new")
    reserve = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(reserve, 0, RESERVE_BYTES)
        os.fsync(reserve)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    finally:
        os.close(reserve)
    with suppress(FileNotFoundError):  # another process was quicker with the same file
        os.replace(unfinished, path)


def file_identity(path: Path) -> tuple[int, int]:
    """Device and inode of the file at `path`."""
    found = path.stat()
    return found.st_dev, found.st_ino


def begin(connection: sqlite3.Connection, until: float) -> None:
    """Take the single writer's lock, waiting until the monotonic time `until`."""
    _execute_until(connection, "BEGIN IMMEDIATE", until)


def _execute_until(connection: sqlite3.Connection, statement: str, until: float) -> object:
    # SQLite's own wait grows to 100 ms, which starves one of two busy processes.
    while True:
        try:
            row = connection.execute(statement).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
        else:
            return row[0] if row else None
        time.sleep(0.001)


def prepare(connection: sqlite3.Connection, until: float) -> None:
    """Set the connection to commit durably, and make the tables if the file has none."""
    connection.execute("PRAGMA busy_timeout = 200")
    is_log(connection)  # before anything is changed in a file that is not ours
    if _execute_until(connection, "PRAGMA journal_mode = WAL", until) != "wal":
        raise StoreFault("NO_WAL", lasting=True)
    for setting in (
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")
    made = is_log(connection)
    connection.execute("PRAGMA busy_timeout = 0")  # `begin` waits from here on
    if made:
        return
    begin(connection, until)
    if not is_log(connection):
        for statement in _TABLES:
            connection.execute(statement)
    connection.execute("COMMIT")


def is_log(connection: sqlite3.Connection) -> bool:
    """Whether the file is a log; False if it is empty, StoreFault if it is anything else."""
    # One statement: between two, another process may have made the log.
    application, version, used = connection.execute(_WHAT_IT_IS).fetchone()
    if application == APPLICATION_ID:
        check_layout(version)
        return True
    if application or version or used:
        raise StoreFault("NOT_A_LOG", lasting=True)
    return False
