"""Writes an Excel workbook (`.xlsx`, ECMA-376) row by row, with what the sample needs of it and nothing more.

Texts are inline strings, days are serial numbers with a date format, formulas carry the value that they had. The same
cells give the same bytes: no clock and no name of a user is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOC: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Excel counts days from 1900 and believes that that year had a 29 February.
_DAY_ZERO: Final = date(1899, 12, 30)
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy/mm/dd"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, without its `=`, and the text that it gave when the workbook was saved."""

    formula: str
    value: str


@dataclass(frozen=True, slots=True)
class DayNumber:
    """A serial number shown as a day, as it stands in the file: 0 is what Excel shows as 1900-01-00."""

    number: int


Cell = str | int | float | date | Formula | DayNumber | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows from the first, and its merged ranges (`A1:C1`); `merged` is read after the rows."""

    name: str
    rows: Iterable[Sequence[Cell]]
    merged: Sequence[str] = ()


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write the sheets in their order."""
    numbers = range(1, len(sheets) + 1)
    with ZipFile(path, "w") as archive:
        _part(archive, "[Content_Types].xml", _content_types(numbers))
        _part(archive, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        names = "".join(
            f'<sheet name="{escape(sheet.name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, sheet in zip(numbers, sheets, strict=True)
        )
        _part(
            archive,
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>{names}</sheets></workbook>',
        )
        targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        _part(archive, "xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")]))
        _part(archive, "xl/styles.xml", _STYLES)
        for number, sheet in zip(numbers, sheets, strict=True):
            with archive.open(_entry(f"xl/worksheets/sheet{number}.xml"), "w") as file:
                _write_sheet(file, sheet)


def column_name(index: int) -> str:
    """The letters of a column, counted from 0; 26 is AA."""
    head, last = divmod(index, 26)
    return (column_name(head - 1) if head else "") + chr(ord("A") + last)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type, entry.create_system = ZIP_DEFLATED, 3
    return entry


def _part(archive: ZipFile, name: str, content: str) -> None:
    archive.writestr(_entry(name), _HEAD + content)


def _content_types(numbers: range) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for number in numbers
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{sheets}</Types>'
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{_DOC}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_RELS}">{rows}</Relationships>'


def _write_sheet(file: IO[bytes], sheet: Sheet) -> None:
    file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
    for number, row in enumerate(sheet.rows, 1):
        cells = "".join(_cell(f"{column_name(index)}{number}", cell) for index, cell in enumerate(row))
        file.write(f'<row r="{number}">{cells}</row>'.encode())
    ranges = "".join(f'<mergeCell ref="{each}"/>' for each in sheet.merged)
    merged = f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>' if ranges else ""
    file.write(f"</sheetData>{merged}</worksheet>".encode())


def _cell(place: str, cell: Cell) -> str:
    match cell:
        case None | "":
            return ""
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(cell - _DAY_ZERO).days}</v></c>'
        case DayNumber():
            return f'<c r="{place}" s="1"><v>{cell.number}</v></c>'
        case Formula():
            return f'<c r="{place}" t="str"><f>{escape(cell.formula)}</f><v>{escape(cell.value)}</v></c>'
        case float():
            # Excel keeps 15 digits.
            return f'<c r="{place}"><v>{cell:.15G}</v></c>'
        case int():
            return f'<c r="{place}"><v>{cell}</v></c>'
