"""Tenancies and inspections agree with docs/sample-county.md, section 10, in SQLite and on a PostgreSQL server."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from hub.sample.known_people import PROTAGONIST, PROTAGONIST_HOME
from hub.sample.whole.rental import fill_database
from tests.support.postgres import Postgres
from tests.unit.hub.sample.whole.conftest import Whole, first, rare
from tests.unit.hub.sample.whole.test_units import units

pytestmark = pytest.mark.unit

TENANCIES = (
    "SELECT tenancy_no, dwelling_no, landlord_id_no, tenant_id_no, starts_on, ends_on, rent, tenants, status"
    " FROM tenancies ORDER BY 1"
)
INSPECTIONS = (
    "SELECT inspection_no, kind, result, inspected_on, rectify_by, findings, inspector_name, dwelling_no, credit_code,"
    " grid_code FROM inspections ORDER BY 1"
)


def tenancy_flaw(row: Sequence[Any], whole: Whole) -> str:
    _, dwelling, landlord, tenant, starts, ends, rent, _, _ = row
    return first(
        ("wrong_check", not mod_11_2.is_valid(tenant)),
        ("ends_before_it_starts", ends is not None and ends < starts),
        ("negative_rent", rent < 0),
        ("unknown_dwelling", dwelling not in whole.dwellings),
        ("unknown_person", landlord not in whole.names),
    )


def inspection_flaw(row: Sequence[Any], whole: Whole, codes: set[str]) -> str:
    _, kind, _, _, rectify_by, _, inspector, dwelling, code, _ = row
    return first(
        ("wrong_check", code is not None and not uscc.is_valid(code)),
        ("impossible_date", rectify_by == "2026-02-31"),
        ("unknown_kind", kind not in {"消防", "出租房", "燃气", "生产场所"}),
        ("unknown_dwelling", dwelling is not None and dwelling not in whole.dwellings),
        ("unknown_unit", code is not None and code not in codes),
        ("rare_name", rare(inspector)),
    )


def test_the_tenancies_hold_what_the_summary_says(whole: Whole) -> None:
    rows = whole.select("rental", TENANCIES)
    whole.agrees("tenancies", [tenancy_flaw(row, whole) for row in rows])
    assert {row[8] for row in rows} == {"已申报", "已确认", "有争议", "已终止"}
    rented = whole.summary.facts["dwellings_rented"]
    assert whole.summary.sources["tenancies"].good == rented + 2 * 3


def test_the_inspections_hold_what_the_summary_says(whole: Whole) -> None:
    rows = whole.select("rental", INSPECTIONS)
    codes = {unit["creditCode"] for unit in units(whole)}
    whole.agrees("inspections", [inspection_flaw(row, whole, codes) for row in rows])
    assert {row[2] for row in rows} == {"合格", "限期整改", "不合格"}
    assert all((row[7] is None) != (row[8] is None) for row in rows)
    assert {row[9] for row in rows} <= whole.grids
    assert all((row[4] is None) == (row[2] == "合格") for row in rows if row[4] != "2026-02-31")


def test_the_protagonist_rents_her_dwelling(whole: Whole) -> None:
    row = whole.select("rental", TENANCIES)[0]
    assert (row[0], row[1], row[3], row[8]) == (
        "ZL000000001",
        PROTAGONIST_HOME.dwelling_no,
        PROTAGONIST.id_no,
        "已确认",
    )


def test_there_are_indexes_on_the_cursors(whole: Whole) -> None:
    found = whole.select(
        "rental", "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%updated_at%'"
    )
    assert sorted(found) == [("inspections",), ("tenancies",)]


def test_a_postgresql_server_holds_the_same_with_its_own_types(whole: Whole, server: Postgres) -> None:
    fill_database(server.database("rental"), whole.folder / "rental" / "rental.sqlite")
    with psycopg.connect(server.address("rental", "postgresql")) as connection:
        tenancies = connection.execute(TENANCIES).fetchall()
        inspections = connection.execute(INSPECTIONS).fetchall()
        kinds: dict[str, str] = dict(
            connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'tenancies'"
            ).fetchall()
        )
        moments = connection.execute(
            "SELECT to_char(updated_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS') FROM tenancies ORDER BY 1"
        ).fetchall()
    # Days are texts and whole rents are integers in SQLite.
    assert [
        (*row[:4], str(row[4]), row[5] and str(row[5]), float(row[6]), *row[7:]) for row in tenancies
    ] == whole.select("rental", TENANCIES)
    assert [row[:3] + row[4:] for row in inspections] == [
        row[:3] + row[4:] for row in whole.select("rental", INSPECTIONS)
    ]
    assert (kinds["starts_on"], kinds["rent"], kinds["updated_at"]) == ("date", "numeric", "timestamp with time zone")
    local = whole.select("rental", "SELECT substr(updated_at, 1, 19) FROM tenancies ORDER BY 1")
    assert moments == local


def test_a_database_that_holds_one_of_the_tables_is_left_alone(whole: Whole, tmp_path: Path) -> None:
    taken = tmp_path / "taken.sqlite"
    with sqlite3.connect(taken) as connection:
        connection.execute("CREATE TABLE tenancies (mine TEXT)")
    with pytest.raises(ValueError, match="has tenancies already"):
        fill_database(f"sqlite:///{taken}", whole.folder / "rental" / "rental.sqlite")
    with sqlite3.connect(taken) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("tenancies",)]
