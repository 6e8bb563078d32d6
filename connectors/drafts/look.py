"""Looks at real data for the drafts: which kind of source it is, its columns, and its first rows.

Rows come through the readers of the connectors, so that what is seen is what a pull would see. A column in which most
cells cannot be read is set aside, and told. Nothing is written, and an error names file or address, what is wrong and
what to do, and no value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.drafts.columns import Column, columns_of, on_one_line
from connectors.drafts.counted import counted
from connectors.drafts.csv_form import cells_of, delimiter_of, encoding_of, first_lines
from connectors.drafts.excel_form import excel_form
from connectors.drafts.header_rows import NameTest, check_header_row
from connectors.kinds import KINDS
from connectors.quarantine import holds_number_of_person
from connectors.readers.database import TableReader
from connectors.source_model import FaultAt, PulledSource

SQLITE = b"SQLite format 3\x00"
_BOOKS = frozenset({".xlsx", ".xlsm"})
_OTHER_BOOKS = frozenset({".xls", ".et", ".ods"})
_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_RECORDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".geojson": "geojson"}
"""Kinds of files whose records name their members themselves."""
MAX_COLUMNS = 200
MAX_NAME = 128
UNREADABLE = 0.2
"""A column in which so large a share of the rows cannot be read is set aside: it would refuse all of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look at: a file, a database or an address; up to `rows` rows of it.

    `secret` names a key or password (`env:NAME`, `file:PATH`); `paging` is that of a REST source, `sheets` are those of
    a workbook, and `encoding` is that of a CSV file.
    """

    where: str
    name: str
    rows: int
    table: str | None = None
    secret: str | None = None
    paging: Mapping[str, str] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen: columns and first rows, and what a source's file says about how to read them.

    `broken` rows cannot be read; `notes` tell what was found out, a line each.
    """

    kind: str
    where: str
    keys: Mapping[str, Any]
    table: str | None
    columns: tuple[Column, ...]
    rows: int
    broken: int
    whole: bool
    notes: tuple[str, ...]
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """How a source is read, and its headers; None where only its rows tell them."""

    kind: str
    where: str
    keys: Mapping[str, Any]
    headers: Sequence[str] | None
    table: str | None = None
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


@dataclass(slots=True)
class _Read:
    """The rows that were read, and why others could not be, by column."""

    rows: list[Mapping[str, Any]] = field(default_factory=list, repr=False)
    broken: list[Broken] = field(default_factory=list, repr=False)
    whole: bool = True


def look(asked: Asked, looks_like_name: NameTest) -> Sample:
    """The columns and first rows of what was asked for; raises ConnectorError."""
    found = _way(asked)(asked, looks_like_name)
    notes = list(found.notes)
    headers = None if found.headers is None else _usable(asked, found.headers, notes)
    read, unread = _readable(asked, found, headers)
    if headers is None:
        headers = _usable(asked, list(dict.fromkeys(name for row in read.rows for name in row)), notes)
    if not read.rows:
        raise ConnectorError(asked.name, "no row could be read from it; nothing can be guessed from a header alone")
    notes.extend(_why_broken(read.broken))
    columns = columns_of(headers, [[row.get(name) for name in headers] for row in read.rows], unread)
    return Sample(
        found.kind, found.where, found.keys, found.table, columns, len(read.rows), len(read.broken), read.whole,
        tuple(notes), found.sheets,
    )  # fmt: skip


def _readable(asked: Asked, found: _Found, headers: Sequence[str] | None) -> tuple[_Read, dict[str, str]]:
    """The rows, read without the columns that would refuse most of them; of those columns, what is wrong."""
    unread: dict[str, str] = {}
    while True:
        named = [each for each in headers or ["row"] if each not in unread]
        if not named:
            raise ConnectorError(asked.name, "no column of it can be read")
        read = _read(asked, found, named)
        faults = Counter(each.field for each in read.broken if headers is not None and each.field in named)
        column, rows = max(faults.items(), key=lambda each: each[1], default=("", 0))
        if rows <= UNREADABLE * (len(read.rows) + len(read.broken)):
            return read, unread
        reason = next(each.reason for each in read.broken if each.field == column)
        unread[column] = f"it cannot be read in {rows:,} rows: {reason}"


def _read(asked: Asked, found: _Found, headers: Sequence[str]) -> _Read:
    source, read = _source(asked, found, headers), _Read()
    for item in source.reader(source.records[0]).read(Since()):
        if isinstance(item, Row | Broken) and len(read.rows) + len(read.broken) == asked.rows:
            read.whole = False
            break
        if isinstance(item, Row):
            read.rows.append(item.values)
        elif isinstance(item, Broken):
            read.broken.append(item)
    return read


def _why_broken(broken: Sequence[Broken]) -> list[str]:
    """How many rows cannot be read, by what refuses them, with the first of each."""
    by_rule: dict[tuple[str, str], list[Broken]] = {}
    for each in broken:
        by_rule.setdefault((each.field, each.rule), []).append(each)
    notes = []
    for (column, rule), rows in by_rule.items():
        count = counted(len(rows), "row", "rows")
        notes.append(f"{count} cannot be read, and would be refused by {column} {rule}; the first is number "
                     f"{rows[0].number}: {rows[0].reason}")  # fmt: skip
    return notes


def _way(asked: Asked) -> Callable[[Asked, NameTest], _Found]:
    """How to look: by the form of the address, else by the beginning of the file."""
    if asked.where.startswith(("http://", "https://")):
        return _collection
    if "://" in asked.where:
        return _table
    path = Path(asked.where)
    if not path.is_file():
        shown = "".join(each if each.isprintable() else "?" for each in asked.where)
        raise ConnectorError(asked.name, f"there is no file {shown}; name a file, a database or an address")
    with path.open("rb") as file:
        start = file.read(len(SQLITE))
    if start == SQLITE:
        return _table
    if path.suffix.lower() in _RECORDS:
        return _records
    suffix = path.suffix.lower()
    if suffix in _OTHER_BOOKS or start.startswith(_OLE):
        raise ConnectorError(
            asked.name, "it is a workbook of another form, or has a password; save it as .xlsx without one"
        )
    if suffix in _BOOKS:
        return _excel
    if start.startswith(_ZIP):
        raise ConnectorError(
            asked.name, "the file is an archive; unpack it, or give a workbook a name that ends in .xlsx"
        )
    return _csv


def _excel(asked: Asked, looks_like_name: NameTest) -> _Found:
    path = Path(asked.where)
    form = excel_form(asked.name, path, asked.sheets, looks_like_name)
    return _Found("excel", str(path), form.keys, form.headers, notes=form.notes, sheets=form.sheets)


def _csv(asked: Asked, looks_like_name: NameTest) -> _Found:
    path = Path(asked.where)
    with path.open("rb") as file:
        encoding, note = encoding_of(asked.name, file, asked.encoding)
        lines = first_lines(file, encoding)
    if not lines:
        raise ConnectorError(asked.name, "the file holds blank lines only; export it with its header and its rows")
    delimiter = delimiter_of(lines)
    headers, *below = [cells_of(line, delimiter) for line in lines]
    check_header_row(asked.name, headers, below, looks_like_name)
    keys = {"encoding": encoding, **({} if delimiter == "," else {"delimiter": delimiter})}
    return _Found("csv", str(path), keys, headers, notes=(note,))


def _records(asked: Asked, _: NameTest) -> _Found:
    path = Path(asked.where)
    return _Found(_RECORDS[path.suffix.lower()], str(path), {}, None)


def _table(asked: Asked, _: NameTest) -> _Found:
    keys = {} if asked.secret is None else {"password": asked.secret}
    reader = _table_reader(asked, keys, asked.table or "any")
    table = asked.table
    if table is None:
        tables = reader.tables()
        if len(tables) != 1:
            raise ConnectorError(asked.name, f"name one table with --table; it has {', '.join(tables) or 'none'}")
        table = tables[0]
        reader = _table_reader(asked, keys, table)
    return _Found("sql", asked.where, keys, reader.columns(), table)


def _table_reader(asked: Asked, keys: Mapping[str, Any], table: str) -> TableReader:
    source = _source(asked, _Found("sql", asked.where, keys, None, table), ["any"])
    reader = source.reader(source.records[0])
    assert isinstance(reader, TableReader)  # noqa: S101 - it is that of a database
    return reader


def _collection(asked: Asked, _: NameTest) -> _Found:
    keys: dict[str, Any] = {} if asked.secret is None else {"bearer": asked.secret}
    if asked.paging:
        keys["paging"] = dict(asked.paging)
    return _Found("rest", asked.where, keys, None)


def _source(asked: Asked, found: _Found, headers: Sequence[str]) -> PulledSource:
    """A source that reads these columns as they are."""
    stream: dict[str, Any] = {
        "name": "rows", "entity": "Row", "key": headers[0], "identity": "f0",
        "fields": {f"f{at}": {"column": header} for at, header in enumerate(headers)},
    }  # fmt: skip
    if found.table is not None:
        stream["table"] = found.table
    if found.sheets:
        stream["sheets"] = list(found.sheets)
    block = {
        "name": asked.name, "kind": found.kind, "where": found.where, "collectedFor": "draft", "trust": 1,
        "records": [stream], **found.keys,
    }  # fmt: skip
    try:
        made = KINDS[found.kind].model_validate(block)
    except ValueError as wrong:
        raise ConnectorError(asked.name, _reason(wrong)) from None
    assert isinstance(made, PulledSource)  # noqa: S101 - `look` asks for no other kind
    return made


def _reason(wrong: ValueError) -> str:
    """What a model says of an address or a name that was given; it repeats neither."""
    faults: list[dict[str, Any]] = getattr(wrong, "errors", list)()
    told = [each.get("ctx", {}).get("error") or each.get("msg") for each in faults]
    problems = [each.problem if isinstance(each, FaultAt) else str(each) for each in told]
    return "; ".join(problems) or "it cannot be read"


def _usable(asked: Asked, headers: Sequence[str], notes: list[str]) -> list[str]:
    """The headers that a source can name: not empty, not twice, and printable but for line ends. ConnectorError if one
    holds the number of a person.
    """
    if any(map(holds_number_of_person, headers)):
        raise ConnectorError(
            asked.name, "a column is called by a number that looks like that of a person; export people as rows"
        )
    counts = Counter(headers)
    twice = sorted(name for name, times in counts.items() if name and times > 1)
    if twice:
        told = ", ".join(each for each in map(on_one_line, twice) if each.isprintable())
        notes.append(f"left out, for more than one column has the name: {told}")
    if counts[""]:
        notes.append(f"left out: {_columns(counts[''])} without a name")
    named = [name for name in headers if name and counts[name] == 1]
    usable = [name for name in named if on_one_line(name).isprintable() and len(name) <= MAX_NAME]
    if len(usable) < len(named):
        odd = _columns(len(named) - len(usable))
        notes.append(f"left out: {odd} with a name that is not printable, or longer than {MAX_NAME} characters")
    if not usable:
        raise ConnectorError(asked.name, "no column has a name of its own; write one above each column")
    if len(usable) > MAX_COLUMNS:
        notes.append(f"left out: {_columns(len(usable) - MAX_COLUMNS)} after the first {MAX_COLUMNS}")
    return usable[:MAX_COLUMNS]


def _columns(count: int) -> str:
    return counted(count, "column", "columns")


def name_of(where: str) -> str | None:
    """A short name by that of a file or the last part of an address; None if it has none in ASCII letters."""
    stem = Path(re.split(r"[?#]", where)[0].rstrip("/")).stem
    name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", stem).lower()).strip("-")
    return name[:40].rstrip("-") if stem.isascii() and name[:1].isalpha() else None
