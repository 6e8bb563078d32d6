"""Sources of every kind that is pulled, in them people whom nobody else resembles, and what goes wrong with each."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.sample.known_people import CANARIES, Person
from tests.support.sources.rest_server import JSON, Reply
from tests.support.sources.workbooks import Sheet, write_workbook

PEOPLE = CANARIES[:4]
COLUMNS = ("k", "n", "p", "i", "t", "r")
FIELDS: Mapping[str, Any] = {
    "number": {"column": "k", "as": "code"},
    "reporterName": "n",
    "reporterPhone": {"column": "p", "as": "phone"},
    "text": "t",
    "reportedAt": "r",
}
Row = Sequence[str]


def row(number: str, who: Person, phone: str | None = None, day: str = "2026-06-01") -> Row:
    """A row about a person; the column `i` is read by nobody."""
    told = f"{who.name}（身份证{who.id_no}）来电{who.phone}"
    return (number, who.name, phone or who.phone, who.id_no, told, f"{day}T08:00:00+08:00")


def good_rows() -> list[Row]:
    """Rows that go in, and two that are refused; one of these has the number of a person for its own."""
    rows = [row(f"E{at}", PEOPLE[at % len(PEOPLE)]) for at in range(40)]
    return [
        *rows,
        row("E98", PEOPLE[0], phone=f"{PEOPLE[0].phone}0"),
        row(PEOPLE[1].id_no, PEOPLE[1], day="2026-02-30"),
    ]


def bad_rows() -> list[Row]:
    """Rows of which each is refused."""
    return [row(f"E{at}", PEOPLE[at % len(PEOPLE)], phone=f"{PEOPLE[0].phone}0") for at in range(40)]


def as_csv(rows: Sequence[Row], header: bool = True) -> str:
    lines = [",".join(each) for each in ([COLUMNS] if header else []) + [*rows]]
    return "".join(f"{each}\n" for each in lines)


def as_jsonl(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(dict(zip(COLUMNS, each, strict=True)), ensure_ascii=False) + "\n" for each in rows)


def as_geojson(rows: Sequence[Row]) -> str:
    features = [
        {
            "type": "Feature", "id": each[0], "geometry": {"type": "Point", "coordinates": [113.6, 37.8]},
            "properties": dict(zip(COLUMNS, each, strict=True)),
        }
        for each in rows
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(as_csv(rows), "utf-8")


def write_folder(path: Path, rows: Sequence[Row]) -> None:
    path.mkdir(exist_ok=True)
    (path / "a.csv").write_text(as_csv(rows), "utf-8")
    # A file without a header, under the number of a person.
    (path / f"{PEOPLE[2].id_no}.csv").write_text(as_csv(rows, header=False), "utf-8")


def write_zip(path: Path, rows: Sequence[Row]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", as_csv(rows))
        archive.writestr(f"{PEOPLE[2].id_no}.csv", as_csv(rows, header=False))


def write_excel(path: Path, rows: Sequence[Row]) -> None:
    first = Sheet([COLUMNS, *rows])
    write_workbook(path, {"一": first, PEOPLE[2].id_no: Sheet(rows)})


def write_jsonl(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(as_jsonl(rows), "utf-8")


def write_geojson(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(as_geojson(rows), "utf-8")


def write_table(path: Path, rows: Sequence[Row]) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE events ({', '.join(f'{each} TEXT' for each in COLUMNS)})")
        database.executemany(f"INSERT INTO events VALUES ({', '.join('?' * len(COLUMNS))})", rows)


Write = Callable[[Path, Sequence[Row]], None]
FILES: Mapping[str, tuple[str, Write, Mapping[str, Any], Mapping[str, Any]]] = {
    "csv": ("events.csv", write_csv, {"kind": "csv"}, {}),
    "folder": ("folder", write_folder, {"kind": "csv", "files": "*.csv"}, {}),
    "zip": ("events.zip", write_zip, {"kind": "csv", "files": "*.csv"}, {}),
    "excel": ("events.xlsx", write_excel, {"kind": "excel"}, {"sheets": "*"}),
    "jsonl": ("events.jsonl", write_jsonl, {"kind": "jsonl"}, {}),
    "geojson": ("events.geojson", write_geojson, {"kind": "geojson"}, {}),
    "sql": ("events.sqlite", write_table, {"kind": "sql"}, {"table": "events"}),
}
"""By the name of the source: its file, how that is written, and what source and stream declare."""
KINDS = (*FILES, "rest")


def declare(sources: Path, data: Path, url: str) -> None:
    """The file of each source."""
    sources.mkdir(exist_ok=True)
    for name in KINDS:
        place, _, more, stream = FILES.get(name, ("", write_csv, {"kind": "rest"}, {}))
        block = {
            "name": name,
            "where": str(data / place) if place else f"{url}/events", "collectedFor": "event", "trust": 1,
            "drift": {"new": "refuse", "gone": "refuse", "kind": "refuse"}, **more,
            "records": [
                {"name": "events", "entity": "Event", "key": "k", "identity": "number", "fields": FIELDS, **stream}
            ],
        }  # fmt: skip
        (sources / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")


def write_all(data: Path, rows: Sequence[Row]) -> None:
    """The file of each kind, with these rows."""
    data.mkdir(exist_ok=True)
    for place, write, _, _ in FILES.values():
        write(data / place, rows)


def spoilt(data: Path) -> Iterator[str]:
    """Spoil all files in one way after the other, and yield its name each time."""
    write_all(data, bad_rows())
    yield "bad rows"
    write_all(data, good_rows())
    for path in (each for each in data.rglob("*") if each.is_file()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
    yield "cut short"
    for path in (each for each in data.rglob("*") if each.is_file()):
        path.write_bytes(as_csv(good_rows(), header=False).encode("utf-16"))
    yield "something else"
    write_all(data, good_rows())
    with closing(sqlite3.connect(data / "events.sqlite")) as database, database:
        database.execute(f"INSERT INTO events VALUES (zeroblob(3), '{PEOPLE[0].name}', x'ff', NULL, 1, 2)")
        database.execute(f"ALTER TABLE events ADD COLUMN more TEXT DEFAULT '{PEOPLE[0].phone}'")
    for name in ("csv", "jsonl"):
        path = data / FILES[name][0]
        path.write_text(path.read_text("utf-8").replace("2026-06-01", f"{PEOPLE[0].phone}", 30), "utf-8")
    yield "other values and columns"
    for place, _, _, _ in FILES.values():
        path = data / place
        for each in [*path.rglob("*"), path] if path.is_dir() else [path]:
            each.unlink() if each.is_file() else None
    yield "away"
    write_all(data, good_rows())


def page(items: Any, total: int) -> Reply:
    return 200, JSON, json.dumps({"items": items, "page": 1, "pages": 1, "total": total}, ensure_ascii=False).encode()


GOOD_PAGE = page([dict(zip(COLUMNS, each, strict=True)) for each in good_rows()], len(good_rows()))
_TEXT = as_jsonl(good_rows()).encode()
BAD_PAGES: Mapping[str, Reply] = {
    "bad rows": page([dict(zip(COLUMNS, each, strict=True)) for each in bad_rows()], 40),
    "cut short": (200, JSON, GOOD_PAGE[2][:1_000]),
    "something else": (200, {"Content-Type": "text/html"}, _TEXT),
    "other values and columns": page([{**dict(zip(COLUMNS, good_rows()[0], strict=True)), "p": [PEOPLE[0].phone]}], 1),
    "away": (400, {**JSON, "X-Detail": PEOPLE[0].phone}, _TEXT),
}
"""What the interface answers, by the name of what is wrong with the files at that time."""
