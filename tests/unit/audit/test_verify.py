"""Verification: whatever is done to the file of a log, it names the first bad index and why."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.log import AuditLog
from audit.record import Record, encode
from audit.stores.sqlite import SqliteStore
from audit.tree import Frontier, leaf_hash
from audit.verify import Verdict, verify

pytestmark = pytest.mark.unit

SIZE = 12
Edit = Callable[[sqlite3.Connection], object]


def record(number: int) -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 5)
    for number in range(SIZE):
        log.append_sync(record(number))
    log.close()
    return path


def edit(path: Path, change: Edit) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        change(connection)
    connection.close()


def run(*statements: str) -> Edit:
    return lambda connection: [connection.execute(statement) for statement in statements]


def put(index: int, body: bytes, leaf: bytes | None = None) -> Edit:
    return lambda connection: connection.execute(
        "UPDATE record SET body = ?, leaf = ? WHERE idx = ?", (body, leaf or leaf_hash(body), index)
    )


def flip(index: int, byte: int, column: str = "body") -> Edit:
    def change(connection: sqlite3.Connection) -> None:
        (value,) = connection.execute(f"SELECT {column} FROM record WHERE idx = ?", (index,)).fetchone()
        flipped = value[:byte] + bytes([value[byte] ^ 1]) + value[byte + 1 :]
        connection.execute(f"UPDATE record SET {column} = ? WHERE idx = ?", (flipped, index))

    return change


def swap(columns: str) -> Edit:
    """Rows 4 and 9 exchange `columns`."""
    pairs = ", ".join(f"{c} = (SELECT {c} FROM old WHERE old.idx = 13 - record.idx)" for c in columns.split())
    return run("CREATE TEMP TABLE old AS SELECT * FROM record", f"UPDATE record SET {pairs} WHERE idx IN (4, 9)")


def renumber_without(index: int) -> Edit:
    return run(
        f"DELETE FROM record WHERE idx = {index}",
        *(f"UPDATE record SET idx = {later - 1} WHERE idx = {later}" for later in range(index + 1, SIZE)),
    )


def copy(source: int, target: int, columns: str) -> Edit:
    pairs = ", ".join(f"{c} = (SELECT {c} FROM record WHERE idx = {source})" for c in columns.split())
    return run(f"UPDATE record SET {pairs} WHERE idx = {target}")


OTHER = encode(record(99))


@pytest.mark.parametrize(
    ("change", "first_bad", "why"),
    [
        (put(5, OTHER, b"\x00" * 32), 5, "changed"),
        (put(5, OTHER), 5, "changed"),
        (put(0, OTHER), 0, "changed"),
        (put(SIZE - 1, OTHER), SIZE - 1, "changed"),
        (flip(5, 0, "leaf"), 5, "changed"),
        (flip(5, 31, "root"), 5, "changed"),
        (run("UPDATE record SET body = CAST(body AS TEXT) WHERE idx = 5"), 5, "undecodable"),
        (flip(5, 0), 5, "undecodable"),
        (put(5, b"\xff\x00", b"\x00" * 32), 5, "undecodable"),
        (run("DELETE FROM record WHERE idx = 5"), 5, "missing"),
        (run("DELETE FROM record WHERE idx = 0"), 0, "missing"),
        (run("DELETE FROM record WHERE idx IN (5, 6, 7)"), 5, "missing"),
        (renumber_without(5), 5, "missing"),
        (swap("body"), 4, "reordered"),
        (swap("body leaf"), 4, "reordered"),
        (swap("body leaf root"), 4, "reordered"),
        (copy(3, 8, "body"), 8, "duplicated"),
        (copy(3, 8, "body leaf"), 8, "duplicated"),
        (copy(3, 8, "body leaf root"), 8, "duplicated"),
        (copy(8, 3, "body leaf root"), 3, "duplicated"),
        (run("DELETE FROM record WHERE idx = 11"), 11, "truncated"),
        (run("DELETE FROM record WHERE idx >= 4"), 4, "truncated"),
        (run("DELETE FROM record"), 0, "truncated"),
        (run("INSERT INTO record SELECT 12, leaf, root, body FROM record WHERE idx = 3"), 12, "added"),
        (run("INSERT INTO record SELECT -1, leaf, root, body FROM record WHERE idx = 3"), -1, "added"),
        (run("UPDATE head SET size = 11"), None, "head"),
        (run("UPDATE head SET root = x'00'"), None, "head"),
        (run("UPDATE head SET size = 'many'"), None, "head"),
        (run("DELETE FROM head"), None, "head"),
        (run("INSERT INTO operation VALUES ('00', 'query { people { id } }')"), None, "operation"),
        (run("INSERT INTO operation VALUES ('00', x'00')"), None, "operation"),
        (run("DROP TABLE record"), 0, "unreadable"),
    ],
)
def test_each_edit_is_named(path: Path, change: Edit, first_bad: int | None, why: str) -> None:
    edit(path, change)
    verdict = verify(path)
    assert (verdict.ok, verdict.first_bad, verdict.why) == (False, first_bad, why)
    if first_bad is not None:
        assert verdict.size == max(first_bad, 0)


def test_an_untouched_log_verifies(path: Path) -> None:
    tree = Frontier()
    with sqlite3.connect(path) as connection:
        for (body,) in connection.execute("SELECT body FROM record ORDER BY idx"):
            tree.append(leaf_hash(body))
    connection.close()
    assert verify(path) == Verdict(True, SIZE, tree.root().hex(), None, None)


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    AuditLog.open(tmp_path / "audit.db", 5).close()
    assert verify(tmp_path / "audit.db") == Verdict(True, 0, Frontier().root().hex(), None, None)


def test_an_entry_that_is_no_record_is_named_even_if_its_hashes_are_right(path: Path) -> None:
    store = SqliteStore(path)
    store.begin(0)
    store.append([[(leaf_hash(b"{}"), b"{}")]])
    store.commit()
    store.drop()
    assert (verify(path).first_bad, verify(path).why) == (SIZE, "undecodable")


def test_a_log_in_use_verifies(path: Path) -> None:
    log = AuditLog.open(path, 5)
    log.append_sync(record(SIZE))
    assert verify(path).size == SIZE + 1
    log.close()


def test_a_log_longer_than_a_page_of_rows_verifies(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "audit.db")
    bodies = [encode(record(number)) for number in range(2_500)]
    store.begin(0)
    store.append([[(leaf_hash(body), body)] for body in bodies])
    store.commit()
    store.drop()
    told: list[tuple[int, int]] = []
    assert verify(tmp_path / "audit.db", progress=lambda done, total: told.append((done, total))).size == 2_500
    assert told == [(1_000, 2_500), (2_000, 2_500)]


@pytest.mark.parametrize("kept", [0, 50, 4_096, 6_000])
def test_a_file_cut_short_does_not_verify(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    assert not verify(path).ok


def test_an_absent_log_is_an_error_not_a_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "audit.db")
