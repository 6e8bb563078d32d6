"""Writes small Excel workbooks (ECMA-376) cell by cell, with what a spreadsheet program would not let a test write."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_EPOCH = dt.datetime(1899, 12, 30)


@dataclass(frozen=True)
class Formula:
    """A formula, and the value that the spreadsheet program last computed."""

    text: str
    value: Any


@dataclass(frozen=True)
class Serial:
    """A number that is shown as a day (or a time), whatever it is."""

    number: float


@dataclass(frozen=True)
class Digits:
    """A number by the digits that stand in the file."""

    text: str


@dataclass(frozen=True)
class Sheet:
    """A sheet: its rows, and the ranges of its merged cells (`A1:B2`)."""

    rows: Sequence[Sequence[Any]]
    merged: Sequence[str] = ()


def write_workbook(
    path: Path,
    sheets: Mapping[str, Sheet],
    more: Mapping[str, str] | None = None,
    replaced: Mapping[str, str] | None = None,
) -> Path:
    """A workbook of these sheets; `more` members are added, and texts of each sheet `replaced`."""
    names = list(sheets)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/></Types>',
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(f'<sheet name={quoteattr(name)} sheetId="{at}" r:id="rId{at}"/>' for at, name in enumerate(names, 1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            [*(("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(names) + 1)), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{at}.xml": _sheet(sheets[name], replaced or {}) for at, name in enumerate(names, 1)},
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _relations(parts: Sequence[tuple[str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="rId{at}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(parts, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _sheet(sheet: Sheet, replaced: Mapping[str, str]) -> str:
    rows = "".join(
        f'<row r="{number}">{"".join(_cell(cell, f"{_letters(at)}{number}") for at, cell in enumerate(row))}</row>'
        for number, row in enumerate(sheet.rows, 1)
    )
    merged = "".join(f'<mergeCell ref="{each}"/>' for each in sheet.merged)
    merged = f'<mergeCells count="{len(sheet.merged)}">{merged}</mergeCells>' if merged else ""
    text = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{merged}</worksheet>'
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def _letters(at: int) -> str:
    return (_letters(at // 26 - 1) if at >= 26 else "") + chr(65 + at % 26)


def _cell(cell: Any, place: str) -> str:
    """A cell as it stands in its row; empty for none."""
    kind, content = _content(cell)
    return f'<c r="{place}"{kind}>{content}</c>' if content else ""


def _content(cell: Any) -> tuple[str, str]:
    """The attributes of a cell, and what is in it."""
    if isinstance(cell, str):
        return ' t="inlineStr"', f'<is><t xml:space="preserve">{escape(cell)}</t></is>'
    if isinstance(cell, Formula):
        kind = ' t="str"' if isinstance(cell.value, str) else ""
        return kind, f"<f>{escape(cell.text)}</f><v>{escape(str(cell.value))}</v>"
    if isinstance(cell, bool):
        return ' t="b"', f"<v>{int(cell)}</v>"
    if isinstance(cell, dt.datetime):
        return ' s="2"', f"<v>{(cell - _EPOCH) / dt.timedelta(days=1)!r}</v>"
    if isinstance(cell, dt.date):
        return ' s="1"', f"<v>{(dt.datetime.combine(cell, dt.time()) - _EPOCH).days}</v>"
    if isinstance(cell, Serial):
        return ' s="1"', f"<v>{cell.number}</v>"
    return "", "" if cell is None else f"<v>{cell.text if isinstance(cell, Digits) else cell}</v>"
