"""Excel workbooks: headers of several rows, merged cells, several sheets; what becomes of each cell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ConnectorError, Header, Item, Note, Row
from tests.support.sources.read_files import items, notes, refusals, rows, source, write_zip
from tests.support.sources.workbooks import Digits, Formula, Serial, Sheet, write_workbook

pytestmark = pytest.mark.unit

ZONE = dt.timezone(dt.timedelta(hours=8))
PLAIN = Sheet([["k", "v"], ["a", "样例"], ["b", 2]])


def book(folder: Path, *rows: list[Any], merged: tuple[str, ...] = ()) -> Path:
    return write_workbook(folder / "a.xlsx", {"表一": Sheet(rows, merged)})


def cells(path: Path, **more: Any) -> list[Any]:
    return [each.values.get("v") for each in items("excel", path, **more) if isinstance(each, Row)]


def test_rows_are_numbered_as_the_program_shows_them(tmp_path: Path) -> None:
    path = book(tmp_path, ["k", "v", None, "x"], ["a", "样例"], [None], ["b", "乙", "z"])
    assert rows("excel", path) == [(2, "a", "样例"), (4, "b", "乙")]
    assert notes("excel", path) == {"blank-lines": 1}
    assert [each for each in items("excel", path) if isinstance(each, Header)] == [Header(("k", "v", "x"))]


def test_a_sheet_that_does_not_begin_at_its_corner_keeps_its_numbers(tmp_path: Path) -> None:
    path = book(tmp_path, [None], [None, "k", "v"], [None, "a", "1"])
    assert rows("excel", path, skipRows=1) == [(3, "a", "1")]


CELLS: dict[str, tuple[Any, Any]] = {
    "text": ("样例", "样例"),
    "a whole number": (1024, "1024"),
    "a whole number with a point": (Digits("7.0"), "7"),
    "a negative one": (-3, "-3"),
    "fifteen digits": (Digits("140321199001010"), "140321199001010"),
    "a fraction": (2.5, 2.5),
    "truth": (True, "TRUE"),
    "a day": (dt.date(2026, 6, 1), dt.date(2026, 6, 1)),
    "a moment": (dt.datetime(2026, 6, 1, 10, 30), dt.datetime(2026, 6, 1, 10, 30, tzinfo=ZONE)),
    "a formula": (Formula("SUM(A1:A9)", 45), "45"),
    "a formula of text": (Formula('A1&"号"', "3号"), "3号"),
    "a table's column": (Formula("SUM(Table1[2024])", 5), "5"),
}


@pytest.mark.parametrize(("cell", "value"), CELLS.values(), ids=CELLS)
def test_a_cell_is_its_value(tmp_path: Path, cell: Any, value: Any) -> None:
    assert cells(book(tmp_path, ["k", "v"], ["a", cell])) == [value]


def test_moments_are_in_the_zone_of_the_source(tmp_path: Path) -> None:
    path = book(tmp_path, ["k", "v"], ["a", dt.datetime(2026, 6, 1, 10, 30)])
    assert cells(path, zone="+09:00")[0].isoformat() == "2026-06-01T10:30:00+09:00"


HEAD = ["k", "v", "住址", None, None, "备注"], [None, None, "省", "市", "门牌", None]


def test_a_header_of_two_rows_is_joined(tmp_path: Path) -> None:
    path = book(tmp_path, *HEAD, ["a", "1", "晋", "阳", "8号"], merged=("A1:A2", "B1:B2", "C1:E1", "F1:F2"))
    stream = {"fields": {"code": "k", "name": "v", "validFrom": "住址/门牌"}}
    read = list(items("excel", path, headerRows=2, stream=stream))
    assert [each for each in read if isinstance(each, Header)] == [
        Header(("k", "v", "住址/省", "住址/市", "住址/门牌", "备注"))
    ]  # fmt: skip
    assert [each for each in read if isinstance(each, Row)] == [Row(3, {"k": "a", "v": "1", "住址/门牌": "8号"})]
    spaced = {"fields": {"code": "k", "name": "v", "validFrom": "住址 - 门牌"}}
    assert cells(path, headerRows=2, headerSeparator=" - ", stream=spaced) == ["1"]


def test_titles_above_the_header_are_skipped(tmp_path: Path) -> None:
    path = book(tmp_path, ["某街道房屋台账"], ["k", "v"], ["a", "1"], merged=("A1:B1",))
    assert rows("excel", path, skipRows=1) == [(3, "a", "1")]
    with pytest.raises(ConnectorError, match=r"no header: none of its 2 cells .*; correct `skipRows`"):
        rows("excel", path)


MERGED: list[list[Any]] = [["k", "v"], ["a", "甲楼"], ["b", None], ["c", None], ["d", "乙楼"]]


def test_merged_cells_are_filled_where_it_is_declared_and_told_where_not(tmp_path: Path) -> None:
    path = book(tmp_path, *MERGED, merged=("B2:B4",))
    assert cells(path) == ["甲楼", None, None, "乙楼"]
    assert notes("excel", path) == {"merged-cells": 1}
    assert cells(path, fillMerged=True) == ["甲楼", "甲楼", "甲楼", "乙楼"]
    assert notes("excel", path, fillMerged=True) == {}


def test_a_merged_range_over_the_header_gives_no_row_its_name(tmp_path: Path) -> None:
    path = book(tmp_path, ["k", "v"], ["a", None], merged=("B1:B2",))
    assert cells(path, fillMerged=True) == [None]


def sheets(folder: Path) -> Path:
    return write_workbook(
        folder / "a.xlsx", {"说明": Sheet([["填表说明"]]), "一月": PLAIN, "二月": Sheet([["v", "k"], ["3", "c"]])}
    )


def parts(path: Path, **more: Any) -> list[tuple[Any, ...]]:
    found: list[Item] = list(items("excel", path, **more))
    return [
        (each.part, each.number, each.values["k"], each.values["@sheet"]) for each in found if isinstance(each, Row)
    ]


def test_named_sheets_come_in_the_order_of_the_workbook_with_their_names(tmp_path: Path) -> None:
    path = sheets(tmp_path)
    named = {"sheets": ["二月", "一月"], "fields": {"code": "k", "name": "v", "validFrom": "@sheet"}}
    assert parts(path, stream=named) == [("一月", 2, "a", "一月"), ("一月", 3, "b", "一月"), ("二月", 2, "c", "二月")]


def test_of_all_sheets_one_that_is_no_table_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = sheets(tmp_path)
    (wrong,) = refusals("excel", path, stream={"sheets": "*"})
    assert (wrong.field, wrong.rule, wrong.part) == ("file", "unreadable-sheet", "说明")
    assert "or name the sheets to read" in wrong.reason
    assert [each[2] for each in parts(path, stream={"sheets": "*"})] == ["a", "b", "c"]


def test_a_workbook_of_several_sheets_has_to_say_which(tmp_path: Path) -> None:
    path = sheets(tmp_path)
    with pytest.raises(ConnectorError, match="has 3 sheets; say which with `sheets`: 说明, 一月, 二月"):
        rows("excel", path)
    with pytest.raises(ConnectorError, match="has no sheet 三月; it has 说明, 一月, 二月"):
        rows("excel", path, stream={"sheets": ["三月"]})


def test_hidden_sheets_are_passed_over_and_counted_unless_they_are_named(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"一月": PLAIN, "旧": Sheet([["k", "v"], ["z", "0"]])})
    hidden = {name: content.decode() for name, content in _members(path).items()}
    hidden["xl/workbook.xml"] = hidden["xl/workbook.xml"].replace('name="旧"', 'name="旧" state="hidden"')
    write_zip(path, hidden)
    assert rows("excel", path) == [(2, "a", "样例"), (3, "b", "2")]
    assert notes("excel", path, stream={"sheets": "*"}) == {"hidden-sheets": 1}
    assert rows("excel", path, stream={"sheets": "旧"}) == [(2, "z", "0")]


def _members(path: Path) -> dict[str, bytes]:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


def test_workbooks_of_a_folder_and_of_an_archive_are_read(tmp_path: Path) -> None:
    where = tmp_path / "in"
    where.mkdir()
    for name in ("b", "a"):
        write_workbook(where / f"{name}.xlsx", {"表一": PLAIN})
    found = [each.part for each in items("excel", where, files="*.xlsx") if isinstance(each, Row)]
    assert found == ["a.xlsx", "a.xlsx", "b.xlsx", "b.xlsx"]
    packed = write_zip(tmp_path / "in.zip", {"x.xlsx": (where / "a.xlsx").read_bytes()})
    read = [each.part for each in items("excel", packed, files="*", stream={"sheets": "*"}) if isinstance(each, Row)]
    assert read == ["x.xlsx/表一"] * 2


def test_the_notes_of_several_sheets_are_about_each(tmp_path: Path) -> None:
    blank = Sheet([["k", "v"], [None], ["a", "1"]])
    path = write_workbook(tmp_path / "a.xlsx", {"一": blank, "二": blank})
    read = [each for each in items("excel", path, stream={"sheets": "*"}) if isinstance(each, Note)]
    assert [(each.rule, each.rows) for each in read] == [("blank-lines", 1)] * 2


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("csv", {"stream": {"sheets": ["x"]}}, "records.0.sheets: `sheets` is not for a csv source"),
        ("excel", {"headerRows": 0}, "greater than or equal to 1"),
        ("excel", {"stream": {"sheets": []}}, "at least 1 item"),
    ],
)
def test_what_a_workbook_does_not_take_is_refused(kind: str, more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        source(kind, "a", **more)


def test_a_serial_that_is_no_day_is_no_text_either(tmp_path: Path) -> None:
    """Day 0 is shown as 1900-01-00; it comes as the time that it is, which no field takes."""
    assert cells(book(tmp_path, ["k", "v"], ["a", Serial(0)])) == [dt.time(0)]


NUMBER = "130123202605209101"


def test_a_sheet_named_by_a_number_of_a_person_is_told_by_its_place(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"一月": PLAIN, NUMBER: PLAIN, f"表{NUMBER}": Sheet([["填表说明"]])})
    read = list(items("excel", path, stream={"sheets": "*"}))
    assert {each.part for each in read if isinstance(each, Row)} == {"一月", "sheet 2"}
    assert [each.part for each in refusals("excel", path, stream={"sheets": "*"})] == ["sheet 3"]
    for sheets in (None, ["二月"]):
        with pytest.raises(ConnectorError, match="一月, sheet 2, sheet 3") as refused:
            rows("excel", path, **({"stream": {"sheets": sheets}} if sheets else {}))
        assert NUMBER not in str(refused.value)


def test_of_a_header_of_several_rows_that_lacks_a_column_no_cell_is_told(tmp_path: Path) -> None:
    """One row too many is declared, so that a record is in the names."""
    path = book(tmp_path, ["k", "v"], ["王某", ""], ["a", "1"])
    with pytest.raises(ConnectorError, match="the header lacks k; correct `skipRows` and `headerRows`") as refused:
        rows("excel", path, headerRows=2)
    assert "王" not in str(refused.value)


def test_a_number_of_a_person_in_a_header_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"lacks v; it has k, \(a number of a person\)$"):
        rows("excel", book(tmp_path, ["k", NUMBER], ["a", "1"]))
