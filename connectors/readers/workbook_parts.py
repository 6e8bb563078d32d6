"""Looks through an Excel workbook before it is opened: how large it is, and which cells are not to be taken.

A workbook that unpacks to far more than it is packed in, spans more cells or repeats more text than fit in memory, or
declares a document type is refused; so is one whose parts calamine might find elsewhere than this module. A cell that
shows an error, or whose formula takes its value from elsewhere, is named.
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

from connectors.readers.shared_strings import SharedStrings, UnfitWorkbook

MAX_BYTES = 256 << 20
"""Most that a workbook unpacks to."""
MAX_RATIO = 200
SMALL = 1 << 20
MAX_CELLS = 20_000_000
"""Most cells of the rectangle that a sheet spans: calamine keeps room for each."""
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})\Z", re.ASCII)
_ELSEWHERE = re.compile(r"(?<![\w\]])\[\d+\]|\b(WEBSERVICE|RTD|IMPORTDATA)\(", re.IGNORECASE)
_DOCUMENT = "/relationships/officeDocument"
_MISPLACED = "its parts are not where spreadsheet programs put them; save it again"
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError, RuntimeError, OSError)

ERROR = ("formula-error", "the cell shows an error such as #N/A; correct it in the workbook")
ELSEWHERE = ("external-link", "the cell takes its value from another file or address; put the value itself there")


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
            strings = _strings(archive)
            return {name: _sheet(archive, part, strings) for name, part in sheets}
    except expat.ExpatError:
        raise UnfitWorkbook("a part of the workbook is no XML; save it again") from None
    except _FAULTS:
        raise UnfitWorkbook("it is no .xlsx workbook, or has a password; save it as .xlsx without one") from None


def _check_size(archive: zipfile.ZipFile, packed: int) -> None:
    unpacked = sum(each.file_size for each in archive.infolist())
    if unpacked > MAX_BYTES or (unpacked > SMALL and unpacked > MAX_RATIO * packed):
        raise UnfitWorkbook(f"it unpacks to more than {MAX_BYTES:,} bytes, or {MAX_RATIO} times its size")
    # Programs find a part whatever its case: which of two they would take is not known.
    names = [posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower() for name in archive.namelist()]
    if len(set(names)) != len(names):
        raise UnfitWorkbook("it holds two parts of one name; save it again")
    # calamine takes the target of a relation as it is written, with `&#49;` for `1` and with line ends.
    if not all(name.isprintable() and "&" not in name for name in names):
        raise UnfitWorkbook(_MISPLACED)


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The name of each sheet, and the part in which it is."""
    targets: dict[str, str] = {}
    named: list[tuple[str, str]] = []

    def package(tag: str, given: Mapping[str, str]) -> None:
        is_document = tag == "Relationship" and given.get("Type", "").endswith(_DOCUMENT)
        if is_document and given["Target"].removeprefix("/") != "xl/workbook.xml":
            raise UnfitWorkbook(_MISPLACED)

    def relation(tag: str, given: Mapping[str, str]) -> None:
        if tag == "Relationship":
            if given["Id"] in targets:
                raise UnfitWorkbook(_MISPLACED)
            targets[given["Id"]] = given["Target"]

    def sheet(tag: str, given: Mapping[str, str]) -> None:
        if tag == "sheet":
            # calamine takes any attribute whose name ends in `id`, of whatever namespace.
            (identifier,) = (value for key, value in given.items() if key.rpartition("}")[2] == "id")
            named.append((given["name"], identifier))

    _parse(archive, "_rels/.rels", package)
    _parse(archive, "xl/_rels/workbook.xml.rels", relation)
    _parse(archive, "xl/workbook.xml", sheet)
    yield from ((name, _part(targets[identifier])) for name, identifier in named)


def _part(target: str) -> str:
    """The name of the part to which a relation of the workbook leads, if every program finds the same one."""
    part = target[1:] if target.startswith("/") else f"xl/{target}"
    if posixpath.normpath(part) != part or part.startswith(("/", "..")) or "\\" in part:
        raise UnfitWorkbook(_MISPLACED)
    return part


def _strings(archive: zipfile.ZipFile) -> SharedStrings:
    strings = SharedStrings()
    for name in archive.namelist():
        if name.replace("\\", "/").lower() == "xl/sharedstrings.xml":
            _parse(archive, name, strings.begin, strings.end, strings.text)
    return strings


def _sheet(archive: zipfile.ZipFile, part: str, strings: SharedStrings) -> SheetParts:
    scan = _Scan(strings)
    _parse(archive, part, scan.begin, scan.end, scan.text)
    if scan.parts.rows * scan.parts.columns > MAX_CELLS:
        raise UnfitWorkbook(
            f"a sheet spans {scan.parts.rows:,} rows and {scan.parts.columns:,} columns; remove what stands far outside"
        )
    return scan.parts


class _Scan:
    """Follows the cells of one sheet."""

    def __init__(self, strings: SharedStrings) -> None:
        self.parts = SheetParts()
        self._strings = strings
        self._is_shared = False
        self._index: str | None = None
        self._row, self._column, self._size = -1, -1, 0
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
                self._is_shared = given.get("t") == "s"
                if given.get("t") == "e":
                    self.parts.unfit[self._row, self._column] = ERROR
            case "v" if self._is_shared:
                self._index, self._size = "", 0
            case "f":
                self._formula, self._shared = [], given.get("si")

    def end(self, tag: str) -> None:
        """A tag ends; a formula is known whole, or is that of the cell with which it is shared."""
        if tag == "v" and self._index is not None:
            self._strings.repeat(self._size)
            self._index = None
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
        elif self._index is not None:
            # calamine takes the first piece alone if a comment or a reference cuts the number: the larger one counts.
            self._index += text
            self._size = max(self._size, self._strings.size(self._index))

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
