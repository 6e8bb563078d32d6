"""Workbooks are read by other software cell by cell, and hold what was written."""

import datetime as dt
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hub.sample.whole.workbook import DayNumber, Formula, Sheet, column_name, write_workbook

pytestmark = pytest.mark.unit

ROWS = (
    ("标题",),
    ("text", 12, 1.25, dt.date(2026, 6, 30), Formula('CONCATENATE("王","芳")', "王芳"), DayNumber(0), None, "end"),
    (" <&\"'> ", "\U0002cc56", 140321198501010012.0, dt.date(1900, 3, 1)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    out = tmp_path / "book.xlsx"
    write_workbook(out, (Sheet("一 & 二", iter(ROWS), ["A1:D1"]), Sheet("notes", (("x",),))))
    return out


@pytest.mark.parametrize(("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ")])
def test_columns_have_letters(index: int, name: str) -> None:
    assert column_name(index) == name


def test_every_part_is_well_formed_and_named_in_the_content_types(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    named = {each.get("PartName", "")[1:] for each in parts["[Content_Types].xml"]} - {""}
    assert named == {name for name in parts if not name.endswith(".rels")} - {"[Content_Types].xml"}


def test_another_reader_finds_the_sheets_and_their_values(path: Path) -> None:
    calamine = pytest.importorskip("python_calamine")
    book = calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["一 & 二", "notes"]
    rows = book.get_sheet_by_name("一 & 二").to_python()
    assert rows[0][0] == "标题"
    assert rows[1][:5] == ["text", 12, 1.25, dt.date(2026, 6, 30), "王芳"]
    assert rows[1][7] == "end"
    assert rows[2][:2] == [" <&\"'> ", "\U0002cc56"]
    # The last three digits are gone, as in Excel.
    assert rows[2][2] == 140321198501010000
    assert rows[2][3] == dt.date(1900, 3, 1)
    assert book.get_sheet_by_name("notes").to_python() == [["x"]]


def test_merged_ranges_and_formulas_stand_in_the_sheet(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<mergeCells count="1"><mergeCell ref="A1:D1"/></mergeCells>' in sheet
    assert '<f>CONCATENATE("王","芳")</f><v>王芳</v>' in sheet
    assert '<c r="F2" s="1"><v>0</v></c>' in sheet
