"""Generated sources, one for each reader: good rows among rows with anything in their cells.

Each knows how many rows it gives and the numbers of its good ones; what it holds is drawn from the case's randomness
alone, so a case can be repeated.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support.postgres import PASSWORD, Postgres
from tests.support.sources.rest_server import JSON, Reply, server

MARK = "记号ZQX"
"""Stands in many bad cells, and must stand in nothing that a pull tells."""
COLUMNS = ("k", "u", "s", "r", "c", "t", "n", "p", "i")
FIELDS = {
    "Event": "{number: {column: k, as: code}, status: {column: s, values: {受理: RECEIVED, 办结: CLOSED}}, "
    "reportedAt: r, closedAt: c, text: t, reporterName: n, reporterPhone: {column: p, as: phone}}",
    "Building": "{code: {column: k, as: code}, name: n, address: t, "
    "floors: {column: i, min: 1, max: 200}, builtYear: i}",
    "Dwelling": "{code: {column: k, as: code}, unitNo: n, roomNo: t, area: {column: i, min: 0}}",
}
"""What each entity takes from the columns."""
TEXTS = (
    "", " ", "\t", "\u3000", "\ufeff", "\u200b", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\ufffd", "\uffff",
    "\U0010ffff",
    "é", "e\u0301", "😀", "\u202e" + MARK, MARK, f"{MARK}，张三", f'"{MARK}"', f'{MARK}"', f'"{MARK}', '""', '"', "'",
    "\\",
    f"{MARK}\n{MARK}", f"{MARK}\r", "`", "=1+1", "-", "+", ".", ",", ";", "|", "NULL", "None", "nan", "inf",
    "-Infinity",
    "0", "-1", "00", "1.0", "1.5", "1e5", "1E+17", "١٢", "１２", "1,000", "9" * 30, "9" * 400, "1" * 5_000, MARK * 300,
    MARK * 30_000, "受理", "办结 ", "13811110001", "1381111000X", "+86 138 1111 0001", "0353-6012345", "D1", "d1",
    "D 1",
    "2026-06-30", "2026-02-30", "2026/6/1", "2026年6月1日", "20260601", "2026-06-01 24:00:00", "2026-06-01 10:00:60",
    "2026-06-01T10:00:00Z", "2026-06-01T10:00:00+25:00", "2026-06-01T10:00:00.123456789", "0001-01-01", "0000-00-00",
    "9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "10000-01-01", "1969-12-31", "1970-01-01",
    "1780365600", "infinity", "2999-01-01",
)  # fmt: skip
NUMBERS = (0, 1, -1, 7, 200, 201, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.5, -0.0, 1e22, 1e308, 5e-324)
JSON_CELLS = (
    "null", "true", "[]", "{}", "0", '""', f'"{MARK}"', f'["{MARK}"]', f'{{"k": "{MARK}"}}', "1e400", "-1e400", "NaN",
    "Infinity", "9" * 500, "1." + "3" * 400, '"\\ud800"', '"\\u0000"', '"\\ud83d\\ude00"', '"a\x01b"',
    "[" * 50 + "]" * 50,
)  # fmt: skip
POSTGRES_CELLS: Mapping[str, tuple[str, ...]] = {
    "text": ("''", f"'{MARK}'", "E'\\x01'", "'受理'", "'2026-06-01'", "'13811110001'", "repeat('9', 500)"),
    "char(40)": ("''", f"'{MARK}'"),
    "timestamp": (
        "'infinity'", "'-infinity'", "'0001-01-01'", "'4713-01-01 BC'", "'294276-12-31'", "'2026-06-01 10:00'",
    ),
    "timestamptz": ("'infinity'", "'0001-01-01'", "'9999-12-31 23:59:59-12'", "'20000-01-01'", "'2026-06-01 10:00+08'"),
    "date": ("'infinity'", "'0044-03-15 BC'", "'5874897-12-31'", "'2026-06-01'"),
    "time": ("'24:00'", "'10:00:00.5'"),
    "interval": ("'1 year'", "'-99999 days'"),
    "numeric": ("'NaN'", "1e300", "'Infinity'", "0.5", "12", "-0", "1e-300"),
    "double precision": ("'NaN'", "'-Infinity'", "1e308", "0.1", "7"),
    "bigint": ("0", "9223372036854775807", "-9223372036854775808", "12"),
    "boolean": ("true", "false"),
    "bytea": ("'\\x00ff'", "''"),
    "json": ("'null'", f"'[\"{MARK}\"]'", f"'{{\"a\": \"{MARK}\"}}'"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'",),
    "text[]": ("'{}'", f"'{{{MARK},NULL}}'"),
    "inet": ("'10.0.0.1/8'",),
    "money": ("12.50",),
    "int4range": ("'[1,3)'", "'empty'"),
    "bit(3)": ("B'101'",),
}  # fmt: skip
OF_DATES = frozenset({"text", "char(40)", "timestamp", "timestamptz", "date"})
"""The types of PostgreSQL in whose columns a good row has a date where one is wanted."""
JUNK = (
    b'"',
    b'""',
    b"\x00",
    b"\xff",
    b"\x81",
    b"\r",
    b"\n",
    b",",
    b";",
    b" ",
    b"\xef\xbb\xbf",
    b"",
    b"]",
    b"}",
    b"[",
    b"9",
)


@dataclass(frozen=True)
class Made:
    """A generated source. `rows` is how many it gives, None if its bytes leave that open.

    `damaged`: something is wrong outside its cells, so that it may be refused as a whole.
    """

    kind: str
    where: str
    good: tuple[str, ...]
    rows: int | None
    more: str = ""
    table: str = ""
    damaged: bool = False


def write_source(folder: Path, made: Made, entity: str, *, cursor: bool) -> Path:
    """A folder with the file that declares a generated source."""
    folder.mkdir(exist_ok=True)
    stream = f"name: things, entity: {entity}, key: k, identity: {'number' if entity == 'Event' else 'code'}"
    times = f"updated: u, cursor: {str(cursor).lower()}"
    (folder / "made.yaml").write_text(
        f"name: made\nkind: {made.kind}\nwhere: {made.where}\ncollectedFor: event\ntrust: 1\n"
        f"limits: {{quarantined: 1, timeout: 5}}\n{made.more}\n"
        f"records: [{{{stream}, {made.table}{times}, fields: {FIELDS[entity]}}}]\n",
        "utf-8",
    )
    return folder


def good_row(rng: random.Random, number: int) -> dict[str, Any]:
    """A row in which nothing is wrong."""
    return {
        "k": f"G{number}", "u": f"2026-06-{rng.randrange(1, 29):02} 10:00:00", "s": "受理", "r": "2026-06-01",
        "c": "2026-06-02",
        "t": "楼道里堆了杂物", "n": "三号楼", "p": "13811110001", "i": str(rng.randrange(1, 200)),
    }  # fmt: skip


def rows_of(rng: random.Random, cell: Callable[[], Any]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Three good rows among bad ones, in any order, and the numbers of the good ones."""
    rows = [good_row(rng, number) for number in range(3 + rng.randrange(1, 9))]
    good = tuple(row["k"] for row in rows[:3])
    for row in rows[3:]:
        for name in rng.sample(COLUMNS, rng.choice((1, 1, 2, len(COLUMNS)))):
            row[name] = cell()
    rng.shuffle(rows)
    return rows, good


def mutated(rng: random.Random, content: bytes) -> bytes:
    """The bytes with a few of them dropped or replaced."""
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(content) + 1)
        content = content[:at] + rng.choice(JUNK) + content[at + rng.choice((0, 0, 1, 3)) :]
    return content


def _csv_line(rng: random.Random, row: Mapping[str, str], delimiter: str, encoding: str) -> bytes:
    """The cells of a row; one that needs quotes mostly has them."""
    cells = []
    for cell in row.values():
        quoted = any(sign in cell for sign in (delimiter, '"', "\n", "\r")) and rng.random() < 0.7
        cells.append('"' + cell.replace('"', '""') + '"' if quoted else cell)
    return delimiter.join(cells).encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")


@contextmanager
def csv_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """A CSV file, some lines of which are broken; read line by line, each line is a row."""
    encoding, delimiter = rng.choice(("utf-8", "gbk", "gb18030")), rng.choice((",", ";", "|", "\t"))
    rows, good = rows_of(rng, lambda: rng.choice(TEXTS))
    lines = [(row["k"] in good, _csv_line(rng, row, delimiter, encoding)) for row in rows]
    header, damaged = delimiter.join(COLUMNS).encode(), rng.random() < 0.15
    written = [each if is_good or rng.random() < 0.6 else mutated(rng, each) for is_good, each in lines]
    body = b"\n".join([mutated(rng, header) if damaged else header, *written])
    # A line that is within quotes which another line opened is refused, whatever it says.
    quoting = [at for at, each in enumerate(written) if b'"' in each]
    within = range(quoting[0], quoting[-1]) if quoting else range(0)
    good = tuple(row["k"] for at, row in enumerate(rows) if row["k"] in good and at not in within)
    path = folder / "made.csv"
    path.write_bytes(body)
    multiline = rng.random() < 0.3
    count = body.count(b"\n") - 1 + (not body.endswith(b"\n"))
    more = f"encoding: {encoding}\ndelimiter: {json.dumps(delimiter)}\nmultiline: {str(multiline).lower()}"
    yield Made("csv", str(path), good, None if multiline or damaged else count, more, damaged=damaged)


@contextmanager
def sqlite_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """A table of SQLite, which keeps anything in any column; some texts are not UTF-8."""

    def cell() -> Any:
        return rng.choice((None, rng.choice(TEXTS), rng.choice(NUMBERS), b"\xff\x00", rng.choice(TEXTS).encode()))

    rows, good = rows_of(rng, cell)
    path = folder / "made.sqlite"
    path.unlink(missing_ok=True)
    types = [
        rng.choice(("TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "DATETIME", "DATE", "VARCHAR(3)", ""))
        for _ in COLUMNS
    ]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE t ({', '.join(map(' '.join, zip(COLUMNS, types, strict=True)))})")
        marks = ", ".join(["?"] * len(COLUMNS))
        database.executemany(f"INSERT INTO t VALUES ({marks})", [tuple(row.values()) for row in rows])
        if rng.random() < 0.5:
            name = rng.choice(COLUMNS)
            database.execute(f"UPDATE t SET {name} = CAST({name} || x'ff' AS TEXT) WHERE k NOT IN ('G0', 'G1', 'G2')")
    yield Made("sql", str(path), good, len(rows), table="table: t, ")


@contextmanager
def postgres_source(rng: random.Random, folder: Path, server: Postgres) -> Iterator[Made]:
    """A table of PostgreSQL with columns of any type, in the database `made`."""
    types = {name: rng.choice(list(POSTGRES_CELLS)) for name in COLUMNS}
    types |= {"k": rng.choice(("text", "char(40)")), "u": rng.choice(("text", "timestamp", "timestamptz", "date"))}
    rows = [_postgres_row(rng, number, types) for number in range(rng.randrange(4, 12))]
    rng.shuffle(rows)
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    with psycopg.connect(server.address("made", "postgresql"), autocommit=True) as connection:
        made = f"DROP TABLE IF EXISTS t; CREATE TABLE t ({columns}); INSERT INTO t VALUES {', '.join(rows)}"
        connection.execute(made.encode())
    secret = folder / "password"
    secret.write_text(PASSWORD)
    where = server.address("made").replace(f":{PASSWORD}@", "@")
    # Of a column of dates that holds nothing but numbers or the like, the declaration is wrong and not its rows.
    no_dates = not {types["r"], types["c"]} <= OF_DATES
    more = f"password: file:{secret}"
    yield Made("sql", where, ("G0", "G1", "G2"), len(rows), more=more, table="table: t, ", damaged=no_dates)


def _postgres_row(rng: random.Random, number: int, types: Mapping[str, str]) -> str:
    """The values of a row as SQL; of the first three, nothing is wrong."""
    cells = {name: rng.choice(("NULL", *POSTGRES_CELLS[kind])) for name, kind in types.items()}
    if number < 3:
        cells = dict.fromkeys(types, "NULL") | {"k": f"'G{number}'", "u": "'2026-06-01 10:00:00'"}
        cells |= {name: "'2026-06-01'" for name in ("r", "c") if types[name] in OF_DATES}
    return f"({', '.join(cells.values())})"


@contextmanager
def rest_source(rng: random.Random, _folder: Path) -> Iterator[Made]:
    """A paged collection; some cells are no valid JSON, and some records are none."""

    def cell() -> Any:
        return rng.choice((Raw(rng.choice(JSON_CELLS)), rng.choice(TEXTS), rng.choice(NUMBERS)))

    rows, good = rows_of(rng, cell)
    items = [json_record(rng, row, row["k"] in good, number) for number, row in enumerate(rows)]
    items += rng.sample(("null", "7", '"x"', "[]", "{}", "true"), rng.choice((0, 0, 1, 3)))
    size, damaged = rng.choice((1, 3, 50)), rng.random() < 0.15
    pages = [items[at : at + size] for at in range(0, len(items), size)]
    bodies = [
        f'{{"items": [{", ".join(each)}], "page": {number}, "pages": {len(pages)}, "total": {len(items)}}}'
        for number, each in enumerate(pages, 1)
    ]
    sent = [mutated(rng, each.encode("utf-8", "surrogatepass")) if damaged else each.encode() for each in bodies]

    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        at = int(query["page"]) - 1
        return (200, JSON, sent[at]) if at < len(sent) else (404, JSON, b"{}")

    with server(answer) as (url, _):
        yield Made("rest", url, good, None if damaged else len(items), damaged=damaged)


class Raw(str):
    """A cell as it stands in the JSON."""


def json_record(rng: random.Random, row: Mapping[str, Any], is_good: bool, number: int) -> str:
    """One record as JSON; `z` makes it differ from every other."""
    members = [
        f'"{name}": {cell if isinstance(cell, Raw) else json.dumps(cell)}'
        for name, cell in row.items()
        if is_good or rng.random() < 0.95
    ]
    if not is_good and rng.random() < 0.2:
        members.append(rng.choice(members) if members else '"k": 1')
    return "{" + ", ".join([*members, f'"z": {number}']) + "}"
