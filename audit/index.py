"""The search index of the log: one SQLite file that follows the log and answers `audit/search.py`.

The index holds nothing that the log does not hold, only its owner can read it, and it can be removed at any time: it is
made again from the log. It keeps runs of neighbouring records as columns (`audit/index_columns.py`), and joins small
runs to larger ones. It also keeps how many records it covers and the root of the log's tree at that size: a log with
another root there was put back, cut or replaced, and is not followed.
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
    ColumnBuilder,
    Columns,
    Keys,
    Places,
    Shape,
    decision_of,
    document_of,
    flood_counts,
    join_runs,
    shape_of,
    words_of,
)
from audit.proof import root_at
from audit.record import Coordinates
from audit.stores.reader import Reader
from audit.tree import EMPTY_ROOT

LAYOUT: Final = 5
OLDER_LAYOUTS: Final = (1, 2, 3, 4)
RUN: Final = 65_536
"""The most records in one run: their places must fit in 16 bits."""

BUCKETS: Final = 256
SMALL: Final = 16_384
"""So many postings are kept in one piece. More are kept in buckets, so that a search reads little."""

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
    "CREATE TABLE flood (idx INTEGER PRIMARY KEY, counts TEXT NOT NULL)",
    f"PRAGMA user_version = {LAYOUT}",
)


class IndexFault(Exception):
    """The index can't be used. The text says what to do, and holds no value."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `count` records from index `first`, with times from `since` to `until` (milliseconds, both included)."""

    first: int
    count: int
    buckets: int
    since: int
    until: int


class Index:
    """The index in the file `path`, made by `Index.open`; used by one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._shapes = _Vocabulary(connection, "shape")
        self._decisions = _Vocabulary(connection, "decision")

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Open the index at `path`, making an empty one if there is none; None: one in memory. Raises IndexFault."""
        with _index_faults():
            if path is not None:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            where = ":memory:" if path is None else path.absolute()
            connection = sqlite3.connect(where, isolation_level=None, timeout=LOCK_SECONDS, check_same_thread=False)
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
        """Close the file."""
        self._connection.close()

    @property
    def size(self) -> int:
        """How many records of the log the index covers."""
        return self._size_and_root()[0]

    def follow(
        self,
        reader: Reader,
        progress: Callable[[int, int], None] | None = None,
        until: Callable[[], bool] | None = None,
    ) -> int:
        """Index the records that are new in the log; returns how many records the index covers then.

        `progress` is called with (records covered, records of the log) after each run. When `until` returns true the
        work stops, and the next call continues it. IndexFault if the log is not the one that was followed before,
        RecordInvalid at a row that is not a record, StoreFault if the log can't be read.
        """
        with _index_faults():
            goal, size = reader.size, self._check_same_log(reader)
            while size < goal and not (until is not None and until()):
                with self._transaction():
                    size = self._add_run(reader, min(goal, self.size + RUN))
                if progress is not None:
                    progress(size, goal)
            return size

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with _index_faults():
            rows = self._connection.execute("SELECT first, count, buckets, since, until FROM run ORDER BY first")
            return [Run(*each) for each in rows]

    def columns(self, run: Run) -> Columns:
        """The times, shapes and decisions of a run, without its postings."""
        with _index_faults():
            row = self._connection.execute(
                "SELECT times, shapes, decisions FROM run WHERE first = ? AND count = ?", (run.first, run.count)
            ).fetchone()
        if row is None:
            raise IndexFault("the index has grown during the search; search again")
        return Columns(
            np.frombuffer(row[0], "<i8"),
            np.frombuffer(row[1], "<u4"),
            np.frombuffer(row[2], "<u4"),
            np.empty(0, np.uint64),
            np.empty(0, np.uint16),
        )

    def places(self, run: Run, key: int) -> Places:
        """The places in a run, sorted, of the records with the posting `key`."""
        bucket = key * run.buckets >> 64
        keys, places = self._postings(run.first, bucket)
        start, stop = np.searchsorted(keys, np.uint64(key), "left"), np.searchsorted(keys, np.uint64(key), "right")
        return np.unique(places[start:stop])

    def postings(self, run: Run) -> tuple[Keys, Places]:
        """All postings of a run, by key."""
        pieces = [self._postings(run.first, bucket) for bucket in range(run.buckets)]
        return np.concatenate([keys for keys, _ in pieces]), np.concatenate([places for _, places in pieces])

    def shapes(self) -> Mapping[int, Shape]:
        """Each shape by its code."""
        with _index_faults():
            return {code: Shape(*json.loads(words)) for words, code in self._shapes.known().items()}

    def decisions(self) -> Mapping[int, Coordinates]:
        """Each decision by its code."""
        with _index_faults():
            found = {code: json.loads(words) for words, code in self._decisions.known().items()}
        return {
            code: Coordinates(**{name: tuple(listed) for name, listed in words.items()})
            for code, words in found.items()
        }

    def floods(self, first: int, last: int) -> dict[int, dict[str, int]]:
        """By index, for the flood records from `first` to `last`: how many refusals had each code."""
        with _index_faults():
            rows = self._connection.execute("SELECT idx, counts FROM flood WHERE idx BETWEEN ? AND ?", (first, last))
            return {index: json.loads(counts) for index, counts in rows}

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """All reads in the `with` block see one state of the index, even while another process follows the log."""
        with _index_faults():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _size_and_root(self) -> tuple[int, bytes]:
        with _index_faults():
            row = self._connection.execute("SELECT size, root FROM followed").fetchone()
        return int(row[0]), bytes(row[1])

    def _check_same_log(self, reader: Reader) -> int:
        size, root = self._size_and_root()
        try:
            same = size <= reader.size and root_at(reader, size) == root
        except (ValueError, TypeError):
            same = False
        if not same:
            raise IndexFault(
                "the log is not the one that was indexed: it was put back, cut or replaced; run `sluicegate audit"
                " verify` and find out why, then remove audit.index.db (and -wal, -shm) to index it again"
            )
        return size

    # Following.

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with _writing(self._connection):
                yield
        except BaseException:
            # The transaction is undone, and the codes that were given in it are not valid.
            self._shapes.forget()
            self._decisions.forget()
            raise

    def _add_run(self, reader: Reader, goal: int) -> int:
        """Add one run in the open transaction, or none if another process has already done so; the size then."""
        size = self.size
        if size >= goal:
            return size
        builder = ColumnBuilder()
        shape, decision = self._record_before(reader, size)
        while size < goal:
            rows = reader.rows(size, goal, PAGE)
            if not rows:
                raise IndexFault("the log has fewer records than its head says; run `sluicegate audit verify`")
            for row in rows:
                document = document_of(row, size)
                if document["kind"] == "continuation" and shape is not None:
                    # The rest of the record before it, with its words and its decision.
                    shape = shape._replace(kind="continuation")
                else:
                    shape, decision = shape_of(document), decision_of(document)
                if document["kind"] == "flood":
                    counts = json.dumps(flood_counts(document))
                    self._connection.execute("INSERT INTO flood VALUES (?, ?)", (size, counts))
                builder.add(document, self._shapes.code(words_of(shape)), self._decisions.code(decision))
                size += 1
        self._add_joined(size - len(builder), builder.columns())
        self._connection.execute("UPDATE followed SET size = ?, root = ?", (size, root_at(reader, size)))
        return size

    def _record_before(self, reader: Reader, size: int) -> tuple[Shape | None, str]:
        """Shape and decision of the record that a continuation at `size` would continue."""
        at = size
        while at:
            at -= 1
            rows = reader.rows(at, at + 1, 1)
            document = document_of(rows[0], at) if rows else {"kind": ""}
            if document["kind"] != "continuation":
                return (shape_of(document), decision_of(document)) if rows else (None, NOTHING)
        return None, NOTHING

    def _add_joined(self, first: int, columns: Columns) -> None:
        """Add a run, joined with runs before it that are not much larger: runs stay few and are seldom rewritten."""
        parts = [columns]
        for run in reversed(self.runs()[-64:]):
            total = sum(len(each) for each in parts)
            if run.count >= 2 * total or run.count + total > RUN:
                break
            parts.insert(0, self._take_out(run))
            first = run.first
        self._write(first, join_runs(parts) if len(parts) > 1 else columns)

    def _take_out(self, run: Run) -> Columns:
        columns, (keys, where) = self.columns(run), self.postings(run)
        self._connection.execute("DELETE FROM run WHERE first = ?", (run.first,))
        ids = (run.first * BUCKETS, run.first * BUCKETS + BUCKETS)
        self._connection.execute("DELETE FROM posting WHERE id >= ? AND id < ?", ids)
        return replace(columns, keys=keys, places=where)

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
        with _index_faults():
            row = self._connection.execute(
                "SELECT keys, places FROM posting WHERE id = ?", (first * BUCKETS + bucket,)
            ).fetchone()
        if row is None:
            raise IndexFault("the index is damaged; remove audit.index.db (and -wal, -shm), and search again")
        return np.frombuffer(row[0], "<u8"), np.frombuffer(row[1], "<u2")


class _Vocabulary:
    """A table of words that many records share, with a code each; another process may add some between transactions."""

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
    if layout in OLDER_LAYOUTS:
        # All that an index holds is in the log, so it is made again.
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            connection.execute(f'DROP TABLE "{table}"')
    elif layout or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise IndexFault("the file is of another version, or not an index; remove audit.index.db to make it again")
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
def _index_faults() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        if isinstance(fault, FileNotFoundError):
            raise
        code = getattr(fault, "sqlite_errorname", type(fault).__name__)
        raise IndexFault(
            f"the index of the audit log can't be used ({code}); remove audit.index.db, and it is made again"
        ) from None


def open_index(path: Path | None) -> closing[Index]:
    """The index at `path`, or one in memory, for a `with` statement; raises IndexFault."""
    return closing(Index.open(path))
