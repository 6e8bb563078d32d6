"""JSON lines: one bad line costs one row, and half a last line says that the file was cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.base import ConnectorError, Header, Row
from tests.support.sources.read_files import items, notes, refusals, rows

pytestmark = pytest.mark.unit


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.jsonl"
    path.write_bytes(content)
    return path


CASES: dict[str, tuple[bytes, list[tuple[object, ...]]]] = {
    "plain": (b'{"k": "a", "v": 1}\n{"k": "b", "v": null}\n', [(1, "a", 1), (2, "b", None)]),
    "no last line end": (b'{"k": "a", "v": 1}\r\n{"k": "b"}', [(1, "a", 1), (2, "b", None)]),
    "blank lines": (b'\n{"k": "a", "v": 1}\n \n', [(2, "a", 1)]),
    "no json": (b'{"k": "a"\n{"k": "b", "v": 2}\n', [(1, "row", "not-json"), (2, "b", 2)]),
    "no object": (b'["a"]\n{"k": "b", "v": 2}\n', [(1, "row", "not-a-record"), (2, "b", 2)]),
    "a member twice": (b'{"k": "a", "v": 1, "v": 2}\n', [(1, "v", "member-twice")]),
    "a wrong byte": (b'{"k": "a", "v": "\xff"}\n{"k": "b", "v": 2}\n', [(1, "v", "not-decodable"), (2, "b", 2)]),
    "a wrong byte that nobody reads": (b'{"k": "a", "v": 1, "x": "\xff"}\n', [(1, "a", 1)]),
    "a mark": (b'\xef\xbb\xbf{"k": "a", "v": 1}\n', [(1, "a", 1)]),
    "deep": (b'{"k": "a", "v": ' + b"[" * 100_000 + b'\n{"k": "b", "v": 2}\n', [(1, "row", "not-json"), (2, "b", 2)]),
    "long": (b'{"k": "' + b"x" * 1_100_000 + b'"}\n{"k": "b", "v": 2}\n', [(1, "row", "not-json"), (2, "b", 2)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows(tmp_path: Path, name: str) -> None:
    content, expected = CASES[name]
    assert rows("jsonl", written(tmp_path, content)) == expected


def test_blank_lines_are_counted_and_members_are_columns(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"k": "a", "v": 1}\n\n{"k": "b", "w": 1}\n')
    assert notes("jsonl", path) == {"blank-lines": 1}
    assert [each for each in items("jsonl", path) if isinstance(each, Header)] == [Header(("k", "v", "w"))]


def test_k01_a_wrong_byte_is_told_by_its_offset(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"k": "a"}\n{"k": "b", "v": "\xff"}\n')
    (wrong,) = refusals("jsonl", path)
    assert (wrong.reason, wrong.key) == ("byte 28 of the file is not utf-8", ("b",))


@pytest.mark.parametrize("encoding", ["gbk", "detect", "utf-16"])
def test_lines_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    written_in = "gbk" if encoding == "detect" else encoding
    path = written(tmp_path, '{"k": "a", "v": "样例"}\n'.encode(written_in))
    assert rows("jsonl", path, encoding=encoding) == [(1, "a", "样例")]


@pytest.mark.parametrize("tail", [b'{"k": "c", "v"', b'{"k": "c", "v": "3"', b"{", b'{"k": "c"} {'])
def test_k02_half_a_last_line_fails_the_file_after_its_whole_rows(tmp_path: Path, tail: bytes) -> None:
    read = items("jsonl", written(tmp_path, b'{"k": "a", "v": 1}\n{"k": "b", "v": 2}\n' + tail))
    assert [next(read), next(read)] == [Row(1, {"k": "a", "v": 1}), Row(2, {"k": "b", "v": 2})]
    with pytest.raises(ConnectorError, match="it ends within line 3: it was cut short") as cut:
        next(read)
    assert not cut.value.terminal
