"""Whatever single change is made to a log of 50 records, verification finds it and names the right record.

Every byte of every record is changed, and every record deleted, doubled and exchanged with every other; on PostgreSQL
as a superuser with the triggers off. `make faults` does all of it; `make test` a sample of the bytes, chosen by
TEST_SEED, and on PostgreSQL of everything. Both logs
end with a published checkpoint, and the recorded head is at hand.
"""

import hashlib
import itertools
import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from audit.checkpoint import Signer, Verifier
from audit.log import AuditLog
from audit.record import Record, encode
from audit.stores.base import Where
from audit.tree import leaf_hash
from audit.verify import Verdict, verify
from tests.support.postgres import Postgres
from tests.support.postgres_log import server_log

pytestmark = pytest.mark.property

EVERY = os.environ.get("CHANGES") == "every"
SIZE = 50 if EVERY else 24
TABLES = ("record", "operation", "node", "checkpoint", "head")
TEXT = "query q { __typename }"
RECORD = Record(
    kind="query", request_id="r", result="OK", http_status=200, operation=hashlib.sha256(TEXT.encode()).hexdigest()
)


class Kept:
    """A log of SIZE records that can be changed behind its back, and put back as it was."""

    where: Where
    prefix = ""
    mark = "?"

    def __init__(self, verifier: Verifier, head: Path, connection: Any) -> None:
        self.verifier = verifier
        self.head = head
        self.connection = connection
        self.kept = {table: self.run(f"SELECT * FROM {table}") for table in TABLES}
        self.rows = {row[0]: row for row in self.run("SELECT idx, leaf, root, body FROM record")}

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        for table in TABLES:
            statement = statement.replace(f" {table}", f" {self.prefix}{table}")
        cursor = self.connection.execute(statement.replace("?", self.mark), values)
        return cursor.fetchall() if cursor.description else []

    def verify(self) -> Verdict:
        return verify(self.where, verifier=self.verifier, recorded_head=self.head)

    def found(self) -> tuple[str | None, int | None]:
        verdict = self.verify()
        assert not verdict.ok
        return verdict.why, verdict.first_bad

    def restore(self) -> None:
        for table, rows in self.kept.items():
            self.run(f"DELETE FROM {table}")
            for row in rows:
                self.run(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
        assert self.verify().ok

    def put(self, index: int, row: tuple[Any, ...]) -> None:
        """Give the row at `index` another leaf, root and body."""
        self.run("UPDATE record SET leaf = ?, root = ?, body = ? WHERE idx = ?", *row[1:], index)

    def copies(self, folder: Path, rng: random.Random) -> Iterator[tuple[int, Where]]:
        """Older copies of the log, with how many records they hold."""
        raise NotImplementedError


class OnServer(Kept):
    prefix, mark = "audit.", "%s"

    def copies(self, folder: Path, rng: random.Random) -> Iterator[tuple[int, Where]]:
        for size in sorted(rng.sample(range(SIZE), 12)):
            self.run("DELETE FROM record WHERE idx >= ?", size)
            self.run("DELETE FROM head WHERE size > ?", size)
            self.run("DELETE FROM checkpoint WHERE size > ?", size)
            yield size, self.where
            self.restore()


class InFile(Kept):
    def copies(self, folder: Path, rng: random.Random) -> Iterator[tuple[int, Where]]:
        for size in range(SIZE):
            yield size, folder / f"{size}.db"


def write(where: Where, folder: Path, backups: bool) -> tuple[Verifier, Path]:
    signer, head = Signer.load(folder / "key", "log.test/audit"), folder / "audit.head"
    log = AuditLog.open(where, 60, signer=signer, recorded_head=head)
    for number in range(SIZE):
        if backups:
            copy = sqlite3.connect(folder / f"{number}.db")
            source = sqlite3.connect(where)
            source.backup(copy)
            source.close()
            copy.close()
        log.append_sync(replace(RECORD, request_id=f"r{number}", salt=f"{number * 7:032x}"), TEXT)
    log.close()
    return signer.verifier, head


@pytest.fixture(scope="module")
def in_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("file")
    path = folder / "audit.db"
    signed = write(path, folder, backups=True)
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA synchronous = OFF")
    kept = InFile(*signed, connection)
    kept.where = path
    yield kept
    connection.close()


@pytest.fixture(scope="module")
def on_server(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("server")
    log = server_log(server, "exhaustive")
    signed = write(log.append, folder, backups=False)
    with psycopg.connect(log.admin, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger runs
        connection.execute("SET synchronous_commit = off")
        kept = OnServer(*signed, connection)
        kept.where = log.read
        yield kept


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    found: Kept = request.getfixturevalue("in_file" if request.param == "SQLite" else "on_server")
    yield found
    if not found.verify().ok:  # a test that failed half-way must not fail the others
        found.restore()


def some(kept: Kept, rng: random.Random, every: list[Any], sample: int, in_file: int | None = None) -> list[Any]:
    """A sample on the server, and in a file if that says how large one; otherwise all."""
    size = sample if isinstance(kept, OnServer) else in_file
    return every if EVERY or size is None or len(every) <= size else rng.sample(every, size)


def test_an_untouched_log_verifies(kept: Kept) -> None:
    assert kept.verify().ok
    assert kept.verify().size == SIZE


def test_every_byte_of_every_record(kept: Kept, rng: random.Random) -> None:
    columns = ("leaf", "root", "body")
    every = [
        (index, column, at)
        for index, row in kept.rows.items()
        for column, value in zip(columns, row[1:], strict=True)
        for at in range(len(value))
    ]
    for index, column, at in some(kept, rng, every, 150, in_file=2_000):
        value = kept.rows[index][1 + columns.index(column)]
        flipped = value[:at] + bytes([value[at] ^ rng.randrange(1, 256)]) + value[at + 1 :]
        kept.run(f"UPDATE record SET {column} = ? WHERE idx = ?", flipped, index)
        verdict = kept.verify()
        assert (verdict.ok, verdict.first_bad, verdict.size) == (False, index, index), (index, column, at, verdict)
        assert verdict.why in {"changed", "undecodable"}, (index, column, at, verdict)
        kept.run(f"UPDATE record SET {column} = ? WHERE idx = ?", value, index)
    assert kept.verify().ok


def test_every_index(kept: Kept, rng: random.Random) -> None:
    for index in some(kept, rng, list(kept.rows), 10):
        for bit in (6, 13, 40, 62):
            other = index ^ (1 << bit)
            kept.run("UPDATE record SET idx = ? WHERE idx = ?", other, index)
            assert kept.found() == ("missing" if index < SIZE - 1 else "truncated", index)
            kept.run("UPDATE record SET idx = ? WHERE idx = ?", index, other)
    assert kept.verify().ok


def test_every_record_rewritten_with_its_leaf(kept: Kept, rng: random.Random) -> None:
    for index in some(kept, rng, list(kept.rows), 10):
        body = encode(replace(RECORD, request_id="another"))
        kept.put(index, (index, leaf_hash(body), kept.rows[index][2], body))
        assert kept.found() == ("changed", index)
        kept.put(index, kept.rows[index])
    assert kept.verify().ok


def test_every_record_deleted(kept: Kept, rng: random.Random) -> None:
    for index in some(kept, rng, list(kept.rows), 10):
        kept.run("DELETE FROM record WHERE idx = ?", index)
        assert kept.found() == ("missing" if index < SIZE - 1 else "truncated", index)
        kept.restore()


def test_every_record_deleted_and_the_later_ones_moved_up(kept: Kept, rng: random.Random) -> None:
    for index in some(kept, rng, list(kept.rows)[:-1], 5):
        kept.run("DELETE FROM record WHERE idx = ?", index)
        for later in range(index + 1, SIZE):
            kept.run("UPDATE record SET idx = ? WHERE idx = ?", later - 1, later)
        assert kept.found() == ("missing", index)
        kept.restore()


@pytest.mark.parametrize("columns", [(3,), (1, 3), (1, 2, 3)], ids=["body", "with leaf", "with root"])
def test_every_pair_exchanged(kept: Kept, rng: random.Random, columns: tuple[int, ...]) -> None:
    every = list(itertools.combinations(kept.rows, 2))
    for pair in some(kept, rng, every, 40):
        for one, other in (pair, pair[::-1]):
            row = tuple(kept.rows[other if at in columns else one][at] for at in range(4))
            kept.put(one, row)
        assert kept.found() == ("reordered", pair[0]), pair
        for index in pair:
            kept.put(index, kept.rows[index])
    assert kept.verify().ok


@pytest.mark.parametrize("columns", [(3,), (1, 3), (1, 2, 3)], ids=["body", "with leaf", "with root"])
def test_records_over_others(kept: Kept, rng: random.Random, columns: tuple[int, ...]) -> None:
    every = list(itertools.permutations(kept.rows, 2))
    for source, target in some(kept, rng, every, 40, in_file=400):
        kept.put(target, tuple(kept.rows[source if at in columns else target][at] for at in range(4)))
        assert kept.found() == ("duplicated", target), (source, target)
        kept.put(target, kept.rows[target])
    assert kept.verify().ok


def test_every_record_doubled(kept: Kept, rng: random.Random) -> None:
    for index in some(kept, rng, list(kept.rows), 5):
        for later in range(SIZE - 1, index, -1):
            kept.run("UPDATE record SET idx = ? WHERE idx = ?", later + 1, later)
        added = dict(zip(("idx", "leaf", "root", "body"), kept.rows[index], strict=True)) | {"idx": index + 1}
        columns = ", ".join([*added, *kept_month(kept)])
        kept.run(
            f"INSERT INTO record ({columns}) VALUES ({', '.join('?' * (len(added) + len(kept_month(kept))))})",
            *added.values(),
            *kept_month(kept).values(),
        )
        # Behind the last one it is a row that no head covers.
        assert kept.found() == (("duplicated", index + 1) if index < SIZE - 1 else ("added", SIZE))
        kept.restore()


def kept_month(kept: Kept) -> dict[str, object]:
    """The column that only the server has."""
    return {"month": kept.run("SELECT month FROM record LIMIT 1")[0][0]} if isinstance(kept, OnServer) else {}


def test_cut_off_at_every_length(kept: Kept, rng: random.Random) -> None:
    for length in some(kept, rng, list(range(SIZE)), 10):
        kept.run("DELETE FROM record WHERE idx >= ?", length)
        assert kept.found() == ("truncated", length)
        kept.restore()


def test_every_older_copy(kept: Kept, tmp_path: Path, rng: random.Random) -> None:
    for size, where in kept.copies(kept.head.parent, rng):
        verdict = verify(where, verifier=kept.verifier, recorded_head=kept.head)
        assert (verdict.ok, verdict.why, verdict.first_bad, verdict.size) == (False, "rolled-back", size, size)


def test_every_byte_of_what_hangs_on_the_records(kept: Kept, rng: random.Random) -> None:
    every = [
        (table, key, column, at)
        for table, key, columns in (
            ("head", "size", ("root", "frontier")),
            ("checkpoint", "size", ("note",)),
            ("operation", "hash", ("hash", "text")),
        )
        for column in columns
        for row in kept.run(f"SELECT {key}, {column} FROM {table}")
        for at in range(len(row[1]))
    ]
    for table, key, column, at in some(kept, rng, every, 60):
        identity, value = kept.run(f"SELECT {key}, {column} FROM {table}")[-1]
        if at >= len(value):
            continue
        flip = rng.randrange(1, 127)
        changed: object = value[:at] + bytes([value[at] ^ flip]) + value[at + 1 :] if isinstance(value, bytes) else None
        changed = changed or f"{value[:at]}{'x' if value[at] != 'x' else 'y'}{value[at + 1 :]}"
        kept.run(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", changed, identity)
        why, index = kept.found()
        assert (why in {"head", "checkpoint", "foreign", "operation"}, index) == (True, None), (table, column, at, why)
        kept.run(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", value, changed if key == column else identity)
    assert kept.verify().ok


def test_every_size(kept: Kept, rng: random.Random) -> None:
    for table in ("head", "checkpoint"):
        ((largest,),) = kept.run(f"SELECT max(size) FROM {table}")
        for bit in range(40):
            other = largest ^ (1 << bit)
            if kept.run(f"SELECT 1 FROM {table} WHERE size = ?", other):
                continue
            kept.run(f"UPDATE {table} SET size = ? WHERE size = ?", other, largest)
            assert not kept.verify().ok, (table, other)
            kept.run(f"UPDATE {table} SET size = ? WHERE size = ?", largest, other)
    assert kept.verify().ok


def test_every_byte_of_every_subtree(tmp_path: Path, rng: random.Random) -> None:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 60)
    for number in range(600):
        log.append_sync(replace(RECORD, request_id=f"r{number}"), TEXT)
    log.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER node_UPDATE")
    connection.execute("DROP TRIGGER node_DELETE")
    nodes = connection.execute("SELECT level, idx, hash FROM node").fetchall()
    assert [node[:2] for node in nodes] == [(1, 0), (1, 1)]
    for (level, index, kept), at in itertools.product(nodes, range(0, 32, 5)):
        changed = kept[:at] + bytes([kept[at] ^ rng.randrange(1, 256)]) + kept[at + 1 :]
        connection.execute("UPDATE node SET hash = ? WHERE level = ? AND idx = ?", (changed, level, index))
        assert verify(path).why == "node"
        connection.execute("UPDATE node SET hash = ? WHERE level = ? AND idx = ?", (kept, level, index))
    assert verify(path).ok
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for statement in ("UPDATE node SET idx = 2 WHERE idx = 1", "UPDATE node SET level = 2", "DELETE FROM node"):
        copy = tmp_path / "copy.db"
        shutil.copy(path, copy)
        with sqlite3.connect(copy) as other:
            other.execute(statement)
        other.close()
        assert verify(copy).why == "node"
    connection.close()


def test_a_month_that_is_not_the_records_own(on_server: Kept) -> None:
    on_server.run("UPDATE record SET month = month + interval '1 month' WHERE idx = 7")
    assert on_server.found() == ("changed", 7)
    on_server.run("UPDATE record SET month = month - interval '1 month' WHERE idx = 7")
    assert on_server.verify().ok
