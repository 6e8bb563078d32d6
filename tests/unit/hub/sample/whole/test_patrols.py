"""The patrols' files agree with docs/sample-county.md, section 6."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

from hub.sample.known_people import CANARIES, COMPANION, PROTAGONIST
from tests.unit.hub.sample.whole.conftest import Whole, first, rare, seen_before

pytestmark = pytest.mark.unit

KEYS = [
    "patrolNo",
    "gridCode",
    "round",
    "kind",
    "visitedAt",
    "workerName",
    "residentIdNo",
    "residentName",
    "dwellingNo",
    "findings",
    "needsHelp",
    "updatedAt",
]


def days(whole: Whole) -> list[Path]:
    return sorted((whole.folder / "patrols").iterdir())


def parsed(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found


def flaw(row: dict[str, Any] | None, whole: Whole, seen: set[str]) -> str:
    if row is None:
        return "broken_line"
    twice = seen_before(seen, row["patrolNo"])
    id_no = row["residentIdNo"]
    return first(
        ("duplicate", twice),
        ("half_emoji", "\ud83d" in row["findings"]),
        ("wrong_check", id_no is not None and not mod_11_2.is_valid(id_no)),
        ("impossible_date", row["visitedAt"].startswith("2026-02-31T")),
        ("unknown_person", id_no is not None and id_no not in whole.names),
        ("rare_name", rare(row["residentName"] or "")),
    ) or whole.place_flaw(row["gridCode"])


def test_there_is_a_file_for_each_day_of_june(whole: Whole) -> None:
    assert [path.name for path in days(whole)] == [f"2026-06-{day:02d}.jsonl" for day in range(1, 31)]
    assert all(path.read_bytes().endswith(b"\n") for path in days(whole))


def test_the_lines_hold_what_the_summary_says(whole: Whole) -> None:
    seen: set[str] = set()
    lines = [line for path in days(whole) for line in path.read_text("utf-8").splitlines()]
    whole.agrees("patrols", [flaw(parsed(line), whole, seen) for line in lines])
    assert whole.summary.sources["patrols"].good > 1_600


def test_every_record_is_of_its_day_and_in_order(whole: Whole) -> None:
    for path in days(whole):
        rows = [row for line in path.read_text("utf-8").splitlines() if (row := parsed(line))]
        assert all(list(row) == KEYS for row in rows)
        assert {row["updatedAt"][:10] for row in rows} == {path.stem}
        assert all(row["patrolNo"].startswith(f"XC{path.stem.replace('-', '')}") for row in rows)
        # Planted lines stand anywhere.
        good = [row["visitedAt"] for row in rows if not flaw(row, whole, set())]
        falls = sum(later < earlier for earlier, later in pairwise(good))
        assert falls <= 1
        assert {row["round"] for row in rows} == {"早", "晚"}


def test_a_visit_names_a_person_at_home_and_a_round_nobody(whole: Whole) -> None:
    rows = [row for path in days(whole) for line in path.read_text("utf-8").splitlines() if (row := parsed(line))]
    for row in rows:
        indoors = row["kind"] == "入户"
        assert (row["residentIdNo"] is None, row["dwellingNo"] is None) == (not indoors, not indoors)
        assert row["dwellingNo"] is None or row["dwellingNo"] in whole.dwellings
    assert 0.5 < sum(row["kind"] == "入户" for row in rows) / len(rows) < 0.75


def test_each_known_person_was_visited_once_with_all_that_is_personal(whole: Whole) -> None:
    text = "".join(path.read_text("utf-8") for path in days(whole))
    for person in (PROTAGONIST, COMPANION, *CANARIES):
        (row,) = (row for line in text.splitlines() if (row := parsed(line)) and row["residentIdNo"] == person.id_no)
        assert all(word in row["findings"] for word in (person.name, person.id_no, person.phone))


def test_the_next_day_is_whole_later_and_cut_while_it_is_written(whole: Whole) -> None:
    name = Path("patrols") / "2026-07-01.jsonl"
    later, cut = ((whole.folder / state / name).read_text("utf-8") for state in ("later", "faults"))
    assert later.startswith(cut)
    assert parsed(cut.splitlines()[-1]) is None
    assert later.splitlines()[:-1] == cut.splitlines()[:-1]
    rows = [json.loads(line) for line in later.splitlines()]
    assert [flaw(row, whole, set()) for row in rows] == [""] * len(rows)
    old = {number for path in days(whole) for number in re.findall(r'"patrolNo":"(\w+)"', path.read_text("utf-8"))}
    assert old.isdisjoint(row["patrolNo"] for row in rows)
