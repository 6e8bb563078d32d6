"""The table reader, on real SQLite files: rows come in order, from the time of the cursor on; nothing is written."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ConnectorError, Row, Since
from connectors.manifest import Source
from connectors.readers.database import TableReader

pytestmark = pytest.mark.unit

ZONE = dt.timezone(dt.timedelta(hours=8))
FORM = "%Y-%m-%d %H:%M:%S"


def reader(path: Path | str, **more: Any) -> TableReader:
    stream = {
        "name": "s", "table": "t", "entity": "Building", "key": "k", "identity": "code", "fields": {"code": "k"},
        "updated": {"column": "u", "format": FORM}, "cursor": True, **more,
    }  # fmt: skip
    source = Source.model_validate(
        {"name": "d", "kind": "sql", "where": str(path), "collectedFor": "housing", "trust": 1, "records": [stream]}
    )
    return TableReader(source, source.records[0])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "a b#c?.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (k TEXT, u TEXT, note TEXT)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?, 'x')",
            [
                ("c", "2026-06-02 00:00:00"),
                ("b", "2026-06-01 00:00:00"),
                ("a", "2026-06-02 00:00:00"),
                ("n", None),
                ("d", "2026-06-03 00:00:00"),
            ],
        )
    return path


def moment(day: int) -> dt.datetime:
    return dt.datetime(2026, 6, day, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("since", "keys"),
    [
        (Since(), ["n", "b", "a", "c", "d"]),
        (Since(moment(2)), ["n", "a", "c", "d"]),
        (Since(moment(2).astimezone(dt.UTC)), ["n", "a", "c", "d"]),
        (Since(moment(3), ("b",)), ["n", "d", "b"]),
        (Since(moment(3), ("~0123",), moment(2)), ["n", "a", "c", "d"]),
        (Since(moment(3), ("~0123",), None), ["n", "b", "a", "c", "d"]),
        (Since(moment(9)), ["n"]),
    ],
)
def test_rows_come_by_time_then_key(table: Path, since: Since, keys: list[str]) -> None:
    rows = list(reader(table).read(since))
    assert all(isinstance(each, Row) and set(each.values) == {"k", "u"} for each in rows)
    assert [each.values["k"] for each in rows if isinstance(each, Row)] == keys


def test_whole_numbers_as_keys_can_wait(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, u TIMESTAMP)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?)", [(1, "2026-06-01 00:00:00.000000"), (2, "2026-06-05 00:00:00.000000")]
        )
    rows = list(reader(path).read(Since(moment(4), ("1",))))
    assert [each.values["k"] for each in rows if isinstance(each, Row)] == [2, 1]


@pytest.mark.parametrize(
    ("where", "more", "told"),
    [
        ("{}/none.sqlite", {}, "does not exist"),
        ("{}/a b#c?.sqlite", {"table": "u"}, "no table u"),
        ("{}/a b#c?.sqlite", {"fields": {"code": "k", "name": "nam"}}, "lacks nam"),
        ("nosuchdatabase://h/d", {}, "address or driver"),
    ],
)
def test_what_is_not_as_declared_is_refused(table: Path, where: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ConnectorError, match=told):
        list(reader(where.format(table.parent), **more).read(Since()))
    assert sorted(each.name for each in table.parent.iterdir()) == [table.name]


@pytest.mark.fault
def test_a_database_that_fails_tells_no_statement(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be taken for one" * 40)
    with pytest.raises(ConnectorError, match=r"the database failed \(DatabaseError\)") as caught:
        list(reader(path).read(Since()))
    assert "SELECT" not in str(caught.value)
    assert caught.value.__cause__ is None
