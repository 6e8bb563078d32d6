"""The index says nothing that the log does not say, and can be thrown away: it is made again from the log alone.

One SQLite file beside the log, for its owner only, that follows the log: runs of neighbouring records as columns
(`audit/index_columns.py`), small runs joined to larger ones as they grow. Beside them stand how many records it covers,
and the root of the log's tree at that size; a log that no longer has that root there was put back or replaced, and is
not followed. To make the index again, remove the file. It is asked by `audit/search.py`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

import numpy as np

from audit.index_columns import (
    NOTHING,
    Columns,
    Gathering,
    Keys,
    Places,
    Shape,
    decision_of,
    document_of,
    joined,
    shape_of,
    words_of,
)
from audit.proof import root_at
from audit.record import Coordinates
from audit.stores.reader import Reader
from audit.tree import EMPTY_ROOT

LAYOUT: Final = 1
RUN: Final = 65_536
"""Most records in one run; their places fit in 16 bits."""

BUCKETS: Final = 256
SMALL: Final = 16_384
"""Postings that are kept in one piece; more are kept in buckets, so that a search reads little."""

PAGE: Final = 2_048
LOCK_SECONDS: Final = 30.0

_TABLES: Final = (
    "CREATE TABLE followed (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL)",
    f"INSERT INTO followed VALUES (1, 0, x'{EMPTY_ROOT.hex()}')",
    "CREATE TABLE shape (id INTEGER PRIMARY KEY, words TEXT NOT NULL UNIQUE)",
    "CREATE TABLE decision (id INTEGER PRIMARY KEY, words TEXT NOT NULL UNIQUE)",
    "CREATE TABLE run (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, buckets INTEGER NOT NULL,"
    " since INTEGER NOT NULL, until INTEGER NOT NULL, times BLOB NOT NULL, shapes BLOB NOT NULL,"
    " decisions BLOB NOT NULL)",
    "CREATE TABLE posting (id INTEGER PRIMARY KEY, keys BLOB NOT NULL, places BLOB NOT NULL)",
    f"PRAGMA user_version = {LAYOUT}",
)


class IndexFault(Exception):
    """The index can't be used. The text says what to do, and holds no value."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run stands: `count` records from index `first`, times from `since` to `until` (milliseconds, both in)."""

    first: int
    count: int
    buckets: int
    since: int
    until: int


class Index:
    """The index in the file `path`, made by `Index.open`; used by one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._shapes = _Words(connection, "shape")
        self._decisions = _Words(connection, "decision")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index at `path`, making an empty one if there is none; raises IndexFault."""
        with _told():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            connection = sqlite3.connect(
                path.absolute(), isolation_level=None, timeout=LOCK_SECONDS, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                with _writing(connection):
                    _prepare(connection)
                return cls(connection)
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    @property
    def size(self) -> int:
        """How many records of the log the index covers."""
        return self._followed()[0]

    def follow(
        self,
        reader: Reader,
        progress: Callable[[int, int], None] | None = None,
        until: Callable[[], bool] | None = None,
    ) -> int:
        """Take in what the log has and the index has not; how many records the index covers then.

        `progress` is told (records covered, records of the log) after each run; where `until` says so it stops early
        and goes on at the next call. IndexFault if the log is not the one that was followed before, RecordInvalid at
        a row that is no record; StoreFault where the log can't be read.
        """
        with _told():
            goal, size = reader.size, self._check(reader)
            while size < goal and not (until is not None and until()):
                with self._adding():
                    size = self._take(reader, min(goal, self.size + RUN))
                if progress is not None:
                    progress(size, goal)
            return size

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with _told():
            rows = self._connection.execute("SELECT first, count, buckets, since, until FROM run ORDER BY first")
            return [Run(*each) for each in rows]

    def columns(self, run: Run) -> Columns:
        """The times, shapes and decisions of a run, without its postings."""
        with _told():
            row = self._connection.execute(
                "SELECT times, shapes, decisions FROM run WHERE first = ? AND count = ?", (run.first, run.count)
            ).fetchone()
        if row is None:
            raise IndexFault("the index grew while it was searched; search again")
        return Columns(
            np.frombuffer(row[0], "<i8"),
            np.frombuffer(row[1], "<u4"),
            np.frombuffer(row[2], "<u4"),
            np.empty(0, np.uint64),
            np.empty(0, np.uint16),
        )

    def places(self, run: Run, key: int) -> Places:
        """The places in a run of the records that hold a posting; sorted."""
        bucket = key * run.buckets >> 64
        keys, places = self._postings(run.first, bucket)
        start, stop = np.searchsorted(keys, np.uint64(key), "left"), np.searchsorted(keys, np.uint64(key), "right")
        return np.unique(places[start:stop])

    def shapes(self) -> Mapping[int, Shape]:
        """Each shape by its code."""
        with _told():
            return {code: Shape(*json.loads(words)) for words, code in self._shapes.known().items()}

    def decisions(self) -> Mapping[int, Coordinates]:
        """Each decision by its code."""
        with _told():
            found = {code: json.loads(words) for words, code in self._decisions.known().items()}
        return {
            code: Coordinates(**{name: tuple(listed) for name, listed in words.items()})
            for code, words in found.items()
        }

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What is read within is one state of the index, whoever follows the log meanwhile."""
        with _told():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _followed(self) -> tuple[int, bytes]:
        with _told():
            row = self._connection.execute("SELECT size, root FROM followed").fetchone()
        return int(row[0]), bytes(row[1])

    def _check(self, reader: Reader) -> int:
        size, root = self._followed()
        try:
            same = size <= reader.size and root_at(reader, size) == root
        except (ValueError, TypeError):
            same = False
        if not same:
            raise IndexFault(
                "the log is not the one that was indexed: it was put back, cut or replaced; run `sluicegate audit"
                " verify`, and when it is explained remove audit.index.db (and -wal, -shm) to index it again"
            )
        return size

    # Following.

    @contextmanager
    def _adding(self) -> Iterator[None]:
        try:
            with _writing(self._connection):
                yield
        except BaseException:
            # Codes that were given in a transaction that is undone are no codes.
            self._shapes.forget()
            self._decisions.forget()
            raise

    def _take(self, reader: Reader, goal: int) -> int:
        """One run more, in the open transaction; none if another process was quicker."""
        size = self.size
        if size >= goal:
            return size
        gathering = Gathering()
        shape, decision = self._before(reader, size)
        while size < goal:
            rows = reader.rows(size, goal, PAGE)
            if not rows:
                raise IndexFault("the log has fewer records than its head says; run `sluicegate audit verify`")
            for row in rows:
                document = document_of(row, size)
                if document["kind"] == "continuation" and shape is not None:
                    # The rest of the record before it: asked by the same, for the same.
                    shape = shape._replace(kind="continuation")
                else:
                    shape, decision = shape_of(document), decision_of(document)
                gathering.add(document, self._shapes.code(words_of(shape)), self._decisions.code(decision))
                size += 1
        self._append(size - len(gathering), gathering.columns())
        self._connection.execute("UPDATE followed SET size = ?, root = ?", (size, root_at(reader, size)))
        return size

    def _before(self, reader: Reader, size: int) -> tuple[Shape | None, str]:
        """Shape and decision of the record whose continuation may stand at `size`."""
        at = size
        while at:
            at -= 1
            rows = reader.rows(at, at + 1, 1)
            document = document_of(rows[0], at) if rows else {"kind": ""}
            if document["kind"] != "continuation":
                return (shape_of(document), decision_of(document)) if rows else (None, NOTHING)
        return None, NOTHING

    def _append(self, first: int, columns: Columns) -> None:
        """Add a run, joined with those before it that are not much larger: so runs are few, and rewritten seldom."""
        parts = [columns]
        for run in reversed(self.runs()[-64:]):
            total = sum(len(each) for each in parts)
            if run.count >= 2 * total or run.count + total > RUN:
                break
            parts.insert(0, self._removed(run))
            first = run.first
        self._write(first, joined(parts) if len(parts) > 1 else columns)

    def _removed(self, run: Run) -> Columns:
        columns = self.columns(run)
        pieces = [self._postings(run.first, bucket) for bucket in range(run.buckets)]
        self._connection.execute("DELETE FROM run WHERE first = ?", (run.first,))
        ids = (run.first * BUCKETS, run.first * BUCKETS + BUCKETS)
        self._connection.execute("DELETE FROM posting WHERE id >= ? AND id < ?", ids)
        return replace(
            columns,
            keys=np.concatenate([keys for keys, _ in pieces]),
            places=np.concatenate([places for _, places in pieces]),
        )

    def _write(self, first: int, columns: Columns) -> None:
        buckets = BUCKETS if len(columns.keys) > SMALL else 1
        edges = [np.uint64((number << 64) // buckets) for number in range(1, buckets)]
        cuts = [0, *np.searchsorted(columns.keys, edges).tolist(), len(columns.keys)]
        self._connection.executemany(
            "INSERT INTO posting VALUES (?, ?, ?)",
            (
                (first * BUCKETS + bucket, columns.keys[start:stop].tobytes(), columns.places[start:stop].tobytes())
                for bucket, (start, stop) in enumerate(pairwise(cuts))
            ),
        )
        times = columns.times
        self._connection.execute(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                first,
                len(columns),
                buckets,
                int(times.min()),
                int(times.max()),
                times.tobytes(),
                columns.shapes.tobytes(),
                columns.decisions.tobytes(),
            ),
        )

    def _postings(self, first: int, bucket: int) -> tuple[Keys, Places]:
        with _told():
            row = self._connection.execute(
                "SELECT keys, places FROM posting WHERE id = ?", (first * BUCKETS + bucket,)
            ).fetchone()
        if row is None:
            raise IndexFault("the index is damaged; remove audit.index.db (and -wal, -shm), and search again")
        return np.frombuffer(row[0], "<u8"), np.frombuffer(row[1], "<u2")


class _Words:
    """Words that many records share, each with a code; another process may add some between two transactions."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table
        self._codes: dict[str, int] = {}

    def known(self) -> Mapping[str, int]:
        rows = self._connection.execute(f"SELECT words, id FROM {self._table}")
        self._codes = dict(rows.fetchall())
        return self._codes

    def code(self, words: str) -> int:
        code = self._codes.get(words)
        if code is None:
            self._connection.execute(f"INSERT INTO {self._table} (words) VALUES (?) ON CONFLICT DO NOTHING", (words,))
            found = self._connection.execute(f"SELECT id FROM {self._table} WHERE words = ?", (words,)).fetchone()
            code = self._codes[words] = int(found[0])
        return code

    def forget(self) -> None:
        self._codes = {}


def _prepare(connection: sqlite3.Connection) -> None:
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    if layout == LAYOUT:
        return
    if layout or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise IndexFault("the index is of another version, or no index; remove audit.index.db to make it again")
    for statement in _TABLES:
        connection.execute(statement)


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        if isinstance(fault, FileNotFoundError):
            raise
        code = getattr(fault, "sqlite_errorname", type(fault).__name__)
        raise IndexFault(
            f"the index of the audit log can't be used ({code}); it can be removed and made again"
        ) from None


def opened(path: Path) -> closing[Index]:
    """`Index.open` for a `with` statement."""
    return closing(Index.open(path))
