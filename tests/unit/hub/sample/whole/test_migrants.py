"""The migrants' workbooks agree with docs/sample-county.md, section 5; they are read here from their XML."""

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from stdnum.iso7064 import mod_11_2

from hub.sample.known_people import DIRTY_CANARY
from tests.unit.hub.sample.whole.conftest import Whole, first, rare, seen_before

pytestmark = pytest.mark.unit

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HEADER = [
    "登记编号",
    "登记日期",
    "更新日期",
    "姓名",
    "性别",
    "公民身份号码",
    "出生日期",
    "联系电话",
    "来源地",
    "社区",
    "网格代码",
    "房屋编号",
    "现住地址",
    "居住方式",
]


class Cell:
    """A cell of the XML: its kind (`inlineStr`, `str` of a formula, or `n`), text, style and formula."""

    def __init__(self, element: ElementTree.Element) -> None:
        self.kind = element.get("t", "n")
        self.text = "".join(element.itertext()) if self.kind == "inlineStr" else element.findtext(f"{MAIN}v", "")
        self.day = element.get("s") == "1"
        self.formula = element.findtext(f"{MAIN}f")


def sheet(path: Path) -> tuple[dict[str, Cell], list[str]]:
    """Cells by place, and merged ranges, of the first sheet."""
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    cells = {each.get("r", ""): Cell(each) for each in root.iter(f"{MAIN}c")}
    return cells, [each.get("ref", "") for each in root.iter(f"{MAIN}mergeCell")]


def table(path: Path) -> list[dict[str, Cell | None]]:
    """The rows below the header by the names of its second row, merged cells filled in."""
    cells, merged = sheet(path)
    for ref in merged:
        letter, top, _, bottom = re.fullmatch(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", ref).groups()  # type: ignore[union-attr]
        for number in range(int(top) + 1, int(bottom) + 1):
            assert f"{letter}{number}" not in cells
            cells[f"{letter}{number}"] = cells[f"{letter}{top}"]
    last = max(int(re.sub(r"\D", "", place)) for place in cells)
    letters = "ABCDEFGHIJKLMNO"
    names = {letter: cells[f"{letter}3"].text for letter in letters}
    return [{names[letter]: cells.get(f"{letter}{number}") for letter in letters} for number in range(4, last + 1)]


def flaw(row: dict[str, Any], whole: Whole, seen: set[str]) -> str:
    number, id_no, day, name = (row[column] for column in ("登记编号", "公民身份号码", "出生日期", "姓名"))
    known = whole.names.get(id_no.text)
    twice = seen_before(seen, number.text)
    return first(
        ("duplicate", twice),
        ("id_as_float", id_no.kind == "n"),
        ("wrong_check", id_no.kind != "n" and not mod_11_2.is_valid(id_no.text)),
        ("impossible_date", day.text.endswith("-02-31")),
        ("sentinel_date", day.day and day.text == "0"),
        ("formula_as_name", name.formula is not None),
        ("name_like_formula", name.text.startswith("=")),
        ("rare_name", rare(name.text)),
        ("phone_as_number", row["联系电话"] is not None and row["联系电话"].kind == "n"),
        ("grid_as_number", row["网格代码"].kind == "n"),
        ("unknown_dwelling", row["房屋编号"].text not in whole.dwellings),
        ("other_spelling", known is not None and known != name.text),
    ) or whole.place_flaw(row["网格代码"].text)


def test_there_is_a_workbook_for_each_street_with_its_header(whole: Whole) -> None:
    paths = sorted((whole.folder / "migrants").iterdir())
    streets = {row["代码"]: row["名称"] for row in whole.regions if row["级别"] == "街道"}
    assert [path.stem for path in paths] == sorted(streets)
    for path in paths:
        cells, merged = sheet(path)
        assert cells["A1"].text == f"平定县{streets[path.stem]}流动人口登记表(2026年6月)"
        assert [cells[f"{letter}2"].text for letter in "ABEK"] == ["序号", "登记信息", "人员信息", "居住信息"]
        assert [cells[f"{letter}3"].text for letter in "BCDEFGHIJKLMNO"] == HEADER
        assert {"A1:O1", "A2:A3", "B2:D2", "E2:J2", "K2:O2"} < set(merged)


def test_the_rows_hold_what_the_summary_says(whole: Whole) -> None:
    seen: set[str] = set()
    rows = [row for path in sorted((whole.folder / "migrants").iterdir()) for row in table(path)]
    whole.agrees("migrants", [flaw(row, whole, seen) for row in rows])


def test_each_row_is_in_the_workbook_of_its_street_and_under_its_community(whole: Whole) -> None:
    names = {row["代码"]: row["名称"] for row in whole.regions}
    filled = 0
    for path in sorted((whole.folder / "migrants").iterdir()):
        communities: list[str] = []
        for row in table(path):
            community, grid = row["社区"], row["网格代码"]
            assert community is not None
            assert grid is not None
            communities.append(community.text)
            if grid.text in whole.grids:
                assert grid.text[:9] == path.stem[:9]
                assert names[grid.text[:12]] == community.text
        assert communities == sorted(communities)
        filled += len(communities) - len(set(communities))
    assert filled > 100


def test_ids_phones_and_days_are_what_excel_makes_of_them(whole: Whole) -> None:
    rows = [row for path in (whole.folder / "migrants").iterdir() for row in table(path)]
    lost = [row["公民身份号码"] for row in rows if row["公民身份号码"] and row["公民身份号码"].kind == "n"]
    assert all(re.fullmatch(r"\d\.\d{1,14}E\+17", cell.text) for cell in lost if cell)
    epoch = dt.date(1899, 12, 30)
    for row in rows:
        born, id_no, registered = (row[name] for name in ("出生日期", "公民身份号码", "登记日期"))
        assert born is not None
        assert id_no is not None
        assert registered is not None
        assert 45_000 < int(registered.text) <= 46_203
        if born.day and born.text != "0" and id_no.kind != "n":
            assert f"{epoch + dt.timedelta(int(born.text)):%Y%m%d}" == id_no.text[6:14]


def test_the_dirty_canary_stands_in_one_row_with_a_wrong_check_character(whole: Whole) -> None:
    rows = [row for path in (whole.folder / "migrants").iterdir() for row in table(path)]
    (row,) = (row for row in rows if row["联系电话"] is not None and row["联系电话"].text == DIRTY_CANARY.phone)
    assert flaw(row, whole, set()) == "wrong_check"


def test_most_migrants_are_in_the_register_too(whole: Whole) -> None:
    ids = {
        cell.text
        for path in (whole.folder / "migrants").iterdir()
        for row in table(path)
        if (cell := row["公民身份号码"])
    }
    assert 0.08 < len(ids & whole.names.keys()) / len(whole.names) < 0.2
    assert whole.summary.facts["migrants_not_in_register"] < len(ids - whole.names.keys())
