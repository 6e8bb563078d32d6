"""One whole county for the tests of this folder, and what is known of it from the four registers, read raw."""

import csv
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

from hub.sample.generate import generate

PEOPLE, SEED = 3_000, 7


class Whole:
    """A whole county: its summary, and names, grids and dwellings as the older registers have them."""

    def __init__(self, folder: Path, people: int = PEOPLE) -> None:
        self.folder = folder
        self.summary = generate(folder, people, SEED, whole=True)
        with (folder / "divisions" / "regions.csv").open(encoding="utf-8", newline="") as file:
            self.regions = list(csv.DictReader(file))
        grids = [row for row in self.regions if row["级别"] == "网格"]
        self.grids = {row["代码"] for row in grids if not row["失效日期"]}
        self.ended = {row["代码"]: row["继任代码"] for row in grids if row["失效日期"]}
        self.dwellings = {number for (number,) in self.select("housing", "SELECT dwelling_no FROM dwellings")}
        lines = (folder / "police" / "household_register.csv").read_bytes().split(b"\r\n")[1:-1]
        rows = [line.decode("gbk", errors="replace").split(",") for line in lines]
        self.names = {row[2]: row[1] for row in rows if len(row) == 11 and mod_11_2.is_valid(row[2])}

    def select(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / name / f"{name}.sqlite")) as connection:
            return connection.execute(statement).fetchall()

    def expected(self, stream: str) -> dict[str, int]:
        """How often each defect lies in the register of a stream, by the summary."""
        return {
            each.defect.reason: each.count
            for each in self.summary.defects
            if each.defect.stream == stream and not each.defect.folder
        }

    def agrees(self, stream: str, found: Iterable[str]) -> None:
        """Assert that these are the flaws of all rows of a stream; rows without one are empty texts."""
        flaws = Counter(found)
        count = self.summary.sources[stream]
        assert sum(flaws.values()) == count.rows
        del flaws[""]
        assert flaws == self.expected(stream)
        odd = sum(number for reason, number in flaws.items() if reason not in count.dirty)
        assert {reason: flaws[reason] for reason in count.dirty} == count.dirty
        assert count.good >= odd

    def place_flaw(self, grid: str) -> str:
        """What is wrong with the code of a grid."""
        if grid in self.grids:
            return ""
        return "merged_grid" if grid in self.ended else "unknown_grid"


def rare(text: str) -> bool:
    """Whether a text has a character outside the basic multilingual plane."""
    return any(ord(letter) > 0xFFFF for letter in text)


def first(*flaws: tuple[str, bool]) -> str:
    """The name of the first flaw that is there, or an empty text."""
    return next((name for name, there in flaws if there), "")


def seen_before(seen: set[str], key: str) -> bool:
    """Whether a key was seen; it is from now on."""
    known = key in seen
    seen.add(key)
    return known


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole") / "sample")
