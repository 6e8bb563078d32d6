"""Looks through an Excel workbook before it is opened: how large it is, and which cells are not to be taken.

A workbook that unpacks to far more than it is packed in, spans more cells than fit in memory, or declares a document
type is refused. A cell that shows an error, or whose formula takes its value from elsewhere, is named.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_BYTES = 256 << 20
"""Most that a workbook unpacks to."""
MAX_RATIO = 200
SMALL = 1 << 20
MAX_CELLS = 20_000_000
"""Most cells of the rectangle that a sheet spans: calamine keeps room for each."""
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})\Z", re.ASCII)
_ELSEWHERE = re.compile(r"(?<![\w\]])\[\d+\]|\b(WEBSERVICE|RTD|IMPORTDATA)\(", re.IGNORECASE)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError, OSError)

ERROR = ("formula-error", "the cell shows an error such as #N/A; correct it in the workbook")
ELSEWHERE = ("external-link", "the cell takes its value from another file or address; put the value itself there")


class UnfitWorkbook(Exception):
    """A workbook that is not opened; the text says why, and what to do."""


@dataclass(slots=True)
class SheetParts:
    """What a sheet spans, and the cells (row and column from 0) that are not to be taken, each with rule and reason."""

    rows: int = 0
    columns: int = 0
    unfit: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)


def look_through(content: bytes) -> Mapping[str, SheetParts]:
    """Each sheet of a workbook by its name; raises UnfitWorkbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_size(archive, len(content))
            sheets = list(_sheets(archive))
            if len(dict(sheets)) != len(sheets):
                raise UnfitWorkbook("two sheets have one name; rename one")
            return {name: _sheet(archive, part) for name, part in sheets}
    except expat.ExpatError:
        raise UnfitWorkbook("a part of the workbook is no XML; save it again") from None
    except _FAULTS:
        raise UnfitWorkbook("it is no .xlsx workbook, or has a password; save it as .xlsx without one") from None


def _check_size(archive: zipfile.ZipFile, packed: int) -> None:
    unpacked = sum(each.file_size for each in archive.infolist())
    if unpacked > MAX_BYTES or (unpacked > SMALL and unpacked > MAX_RATIO * packed):
        raise UnfitWorkbook(f"it unpacks to more than {MAX_BYTES:,} bytes, or {MAX_RATIO} times its size")
    # Programs find a part whatever its case: which of two they would take is not known.
    names = {each.filename.replace("\\", "/").lower() for each in archive.infolist()}
    if len(names) != len(archive.infolist()):
        raise UnfitWorkbook("it holds two parts of one name; save it again")


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The name of each sheet, and the part in which it is."""
    targets: dict[str, str] = {}
    named: list[tuple[str, str]] = []

    def relation(tag: str, given: Mapping[str, str]) -> None:
        if tag == "Relationship":
            targets[given["Id"]] = posixpath.normpath(posixpath.join("xl", given["Target"])).lstrip("/")

    def sheet(tag: str, given: Mapping[str, str]) -> None:
        if tag == "sheet":
            named.append((given["name"], given[f"{_RELATION}}}id"]))

    _parse(archive, "xl/_rels/workbook.xml.rels", relation)
    _parse(archive, "xl/workbook.xml", sheet)
    yield from ((name, targets[identifier]) for name, identifier in named)


def _sheet(archive: zipfile.ZipFile, part: str) -> SheetParts:
    scan = _Scan()
    _parse(archive, part, scan.begin, scan.end, scan.text)
    if scan.parts.rows * scan.parts.columns > MAX_CELLS:
        raise UnfitWorkbook(
            f"a sheet spans {scan.parts.rows:,} rows and {scan.parts.columns:,} columns; remove what stands far outside"
        )
    return scan.parts


class _Scan:
    """Follows the cells of one sheet."""

    def __init__(self) -> None:
        self.parts = SheetParts()
        self._row, self._column = -1, -1
        self._formula: list[str] | None = None
        self._shared: str | None = None
        self._elsewhere: set[str] = set()

    def begin(self, tag: str, given: Mapping[str, str]) -> None:
        """A tag begins."""
        match tag:
            case "row":
                self._row, self._column = int(given.get("r", self._row + 2)) - 1, -1
            case "c":
                self._place(given.get("r"))
                if given.get("t") == "e":
                    self.parts.unfit[self._row, self._column] = ERROR
            case "f":
                self._formula, self._shared = [], given.get("si")

    def end(self, tag: str) -> None:
        """A tag ends; a formula is known whole, or is that of the cell with which it is shared."""
        if tag != "f" or self._formula is None:
            return
        if _ELSEWHERE.search("".join(self._formula)):
            self._elsewhere.add(self._shared or "")
            self.parts.unfit[self._row, self._column] = ELSEWHERE
        elif not self._formula and self._shared and self._shared in self._elsewhere:
            self.parts.unfit[self._row, self._column] = ELSEWHERE
        self._formula = None

    def text(self, text: str) -> None:
        """A part of the text within the tag that began last."""
        if self._formula is not None:
            self._formula.append(text)

    def _place(self, named: str | None) -> None:
        """Go to a cell: where it says, or else to the right of the one before."""
        if named is None:
            self._column += 1
        else:
            found = _PLACE.match(named)
            if found is None:
                raise ValueError("no place of a cell")
            self._row, self._column = int(found[2]) - 1, _column(found[1])
        self.parts.rows = max(self.parts.rows, self._row + 1)
        self.parts.columns = max(self.parts.columns, self._column + 1)


def _column(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1


def _parse(archive: zipfile.ZipFile, part: str, begin: Any, end: Any = None, text: Any = None) -> None:
    """Have the tags of a part told, by their names without namespace."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, given: begin(tag.rpartition("}")[2], given)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(tag.rpartition("}")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    with archive.open(part) as content:
        parser.ParseFile(content)


def _refuse_document_type(*_: Any) -> None:
    raise UnfitWorkbook("a part of the workbook declares a document type, which no spreadsheet program writes")
