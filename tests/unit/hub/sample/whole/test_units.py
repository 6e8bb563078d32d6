"""The register of units agrees with docs/sample-county.md, section 8, and its codes with GB 32100."""

import json
from collections import Counter
from typing import Any

import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from hub.sample.whole.credit_codes import credit_code, wrong_credit_check
from tests.unit.hub.sample.whole.conftest import Whole, first, rare, seen_before

pytestmark = pytest.mark.unit

KEYS = [
    "creditCode",
    "name",
    "kind",
    "industry",
    "status",
    "registeredOn",
    "representativeName",
    "representativeIdNo",
    "phone",
    "address",
    "dwellingNo",
    "gridCode",
    "updatedAt",
]


def units(whole: Whole) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (whole.folder / "market" / "units.jsonl").read_text("utf-8").splitlines()]


def flaw(row: dict[str, Any], whole: Whole, seen: set[str]) -> str:
    code, person = row["creditCode"], row["representativeIdNo"]
    twice = seen_before(seen, code)
    return first(
        ("duplicate", twice),
        ("wrong_check", not uscc.is_valid(code)),
        ("wrong_person_check", not mod_11_2.is_valid(person)),
        ("impossible_date", row["registeredOn"] == "2026-02-31"),
        ("unknown_person", person not in whole.names),
        ("unknown_dwelling", row["dwellingNo"] not in whole.dwellings),
        ("rare_name", rare(row["representativeName"])),
        ("name_like_formula", row["name"].startswith("=")),
    ) or whole.place_flaw(row["gridCode"])


def test_the_units_hold_what_the_summary_says(whole: Whole) -> None:
    rows, seen = units(whole), set[str]()
    assert all(list(row) == KEYS for row in rows)
    whole.agrees("units", [flaw(row, whole, seen) for row in rows])
    assert whole.summary.sources["units"].good >= 119


def test_they_are_in_the_order_of_their_last_change(whole: Whole) -> None:
    order = [(row["updatedAt"], row["creditCode"]) for row in units(whole)]
    assert order == sorted(order)
    assert max(order)[0] < "2026-06-30"


def test_every_kind_and_status_has_its_words(whole: Whole) -> None:
    rows = units(whole)
    kinds = Counter(row["kind"] for row in rows)
    assert set(kinds) <= {"企业", "个体工商户", "学校", "事业单位", "社会组织"}
    assert kinds["个体工商户"] > kinds["企业"] > kinds["社会组织"] > 0
    assert {row["status"] for row in rows} <= {"开业", "歇业", "注销"}
    assert all(row["industry"] in "ABCDEFGHIJKLMNOPQRST" for row in rows)


@pytest.mark.parametrize("serial", [0, 1, 10, 7_368_787, 99_999_999])
@pytest.mark.parametrize("kind", ["91", "92", "12", "51"])
def test_a_code_is_valid_and_its_spoiled_form_is_not(kind: str, serial: int) -> None:
    code = credit_code(kind, serial)
    assert uscc.is_valid(code)
    assert not uscc.is_valid(wrong_credit_check(code))
    assert code[:8] == f"{kind}140321"
