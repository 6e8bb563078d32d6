"""Generated files of each kind: good rows among rows with anything in their cells, for the fuzz test of readers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.sources.made_sources import (
    COLUMNS,
    JSON_CELLS,
    NUMBERS,
    TEXTS,
    Made,
    Raw,
    json_record,
    mutated,
    rows_of,
)
from tests.support.sources.read_files import write_zip
from tests.support.sources.workbooks import Digits, Formula, Serial, Sheet, write_workbook


def _json_rows(rng: random.Random) -> tuple[list[str], list[bool], tuple[str, ...]]:
    """Records as JSON, which of them are good, and the numbers of those."""

    def cell() -> Any:
        return rng.choice((Raw(rng.choice(JSON_CELLS)), rng.choice(TEXTS), rng.choice(NUMBERS)))

    rows, good = rows_of(rng, cell)
    return (
        [json_record(rng, row, row["k"] in good, number) for number, row in enumerate(rows)],
        [row["k"] in good for row in rows],
        good,
    )


@contextmanager
def json_lines_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """A file of JSON lines, some of which are none; the last one is whole."""
    items, is_good, good = _json_rows(rng)
    lines = [each.encode("utf-8", "surrogatepass").replace(b"\n", b" ") for each in items]
    broken = [
        each if kept or rng.random() < 0.6 else mutated(rng, each).replace(b"\n", b" ")
        for each, kept in zip(lines, is_good, strict=True)
    ]
    path = folder / "made.jsonl"
    path.write_bytes(b"\n".join(broken) + b"\n")
    yield Made("jsonl", str(path), good, len(broken))


@contextmanager
def geojson_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """A collection of features, whose bytes may be damaged."""
    items, _, good = _json_rows(rng)
    features = [f'{{"type": "Feature", "properties": {each}, "geometry": null}}' for each in items]
    features += rng.sample(
        ("null", "7", '{"type": "Feature"}', '{"type": "Feature", "properties": 7}'), rng.choice((0, 2))
    )
    damaged = rng.random() < 0.15
    content = f'{{"type": "FeatureCollection", "features": [{", ".join(features)}]}}'.encode("utf-8", "surrogatepass")
    path = folder / "made.geojson"
    path.write_bytes(mutated(rng, content) if damaged else content)
    yield Made("geojson", str(path), good, None if damaged else len(features), damaged=damaged)


def _sheet(rng: random.Random, rows: Sequence[Mapping[str, Any]]) -> Sheet:
    return Sheet([list(COLUMNS), *([row[each] for each in COLUMNS] for row in rows)])


@contextmanager
def excel_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """A workbook with cells of every kind; some of its bytes may be wrong."""

    def cell() -> Any:
        text = "".join(each for each in rng.choice(TEXTS) if each.isprintable() or each in "\t\n")
        number = Digits(repr(rng.choice([each for each in NUMBERS if abs(each) < 1e300])))
        return rng.choice((None, text, number, True, Serial(rng.choice(NUMBERS[:6])), Formula("[1]S!A1", text)))

    rows, good = rows_of(rng, cell)
    path = write_workbook(folder / "made.xlsx", {"表一": _sheet(rng, rows)})
    damaged = rng.random() < 0.15
    if damaged:
        path.write_bytes(mutated(rng, path.read_bytes()))
    blank = sum(all(each is None for each in row.values()) for row in rows)
    yield Made("excel", str(path), good, None if damaged else len(rows) - blank, damaged=damaged)


@contextmanager
def archive_source(rng: random.Random, folder: Path) -> Iterator[Made]:
    """An archive of JSON lines, each row in a file of its own; of damaged bytes, that file or the whole is refused."""
    items, _, good = _json_rows(rng)
    members = {f"{at:02}.jsonl": each.encode("utf-8", "surrogatepass") + b"\n" for at, each in enumerate(items)}
    path = write_zip(folder / "made.zip", members)
    damaged = rng.random() < 0.3
    if damaged:
        path.write_bytes(mutated(rng, path.read_bytes()))
    count = None if damaged else len(items)
    yield Made("jsonl", str(path), good, count, more='files: "*.jsonl"', damaged=damaged)
