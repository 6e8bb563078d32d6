"""The whole county together: the same each time, in proportion, beside four registers that are as without it."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from hub.sample.generate import generate, read_summary
from hub.sample.whole.defects import DEFECTS, EXPECTATIONS
from hub.sample.whole.grids import ended_grids
from hub.sample.whole.parts import parts_of
from hub.sample.whole.patrols import patrols_of
from hub.sample.whole.units import units_of
from hub.sample.whole.words import RARE
from tests.unit.docs.test_names import ROOT
from tests.unit.hub.sample.test_generate import content
from tests.unit.hub.sample.whole.conftest import PEOPLE, SEED, Whole

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "sample-county.md").read_text("utf-8")
FOUR = ("divisions/", "police/", "housing/", "hotline/")


def test_the_same_seed_gives_the_same_content_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        generate(tmp_path / name, 300, seed, whole=True)
    first, other = content(tmp_path / "first"), content(tmp_path / "other")
    assert content(tmp_path / "again") == first
    # Two of the four forms of ledgers are kept by no community of so small a county.
    headers = {name for name in first if name.startswith(("visits/form-3/", "visits/form-4/"))}
    assert len(headers) == 2
    assert {name for name in first if first[name] == other.get(name)} == {"divisions/regions.csv", *headers}


def test_the_four_registers_are_as_without_the_others(whole: Whole, tmp_path: Path) -> None:
    generate(tmp_path / "plain", PEOPLE, SEED)
    plain, all_of_it = content(tmp_path / "plain"), content(whole.folder)
    beside = {name: digest for name, digest in all_of_it.items() if name.startswith(FOUR)}
    assert beside.keys() | {"summary.json"} == plain.keys()
    assert {name for name in beside if beside[name] != plain[name]} == {"divisions/regions.csv"}
    lines = (tmp_path / "plain" / "divisions" / "regions.csv").read_text("utf-8").splitlines()
    assert (whole.folder / "divisions" / "regions.csv").read_text("utf-8").splitlines()[: len(lines)] == lines


@pytest.mark.parametrize("people", [100, 250])
def test_a_small_county_has_every_defect_too(tmp_path: Path, people: int) -> None:
    summary = generate(tmp_path / "small", people, SEED, whole=True)
    assert [each.defect for each in summary.defects] == list(DEFECTS)
    forms = sorted(path.name for path in (tmp_path / "small" / "visits").iterdir())
    assert forms == ["form-1", "form-2", "form-3", "form-4"]


def test_every_defect_occurs_as_often_as_the_page_says(whole: Whole) -> None:
    turns = PEOPLE // 1000
    counts = {(each.defect.stream, each.defect.reason): each.count for each in whole.summary.defects}
    apart = {("patrols", "truncated_file"): 1, ("visits", "gbk_file"): 1}
    assert counts == {(each.stream, each.reason): turns for each in DEFECTS} | apart


def test_the_summary_is_read_back_as_it_was_written(whole: Whole) -> None:
    assert read_summary(whole.folder) == whole.summary
    written = json.loads((whole.folder / "summary.json").read_text("utf-8"))
    assert written["defects"][0] == {
        "stream": "migrants",
        "reason": "wrong_check",
        "field": "公民身份号码",
        "expected": "quarantine",
        "folder": "",
        "count": 3,
    }


def test_the_page_names_each_defect_with_its_field_and_what_is_expected() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| [^|]+ \| (?:`([^`]+)`|–) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert rows == [(each.stream, each.reason, each.field, each.expected) for each in DEFECTS]
    told = dict(re.findall(r"^\| (\w+) \| ([^|]+) \|$", PAGE.partition("## 14.")[2], re.MULTILINE))
    assert {name: told.get(name) for name in EXPECTATIONS} == EXPECTATIONS


def test_a_county_of_full_size_has_what_the_real_one_has() -> None:
    assert (parts_of(303_600), units_of(303_600), ended_grids(452)) == (74_173, 12_000, 574 - 452)
    assert patrols_of(303_600) + 303_600 // 10 == 200_000
    assert parts_of(3_000_000) == 74_173
    assert parts_of(3_036) == 742


def test_the_ended_grids_lead_to_one_in_force_and_some_by_a_chain(whole: Whole) -> None:
    assert len(whole.ended) == ended_grids(len(whole.grids)) == 3
    steps = []
    ends = {row["代码"]: row["失效日期"] for row in whole.regions}
    for code in whole.ended:
        last, step = code, 0
        while last in whole.ended:
            successor = whole.ended[last]
            assert ends[successor] == "" or ends[successor] > ends[last]
            last, step = successor, step + 1
        assert last in whole.grids
        steps.append(step)
    assert Counter(steps) == {1: 1, 2: 1, 3: 1}
    assert (
        len({row["代码"] for row in whole.regions}) == len({row["名称"] for row in whole.regions}) == len(whole.regions)
    )
    parents = {row["代码"] for row in whole.regions}
    assert all(
        row["上级代码"] in parents and row["代码"].startswith(row["上级代码"])
        for row in whole.regions
        if row["失效日期"]
    )


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}
    generate(tmp_path / "sample", 100, SEED, lambda stage, done, total: told.update({stage: (done, total)}), whole=True)
    seven = {"migrants", "patrols", "visits", "units", "parts", "tenancies and inspections", "alarms"}
    assert seven < told.keys()
    assert all(done == total for done, total in told.values())


def test_rare_characters_are_outside_the_basic_plane_and_gbk() -> None:
    for letter in RARE:
        assert ord(letter) > 0xFFFF
        with pytest.raises(UnicodeEncodeError):
            letter.encode("gbk")
