"""Workbooks whose parts calamine would find elsewhere than the look through, or that unfold to more than fits."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from connectors.base import ConnectorError, Note
from connectors.findings import Findings
from connectors.readers import shared_strings
from tests.support.sources.read_files import items, rows, write_zip
from tests.support.sources.workbooks import Sheet, write_workbook

pytestmark = pytest.mark.unit

SHARED = "xl/sharedStrings.xml"
TEXTS = "<sst><si><t>k</t></si><si><t>v</t></si><si><r><t>样</t></r><r><t>例</t></r></si></sst>"


def changed(folder: Path, part: str, old: str, new: str, more: dict[str, str] | None = None) -> Path:
    """A workbook of one sheet, with a text of one of its parts replaced, and with more parts."""
    path = write_workbook(folder / "a.xlsx", {"表": Sheet([["k", "v"], ["a", "1"]])})
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each).decode() for each in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    return write_zip(path, {**parts, **(more or {})})


RELATIONS = "xl/_rels/workbook.xml.rels"
TARGET = "worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("worksheets/../worksheets/sheet1.xml", "xl/worksheets/../worksheets/sheet1.xml"),
        ("./worksheets/sheet1.xml", "xl/./worksheets/sheet1.xml"),
        ("worksheets//sheet1.xml", "xl/worksheets//sheet1.xml"),
        ("worksheets\\sheet1.xml", "xl/worksheets\\sheet1.xml"),
        ("worksheets/sheet&#49;.xml", "xl/worksheets/sheet&#49;.xml"),
        ("worksheets/other.xml", "xl/worksheets/x.xml"),
        ("//xl/worksheets/sheet1.xml", "x"),
        ("../xl/worksheets/sheet1.xml", "x"),
    ],
)
def test_a_sheet_that_programs_would_find_in_two_places_is_refused(tmp_path: Path, target: str, part: str) -> None:
    path = changed(tmp_path, RELATIONS, TARGET, target, {part: "<worksheet/>"})
    with pytest.raises(ConnectorError, match="save it"):
        rows("excel", path)


def test_a_target_from_the_root_is_read(tmp_path: Path) -> None:
    assert rows("excel", changed(tmp_path, RELATIONS, TARGET, f"/xl/{TARGET}")) == [(2, "a", "1")]


def test_the_workbook_itself_is_where_it_was_looked_for(tmp_path: Path) -> None:
    path = changed(tmp_path, "_rels/.rels", "xl/workbook.xml", "other/workbook.xml")
    with pytest.raises(ConnectorError, match="not where spreadsheet programs put them"):
        rows("excel", path)


def test_a_sheet_of_two_ids_and_a_relation_named_twice_are_refused(tmp_path: Path) -> None:
    two = changed(tmp_path, "xl/workbook.xml", 'r:id="rId1"', 'r:id="rId1" x:id="rId2" xmlns:x="u:x"')
    with pytest.raises(ConnectorError, match=r"no \.xlsx workbook"):
        rows("excel", two)
    twice = changed(tmp_path, RELATIONS, 'Id="rId2"', 'Id="rId1"')
    with pytest.raises(ConnectorError, match="not where spreadsheet programs put them"):
        rows("excel", twice)


@pytest.mark.parametrize("name", ["一\t月", "一\n月"])
def test_a_sheet_whose_name_two_programs_read_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path, "xl/workbook.xml", 'name="表"', f'name="{name}"')
    with pytest.raises(ConnectorError, match="rename the sheet"):
        rows("excel", path)


def shared(folder: Path, *indices: str) -> Path:
    """A workbook whose cells refer to shared strings by their indices."""
    cells = [
        f'<row r="{at}"><c r="A{at}" t="s"><v>{each}</v></c><c r="B{at}" t="s"><v>1</v></c></row>'
        for at, each in enumerate(indices, 1)
    ]
    sheet = f"<worksheet><sheetData>{''.join(cells)}</sheetData></worksheet>"
    return changed(folder, RELATIONS, TARGET, "worksheets/s.xml", {"xl/worksheets/s.xml": sheet, SHARED: TEXTS})


def test_shared_strings_are_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared(tmp_path, "0", "2", "2")
    monkeypatch.setattr(shared_strings, "MAX_TEXT", 1 + 6 + 6 + 3)
    assert rows("excel", path) == [(2, "样例", "v"), (3, "样例", "v")]
    monkeypatch.setattr(shared_strings, "MAX_TEXT", 1 + 6 + 6 + 2)
    with pytest.raises(ConnectorError, match="its cells hold more than 15 bytes of text"):
        rows("excel", path)


def test_a_cut_index_counts_as_the_larger_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = TEXTS.replace("</sst>", "<si><t/></si>" * 20 + "</sst>")
    path = shared(tmp_path, "0", "2<!-- -->0")
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each).decode() for each in archive.namelist()}
    monkeypatch.setattr(shared_strings, "MAX_TEXT", 8)
    with pytest.raises(ConnectorError, match="more than 8 bytes of text"):
        rows("excel", write_zip(path, {**parts, SHARED: texts}))


@pytest.mark.parametrize("index", ["3", "-1", "x", "1_0", " 1"])
def test_an_index_of_no_text_is_refused(tmp_path: Path, index: str) -> None:
    with pytest.raises(ConnectorError, match=r"no \.xlsx workbook"):
        rows("excel", shared(tmp_path, "0", index))


def test_texts_within_texts_and_room_for_far_more_are_refused(tmp_path: Path) -> None:
    for texts, told in (
        ("<sst><si><t>k</t><si/></si></sst>", "within another"),
        ('<sst uniqueCount="20000001"/>', "announces more"),
    ):
        path = changed(tmp_path, RELATIONS, TARGET, TARGET, {SHARED: texts})
        with pytest.raises(ConnectorError, match=told):
            rows("excel", path)


def test_a_read_that_passes_over_hidden_sheets_is_not_complete(tmp_path: Path) -> None:
    path = changed(tmp_path, "xl/workbook.xml", 'name="表"', 'name="表" state="hidden"')
    findings = Findings()
    for each in items("excel", path, stream={"sheets": "*"}):
        if isinstance(each, Note):
            findings.note(each)
    assert findings.incomplete
