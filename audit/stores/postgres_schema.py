"""The tables, roles, triggers and partitions of the log on a PostgreSQL server, and `prepare`, which makes them.

The role that appends may INSERT and SELECT, and nothing else. Triggers refuse UPDATE, DELETE and TRUNCATE to everybody,
the owner included; a superuser can remove them, and `audit/verify.py` finds what was changed then.

Schema `audit` has the tables of `audit/stores/sqlite_file.py`, with two differences: `record` is partitioned by the
month of the record's own time, and `head` has one row for each commit with the size before and after it. Both sizes are
unique, so that an index is given once whatever else fails.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from audit.stores.base import LAYOUT, check_layout
from audit.stores.postgres_session import store_faults
from audit.tree import EMPTY_ROOT

APPEND_ROLE: Final = "sluicegate_append"
READ_ROLE: Final = "sluicegate_read"
PREPARE_LOCK: Final = 0x534C4751

_TABLES: Final[tuple[LiteralString, ...]] = ("record", "operation", "node", "checkpoint", "head", "layout")
_SCHEMA: Final[tuple[LiteralString, ...]] = (
    "CREATE SCHEMA IF NOT EXISTS audit",
    "REVOKE ALL ON SCHEMA audit FROM PUBLIC",
    "CREATE TABLE audit.layout (version integer PRIMARY KEY)",
    "CREATE TABLE audit.record (idx bigint NOT NULL CHECK (idx >= 0), month date NOT NULL,"
    " leaf bytea NOT NULL CHECK (octet_length(leaf) = 32), root bytea NOT NULL CHECK (octet_length(root) = 32),"
    " body bytea NOT NULL, PRIMARY KEY (idx, month)) PARTITION BY RANGE (month)",
    "CREATE TABLE audit.operation (hash text PRIMARY KEY, text text NOT NULL)",
    "CREATE TABLE audit.node (level integer NOT NULL, idx bigint NOT NULL, hash bytea NOT NULL,"
    " PRIMARY KEY (level, idx))",
    "CREATE TABLE audit.checkpoint (size bigint PRIMARY KEY, note bytea NOT NULL)",
    "CREATE TABLE audit.head (size bigint PRIMARY KEY, start bigint UNIQUE, root bytea NOT NULL,"
    " frontier bytea NOT NULL, CHECK (start < size), CHECK ((start IS NULL) = (size = 0)))",
    "CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN RAISE EXCEPTION 'append only' USING ERRCODE = 'insufficient_privilege'; END$$",
)


def prepare(
    url: str, months: int = 12, *, append: Sequence[str] = (), read: Sequence[str] = (), today: dt.date | None = None
) -> list[str]:
    """Make the schema, its roles and the partitions of this month and the `months` after it, where they are missing.

    Returns the names of the partitions that were made. `url` is the address of the database for a role that may make
    roles and schemas. `append` and `read` name roles of the server that get `sluicegate_append` and `sluicegate_read`.
    Raises StoreFault: OLDER_LAYOUT for a log of an older version.
    """
    first = (today or dt.datetime.now(dt.UTC).date()).replace(day=1)
    with store_faults(), psycopg.connect(url, connect_timeout=5) as connection:
        # Two administrators wait for each other; everything is made, or nothing.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (PREPARE_LOCK,))
        if not is_prepared(connection):
            _make_schema(connection)
        made = [name for month in _months(first, months) if (name := _make_partition(connection, month))]
        for group, members in ((APPEND_ROLE, append), (READ_ROLE, read)):
            for member in members:
                connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member)))
    return made


def is_prepared(connection: psycopg.Connection) -> bool:
    """Whether the schema is there; StoreFault if it is of another version."""
    if connection.execute("SELECT to_regclass('audit.layout')").fetchone() == (None,):
        return False
    (version,) = connection.execute("SELECT max(version) FROM audit.layout").fetchone() or (None,)
    check_layout(version or 0)
    return True


def _make_schema(connection: psycopg.Connection) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)
    for role in (APPEND_ROLE, READ_ROLE):
        _make_role(connection, role)
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA audit TO {}").format(sql.Identifier(role)))
    for table in _TABLES:
        _add_triggers(connection, table)
        grant = sql.SQL("GRANT SELECT ON audit.{} TO {}, {}")
        names = [sql.Identifier(name) for name in (table, APPEND_ROLE, READ_ROLE)]
        connection.execute(grant.format(*names))
        if table != "layout":
            connection.execute(sql.SQL("GRANT INSERT ON audit.{} TO {}").format(*names[:2]))
    connection.execute("INSERT INTO audit.layout VALUES (%s)", (LAYOUT,))
    connection.execute("INSERT INTO audit.head VALUES (0, NULL, %s, '')", (EMPTY_ROOT,))


def _make_role(connection: psycopg.Connection, role: str) -> None:
    # Roles belong to the whole server: a second log on it shares them.
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))


def _add_triggers(connection: psycopg.Connection, table: str) -> None:
    """Refuse changes to a table. Partitions inherit row triggers, but need a TRUNCATE trigger each."""
    name = sql.Identifier(table)
    connection.execute(
        sql.SQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.{}"
            " FOR EACH ROW EXECUTE FUNCTION audit.refuse()"
        ).format(name)
    )
    _add_truncate_trigger(connection, table)


def _add_truncate_trigger(connection: psycopg.Connection, table: str) -> None:
    connection.execute(
        sql.SQL(
            "CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON audit.{}"
            " FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()"
        ).format(sql.Identifier(table))
    )


def _months(first: dt.date, further: int) -> Iterator[dt.date]:
    month = first
    for _ in range(further + 1):
        yield month
        month = _next_month(month)


def _next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _make_partition(connection: psycopg.Connection, month: dt.date) -> str | None:
    name = f"record_{month:%Y_%m}"
    if connection.execute("SELECT to_regclass(%s)", (f"audit.{name}",)).fetchone() != (None,):
        return None
    connection.execute(
        sql.SQL("CREATE TABLE audit.{} PARTITION OF audit.record FOR VALUES FROM ({}) TO ({})").format(
            sql.Identifier(name), sql.Literal(month), sql.Literal(_next_month(month))
        )
    )
    _add_truncate_trigger(connection, name)
    return name
