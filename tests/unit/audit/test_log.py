"""The log: what was appended is in it, in order, once, and cannot be removed."""

import asyncio
import hashlib
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.log import AuditLog, AuditUnavailable, read, show, tail
from audit.record import Record, RecordInvalid, encode, split
from audit.stores.sqlite_file import is_log
from audit.tree import Frontier, leaf_hash
from audit.verify import verify

pytestmark = pytest.mark.unit

TEXT = "query Tour { people { id } }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()


def record(number: int = 0) -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200, operation=HASH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


def test_a_receipt_says_where_the_record_stands(path: Path) -> None:
    log = AuditLog.open(path, 5)
    tree = Frontier()
    for number in range(5):
        given = record(number)
        receipt = log.append_sync(given)
        tree.append(leaf_hash(encode(given)))
        assert (receipt.index, receipt.size, receipt.root) == (number, number + 1, tree.root().hex())
        assert receipt.leaf_hash == leaf_hash(encode(given)).hex()
    log.close()
    assert [logged.record.request_id for logged in read(path)] == ["r0", "r1", "r2", "r3", "r4"]


def test_many_at_once_get_an_index_each(path: Path) -> None:
    async def append_all() -> list[int]:
        log = AuditLog.open(path, 30)
        receipts = await asyncio.gather(*(log.append(record(n)) for n in range(1_200)))
        log.close()
        return [receipt.index for receipt in receipts]

    indexes = asyncio.run(append_all())
    assert sorted(indexes) == list(range(1_200))
    assert [logged.index for logged in read(path)] == list(range(1_200))
    assert {logged.index: logged.record.request_id for logged in read(path)} == {
        index: f"r{number}" for number, index in enumerate(indexes)
    }
    assert verify(path).ok


def test_continuations_stand_together(path: Path) -> None:
    log = AuditLog.open(path, 5)
    large = replace(record(), subjects=tuple(f"{i:022}" for i in range(9_000)))
    parts = split(large)
    log.append_sync(record(1))
    receipt = log.append_sync(large)
    after = log.append_sync(record(2))
    log.close()
    assert (receipt.index, receipt.size, after.index) == (1, 1 + len(parts), 1 + len(parts))
    assert tuple(logged.record for logged in read(path, 1, len(parts))) == parts
    assert verify(path).ok


def test_the_log_goes_on_where_it_was_closed(path: Path) -> None:
    for number in range(3):
        log = AuditLog.open(path, 5)
        assert log.append_sync(record(number)).index == number
        log.close()
    assert verify(path).size == 3


def test_an_operation_is_kept_once(path: Path) -> None:
    log = AuditLog.open(path, 5)
    for number in range(3):
        log.append_sync(record(number), TEXT)
    log.close()
    assert show(path, 2)[1] == TEXT
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT hash, text FROM operation").fetchall() == [(HASH, TEXT)]


@pytest.mark.parametrize("text", ["x" * 70_000, "lone \ud800"], ids=["too long", "not Unicode"])
def test_of_some_operations_only_the_hash_is_kept(path: Path, text: str) -> None:
    log = AuditLog.open(path, 5)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    log.append_sync(replace(record(), operation=digest), text)
    log.close()
    logged, kept = show(path, 0)
    assert (logged.record.operation, kept) == (digest, None)


def test_an_operation_under_another_hash_is_refused(path: Path) -> None:
    log = AuditLog.open(path, 5)
    with pytest.raises(RecordInvalid):
        log.append_sync(record(), TEXT + " ")
    log.close()
    assert verify(path).size == 0


def test_readers_see_newest_last_and_stop_at_the_limit(path: Path) -> None:
    log = AuditLog.open(path, 5)
    assert tail(path) == []
    for number in range(300):
        log.append_sync(record(number))
    assert [logged.index for logged in tail(path, 3)] == [297, 298, 299]
    assert [logged.index for logged in read(path, 250)] == list(range(250, 300))
    assert [logged.index for logged in read(path, 5, 260)] == list(range(5, 265))
    assert list(read(path, 300)) == []
    assert show(path, 7)[0].record.request_id == "r7"
    for absent in (-1, 300):
        with pytest.raises(IndexError):
            show(path, absent)
    log.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET body = x'00' WHERE idx = 1",
        "DELETE FROM record WHERE idx = 1",
        "DELETE FROM record",
        "INSERT OR REPLACE INTO record VALUES (1, x'00', x'00', x'00')",
        "UPDATE operation SET text = ''",
        "DELETE FROM operation",
        "UPDATE head SET size = size - 1",
        "DELETE FROM head",
    ],
)
def test_the_file_refuses_to_take_back(path: Path, statement: str) -> None:
    log = AuditLog.open(path, 5)
    for number in range(3):
        log.append_sync(record(number), TEXT)
    log.close()
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        connection.execute(statement)
    connection.close()
    assert verify(path).ok


def test_the_file_is_its_owners_alone(path: Path) -> None:
    log = AuditLog.open(path, 5)
    log.append_sync(record())
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert {file.name for file in path.parent.iterdir()} == {
        "audit.db",
        "audit.db-wal",
        "audit.db-shm",
        "audit.reserve",
    }
    log.close()
    assert {file.name for file in path.parent.iterdir()} == {"audit.db", "audit.reserve"}


def test_a_closed_log_takes_nothing(path: Path) -> None:
    log = AuditLog.open(path, 5)
    healthy = [log.healthy]
    log.close()
    log.close()
    healthy.append(log.healthy)
    assert healthy == [True, False]
    with pytest.raises(AuditUnavailable, match="CLOSED"):
        log.append_sync(record())


def test_what_waits_is_written_before_the_log_closes(path: Path) -> None:
    log = AuditLog.open(path, 5)
    receipts: list[int] = []
    threads = [threading.Thread(target=lambda n=n: receipts.append(log.append_sync(record(n)).index)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert sorted(receipts) == list(range(8))


def test_an_append_whose_caller_went_away_still_stands(path: Path) -> None:
    async def go_away() -> None:
        log = AuditLog.open(path, 5)
        task = asyncio.create_task(log.append(record(7)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        log.close()

    asyncio.run(go_away())
    assert [logged.record.request_id for logged in read(path)] == ["r7"]


def _foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE person (name TEXT)")
    connection.close()


def _later_layout(path: Path) -> None:
    AuditLog.open(path, 5).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def _earlier_layout(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE record (idx INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA application_id = 1397507905")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


def _cut(path: Path) -> None:
    log = AuditLog.open(path, 5)
    for number in range(3):
        log.append_sync(record(number))
    log.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER record_DELETE")
        connection.execute("DELETE FROM record WHERE idx = 2")
    connection.close()


def _headless(path: Path) -> None:
    AuditLog.open(path, 5).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER head_DELETE")
        connection.execute("DELETE FROM head")
    connection.close()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda path: path.write_bytes(b"not a database, but long enough to be read as one" * 20),
            "SQLITE_NOTADB",
        ),
        (_foreign_database, "NOT_A_LOG"),
        (_later_layout, "NEWER_LAYOUT: it was written by a newer version"),
        (_earlier_layout, "OLDER_LAYOUT: it was written by an older version"),
        (_cut, "HEAD_DAMAGED"),
        (_headless, "NO_HEAD"),
    ],
    ids=["no database", "foreign", "later layout", "earlier layout", "cut", "headless"],
)
def test_what_is_no_sound_log_is_not_opened(path: Path, make, why: str) -> None:  # type: ignore[no-untyped-def]
    make(path)
    with pytest.raises(AuditUnavailable, match=why):
        AuditLog.open(path, 5)


def test_a_log_that_another_process_makes_meanwhile_is_a_log(path: Path) -> None:
    class Slow(sqlite3.Connection):
        def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
            rows = super().execute(statement, values).fetchall()
            if not path.with_suffix(".reserve").exists():
                AuditLog.open(path, 5).close()
            return SimpleNamespace(fetchone=iter([*rows, None]).__next__)  # type: ignore[return-value]

    path.touch()
    with closing(sqlite3.connect(path, factory=Slow)) as connection:
        assert (is_log(connection), is_log(connection)) == (False, True)


def test_readers_tell_an_absent_log_from_an_unreadable_one(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read(path))
    assert not path.exists()
    path.write_bytes(b"not a database, but long enough to be read as one" * 20)
    for reader in (lambda: list(read(path)), lambda: tail(path), lambda: show(path, 0)):
        with pytest.raises(AuditUnavailable):
            reader()
