"""The sample county agrees with docs/sample-county.md; the tests read its raw files with their own code."""

import csv
import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

from hub.sample.generate import SampleSummary, generate, read_summary
from hub.sample.known_people import (
    CANARIES,
    COMPANION,
    DIRTY_CANARY,
    PROTAGONIST,
    PROTAGONIST_HOME,
    PROTAGONIST_TICKET,
    REFERENCE_DATE,
)

pytestmark = pytest.mark.unit

PEOPLE, SEED = 3_000, 7
KNOWN = (PROTAGONIST, COMPANION, *CANARIES)


class Sample:
    """One sample, read raw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = generate(folder, PEOPLE, SEED)
        self.register_lines = (folder / "police" / "household_register.csv").read_bytes().split(b"\r\n")[1:-1]
        lines = (folder / "hotline" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
        self.tickets = [json.loads(line) for line in lines]
        with (folder / "divisions" / "regions.csv").open(encoding="utf-8", newline="") as file:
            self.regions = list(csv.DictReader(file))
        self.grids = {row["代码"] for row in self.regions if row["级别"] == "网格" and not row["失效日期"]}

    def select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "housing" / "housing.sqlite")) as connection:
            return connection.execute(statement, values).fetchall()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(tmp_path_factory.mktemp("county") / "sample")


def flaw(fields: list[str], grids: set[str]) -> str:
    """What is wrong with a register row, judged from the row and the grids alone; empty if nothing is."""
    if len(fields) != 11:
        return "short_row"
    id_no, born = fields[2], fields[4]
    if not id_no:
        return "missing_id"
    if born == "19000101":
        return "sentinel_date"
    try:
        birth = datetime.strptime(born, "%Y%m%d").date()
    except ValueError:
        return "impossible_date"
    if id_no[6:14] != born:
        return "birth_mismatch"
    if birth > REFERENCE_DATE:
        return "birth_in_future"
    if not mod_11_2.is_valid(id_no):
        return "bad_check_digit"
    return "unknown_grid" if fields[8] and fields[8] not in grids else ""


def judged(sample: Sample) -> tuple[list[list[str]], Counter[str]]:
    good: list[list[str]] = []
    flaws: Counter[str] = Counter()
    seen: set[bytes] = set()
    for line in sample.register_lines:
        try:
            fields = line.decode("gbk").split(",")
        except UnicodeDecodeError:
            flaws["not_gbk"] += 1
            continue
        reason = "duplicate" if line in seen else flaw(fields, sample.grids)
        seen.add(line)
        if reason:
            flaws[reason] += 1
        else:
            good.append(fields)
    return good, flaws


def test_the_register_holds_as_many_good_and_dirty_rows_as_its_summary_says(sample: Sample) -> None:
    good, flaws = judged(sample)
    count = sample.summary.sources["register"]
    assert len(good) == count.good == PEOPLE
    assert flaws == count.dirty
    assert len(sample.register_lines) == count.rows
    assert set(count.dirty.values()) == {PEOPLE // 1000}


def test_each_good_person_is_in_the_register_once(sample: Sample) -> None:
    good, _ = judged(sample)
    assert len({fields[0] for fields in good}) == PEOPLE
    assert len({fields[2] for fields in good}) == PEOPLE
    assert sum(not fields[8] for fields in good) == sample.summary.facts["residents_without_grid"] > 0


@pytest.mark.parametrize(
    ("column", "pattern"),
    [
        (0, r"HJ\d{10}"),
        (1, r"[^\d,·]{2,4}|[^\d,]+·[^\d,]+"),
        (2, r"\d{17}[\dX]"),
        (3, r"[男女]"),
        (4, r"\d{8}"),
        (5, r"|1\d{10}|0353-\d{7}"),
        (6, r".+省.+市.+"),
        (8, r"|140321\d{9}"),
        (9, r"常住|流动|寄住"),
        (10, r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"),
    ],
)
def test_every_good_register_field_has_its_form(sample: Sample, column: int, pattern: str) -> None:
    good, _ = judged(sample)
    assert [fields[column] for fields in good if not re.fullmatch(pattern, fields[column])] == []


def test_sex_and_times_agree_with_the_id_number(sample: Sample) -> None:
    good, _ = judged(sample)
    for fields in good:
        assert fields[3] == ("男" if int(fields[2][16]) % 2 else "女")
        assert f"{fields[10][:10]}".replace("-", "") >= fields[4]
        assert fields[10][:10] < REFERENCE_DATE.isoformat()


def test_names_and_ages_are_of_all_kinds(sample: Sample) -> None:
    good, _ = judged(sample)
    names = [fields[1] for fields in good]
    births = [date.fromisoformat(fields[4]) for fields in good]
    decades = Counter((REFERENCE_DATE.year - birth.year) // 10 for birth in births)
    assert {len(name) for name in names} >= {2, 3, 4}
    assert any("·" in name for name in names)
    assert {fields[9] for fields in good} == {"常住", "流动", "寄住"}
    assert any((birth.month, birth.day) == (2, 29) for birth in births)
    assert REFERENCE_DATE.year - min(births).year == 103
    assert max(births).year == REFERENCE_DATE.year
    assert all(decades[decade] > PEOPLE // 100 for decade in range(9))
    assert decades[4] > decades[8] > decades[9]


def test_every_division_has_its_parent_before_it(sample: Sample) -> None:
    seen: set[str] = {""}
    for row in sample.regions:
        assert row["上级代码"] in seen
        assert row["代码"] not in seen
        assert re.fullmatch(r"\d{15}" if row["级别"] == "网格" else r"\d{12}", row["代码"])
        seen.add(row["代码"])
    assert Counter(row["级别"] for row in sample.regions) == Counter(
        {"省": 1, "市": 1, "县": 1, "街道": 3, "社区": 6, "网格": 13}
    )
    expired = [row for row in sample.regions if row["失效日期"]]
    assert [(row["代码"], row["继任代码"]) for row in expired] == [("140321001001099", "140321001001001")]
    assert len({row["名称"] for row in sample.regions}) == len(sample.regions)


@pytest.mark.parametrize(
    ("table", "flaws"),
    [
        ("buildings", {}),
        ("dwellings", {"negative_area": "area_m2 < 0"}),
        ("occupancy", {"missing_dwelling": "dwelling_no NOT IN (SELECT dwelling_no FROM dwellings)"}),
    ],
)
def test_the_housing_tables_hold_what_their_summary_says(sample: Sample, table: str, flaws: dict[str, str]) -> None:
    count = sample.summary.sources[table]
    assert sample.select(f"SELECT count(*) FROM {table}")[0][0] == count.rows
    for reason, condition in flaws.items():
        assert sample.select(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0] == count.dirty[reason]


def test_the_housing_tables_hang_together(sample: Sample) -> None:
    assert {code for (code,) in sample.select("SELECT grid_code FROM buildings")} <= sample.grids
    homeless = "SELECT count(*) FROM dwellings WHERE building_no NOT IN (SELECT building_no FROM buildings)"
    assert sample.select(homeless) == [(0,)]
    usages = dict(sample.select("SELECT usage, count(*) FROM dwellings WHERE area_m2 > 0 GROUP BY usage"))
    assert set(usages) == {"自住", "出租", "空置", "经营"}
    assert usages["出租"] == sample.summary.facts["dwellings_rented"]
    assert sum(usages.values()) == PEOPLE // 2
    relations = {row[0] for row in sample.select("SELECT DISTINCT relation FROM occupancy")}
    assert relations == {"户主", "配偶", "子女", "租户", "其他"}


def test_most_people_live_in_one_dwelling_which_agrees_with_their_grid(sample: Sample) -> None:
    good, _ = judged(sample)
    rows = sample.select(
        "SELECT occupant_id_no, o.dwelling_no, grid_code FROM occupancy o JOIN dwellings USING (dwelling_no)"
        " JOIN buildings USING (building_no)"
    )
    valid = [row for row in rows if mod_11_2.is_valid(row[0])]
    lives = Counter(row[0] for row in valid)
    registered = {fields[2]: fields[8] for fields in good}
    homes = Counter(lives[id_no] for id_no in registered)
    facts, count = sample.summary.facts, sample.summary.sources["occupancy"]
    assert len(rows) - len(valid) == count.dirty["bad_id"]
    assert len(valid) == count.good
    assert len({row[:2] for row in valid}) == count.good
    assert homes == {
        0: facts["residents_without_dwelling"],
        1: homes[1],
        2: facts["residents_with_two_dwellings"],
    }
    assert 0.95 < homes[1] / PEOPLE < 0.99
    assert sum(1 for id_no in lives if id_no not in registered) == facts["occupants_not_in_register"] == 12
    agree = sum(registered.get(id_no) == grid for id_no, _, grid in valid)
    assert 0.9 < agree / len(valid) < 1


def test_the_tickets_hold_what_their_summary_says(sample: Sample) -> None:
    good_people, _ = judged(sample)
    registered = {fields[2] for fields in good_people}
    flaws = Counter(ticket_flaw(ticket, sample.grids) for ticket in sample.tickets)
    good = [ticket for ticket in sample.tickets if not ticket_flaw(ticket, sample.grids)]
    callers = [ticket["reporterIdNo"] for ticket in good if ticket["reporterIdNo"]]
    count, facts = sample.summary.sources["tickets"], sample.summary.facts
    assert flaws.pop("") == count.good == PEOPLE // 10
    assert flaws == count.dirty
    assert len({ticket["ticketNo"] for ticket in sample.tickets}) == count.rows
    assert len(callers) == facts["tickets_with_reporter_id"]
    assert all(mod_11_2.is_valid(caller) for caller in callers)
    assert sum(caller not in registered for caller in callers) == facts["reporters_not_in_register"] > 0
    assert sum(ticket["closedAt"] is None for ticket in good) == facts["tickets_open"] > 0
    assert {ticket["status"] for ticket in good} == {"受理", "交办", "处置", "办结", "回访"}
    order = [(ticket["updatedAt"], ticket["ticketNo"]) for ticket in sample.tickets]
    assert order == sorted(order)
    assert max(order)[0] <= "2026-06-30T23:59:59+08:00"


def ticket_flaw(ticket: dict[str, Any], grids: set[str]) -> str:
    if ticket["kind"] not in {"噪音", "消防隐患", "占道", "物业", "漏水", "纠纷", "其他"}:
        return "unknown_kind"
    if ticket["closedAt"] is not None and ticket["closedAt"] < ticket["reportedAt"]:
        return "closed_before_reported"
    if "gridCode" not in ticket:
        return "missing_grid"
    assert ticket["gridCode"] in grids
    assert (ticket["closedAt"] is None) == (ticket["status"] in {"受理", "交办", "处置"})
    assert ticket["handlingDept"] in {"fire", "urban", "housing", "civil", "grid-centre"}
    return ""


@pytest.mark.parametrize("person", [*KNOWN, DIRTY_CANARY], ids=lambda person: str(person.phone))
def test_a_known_person_has_a_valid_number(person: Any) -> None:
    assert mod_11_2.is_valid(person.id_no)
    assert person.id_no[6:14] == f"{person.birth:%Y%m%d}"
    assert int(person.id_no[16]) % 2 == (person.sex == "男")
    assert person.name.encode("gbk")


def test_the_protagonist_lives_where_the_constants_say(sample: Sample) -> None:
    people = sample.select(
        "SELECT occupant_id_no, usage, building_no, grid_code FROM occupancy"
        " JOIN dwellings USING (dwelling_no) JOIN buildings USING (building_no)"
        " WHERE dwelling_no = ? ORDER BY 1",
        PROTAGONIST_HOME.dwelling_no,
    )
    place = ("出租", PROTAGONIST_HOME.building_no, PROTAGONIST_HOME.grid_code)
    assert people == [(PROTAGONIST.id_no, *place), (COMPANION.id_no, *place)]
    assert PROTAGONIST_HOME.grid_code.startswith(PROTAGONIST_HOME.street_code.removesuffix("000"))
    (ticket,) = (ticket for ticket in sample.tickets if ticket["ticketNo"] == PROTAGONIST_TICKET)
    assert (ticket["status"], ticket["kind"], ticket["handlingDept"]) == ("处置", "消防隐患", "fire")
    assert (ticket["gridCode"], ticket["reporterIdNo"]) == (PROTAGONIST_HOME.grid_code, PROTAGONIST.id_no)
    assert (REFERENCE_DATE - PROTAGONIST.birth).days > 60 * 366


def test_each_canary_stands_in_register_housing_and_a_ticket_text(sample: Sample) -> None:
    good, _ = judged(sample)
    rows = {fields[2]: fields for fields in good}
    for person in KNOWN:
        assert rows[person.id_no][1] == person.name
        assert rows[person.id_no][5] == person.phone
    for canary in CANARIES:
        assert len(sample.select("SELECT 1 FROM occupancy WHERE occupant_id_no = ?", canary.id_no)) >= 1
        texts = [ticket["content"] for ticket in sample.tickets if canary.phone in ticket["content"]]
        assert any(canary.name in text and canary.id_no in text for text in texts)
    assert len({rows[canary.id_no][8] for canary in CANARIES}) >= 10


def test_the_dirty_canary_stands_in_one_quarantined_row_only(sample: Sample) -> None:
    lines = [line for line in sample.register_lines if DIRTY_CANARY.phone.encode() in line]
    assert [flaw(line.decode("gbk").split(","), sample.grids) for line in lines] == ["bad_check_digit"]
    assert DIRTY_CANARY.name not in (sample.folder / "hotline" / "tickets.jsonl").read_text(encoding="utf-8")


def test_no_random_person_has_a_known_name_or_phone(sample: Sample) -> None:
    good, _ = judged(sample)
    assert Counter(fields[5] for fields in good if fields[5].startswith("199")) == Counter(p.phone for p in KNOWN)
    names = {person.name for person in KNOWN}
    assert Counter(fields[1] for fields in good if fields[1] in names) == Counter(names)


def test_the_summary_is_read_back_as_it_was_written(sample: Sample) -> None:
    read = read_summary(sample.folder)
    assert isinstance(read, SampleSummary)
    assert read == sample.summary
