"""Appends to and reads the log on a PostgreSQL server.

Each index is given once: the head is read and moved under one advisory lock, and the tables refuse a second row of an
index. Any number of processes on any number of machines may append to one log. Every new connection is checked again
(`audit/stores/postgres_session.py`); the tables and roles are in `audit/stores/postgres_schema.py`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import time
from collections.abc import Container, Sequence
from contextlib import suppress
from typing import Any, Final, LiteralString

import psycopg

from audit.stores.base import Append, Head, Placed, StoreFault, checked_head, grow, load_frontier
from audit.stores.postgres_schema import is_prepared
from audit.stores.postgres_session import Session, check_server, store_faults
from audit.stores.reader import Reader
from audit.tree import HASH_BYTES

APPEND_LOCK: Final = 0x534C4741
READ_SECONDS: Final = 120.0
MONTHS_SECONDS = 60.0

# The first "time" in canonical JSON is the record's own: in the texts before it every quote is escaped.
_MONTH: Final = re.compile(rb'"time":"(\d{4}-\d\d)-')

_HEAD: Final[LiteralString] = (
    "SELECT size, root, frontier, (SELECT max(idx) FROM audit.record WHERE idx >= h.size - 1)"
    " FROM audit.head h ORDER BY size DESC LIMIT 1"
)
_PARTITIONS: Final[LiteralString] = (
    "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'audit.record'::regclass"
)
_INSERT_RECORDS: Final[LiteralString] = (
    "INSERT INTO audit.record SELECT * FROM unnest(%b::bigint[], %b::date[], %b::bytea[], %b::bytea[], %b::bytea[])"
)
_INSERT_HEAD: Final[LiteralString] = "INSERT INTO audit.head VALUES (%b, %b, %b, %b)"
_INSERT_NODES: Final[LiteralString] = (
    "INSERT INTO audit.node SELECT * FROM unnest(%b::integer[], %b::bigint[], %b::bytea[])"
)
_INSERT_TEXTS: Final[LiteralString] = (
    "INSERT INTO audit.operation SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
)


class PostgresStore:
    """One connection that appends, used by one thread; see `Store`."""

    spent = False
    prepared_until: dt.date | None = None

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: Session | None = None
        self._months_seen = -math.inf
        self._size = 0
        self._head: Head | None = None
        self._last: int | None = None
        self._statements: list[tuple[LiteralString, Sequence[object]]] = []

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; connects if need be."""
        if self._session is None:
            self._session = _connect(self._url)
        left = f"{max(1, int((until - time.monotonic()) * 1_000))}ms"
        self._statements.clear()
        with store_faults():
            # One message for all. Each statement sees what was committed when it began, so the head that is read is
            # the one that the previous holder of the lock left.
            with self._session.pipeline():
                self._session.execute("BEGIN")
                self._session.execute("SELECT set_config('lock_timeout', %s, true)", (left,))
                self._session.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                found = self._session.execute(_HEAD, binary=True)
            row = found.fetchone()
        if row is None:
            raise StoreFault("NO_HEAD", lasting=True)
        self._head, self._last = checked_head(*row[:3]), row[3]

    def append(self, appends: Sequence[Append]) -> list[Placed]:
        """Add the (leaf, body) rows of each append after the head, in the open transaction."""
        if self._head is None:
            raise StoreFault("NOT_OPEN", lasting=True)
        frontier = load_frontier(self._head, self._last, self._size)
        self._size = frontier.size
        growth = grow(frontier, appends)
        if growth.rows:
            dated = ((index, _month(body), leaf, root, body) for index, leaf, root, body in growth.rows)
            self._add(_INSERT_RECORDS, _columns(dated))
            self._add(_INSERT_HEAD, (frontier.size, self._head.size, frontier.root(), frontier.packed))
        else:
            self._probe(frontier.size)
        if growth.nodes:
            self._add(_INSERT_NODES, _columns((node.level, node.index, node.hash) for node in growth.nodes))
        self._head = None
        return growth.placed

    def _probe(self, size: int) -> None:
        """Add a record and take it back: that shows that one could be kept. A message makes COMMIT wait for disk."""
        month = dt.datetime.now(dt.UTC).date().replace(day=1)
        self._add("SAVEPOINT probe", ())
        self._add(_INSERT_RECORDS, _columns([(size, month, bytes(HASH_BYTES), bytes(HASH_BYTES), b"{}")]))
        self._add("ROLLBACK TO SAVEPOINT probe", ())
        self._add("SELECT pg_logical_emit_message(true, 'sluicegate', '')", ())

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once; a text with a NUL, which no column can hold, is left out."""
        rows = [(digest, text) for digest, text in texts.items() if "\0" not in text]
        if rows:
            self._add(_INSERT_TEXTS, _columns(rows))

    def publish(self, size: int, note: bytes) -> bool:
        """Keep a checkpoint, in the open transaction; False, and nothing is kept, if there is one as large."""
        with store_faults():
            if self._open_session.execute(
                "SELECT 1 FROM audit.checkpoint WHERE size >= %s LIMIT 1", (size,)
            ).fetchone():
                return False
            self._add("INSERT INTO audit.checkpoint VALUES (%b, %b)", (size, note))
            return True

    def commit(self) -> None:
        """Return when the transaction is on the server's disk."""
        session, statements = self._open_session, self._statements
        with store_faults():
            with session.pipeline():
                for statement, values in statements:
                    session.execute(statement, values)
                done = session.execute("COMMIT")
            # A transaction that has failed answers COMMIT with ROLLBACK, and with no error.
            if done.statusmessage != "COMMIT":
                raise StoreFault("NOT_COMMITTED", lasting=True)
        statements.clear()

    def relieve(self, code: str) -> bool:
        """There is no reserve on a server."""
        return False

    def tidy(self, *, now: bool = False) -> None:
        """Look once a minute how far months are prepared; the rest the server does by itself."""
        if self._session is not None and time.monotonic() - self._months_seen > MONTHS_SECONDS:
            with store_faults():
                names = {name for (name,) in self._session.execute(_PARTITIONS).fetchall()}
            self.prepared_until = _first_missing(names, dt.datetime.now(dt.UTC).date())
            self._months_seen = time.monotonic()

    def drop(self) -> None:
        """Close, whatever state the connection is in; the server rolls back."""
        session, self._session, self._head = self._session, None, None
        if session is not None:
            with suppress(psycopg.Error):
                session.close()

    @property
    def _open_session(self) -> Session:
        if self._session is None:
            raise StoreFault("NOT_OPEN", lasting=True)
        return self._session

    def _add(self, statement: LiteralString, values: Sequence[object]) -> None:
        # Sent with the COMMIT, in one message: waiting for each answer would slow the group commit down.
        self._statements.append((statement, values))


class PostgresReader(Reader):
    """Reads the log on a server, in a session that cannot write."""

    row_columns = "idx, leaf, root, body, to_char(month, 'YYYY-MM')"
    head_columns = "size, root, frontier, start"

    def __init__(self, url: str) -> None:
        self._session = Session.open(url, default_transaction_read_only="on", search_path="audit")
        self._session.patience = READ_SECONDS
        try:
            with store_faults():
                if not is_prepared(self._session):
                    raise StoreFault("NOT_PREPARED", lasting=True)
        except BaseException:
            self._session.close()
            raise

    def may_append(self) -> bool:
        """Whether the role may add records."""
        ((may,),) = self.select("SELECT has_table_privilege('audit.record', 'INSERT')")
        return bool(may)

    def select(self, statement: LiteralString, *values: object) -> list[Any]:
        """All rows of one SELECT."""
        with store_faults():
            return self._session.execute(statement.replace("?", "%b"), values, binary=True).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()


def _connect(url: str) -> Session:
    session = Session.open(url)
    try:
        with store_faults():
            if not is_prepared(session):
                raise StoreFault("NOT_PREPARED", lasting=True)
            check_server(session)
            month = f"audit.record_{dt.datetime.now(dt.UTC):%Y_%m}"
            if session.execute("SELECT to_regclass(%s)", (month,)).fetchone() == (None,):
                raise StoreFault("NO_PARTITION", lasting=False)
    except BaseException:
        session.close()
        raise
    return session


def _first_missing(names: Container[str], today: dt.date) -> dt.date:
    month = today.replace(day=1)
    while f"record_{month:%Y_%m}" in names:
        month = (month + dt.timedelta(days=31)).replace(day=1)
    return month


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _month(body: bytes) -> dt.date:
    found = _MONTH.search(body)
    if found is None:
        raise StoreFault("NO_TIME", lasting=True)
    return dt.date.fromisoformat(f"{found[1].decode()}-01")
