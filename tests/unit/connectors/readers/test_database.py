"""The table reader, on real SQLite files: rows come in order, from the time of the cursor on; nothing is written."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.manifest import ManifestError
from connectors.readers.database import TableReader, TableSource
from connectors.sources import load_sources
from schema import SPINE

pytestmark = pytest.mark.unit

ZONE = dt.timezone(dt.timedelta(hours=8))
FORM = "%Y-%m-%d %H:%M:%S"


def reader(path: Path | str, **more: Any) -> TableReader:
    stream = {
        "name": "s", "table": "t", "entity": "Building", "key": "k", "identity": "code", "fields": {"code": "k"},
        "updated": {"column": "u", "format": FORM}, "cursor": True, **more,
    }  # fmt: skip
    source = TableSource.model_validate(
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
        (Since(moment(3)), ["n", "a", "c", "d"]),
        (Since(moment(3).astimezone(dt.UTC)), ["n", "a", "c", "d"]),
        (Since(moment(4), ("b",)), ["n", "d", "b"]),
        (Since(moment(4), ("~0123",), moment(3)), ["n", "a", "c", "d"]),
        (Since(moment(4), ("~0123",), None), ["n", "b", "a", "c", "d"]),
        (Since(moment(9)), ["n"]),
    ],
)
def test_rows_come_by_time_then_key(table: Path, since: Since, keys: list[str]) -> None:
    rows = list(reader(table).read(since))
    assert all(set(each.values) == {"k", "u"} for each in rows if isinstance(each, Row))
    assert [each.values["k"] for each in rows if isinstance(each, Row)] == keys


def keys(path: Path, since: Since = Since(), **more: Any) -> list[Any]:  # noqa: B008 - it is frozen
    """The key of each row, or the rule by which it is refused."""
    read = reader(path, **more).read(since)
    return [
        each.values["k"] if isinstance(each, Row) else (each.rule, each.key)
        for each in read
        if isinstance(each, Row | Broken)
    ]


SPELLINGS = [
    ("local", "2026-06-02 10:00:00"),
    ("fraction", "2026-06-02 10:00:00.250"),
    ("letter T", "2026-06-02T10:00:00"),
    ("zone", "2026-06-02T10:00:00+08:00"),
    ("UTC", "2026-06-02T02:00:00Z"),
    ("UTC, the day before", "2026-06-01T16:30:00Z"),
    ("no zeros", "2026-6-2 10:00:00"),
    ("slashes", "2026/06/02 10:00:00"),
    ("no time", "2026-06-02"),
    ("blank", ""),
    ("none", None),
    ("seconds since 1970", 1780365600),
    ("leading blank", " 2026-06-02 10:00:00"),
    ("compact", "20260602"),
]


@pytest.mark.parametrize("declared", ["TEXT", "DATETIME", "TIMESTAMP", "NUMERIC", ""])
@pytest.mark.parametrize("form", [FORM, None, "%Y%m%d", "%Y/%m/%d %H:%M"])
def test_case_4_08_no_spelling_of_a_moment_is_skipped(tmp_path: Path, declared: str, form: str | None) -> None:
    """A row of the cursor's own day is read again, however it is written; an old one in the declared form is not."""
    path = tmp_path / "a.sqlite"
    old = dt.datetime(2026, 5, 1, 8).strftime(form or FORM)
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE t (k TEXT, u {declared})")
        database.executemany("INSERT INTO t VALUES (?, ?)", [*SPELLINGS, ("old", old)])
    since = Since(dt.datetime(2026, 6, 2, 10, tzinfo=ZONE))
    found = keys(path, since, updated={"column": "u", "format": form})
    assert sorted(set(found) - {"old"}) == sorted(name for name, _ in SPELLINGS)
    if declared == "TEXT":
        assert "old" not in found


def test_case_4_09_one_bad_cell_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (k TEXT, u TEXT, v TEXT, d DATETIME, unread TEXT)")
        database.executemany(
            "INSERT INTO t VALUES (?, '2026-06-01 00:00:00', CAST(? AS TEXT), ?, CAST(? AS TEXT))",
            [
                ("a", "样例", "2026-06-01 00:00:00", "x"),
                ("b", "样例".encode("gbk"), "2026-06-01 00:00:00", "x"),
                ("c", "样例", "", "x"),
                ("d", "样例", "no time at all", "x"),
                ("e", "样例", "2026-06-01 00:00:00", "样例".encode("gbk")),
                ("f", "样例", 17, None),
            ],
        )
    fields = {"code": "k", "name": "v", "address": "d"}
    assert keys(path, fields=fields) == ["a", ("not-decodable", ("b",)), "c", "d", "e", "f"]


def test_case_4_10_a_number_as_key_can_wait(tmp_path: Path) -> None:
    path = tmp_path / "n.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (k NUMERIC, u TEXT)")
        database.executemany(
            "INSERT INTO t VALUES (?, ?)", [(1001.0, "2026-06-01"), (2.5, "2026-06-01"), (3, "2026-06-09")]
        )
    assert keys(path, Since(moment(6), ("1001", "2.5"))) == [3, 2.5, 1001]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m-%d-%Y %H:%M", "%H:%M %Y-%m-%d", "%y%m%d", "%Y"])
def test_case_4_08_a_form_that_does_not_sort_refuses_the_cursor(tmp_path: Path, form: str) -> None:
    import json

    stream = {
        "name": "s", "table": "t", "entity": "Building", "key": "k", "identity": "code",
        "fields": {"code": {"column": "k", "as": "code"}}, "updated": {"column": "u", "format": form}, "cursor": True,
    }  # fmt: skip
    block = {"name": "d", "kind": "sql", "where": "a.db", "collectedFor": "housing", "trust": 1, "records": [stream]}
    (tmp_path / "d.yaml").write_text(json.dumps(block), "utf-8")
    with pytest.raises(ManifestError, match=r"records.s.updated.format: texts of the form .* do not sort by time"):
        load_sources(tmp_path, SPINE, {})
    stream["cursor"] = False
    (tmp_path / "d.yaml").write_text(json.dumps(block), "utf-8")
    assert load_sources(tmp_path, SPINE, {})


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
        ("{}/none.sqlite", {}, "there is no database file .*none.sqlite; correct `where:`"),
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
