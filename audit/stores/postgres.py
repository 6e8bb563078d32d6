"""The log on a PostgreSQL server: an index is read and given under one advisory lock, and is unique besides.

The layout, and the roles, are said in `audit/stores/postgres_schema.py`. A `PostgresStore` is one connection, used by
one thread; any number of processes on any number of machines may append to one log. After each loss of the connection
the next one begins with the checks of `audit/stores/postgres_session.py` anew.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, LiteralString

import psycopg

from audit.stores.base import Append, Head, Placed, Row, StoreFault, grow, load_frontier, sound_head
from audit.stores.postgres_schema import prepared
from audit.stores.postgres_session import Session, translated, trust
from audit.tree import HASH_BYTES

APPEND_LOCK: Final = 0x534C4741
READ_SECONDS: Final = 120.0

# The first "time" in canonical JSON is the record's own: in the texts before it every quote is escaped.
_MONTH: Final = re.compile(rb'"time":"(\d{4}-\d\d)-')

_HEAD: Final[LiteralString] = (
    "SELECT size, root, frontier, (SELECT max(idx) FROM audit.record WHERE idx >= h.size - 1)"
    " FROM audit.head h ORDER BY size DESC LIMIT 1"
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
    """One connection that appends; see `Store`."""

    spent = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: Session | None = None
        self._size = 0
        self._head: Head | None = None
        self._last: int | None = None
        self._adding: list[tuple[LiteralString, Sequence[object]]] = []

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; connects if need be."""
        if self._session is None:
            self._session = _connect(self._url)
        left = f"{max(1, int((until - time.monotonic()) * 1_000))}ms"
        self._adding.clear()
        with translated():
            # One message for all. Each statement sees what was committed when it begins: the head that is read is
            # the one that the last holder of the lock left.
            with self._session.pipeline():
                self._session.execute("BEGIN")
                self._session.execute("SELECT set_config('lock_timeout', %s, true)", (left,))
                self._session.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                found = self._session.execute(_HEAD, binary=True)
            row = found.fetchone()
        if row is None:
            raise StoreFault("NO_HEAD", lasting=True)
        self._head, self._last = sound_head(*row[:3]), row[3]

    def append(self, appends: Sequence[Append]) -> list[Placed]:
        """Add the (leaf, body) rows of each append after the head, in the open transaction."""
        if self._head is None:
            raise StoreFault("NOT_OPEN", lasting=True)
        frontier = load_frontier(self._head, self._last, self._size)
        self._size = frontier.size
        grown = grow(frontier, appends)
        if grown.rows:
            dated = ((index, _month(body), leaf, root, body) for index, leaf, root, body in grown.rows)
            self._add(_INSERT_RECORDS, _columns(dated))
            self._add(_INSERT_HEAD, (frontier.size, self._head.size, frontier.root(), frontier.packed))
        else:
            self._probe(frontier.size)
        if grown.nodes:
            self._add(_INSERT_NODES, _columns((node.level, node.index, node.hash) for node in grown.nodes))
        self._head = None
        return grown.placed

    def _probe(self, size: int) -> None:
        """A record that is taken back shows that one could be kept; the message makes the commit wait for the disk."""
        month = dt.datetime.now(dt.UTC).date().replace(day=1)
        self._add("SAVEPOINT probe", ())
        self._add(_INSERT_RECORDS, _columns([(size, month, bytes(HASH_BYTES), bytes(HASH_BYTES), b"{}")]))
        self._add("ROLLBACK TO SAVEPOINT probe", ())
        self._add("SELECT pg_logical_emit_message(true, 'sluicegate', '')", ())

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once; one with a NUL, which no column holds, by its hash alone."""
        rows = [(digest, text) for digest, text in texts.items() if "\0" not in text]
        if rows:
            self._add(_INSERT_TEXTS, _columns(rows))

    def publish(self, size: int, note: bytes) -> bool:
        """Keep a checkpoint, in the open transaction; False, and nothing is kept, if there is one as large."""
        with translated():
            if self._open_session.execute(
                "SELECT 1 FROM audit.checkpoint WHERE size >= %s LIMIT 1", (size,)
            ).fetchone():
                return False
            self._add("INSERT INTO audit.checkpoint VALUES (%b, %b)", (size, note))
            return True

    def commit(self) -> None:
        """Return when the transaction is on the server's disk."""
        session, adding = self._open_session, self._adding
        with translated():
            with session.pipeline():
                for statement, values in adding:
                    session.execute(statement, values)
                done = session.execute("COMMIT")
            # A transaction that has failed answers COMMIT with ROLLBACK, and with no error.
            if done.statusmessage != "COMMIT":
                raise StoreFault("NOT_COMMITTED", lasting=True)
        adding.clear()

    def relieve(self, code: str) -> bool:
        """The server's disk is not ours to make room on."""
        return False

    def tidy(self, *, now: bool = False) -> None:
        """The server tidies itself."""

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
        # Sent with the COMMIT, in one message: each answer that is waited for would cost a group commit its time.
        self._adding.append((statement, values))


class PostgresReader:
    """One connection that only reads; see `Reader`."""

    def __init__(self, url: str) -> None:
        self._session = Session.open(url, default_transaction_read_only="on")
        self._session.patience = READ_SECONDS
        try:
            with translated():
                if not prepared(self._session):
                    raise StoreFault("NOT_PREPARED", lasting=True)
        except BaseException:
            self._session.close()
            raise

    @property
    def size(self) -> int:
        """How many records the newest head covers."""
        return self.head().size

    def head(self) -> Head:
        """The newest head; StoreFault HEAD_DAMAGED if it is none."""
        found = self._all("SELECT size, root, frontier, start FROM audit.head ORDER BY size DESC LIMIT 1")
        if not found:
            raise StoreFault("NO_HEAD", lasting=True)
        return sound_head(*found[0])

    def heads(self, after: int, limit: int) -> list[Head]:
        """The heads of the commits whose size is beyond `after`, smallest first."""
        found = self._all(
            "SELECT size, root, frontier, start FROM audit.head WHERE size > %b ORDER BY size LIMIT %b", after, limit
        )
        return [sound_head(*each) for each in found]

    def ends(self) -> tuple[int, int | None]:
        """The size of the newest head and the largest index of a row, at one moment."""
        ((size, last),) = self._all("SELECT (SELECT max(size) FROM audit.head), (SELECT max(idx) FROM audit.record)")
        if size is None:
            raise StoreFault("NO_HEAD", lasting=True)
        return size, last

    def count(self) -> int:
        """How many rows there are."""
        return int(self._all("SELECT count(*) FROM audit.record")[0][0])

    def rows(self, start: int, stop: int, limit: int) -> list[Row]:
        """The rows with start ≤ index < stop, by index."""
        found = self._all(
            "SELECT idx, leaf, root, body, to_char(month, 'YYYY-MM') FROM audit.record"
            " WHERE idx >= %b AND idx < %b ORDER BY idx LIMIT %b",
            start,
            stop,
            limit,
        )
        return [Row(*each) for each in found]

    def alike(self, leaf: bytes, index: int) -> Row | None:
        """A row with that leaf at any other index than `index`."""
        found = self._all(
            "SELECT idx, leaf, root, body FROM audit.record WHERE leaf = %b AND idx <> %b ORDER BY idx LIMIT 1",
            leaf,
            index,
        )
        return Row(*found[0]) if found else None

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes from `start` to before `stop`."""
        found = self._all("SELECT leaf FROM audit.record WHERE idx >= %b AND idx < %b ORDER BY idx", start, stop)
        return [leaf for (leaf,) in found]

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of perfect subtrees of height 8 × `level`, level ≥ 1."""
        found = self._all(
            "SELECT hash FROM audit.node WHERE level = %b AND idx >= %b AND idx < %b ORDER BY idx", level, start, stop
        )
        return [kept for (kept,) in found]

    def kept_nodes(self) -> Iterator[tuple[object, object, object]]:
        """Each (level, index, hash) as it is kept."""
        yield from self._all("SELECT level, idx, hash FROM audit.node")

    def operation(self, digest: str) -> str | None:
        """The text of an operation by its SHA-256 in hex, if it is kept."""
        found = self._all("SELECT text FROM audit.operation WHERE hash = %s", digest)
        return found[0][0] if found else None

    def operations(self) -> Iterator[tuple[object, object]]:
        """Each (hash, text) as it is kept."""
        yield from self._all("SELECT hash, text FROM audit.operation")

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that was published, a signed note."""
        found = self._all("SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
        return found[0][0] if found else None

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, object]]:
        """The (size, note) of checkpoints whose size is beyond `after`, smallest first."""
        return self._all("SELECT size, note FROM audit.checkpoint WHERE size > %b ORDER BY size LIMIT %b", after, limit)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _all(self, statement: LiteralString, *values: object) -> list[Any]:
        with translated():
            return self._session.execute(statement, values, binary=True).fetchall()


def _connect(url: str) -> Session:
    session = Session.open(url)
    try:
        with translated():
            if not prepared(session):
                raise StoreFault("NOT_PREPARED", lasting=True)
            trust(session)
            month = f"audit.record_{dt.datetime.now(dt.UTC):%Y_%m}"
            if session.execute("SELECT to_regclass(%s)", (month,)).fetchone() == (None,):
                raise StoreFault("NO_PARTITION", lasting=False)
    except BaseException:
        session.close()
        raise
    return session


def _columns(rows: Any) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _month(body: bytes) -> dt.date:
    found = _MONTH.search(body)
    if found is None:
        raise StoreFault("NO_TIME", lasting=True)
    return dt.date.fromisoformat(f"{found[1].decode()}-01")
