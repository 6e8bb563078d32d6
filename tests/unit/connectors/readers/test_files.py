"""Folders and archives of files: sorted, each file read once, and one that is damaged costs itself alone."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from connectors.base import Broken, ConnectorError, FileRead, Header, Item, Row, Since
from connectors.readers.geojson import GeoJsonSource
from connectors.source_model import Stream
from tests.support.sources.read_files import items, notes, refusals, rows, source, write_zip

pytestmark = pytest.mark.unit

GROWING: dict[str, Any] = {"files": "*.csv", "growing": True, "stream": {"updated": "v"}}


def folder(path: Path, **files: str) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / f"{name}.csv").write_text(content, "utf-8")
    return path


def places(where: Path, files: str = "*.csv") -> list[tuple[str, int]]:
    return [(each.part, each.number) for each in items("csv", where, files=files) if isinstance(each, Row)]


def test_the_files_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", b="k,v\nb,2\n", a="k,v\na,1\n")
    folder(where / "older", c="v,k,w\n3,c,x\n")
    assert places(where) == [("a.csv", 2), ("b.csv", 2), ("older/c.csv", 2)]
    assert [each[1:] for each in rows("csv", where, files="*.csv")] == [("a", "1"), ("b", "2"), ("c", "3")]
    assert [each for each in items("csv", where, files="*.csv") if isinstance(each, Header)] == [
        Header(("k", "v", "w"))
    ]


def test_an_archive_is_read_as_a_folder_is(tmp_path: Path) -> None:
    where = write_zip(tmp_path / "in.ZIP", {"b.csv": "k,v\nb,2\n", "x/": "", "x/a.csv": "k,v\na,1\n", "read.me": "x"})
    assert places(where) == [("b.csv", 2), ("x/a.csv", 2)]
    assert notes("csv", where, files="*.csv") == {"other-files": 1}
    assert places(where, "x/*") == [("x/a.csv", 2)]


def test_names_of_an_archive_that_was_packed_on_a_chinese_windows(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    write_zip(path, {"AAAA.csv": "k,v\na,1\n"})
    path.write_bytes(path.read_bytes().replace(b"AAAA", "台账".encode("gbk")))
    assert places(path) == [("台账.csv", 2)]


def test_what_an_editor_leaves_beside_a_file_is_passed_over_and_counted(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n")
    for name in ("~$a.csv", ".a.csv", "notes.txt"):
        (where / name).write_text("x")
    assert places(where) == [("a.csv", 2)]
    assert notes("csv", where, files="*.csv") == {"other-files": 3}


def test_a_file_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n", b="x,y\n1,2\n", c="k,v\nc,3\n")
    read = list(items("csv", where, files="*.csv"))
    assert [each.part for each in read if isinstance(each, Row)] == ["a.csv", "c.csv"]
    (wrong,) = [each for each in read if isinstance(each, Broken)]
    assert (wrong.field, wrong.rule, wrong.part) == ("file", "unreadable-file", "b.csv")
    assert "the first line is no header" in wrong.reason
    assert read[-1] == Header(("k", "v"), complete=False)


def test_k02_a_file_cut_short_gives_its_whole_rows_and_is_named(tmp_path: Path) -> None:
    where = tmp_path / "in"
    where.mkdir()
    (where / "a.jsonl").write_text('{"k": "a", "v": 1}\n{"k"')
    (where / "b.jsonl").write_text('{"k": "b", "v": 1}\n')
    assert [each[1:] for each in rows("jsonl", where, files="*.jsonl")] == [
        ("a", 1), ("file", "unreadable-file"), ("b", 1),
    ]  # fmt: skip


def test_k02_a_damaged_member_gives_no_row(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", "k,v\na,11111\n")
        archive.writestr("b.csv", "k,v\nb,2\n")
    path.write_bytes(path.read_bytes().replace(b"a,11111", b"a,11911"))
    assert rows("csv", path, files="*.csv") == [(1, "file", "unreadable-file"), (2, "b", "2")]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"<html>"])
def test_k02_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.zip").write_bytes(content)
    with pytest.raises(ConnectorError, match="no whole zip archive"):
        rows("csv", tmp_path / "in.zip", files="*.csv")


def test_what_is_neither_folder_nor_archive_is_told(tmp_path: Path) -> None:
    folder(tmp_path, a="k,v\n")
    with pytest.raises(ConnectorError, match=r"is no folder and no \.zip archive"):
        rows("csv", tmp_path / "a.csv", files="*.csv")
    with pytest.raises(ConnectorError, match="is a folder; say which files"):
        rows("csv", tmp_path)
    with pytest.raises(ConnectorError, match="no file whose name fits `files`, and 1 other files"):
        rows("csv", tmp_path, files="*.txt")


def test_a_file_that_is_written_to_while_it_is_read_is_read_again_later(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\n" + "a,1\n" * 10)
    read = items("csv", where, files="*.csv")
    assert isinstance(next(read), Row)
    with (where / "a.csv").open("a") as file:
        file.write("b,2\n")
    (wrong,) = [each for each in read if isinstance(each, Broken)]
    assert "written to while it was read" in wrong.reason


def known_after(where: Path, since: Since) -> tuple[list[str], frozenset[str]]:
    """The keys that a read of a growing folder gives, and the files that are known after it."""
    read = list(items("csv", where, since, **GROWING))
    return (
        [each.values["k"] for each in read if isinstance(each, Row)],
        frozenset(each.digest for each in read if isinstance(each, FileRead)),
    )


def test_of_a_growing_folder_new_and_changed_files_are_read(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n", b="k,v\nb,2\n")
    keys, first = known_after(where, Since())
    assert keys == ["a", "b"]
    since = Since(known=lambda digest: digest in first)
    assert known_after(where, since) == ([], first)
    folder(where, b="k,v\nb,3\n", c="k,v\nc,3\n")
    os.utime(where / "a.csv", (0, 0))
    keys, second = known_after(where, since)
    assert keys == ["b", "c"]
    assert len(second & first) == 1 and len(second) == 3
    # A row that waits for another may stand in any file.
    waiting = Since(waiting=("a",), known=lambda digest: digest in second)
    assert known_after(where, waiting)[0] == ["a", "b", "c"]


def test_a_read_that_passes_a_known_file_over_does_not_claim_all_columns(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n")
    assert list(items("csv", where, **GROWING))[-1] == Header(("k", "v"))
    assert list(items("csv", where, Since(known=lambda _: True), **GROWING))[-1] == Header((), complete=False)


def test_a_file_that_could_not_be_read_is_not_known(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n", b="nothing\n")
    assert len(known_after(where, Since())[1]) == 1
    assert len(refusals("csv", where, **GROWING)) == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"growing": True, "stream": {"updated": "v"}}, "growing: a growing folder needs `files`"),
        ({"growing": True, "files": "*.csv"}, "records.0.updated: `growing: true` needs the `updated` column"),
        ({"files": ""}, "at least 1 character"),
    ],
)
def test_a_growing_folder_says_what_it_needs(more: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        source("csv", "in", **more)  # type: ignore[arg-type]


def deep_folder(folder: Path) -> None:
    """Folders within folders, until the path is longer than the system takes; root may list any other folder."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=at)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def test_a_folder_that_cannot_be_listed_is_refused_and_the_read_is_not_whole(tmp_path: Path) -> None:
    where = folder(tmp_path / "in", a="k,v\na,1\n")
    deep_folder(where)
    read = list(items("csv", where, files="*.csv"))
    (wrong,) = [each for each in read if isinstance(each, Broken)]
    assert (wrong.field, wrong.rule) == ("file", "unlisted-folder")
    assert [each.part for each in read if isinstance(each, Row)] == ["a.csv"]
    assert Header(("k", "v"), complete=False) in read


@pytest.mark.parametrize("fault", [KeyError("x"), OverflowError("x"), RecursionError("x"), UnicodeError("x")])
def test_a_fault_that_no_reader_foresaw_costs_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """No file is known that makes such a fault, or it would be mended."""
    plain = GeoJsonSource.items

    def items_or_fault(self: GeoJsonSource, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        is_wrong = b'"k": "a"' in file.read()
        file.seek(0)
        yield from plain(self, name, stream, file)
        if is_wrong:
            raise fault

    monkeypatch.setattr(GeoJsonSource, "items", items_or_fault)
    where = tmp_path / "in"
    where.mkdir()
    for name in "ab":
        feature = f'{{"type": "Feature", "properties": {{"k": "{name}", "v": 1}}}}'
        (where / f"{name}.geojson").write_text(f'{{"features": [{feature}]}}')
    read = list(items("geojson", where, files="*"))
    assert [each.part for each in read if isinstance(each, Row)] == ["a.geojson", "b.geojson"]
    (wrong,) = [each for each in read if isinstance(each, Broken)]
    assert (wrong.rule, wrong.part) == ("unreadable-file", "a.geojson")
    assert wrong.reason == f"its content cannot be read ({type(fault).__name__}); export it again"
    assert Header(("@id", "@latitude", "@longitude", "k", "v"), complete=False) in [
        Header(tuple(sorted(each.columns)), each.complete) for each in read if isinstance(each, Header)
    ]
    with pytest.raises(ConnectorError, match="cannot be read"):
        rows("geojson", where / "a.geojson")
