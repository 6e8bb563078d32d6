"""Drafting from workbooks: titles, headers of two rows, merged cells, sheets, and what Excel has done to values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ConnectorError, Row, Since
from connectors.drafts.guesses import guess_all
from connectors.drafts.look import Asked, Sample, look
from connectors.drafts.names import DraftName
from connectors.drafts.write_slice import slice_text
from connectors.drafts.write_source import source_text
from connectors.source_model import PulledSource
from connectors.sources import load_sources
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.trial.name_cells import looks_like_name
from tests.support.sources.register_columns import known_columns
from tests.support.sources.workbooks import Digits, Formula, Sheet, write_workbook

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
NAMES = ["编号", "负责人", "电话", "日期"]
PEOPLE = ["祁慧兰", "王芳", "李强", "葛平"]


def body(count: int = 30, start: int = 0) -> list[list[Any]]:
    return [
        [f"PD{at:04}", PEOPLE[at % 4], f"1990321{at:04}", dt.date(2020, 1, 1 + at % 28)]
        for at in range(start, start + count)
    ]


def book(folder: Path, rows: Sequence[Sequence[Any]], merged: Sequence[str] = (), **more: Sheet) -> Path:
    return write_workbook(folder / "shops.xlsx", {"表一": Sheet(rows, merged), **more})


def seen(path: Path, *sheets: str) -> Sample:
    return look(Asked(str(path), "shops", 1_000, sheets=sheets), looks_like_name)


def headers(sample: Sample) -> list[str]:
    return [each.header for each in sample.columns]


def drafted_rows(sample: Sample, folder: Path) -> list[Row]:
    """The rows that the draft reads, loaded as it is written."""
    guessed = guess_all(sample.columns, looks_like_name, TODAY)
    name = DraftName("shops", "商铺")
    for part, text in (("sources", source_text(name, sample, guessed, "a.b")), ("slices", slice_text(name, guessed))):
        (folder / part).mkdir()
        (folder / part / "shops.yaml").write_text(text, "utf-8")
    composed = catalogue_of(Settings.load(home=folder / "home", slices=folder / "slices"))
    (source,) = load_sources(folder / "sources", composed, {"DATA": str(folder)})
    assert isinstance(source, PulledSource)
    return [each for each in source.reader(source.records[0]).read(Since()) if isinstance(each, Row)]


TITLE = ["商铺登记表", None, None, None]
UNIT = ["填报单位：榆关街道", None, "日期：2026年6月", None]
TWO = [["编号", "联系人", None, "日期"], [None, "姓名", "电话", None]]
JOINED = ["编号", "联系人/姓名", "联系人/电话", "日期"]


@pytest.mark.parametrize(
    ("head", "merged", "keys", "names"),
    [
        ([NAMES], [], {}, NAMES),
        ([TITLE, NAMES], ["A1:D1"], {"skipRows": 1}, NAMES),
        ([TITLE, NAMES], [], {"skipRows": 1}, NAMES),
        ([TITLE, [None] * 4, UNIT, NAMES], ["A1:D1", "A3:B3", "C3:D3"], {"skipRows": 3}, NAMES),
        ([TITLE, [None] * 4, NAMES], ["A1:D2"], {"skipRows": 2}, NAMES),
        (TWO, ["A1:A2", "B1:C1", "D1:D2"], {"headerRows": 2}, JOINED),
        (TWO, ["B1:C1"], {"headerRows": 2}, JOINED),
        ([TITLE, *TWO], ["A1:D1", "A2:A3", "B2:C2", "D2:D3"], {"skipRows": 1, "headerRows": 2}, JOINED),
        (
            [["基本", None, "其他", None], NAMES], ["A1:B1", "C1:D1"], {"headerRows": 2},
            ["基本/编号", "基本/负责人", "其他/电话", "其他/日期"],
        ),
    ],
)  # fmt: skip
def test_where_the_header_stands(
    tmp_path: Path, head: list[list[Any]], merged: list[str], keys: dict[str, Any], names: list[str]
) -> None:
    found = seen(book(tmp_path, [*head, *body()], merged))
    assert (found.kind, dict(found.keys), headers(found)) == ("excel", keys, names)
    assert (found.rows, found.broken, found.whole) == (30, 0, True)
    rows = drafted_rows(found, tmp_path)
    assert [each.number for each in rows] == list(range(len(head) + 1, len(head) + 31))
    assert set(rows[0].values) == set(names)


def test_cells_that_are_merged_over_rows_are_filled(tmp_path: Path) -> None:
    rows = [[*row, "一号楼" if at == 0 else None] for at, row in enumerate(body(10))]
    found = seen(book(tmp_path, [[*NAMES, "楼栋"], *rows], ["E2:E11"]))
    assert found.keys == {"fillMerged": True}
    assert [len(each.cells) for each in found.columns] == [10] * 5


def test_the_sheets_that_hold_the_table_are_read_and_the_others_told(tmp_path: Path) -> None:
    notes = Sheet([["一、每户一行"], ["二、不得合并"]])
    found = seen(book(tmp_path, [NAMES, *body()], 说明=notes))
    assert (found.sheets, headers(found)) == (("表一",), NAMES)
    assert "sheets that are not read: 说明" in found.notes


def test_sheets_of_one_header_are_one_table(tmp_path: Path) -> None:
    found = seen(book(tmp_path, [NAMES, *body(20)], 六月=Sheet([NAMES, *body(20, 20)])))
    assert (found.sheets, found.rows, headers(found)) == (("表一", "六月"), 40, [*NAMES, "@sheet"])
    assert len(drafted_rows(found, tmp_path)) == 40


def test_of_sheets_with_other_headers_one_has_to_be_named(tmp_path: Path) -> None:
    path = book(tmp_path, [NAMES, *body()], 商户=Sheet([["编号", "店名"], ["A1", "面馆"]]))
    with pytest.raises(ConnectorError, match="--sheet: 表一, 商户"):
        seen(path)
    assert headers(seen(path, "商户")) == ["编号", "店名"]
    with pytest.raises(ConnectorError, match="no visible sheet 六月; it has 表一, 商户"):
        seen(path, "六月")


def test_a_sheet_that_is_called_by_the_number_of_a_person_is_not_told(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "shops.xlsx", {"表一": Sheet([NAMES, *body()]), "19903210001": Sheet([["说明"]])})
    with pytest.raises(ConnectorError, match="rename the sheet") as failed:
        seen(path)
    assert "19903210001" not in str(failed.value)


def test_numbers_whose_digits_are_lost_are_set_aside_and_told(tmp_path: Path) -> None:
    rows = [[*row, Digits("140321195703129022")] for row in body()]
    found = seen(book(tmp_path, [[*NAMES, "身份证号"], *rows]))
    assert (found.rows, found.broken) == (30, 0)
    assert "cannot be read in 30 rows: a number of more than 15 digits" in found.columns[4].unread
    assert "身份证号" not in drafted_rows(found, tmp_path)[0].values


def test_a_single_row_that_cannot_be_read_costs_no_column(tmp_path: Path) -> None:
    rows = [[*row, "140321195703129022"] for row in body()]
    rows[7][4] = Digits("140321195703129022")
    found = seen(book(tmp_path, [[*NAMES, "身份证号"], *rows]))
    assert (found.rows, found.broken, found.columns[4].unread) == (29, 1, "")
    assert (
        "1 row cannot be read, and would be refused by 身份证号 precision-lost; the first is number 9"
        in found.notes[-1]
    )


def test_numbers_and_days_are_what_they_were_before_excel(tmp_path: Path) -> None:
    rows = [
        [
            Digits(f"{1000 + at}.0"),
            13900010000 + at,
            dt.date(2020, 1, 1),
            dt.datetime(2026, 6, 1, 8, 30),
            Formula("A1", 3),
        ]
        for at in range(20)
    ]
    made = guess_all(
        seen(book(tmp_path, [["编号", "电话", "日期", "更新时间", "人数"], *rows])).columns, looks_like_name, TODAY
    )
    told = [(each.scalar, each.transform, each.misfits) for each in made.guesses]
    assert told == [
        ("String", "code", 0), ("String", "phone", 0), ("Date", "date", 0), ("DateTime", "datetime", 0),
        ("Int", "integer", 0),
    ]  # fmt: skip
    assert made.key is not None


def test_a_line_end_within_a_header_is_part_of_its_name(tmp_path: Path) -> None:
    found = seen(book(tmp_path, [["编号", "负责人\n姓名", "电话", "日期"], *body()]))
    assert headers(found)[1] == "负责人\n姓名"
    assert "负责人\n姓名" in drafted_rows(found, tmp_path)[0].values
    assert 'zh: "负责人 姓名"' in (tmp_path / "slices" / "shops.yaml").read_text("utf-8")


def test_nothing_of_the_cells_is_written_but_the_words_of_enums(tmp_path: Path) -> None:
    columns = list(known_columns(3))
    rows = zip(*(each.cells for each in columns), strict=True)
    title = [f"填报人：{PEOPLE[0]}", *[None] * (len(columns) - 1)]
    drafted_rows(seen(book(tmp_path, [title, [each.header for each in columns], *rows], ["A1:Z1"])), tmp_path)
    written = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.yaml"))
    personal = {str(cell) for each in columns if each.kind is not None for cell in each.cells if len(str(cell)) > 4}
    assert len(personal) > 10_000
    assert [value for value in {*personal, PEOPLE[0]} if value in written] == []
    assert "餐饮: CATERING" in written


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (body(), "looks like a row"),
        ([["祁慧兰", "面馆"], ["王芳", "药店"], ["李强", "超市"], ["葛平", "饭庄"]], "looks like a row"),
        ([TITLE, *body()], "looks like a row"),
        ([["一、说明"], ["二、说明"]], "no visible sheet holds a table"),
        ([], "no visible sheet holds a table"),
        ([NAMES], "no visible sheet holds a table"),
        ([*[["说明：一", None, "a"]] * 21, NAMES], "no row of the first 20"),
    ],
)
def test_a_workbook_that_cannot_be_drafted_is_told_why(tmp_path: Path, rows: list[list[Any]], told: str) -> None:
    with pytest.raises(ConnectorError, match=told) as failed:
        seen(book(tmp_path, rows))
    assert not any(name in str(failed.value) for name in PEOPLE)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("a.xlsx", b"PK\x03\x04", "no .xlsx workbook"),
        ("a.zip", b"PK\x03\x04", "an archive; unpack it"),
        ("a.ods", b"PK\x03\x04", "save it as .xlsx"),
    ],
)
def test_what_is_no_workbook_of_ours_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConnectorError, match=told):
        seen(tmp_path / name)
