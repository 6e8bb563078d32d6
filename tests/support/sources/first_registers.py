"""The rows of a whole county's first four registers, read without connector code: each with its flaw, or none.

Flaws are judged as in the tests of the sample (`tests/unit/hub/sample/test_county.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from stdnum.iso7064 import mod_11_2

from tests.unit.hub.sample.test_county import flaw, ticket_flaw
from tests.unit.hub.sample.whole.conftest import Whole

ID = "公民身份号码"
BIRTH = "出生日期"
FIELDS = {
    "bad_check_digit": {ID},
    "missing_id": {ID},
    "impossible_date": {BIRTH, ID},
    "birth_mismatch": {BIRTH},
    "birth_in_future": {BIRTH, ID},
    "sentinel_date": {BIRTH},
    "unknown_grid": {"现住网格代码"},
    "short_row": {"row"},
    "not_gbk": {"姓名", "row"},
    "negative_area": {"area_m2"},
    "missing_dwelling": {"dwelling_no"},
    "bad_id": {"occupant_id_no"},
    "unknown_kind": {"kind"},
    "closed_before_reported": {"closedAt"},
    "missing_grid": {"gridCode"},
}
"""The field that is named for each flaw; docs/sample-county.md allows some a second one."""
DUPLICATE = "duplicate"


def first_registers(whole: Whole) -> Iterator[tuple[str, str, str]]:
    """Stream, number and flaw of each row."""
    yield from (("divisions/regions", row["代码"], "") for row in whole.regions)
    yield from _register(whole)
    yield from _housing(whole)
    for line in (whole.folder / "hotline" / "tickets.jsonl").read_text("utf-8").splitlines():
        ticket = json.loads(line)
        yield "hotline/tickets", ticket["ticketNo"], ticket_flaw(ticket, whole.grids)


def _register(whole: Whole) -> Iterator[tuple[str, str, str]]:
    seen: set[bytes] = set()
    for line in (whole.folder / "police" / "household_register.csv").read_bytes().split(b"\r\n")[1:-1]:
        fields = line.decode("gbk", errors="replace").split(",")
        found = flaw(fields, whole.grids) if _is_gbk(line) else "not_gbk"
        yield "police/register", fields[0], DUPLICATE if line in seen else found
        seen.add(line)


def _is_gbk(line: bytes) -> bool:
    try:
        line.decode("gbk")
    except UnicodeDecodeError:
        return False
    return True


def _housing(whole: Whole) -> Iterator[tuple[str, str, str]]:
    for (number,) in whole.select("housing", "SELECT building_no FROM buildings"):
        yield "housing/buildings", number, ""
    for number, area in whole.select("housing", "SELECT dwelling_no, area_m2 FROM dwellings"):
        yield "housing/dwellings", number, "negative_area" if area < 0 else ""
    for number, dwelling, person in whole.select(
        "housing", "SELECT occupancy_no, dwelling_no, occupant_id_no FROM occupancy"
    ):
        wrong = "missing_dwelling" if dwelling not in whole.dwellings else ""
        yield "housing/occupancy", number, wrong or ("" if mod_11_2.is_valid(person) else "bad_id")
