"""A real PostgreSQL as a source: what Python has no value for costs its row, and no late row is skipped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest

from connectors.base import Broken, ConnectorError, Record, Row, Since
from connectors.readers.database import TableReader, TableSource
from connectors.shape import Shaper
from connectors.transforms import Context
from schema import SPINE
from tests.support.postgres import Postgres

pytestmark = pytest.mark.fault

ZONE = dt.timezone(dt.timedelta(hours=8))
NOON = dt.datetime(2026, 6, 2, 12, tzinfo=ZONE)
ROWS = """
CREATE TABLE t (k numeric(10, 4), at timestamp, zoned timestamptz, day date, floors numeric, stamp text, hour time);
INSERT INTO t VALUES
  (1001, '2026-06-02 11:59:59.25', '2026-06-02 11:59:59.25+08', '2016-04-13', 3, '2026-06-02 11:59:59', '24:00'),
  (1002, 'infinity', 'infinity', 'infinity', 3, 'infinity', NULL),
  (1003, '2026-06-01 00:00:00', '2026-06-01 00:00:00+00', '0044-03-15 BC', 3, '2026-06-01T00:00:00Z', NULL),
  (1004, NULL, NULL, NULL, 'NaN', '', NULL),
  (1005, '2020-01-01 00:00:00', '2020-01-01 00:00:00+08', '2016-04-13', 1e30, '2020-01-01 00:00:00', NULL),
  (1006.5, '2026-06-02 12:00:00', '2026-06-02 12:00:00+08', '2016-04-13', 3, '2026-06-02 12:00:00', NULL);
"""


@pytest.fixture(scope="module")
def table(server: Postgres) -> Iterator[str]:
    address = server.database("register")
    with psycopg.connect(server._address("register"), autocommit=True) as connection:
        connection.execute(ROWS)
    yield address


def source(address: str, updated: str) -> TableSource:
    stream = {
        "name": "s", "table": "t", "entity": "Building", "key": "k", "identity": "code", "cursor": True,
        "fields": {"code": {"column": "k", "as": "code"}, "floors": "floors", "name": "hour"}, "updated": updated,
    }  # fmt: skip
    return TableSource.model_validate(
        {
            "name": "d", "kind": "sql", "where": address.replace(":drowssap@", "@"), "password": "env:PG_SECRET",
            "collectedFor": "housing", "trust": 1, "records": [stream],
        }
    )  # fmt: skip


def shaped(address: str, updated: str, since: Since) -> list[tuple[str, str]]:
    """The number of each row that is read, with what it is refused for."""
    block = source(address, updated)
    shaper = Shaper(block, block.records[0], SPINE, Context({}, ZONE, dt.date(2026, 6, 30)), lambda _: "f" * 32)
    rows = TableReader(block, block.records[0]).read(since)
    found = [shaper.shape(each) for each in rows if isinstance(each, Row | Broken)]
    return sorted((each.number, "") if isinstance(each, Record) else (each.row, each.rule) for each in found)


ALL = [
    ("1001.0000", ""),
    ("1002.0000", "not-a-time"),
    ("1003.0000", ""),
    ("1004.0000", "missing"),
    ("1005.0000", "not-an-integer"),
    ("1006.5000", "not-a-code"),
]


@pytest.mark.parametrize("updated", ["at", "zoned", "stamp"])
def test_case_4_09_what_python_has_no_value_for_costs_its_row(
    table: str, updated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_SECRET", "drowssap")
    assert shaped(table, updated, Since()) == ALL


@pytest.mark.parametrize("updated", ["at", "zoned", "stamp", "day"])
def test_case_4_08_only_older_rows_are_left_out(table: str, updated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_SECRET", "drowssap")
    found = {number for number, _ in shaped(table, updated, Since(NOON - dt.timedelta(hours=1)))}
    assert {"1001.0000", "1006.5000"} <= found or updated == "day"
    assert {"1002.0000", "1004.0000"} <= found
    assert "1005.0000" not in found


def test_case_4_10_a_numeric_key_can_wait(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_SECRET", "drowssap")
    found = [number for number, _ in shaped(table, "zoned", Since(NOON, ("1005.0000",)))]
    assert found.count("1005.0000") == 1


def test_an_address_that_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_SECRET", "drowssap")
    block = source("postgresql+psycopg://u@127.0.0.1:9/x?connect_timeout=2", "at")
    with pytest.raises(ConnectorError, match=r"the database failed \(OperationalError\)"):
        list(TableReader(block, block.records[0]).read(Since()))
