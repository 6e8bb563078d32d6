"""The same rows give the same graph by every kind of source, in any order and however often they come (L33)."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import neo4j
import pytest

from hub.graph.local import GraphAddress
from tests.support.fuzz import cases
from tests.support.pulling import canonical, empty
from tests.support.sources.read_files import write_zip
from tests.support.sources.rest_server import JSON, Reply, server
from tests.support.sources.small_sources import SmallSource
from tests.support.sources.workbooks import Sheet, write_workbook

pytestmark = [pytest.mark.property, pytest.mark.slow]

COLUMNS = ("k", "a", "n", "p", "u")
STREAM = {"updated": "u"}
Rows = list[dict[str, Any]]
Declared = dict[str, Any]
Maker = Callable[[random.Random, Path, Rows], Any]


def made_rows(rng: random.Random) -> Rows:
    """Rows of which each has its number; some are refused, and some come again with a later version."""
    rows: Rows = []
    for number in range(rng.randrange(5, 40)):
        for version in range(rng.choice((1, 1, 1, 2, 3))):
            phone = rng.choice(("13811110001", "138", "0353-6012345"))
            year = rng.choice((2026,) * 9 + (2099,))
            row = (
                f"E{number}",
                f"东街{number}号{version}",
                "张三",
                phone,
                f"{year}-06-{version + 1:02}T10:00:00+08:00",
            )
            rows.append(dict(zip(COLUMNS, row, strict=True)))
    return rows


def shuffled(rng: random.Random, rows: Rows) -> Rows:
    again = rows + rng.choices(rows, k=rng.randrange(10))
    rng.shuffle(again)
    return again


def csv_text(rows: Rows) -> str:
    return "\n".join([",".join(COLUMNS), *(",".join(row.values()) for row in rows)]) + "\n"


def sheet(rows: Rows) -> Sheet:
    return Sheet([list(COLUMNS), *(list(row.values()) for row in rows)])


def split(rng: random.Random, rows: Rows) -> list[Rows]:
    size = rng.randrange(1, 12)
    return [rows[at : at + size] for at in range(0, len(rows), size)]


@contextmanager
def csv_file(_rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    (folder / "made.csv").write_bytes(csv_text(rows).encode("gb18030"))
    yield {"kind": "csv", "where": str(folder / "made.csv"), "encoding": "detect"}


@contextmanager
def json_lines(_rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    (folder / "made.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    yield {"kind": "jsonl", "where": str(folder / "made.jsonl")}


@contextmanager
def geojson(_rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    features = [{"type": "Feature", "properties": row, "geometry": None} for row in rows]
    (folder / "made.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    yield {"kind": "geojson", "where": str(folder / "made.geojson")}


@contextmanager
def excel(rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    sheets = {f"表{at}": sheet(each) for at, each in enumerate(split(rng, rows))}
    path = write_workbook(folder / "made.xlsx", sheets)
    yield {"kind": "excel", "where": str(path), "stream": {**STREAM, "sheets": "*"}}


@contextmanager
def growing_folder(rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    (folder / "in").mkdir()
    for at, each in enumerate(split(rng, rows)):
        (folder / "in" / f"{at:03}.csv").write_text(csv_text(each), "utf-8")
    yield {"kind": "csv", "where": str(folder / "in"), "files": "*.csv", "growing": True}


@contextmanager
def archive(rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    path = write_zip(folder / "made.zip", {f"{at:03}.csv": csv_text(each) for at, each in enumerate(split(rng, rows))})
    yield {"kind": "csv", "where": str(path), "files": "*.csv"}


@contextmanager
def sqlite(_rng: random.Random, folder: Path, rows: Rows) -> Iterator[Declared]:
    with closing(sqlite3.connect(folder / "made.sqlite")) as database, database:
        database.execute("CREATE TABLE t (k TEXT, a TEXT, n TEXT, p TEXT, u TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", [tuple(row.values()) for row in rows])
    yield {"kind": "sql", "where": str(folder / "made.sqlite"), "stream": {**STREAM, "table": "t"}}


@contextmanager
def rest(rng: random.Random, _folder: Path, rows: Rows) -> Iterator[Declared]:
    size = rng.randrange(1, 12)
    # A REST source that gives one record twice in a page of its own would look as if it led in a circle.
    unique = list({json.dumps(row): row for row in rows}.values())

    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        at = int(query.get("cursor", 0))
        more = at + size if at + size < len(unique) else None
        return 200, JSON, json.dumps({"items": unique[at : at + size], "next": more}).encode()

    with server(answer) as (url, _):
        yield {"kind": "rest", "where": url, "paging": {"style": "cursor"}}


KINDS: dict[str, Maker] = {
    "csv": csv_file, "jsonl": json_lines, "geojson": geojson, "excel": excel, "growing": growing_folder,
    "archive": archive, "sqlite": sqlite, "rest": rest,
}  # fmt: skip


def pulled(source: SmallSource, declared: Declared, driver: neo4j.Driver) -> frozenset[str]:
    """The graph after a pull; a second one changes nothing."""
    empty(driver)
    source.declare(**{"stream": STREAM, "limits": {"quarantined": 1}, **declared})
    first = source.pull()
    assert first.read == first.inserted + first.updated + first.unchanged + first.quarantined
    nodes, edges = canonical(driver)
    again = source.pull()
    assert (again.inserted, again.updated, again.changes) == (0, 0, 0)
    return frozenset((*(each for each in nodes if "SourceCursor" not in each), *edges))


def test_l33_every_kind_and_order_gives_one_graph(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    source = SmallSource(tmp_path, empty_graph)
    for case in cases(2):
        rows = made_rows(case.rng)
        graphs: dict[str, frozenset[str]] = {}
        for name, maker in KINDS.items():
            folder = tmp_path / f"{case.number}-{name}"
            folder.mkdir()
            with maker(case.rng, folder, shuffled(case.rng, rows)) as declared:
                graphs[name] = pulled(source, declared, graph_driver)
        plain = graphs["sqlite"]
        assert len(plain) > 5
        different = {name: sorted(each ^ plain)[:4] for name, each in graphs.items() if each != plain}
        assert different == {}, str(case)
    empty(graph_driver)
