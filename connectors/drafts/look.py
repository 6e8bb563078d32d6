"""Looks at real data for the drafts: which kind of source it is, its columns, and its first rows.

Rows come through the readers of the connectors, so that what is seen is what a pull would see. Nothing is written, and
an error names file or address, what is wrong and what to do, and no value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.drafts.columns import Column, columns_of
from connectors.drafts.csv_form import delimiter_of, encoding_of, first_lines, header_of
from connectors.kinds import KINDS
from connectors.quarantine import holds_number_of_person
from connectors.readers.database import TableReader
from connectors.source_model import FaultAt, PulledSource

SQLITE = b"SQLite format 3\x00"
_SHEETS = frozenset({".xls", ".xlsx", ".xlsm", ".et", ".ods"})
_RECORDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".geojson": "geojson"}
"""Kinds of files whose records name their members themselves."""
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look at: a file, a database or an address; up to `rows` rows of it.

    `secret` names a key or password (`env:NAME`, `file:PATH`); `paging` is that of a REST source.
    """

    where: str
    name: str
    rows: int
    table: str | None = None
    secret: str | None = None
    paging: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class _Found:
    """How a source is read, and its headers; None where only its rows tell them."""

    kind: str
    where: str
    keys: Mapping[str, Any]
    headers: Sequence[str] | None
    table: str | None = None
    notes: tuple[str, ...] = ()


def look(asked: Asked) -> Sample:
    """The columns and first rows of what was asked for; raises ConnectorError."""
    found = _way(asked)(asked)
    notes = list(found.notes)
    headers = None if found.headers is None else _usable(asked, found.headers, notes)
    reader = _source(asked, found, headers or ["row"])
    rows: list[Mapping[str, Any]] = []
    broken, whole = 0, True
    for item in reader.reader(reader.records[0]).read(Since()):
        if isinstance(item, Row | Broken) and len(rows) + broken == asked.rows:
            whole = False
            break
        if isinstance(item, Row):
            rows.append(item.values)
        elif isinstance(item, Broken):
            broken += 1
    if headers is None:
        headers = _usable(asked, list(dict.fromkeys(name for row in rows for name in row)), notes)
    if not rows:
        raise ConnectorError(asked.name, "no row could be read from it; nothing can be guessed from a header alone")
    columns = columns_of(headers, [[row.get(name) for name in headers] for row in rows])
    return Sample(found.kind, found.where, found.keys, found.table, columns, len(rows), broken, whole, tuple(notes))


def _way(asked: Asked) -> Callable[[Asked], _Found]:
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
    if path.suffix.lower() in _SHEETS or start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ConnectorError(asked.name, "the file is a workbook or an archive; save the sheet as CSV UTF-8")
    return _csv


def _csv(asked: Asked) -> _Found:
    path = Path(asked.where)
    with path.open("rb") as file:
        encoding = encoding_of(asked.name, file)
        lines = first_lines(file, encoding)
    if not lines:
        raise ConnectorError(asked.name, "the file holds blank lines only; export it with its header and its rows")
    delimiter = delimiter_of(lines)
    headers = header_of(asked.name, lines, delimiter)
    keys = {"encoding": encoding, **({} if delimiter == "," else {"delimiter": delimiter})}
    note = f"every byte of the file is valid {encoding}"
    return _Found("csv", str(path), keys, headers, notes=(note,))


def _records(asked: Asked) -> _Found:
    path = Path(asked.where)
    return _Found(_RECORDS[path.suffix.lower()], str(path), {}, None)


def _table(asked: Asked) -> _Found:
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


def _collection(asked: Asked) -> _Found:
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
    """The headers that a source can name: not empty, not twice, and printable. ConnectorError if one holds the number
    of a person.
    """
    if any(map(holds_number_of_person, headers)):
        raise ConnectorError(
            asked.name, "a column is called by a number that looks like that of a person; export people as rows"
        )
    counts = Counter(headers)
    twice = sorted(name for name, times in counts.items() if name and times > 1)
    if twice:
        notes.append(f"left out, for more than one column has the name: {', '.join(twice)}")
    if counts[""]:
        notes.append(f"left out: {counts['']} columns without a name")
    usable = [name for name in headers if name.isprintable() and name and counts[name] == 1 and len(name) <= 128]
    if not usable:
        raise ConnectorError(asked.name, "no column has a name of its own; write one above each column")
    if len(usable) > MAX_COLUMNS:
        notes.append(f"left out: {len(usable) - MAX_COLUMNS} columns after the first {MAX_COLUMNS}")
    return usable[:MAX_COLUMNS]


def name_of(where: str) -> str | None:
    """A short name by that of a file or the last part of an address; None if it has none in ASCII letters."""
    stem = Path(re.split(r"[?#]", where)[0].rstrip("/")).stem
    name = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", stem).lower()).strip("-")
    return name[:40].rstrip("-") if stem.isascii() and name[:1].isalpha() else None
