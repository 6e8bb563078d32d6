"""K17, K18 and G10 in spreadsheets: mangled numbers, days that stand for none, links, bombs and formulas."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Broken, ConnectorError, Record, Refused, Row, Since
from connectors.drafts.look import Asked, look
from connectors.readers import workbook_parts
from connectors.shape import Shaper
from connectors.transforms import Context
from schema import SPINE
from tests.support.sources.read_files import items, refusals, rows, source
from tests.support.sources.rest_server import server
from tests.support.sources.workbooks import Digits, Formula, Serial, Sheet, write_workbook

pytestmark = pytest.mark.attack

ZONE = dt.timezone(dt.timedelta(hours=8))
CONTEXT = Context({}, ZONE, dt.date(2026, 6, 30))
EVENT = {
    "entity": "Event", "identity": "number",
    "fields": {"number": {"column": "k", "as": "code"}, "text": "v"},
}  # fmt: skip


def book(folder: Path, *rows: list[Any], **more: Any) -> Path:
    return write_workbook(folder / "a.xlsx", {"表一": Sheet([["k", "v"], *rows])}, **more)


def shaped(kind: str, path: Path, stream: dict[str, Any]) -> tuple[list[Record | Refused], dict[str, int]]:
    """What becomes of the rows of a file, and what is told of them."""
    block = source(kind, path, stream=stream)
    shaper = Shaper(block, block.records[0], SPINE, CONTEXT, lambda content: f"{hash(content):032x}"[-32:])
    read = block.reader(block.records[0]).read(Since())
    made = [shaper.shape(each) for each in read if isinstance(each, Row | Broken)]
    return made, {each.rule: each.rows for each in shaper.notes()}


@pytest.mark.parametrize(
    "number", ["140321199001010123", "6222020200112233", "1403211990010101", "1.40321E+17", "1e15", "-1234567890123456"]
)
def test_k17_a_number_of_more_than_15_digits_is_refused(tmp_path: Path, number: str) -> None:
    path = book(tmp_path, ["a", Digits(number)], ["b", 1])
    (wrong,) = refusals("excel", path)
    assert (wrong.number, wrong.field, wrong.rule, wrong.key) == (2, "v", "precision-lost", ("a",))
    assert number not in wrong.reason and "more than 15 digits" in wrong.reason
    assert rows("excel", path)[-1] == (3, "b", "1")


def test_k17_a_number_of_more_than_15_digits_that_numbers_the_record_is_not_told(tmp_path: Path) -> None:
    (wrong,) = refusals("excel", book(tmp_path, [Digits("140321199001010123"), "x"]))
    assert (wrong.field, wrong.key) == ("k", None)


def test_k17_numbers_up_to_15_digits_are_text_without_a_point(tmp_path: Path) -> None:
    path = book(tmp_path, [Digits("999999999999999"), Digits("13811110001.0")])
    assert rows("excel", path) == [(2, "999999999999999", "13811110001")]


def test_k17_a_number_that_a_spreadsheet_wrote_with_an_exponent_is_refused_in_csv_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("k,v\n1.40321E+17,x\n7,1.40321E+17\n8,y\n")
    made, _ = shaped("csv", tmp_path / "a.csv", EVENT)
    assert [each.rule if isinstance(each, Refused) else each.number for each in made] == [
        "scientific-notation", "scientific-notation", "8",
    ]  # fmt: skip


def test_k17_a_room_that_a_spreadsheet_took_for_a_day_is_no_text(tmp_path: Path) -> None:
    """Room 3-2 is typed and becomes the 2nd of March."""
    made, _ = shaped("excel", book(tmp_path, ["1", dt.date(2026, 3, 2)], ["2", 2.5], ["3", "3-2"]), EVENT)
    assert [each.rule if isinstance(each, Refused) else each.values["text"] for each in made] == [
        "not-text", "not-text", "3-2",
    ]  # fmt: skip


DAYS = {
    "entity": "Region", "identity": "code",
    "fields": {
        "code": {"column": "k", "as": "code"},
        "validFrom": {"column": "v", "as": "validity", "unknown": ["1900-01-00", "1970-01-01", "9999-12-31"]},
    },
}  # fmt: skip


@pytest.mark.parametrize("cell", [Serial(0), dt.date(1970, 1, 1), dt.date(9999, 12, 31), "1970-01-01", "1900-01-00"])
def test_k18_a_day_that_stands_for_an_unknown_one_is_null_and_told(tmp_path: Path, cell: Any) -> None:
    made, told = shaped("excel", book(tmp_path, ["1", cell], ["2", dt.date(2026, 6, 1)]), DAYS)
    assert [each.values["validFrom"] for each in made if isinstance(each, Record)] == [None, dt.date(2026, 6, 1)]
    assert told == {"unknown v": 1}


@pytest.mark.parametrize("cell", ["1970-01-01", "1970-01-01 00:00:00", "1970-01-01T00:00:00+08:00", "１９７０-01-01"])
def test_k18_so_it_is_in_every_kind_of_source(tmp_path: Path, cell: str) -> None:
    (tmp_path / "a.csv").write_text(f"k,v\n1,{cell}\n2,1970-01-02\n", "utf-8")
    made, told = shaped("csv", tmp_path / "a.csv", DAYS)
    assert [each.values["validFrom"] for each in made if isinstance(each, Record)] == [None, dt.date(1970, 1, 2)]
    assert told == {"unknown v": 1}


def test_k18_a_day_that_is_needed_is_not_unknown(tmp_path: Path) -> None:
    needed = {"column": "v", "as": "validity", "required": True, "unknown": ["1970-01-01"]}
    stream = {**DAYS, "fields": {"code": {"column": "k", "as": "code"}, "validFrom": needed}}
    made, _ = shaped("excel", book(tmp_path, ["1", dt.date(1970, 1, 1)]), stream)
    assert [each.rule for each in made if isinstance(each, Refused)] == ["missing"]


def test_k18_what_is_not_declared_as_unknown_is_refused(tmp_path: Path) -> None:
    plain = {**DAYS, "fields": {"code": {"column": "k", "as": "code"}, "validFrom": {"column": "v", "as": "validity"}}}
    made, told = shaped("excel", book(tmp_path, ["1", Serial(0)], ["2", dt.date(2026, 6, 1)]), plain)
    assert [each.rule if isinstance(each, Refused) else each.number for each in made] == ["not-a-date", "2"]
    assert told == {}


def test_k18_a_moment_without_a_zone_has_that_of_its_source(tmp_path: Path) -> None:
    timed = {**EVENT, "fields": {"number": {"column": "k", "as": "code"}, "reportedAt": "v"}}
    (tmp_path / "a.csv").write_text("k,v\n1,2026-06-01 10:30:00\n")
    path = book(tmp_path, ["1", dt.datetime(2026, 6, 1, 10, 30)])
    moments = [shaped(kind, at, timed)[0][0] for kind, at in (("excel", path), ("csv", tmp_path / "a.csv"))]
    assert [each.values["reportedAt"].isoformat() for each in moments if isinstance(each, Record)] == [
        "2026-06-01T10:30:00+08:00"
    ] * 2


@pytest.mark.parametrize("text", ["=1+1", "+86 138 1111 0001", "-", "@SUM(1)", "=cmd|'/c calc'!A0", "\t=1"])
def test_g10_a_text_that_looks_like_a_formula_is_a_text(tmp_path: Path, text: str) -> None:
    assert rows("excel", book(tmp_path, ["a", text])) == [(2, "a", text)]


@pytest.mark.parametrize(
    "formula",
    ["[1]Sheet1!A1", "'[1]一 月'!A1+1", "SUM([2]S!A1:A9)", "WEBSERVICE(A1)", '_xlfn.WEBSERVICE("http://x.example")',
     "[1]!'A0'"],
)  # fmt: skip
def test_g10_a_value_that_comes_from_elsewhere_is_refused(tmp_path: Path, formula: str) -> None:
    path = book(tmp_path, ["a", Formula(formula, "外")], ["b", "内"])
    assert rows("excel", path) == [(2, "v", "external-link"), (3, "b", "内")]


def test_g10_so_is_one_whose_formula_is_shared_with_such_a_cell(tmp_path: Path) -> None:
    first, second = Formula("[1]S!A1", "x"), Formula("", "y")
    shared = {"<f>[1]S!A1</f>": '<f t="shared" ref="B2:B3" si="0">[1]S!A1</f>', "<f></f>": '<f t="shared" si="0"/>'}
    path = book(tmp_path, ["a", first], ["b", second], ["c", "z"], replaced=shared)
    assert rows("excel", path) == [(2, "v", "external-link"), (3, "v", "external-link"), (4, "c", "z")]


def test_g10_the_value_of_a_merged_range_is_refused_in_each_of_its_cells(tmp_path: Path) -> None:
    sheet = Sheet([["k", "v"], ["a", Formula("[1]S!A1", "x")], ["b"]], ["B2:B3"])
    path = write_workbook(tmp_path / "a.xlsx", {"表一": sheet})
    assert [each[2] for each in rows("excel", path, fillMerged=True)] == ["external-link"] * 2


def test_g10_a_link_in_a_column_that_nobody_reads_costs_nothing(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"表一": Sheet([["k", "v", "x"], ["a", "1", Formula("[1]S!A1", 1)]])})
    assert rows("excel", path) == [(2, "a", "1")]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_g10_an_error_is_no_empty_cell(tmp_path: Path, error: str) -> None:
    plain = '<c r="B2" t="inlineStr"><is><t xml:space="preserve">X</t></is></c>'
    path = book(tmp_path, ["a", "X"], ["b", None], replaced={plain: f'<c r="B2" t="e"><v>{error}</v></c>'})
    assert rows("excel", path) == [(2, "v", "formula-error"), (3, "b", None)]


def test_g10_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path, ["a", "1"], more={"xl/media/image1.xml": "0" * (300 << 20)})
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ConnectorError, match="it unpacks to more than"):
        rows("excel", path)


def test_g10_a_sheet_that_spans_the_whole_grid_is_refused(tmp_path: Path) -> None:
    """Two cells at its corners would take 400 GB."""
    path = book(
        tmp_path, ["a", "1"], replaced={"</sheetData>": '<row r="9"><c r="XFD1048576"><v>1</v></c></row></sheetData>'}
    )
    with pytest.raises(ConnectorError, match="spans 1,048,576 rows and 16,384 columns"):
        rows("excel", path)


def test_g10_a_dimension_that_lies_costs_nothing(tmp_path: Path) -> None:
    path = book(tmp_path, ["a", "1"], replaced={"<sheetData>": '<dimension ref="A1:XFD1048576"/><sheetData>'})
    assert rows("excel", path) == [(2, "a", "1")]


def test_g10_a_merged_range_is_filled_within_the_sheet_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet([["k", "v"], ["a", "1"], ["b"]], ["B2:XFD1048576"])
    path = write_workbook(tmp_path / "a.xlsx", {"表一": sheet})
    assert rows("excel", path, fillMerged=True) == [(2, "a", "1"), (3, "b", "1")]
    monkeypatch.setattr("connectors.readers.excel.MAX_CELLS", 1)
    with pytest.raises(ConnectorError, match="merged ranges span too many cells"):
        rows("excel", path, fillMerged=True)


FAR = '<c r="XFD2"><v>1</v></c>'


def drafted(path: Path) -> list[str]:
    """The headers that a draft finds in a workbook."""
    return [each.header for each in look(Asked(str(path), "a", 10), lambda _: False).columns]


def test_g10_many_wide_sheets_are_not_all_held_for_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook of 150 kB with 400 sheets took more than 3 GB."""
    sheets = {f"表{at}": Sheet([["k", "v"], ["a", "1"]]) for at in range(3)}
    path = write_workbook(tmp_path / "a.xlsx", sheets, replaced={'<row r="2">': f'<row r="2">{FAR}'})
    assert drafted(path) == ["k", "v", "@sheet"]
    monkeypatch.setattr("connectors.readers.excel.MAX_CELLS", 3 * 2 * 16_384 - 1)
    with pytest.raises(ConnectorError, match="too many and too wide"):
        drafted(path)


def test_g10_ranges_over_everything_are_not_filled_for_a_draft(tmp_path: Path) -> None:
    """A workbook of 2 kB took seven seconds for 2,000 of them."""
    replaced = {'<row r="2">': f'<row r="2">{FAR}'}
    whole = Sheet([["k", "v"], ["a", "1"], ["b", "2"]], ["A2:XFD1048576"] * 20)
    path = write_workbook(tmp_path / "a.xlsx", {"表一": whole}, replaced=replaced)
    with pytest.raises(ConnectorError, match="merged ranges span too many cells"):
        drafted(path)


def test_g10_a_range_beyond_the_last_cell_costs_a_draft_nothing(tmp_path: Path) -> None:
    sheet = Sheet([["k", "v"], ["a", "1"], ["b", "2"]], ["C1:ZZZZZ1", "C9:XFD1048576"] * 20)
    assert drafted(write_workbook(tmp_path / "a.xlsx", {"表一": sheet})) == ["k", "v"]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


def test_g10_entities_are_not_resolved(tmp_path: Path) -> None:
    path = book(tmp_path, ["a", "1"], replaced={"<worksheet": f"{LAUGHS}<worksheet", ">1</t>": ">&b;</t>"})
    with pytest.raises(ConnectorError, match="declares a document type"):
        rows("excel", path)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"<html><table><tr><td>k</td></tr></table></html>", b"\xd0\xcf\x11\xe0" + b"\0" * 512],
)
def test_g10_what_is_no_workbook_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(ConnectorError, match=r"it is no \.xlsx workbook, or has a password; save it as \.xlsx"):
        rows("excel", tmp_path / "a.xlsx")


def test_g10_parts_outside_the_workbook_are_not_read(tmp_path: Path) -> None:
    relations = '<Relationships><Relationship Id="rId1" Type="x" Target="../../../etc/passwd"/></Relationships>'
    path = book(tmp_path, ["a", "1"], more={"xl/_rels/workbook.xml.rels": relations})
    with pytest.raises(ConnectorError, match="not where spreadsheet programs put them"):
        rows("excel", path)


def test_g10_links_are_not_asked(tmp_path: Path) -> None:
    """A workbook with links, hyperlinks and a connection is read without a request."""
    with server(lambda _n, _q: (200, {}, b"")) as (url, asked):
        target = f'Target="{url}" TargetMode="External"'
        link = f'<Relationships><Relationship Id="rId1" Type="x/externalLinkPath" {target}/></Relationships>'
        more = {
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": link,
            "xl/worksheets/_rels/sheet1.xml.rels": link,
            "xl/connections.xml": f'<connections><connection><webPr url="{url}"/></connection></connections>',
        }
        assert rows("excel", book(tmp_path, ["a", Formula(f'HYPERLINK("{url}")', "看")], more=more)) == [(2, "a", "看")]
    assert asked == []


def test_g10_a_workbook_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path, ["a", "1"])
    monkeypatch.setattr(workbook_parts, "MAX_BYTES", 100)
    with pytest.raises(ConnectorError, match="it unpacks to more than 100 bytes"):
        list(items("excel", path))
    monkeypatch.setattr("connectors.readers.excel.MAX_FILE_BYTES", 100)
    with pytest.raises(ConnectorError, match="larger than 100 bytes"):
        list(items("excel", path))
