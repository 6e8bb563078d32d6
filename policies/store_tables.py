"""The tables of the version store, and its connections to SQLite and PostgreSQL.

A changing transaction holds the one write lock, so that two stewards never see half of each other's work; it is
committed whole or not at all. SQLite is the default (WAL, every commit on the disk), PostgreSQL is chosen by URL.
`policies/migrations` creates the tables.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from policies.versions import PolicyStoreError, StoreUnavailable

WAIT_SECONDS = 5
"""How long a statement waits for a lock, and a connection for a server."""
WRITE_LOCK = 0x534C5047
LARGEST_VERSION = 2**31 - 1
"""The largest number that a column `Integer` holds on PostgreSQL."""
META = sa.MetaData()

VERSION = sa.Table(
    "policy_version",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text) for name in ("hash", "author", "person", "note", "made", "seal", "signed")),
    sa.Column("base", sa.Integer),
)
FILE = sa.Table(
    "policy_file",
    META,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary),
)
APPROVAL = sa.Table(
    "policy_approval",
    META,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    *(sa.Column(name, sa.Text) for name in ("hash", "person", "made", "seal", "signed")),
)
ACTIVATION = sa.Table(
    "policy_activation",
    META,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer),
    sa.Column("base", sa.Integer),
    *(
        sa.Column(name, sa.Text)
        for name in ("hash", "starts", "author", "approver", "account", "made", "seal", "signed")
    ),
)


def engine_of(url: str) -> sa.Engine:
    """An engine for `sqlite:///FILE` or `postgresql+psycopg://…`; PolicyStoreError for any other URL."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise PolicyStoreError("policy_store is not a database URL") from None
    if parsed.drivername == "sqlite" and parsed.database:
        return _sqlite(Path(parsed.database))
    if parsed.drivername == "postgresql+psycopg":
        limits = f"-c statement_timeout={WAIT_SECONDS * 1000} -c lock_timeout={WAIT_SECONDS * 1000}"
        return sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,
            connect_args={"connect_timeout": WAIT_SECONDS, "options": limits},
        )
    raise PolicyStoreError("policy_store is neither sqlite:///FILE nor postgresql+psycopg://…")


def sqlite_url(path: Path) -> str:
    """The URL of a store in a file."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


class _Connection(sqlite3.Connection):
    """A connection that knows which file it opened."""

    identity: tuple[int, int] | None = None


def _sqlite(path: Path) -> sa.Engine:
    file = f"file:{quote(os.fsencode(path.absolute()))}?mode=rw"

    def connect() -> _Connection:
        # Before it is opened, so that it is never taken for a file that is put there afterwards.
        identity = _file_now(path)
        # Never made by opening it: a store that was moved away is away, not empty.
        connection = sqlite3.connect(
            file, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        connection.identity = identity
        for setting in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    # Kept, because to open one for each count took 1.1 ms of processor, and to use a kept one takes half.
    engine = sa.create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_timeout=WAIT_SECONDS, hide_parameters=True
    )

    @sa.event.listens_for(engine, "checkout")
    def is_same_file(connection: _Connection, _: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        # One that is kept would go on reading a file that was moved away or replaced.
        if connection.identity is None or connection.identity != _file_now(path):
            raise sa.exc.DisconnectionError

    @sa.event.listens_for(engine, "checkin")
    def empty_journal(connection: sqlite3.Connection | None, _: ConnectionPoolEntry) -> None:
        # As if it were closed: SQLite would play a journal that is left into a file that is put in this one's place.
        # While somebody else reads it stays, and whoever uses the store next empties it.
        if connection is not None and journal_size(path):
            for step in ("busy_timeout = 0", "wal_checkpoint(TRUNCATE)", f"busy_timeout = {WAIT_SECONDS * 1000}"):
                with suppress(sqlite3.Error):  # what was committed stays so, on a full disk too
                    connection.execute(f"PRAGMA {step}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        changing = connection.get_execution_options().get("changing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if changing else "BEGIN")

    return engine


def _file_now(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path now, or None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def journal_size(path: Path) -> int:
    """Bytes of what was committed to a SQLite store and does not lie in its file yet."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def make(url: str, engine: sa.Engine) -> None:
    """Create the store if there is none, and bring its tables up to date."""
    parsed = sa.make_url(url)
    if parsed.drivername == "sqlite" and parsed.database:
        path = Path(parsed.database).absolute()
        _make_file(path)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with changing(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise PolicyStoreError("the policy store was made by a newer program; update this one") from None


def _make_file(path: Path) -> None:
    """An empty database in WAL mode, which a file keeps; linked into place whole, so that none is seen half made."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.touch(mode=0o600)
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(draft, path)
    except (OSError, sqlite3.Error):
        raise StoreUnavailable(f"the policy store {path} cannot be made") from None
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def changing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock; all of it, or nothing. Raises StoreUnavailable."""
    with translate_database_errors(), engine.execution_options(changing=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that reads one state of the store. Raises StoreUnavailable."""
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with translate_database_errors(), engine.execution_options(**options).begin() as connection:
        yield connection


@contextmanager
def translate_database_errors() -> Iterator[None]:
    """What the database raises becomes StoreUnavailable, without its text: that may name hosts and values."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as fault:
        raise StoreUnavailable(f"the policy store does not answer ({type(fault).__name__})") from None
