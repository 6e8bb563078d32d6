"""What `generate` does with a folder: the same seed repeats it, and it is replaced whole or left alone."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.sample.generate import (
    SampleRefused,
    generate,
    read_summary,
)

pytestmark = pytest.mark.unit


PEOPLE, SEED = 1_000, 7


def content(folder: Path) -> dict[str, str]:
    """A digest for each file; the database by its statements, its bytes being SQLite's own affair."""
    digests = {}
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        data = path.read_bytes()
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as connection:
                data = "\n".join(connection.iterdump()).encode()
        digests[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return digests


def test_the_same_seed_gives_the_same_content_and_another_seed_another(tmp_path: Path) -> None:
    generate(tmp_path / "first", PEOPLE, SEED)
    generate(tmp_path / "again", PEOPLE, SEED)
    generate(tmp_path / "other", PEOPLE, SEED + 1)
    first, other = content(tmp_path / "first"), content(tmp_path / "other")
    assert content(tmp_path / "again") == first
    assert set(first) == set(other)
    assert {name for name in first if first[name] == other[name]} == {"divisions/regions.csv"}


@pytest.mark.parametrize("people", [100, 250, 999])
def test_a_small_county_is_whole_too(tmp_path: Path, people: int) -> None:
    summary = generate(tmp_path / "small", people, SEED)
    assert summary.sources["register"].good == people
    assert summary.sources["tickets"].good == max(13, people // 10)
    assert set(summary.sources["register"].dirty.values()) == {1}


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    generate(tmp_path / "sample", 100, SEED, lambda stage, done, total: told.append((stage, done, total)))
    last = {stage: (done, total) for stage, done, total in told}
    assert set(last) == {"people", "household register", "housing", "hotline tickets"}
    assert all(done == total for done, total in last.values())


def test_an_earlier_sample_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "sample"
    out.mkdir()
    generate(out, 100, 1)
    (out / "stray").write_text("gone after the next")
    generate(out, 120, 2)
    assert read_summary(out).people == 120
    assert not (out / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("letter.txt", "dear all"),
        ("summary.json", "not json"),
        ("summary.json", "[]"),
        ("summary.json", '{"format": "another/1"}'),
        ("summary.json", '{"format": "sluicegate-sample/1"}'),
    ],
)
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path, name: str, text: str) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / name).write_text(text)
    with pytest.raises(SampleRefused):
        generate(out, 100, 1)
    assert {path.name: path.read_text() for path in out.iterdir()} == {name: text}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SampleRefused):
        generate(tmp_path / "taken", 100, 1)
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.parametrize("people", [-1, 0, 99, 3_000_001])
def test_a_number_of_people_out_of_range_is_refused(tmp_path: Path, people: int) -> None:
    with pytest.raises(SampleRefused):
        generate(tmp_path / "sample", people, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_on_the_way_leaves_the_earlier_sample(tmp_path: Path) -> None:
    out = tmp_path / "sample"
    generate(out, 100, 1)
    before = content(out)

    def break_off(stage: str, done: int, total: int) -> None:
        if stage == "housing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(out, 200, 2, break_off)
    assert content(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]
