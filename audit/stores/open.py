"""Opens a log by its address: a path is an SQLite file, `postgresql://…` a PostgreSQL server.

PostgreSQL's driver is loaded for a server's address only.
"""

from __future__ import annotations

from pathlib import Path

from audit.stores.base import SERVER, Store, Where
from audit.stores.reader import Reader
from audit.stores.sqlite import SqliteReader, SqliteStore


def open_store(where: Where) -> Store:
    """A store that appends to the log at `where`; it connects when it is first used."""
    if isinstance(where, str) and where.startswith(SERVER):
        from audit.stores.postgres import PostgresStore

        return PostgresStore(where)
    return SqliteStore(Path(where))


def open_reader(where: Where) -> Reader:
    """A reader of the log at `where`; FileNotFoundError if there is none, StoreFault if it can't be read."""
    if isinstance(where, str) and where.startswith(SERVER):
        from audit.stores.postgres import PostgresReader

        return PostgresReader(where)
    return SqliteReader(Path(where))
