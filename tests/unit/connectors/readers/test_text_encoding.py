"""Encodings of text files: what is declared holds to the byte, and what is found is found by strict decoding alone."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from connectors.base import ConnectorError
from tests.support.sources.read_files import notes, refusals, rows

pytestmark = pytest.mark.unit

ROWS = "k,v\na,样例\nb,上海市\nc,郭芃\n"
READ = [(2, "a", "样例"), (3, "b", "上海市"), (4, "c", "郭芃")]
MARKED = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-8": codecs.BOM_UTF8,
}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "utf-16-le", "utf-16-be"])
def test_what_is_declared_is_read(tmp_path: Path, encoding: str) -> None:
    assert rows("csv", written(tmp_path, ROWS.encode(encoding)), encoding=encoding) == READ


def test_big5_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v\na,戶籍|許功蓋\n".encode("big5"))
    assert rows("csv", path, encoding="big5") == [(2, "a", "戶籍|許功蓋")]


@pytest.mark.parametrize("encoding", MARKED)
def test_a_byte_order_mark_says_which(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, MARKED[encoding] + ROWS.encode(encoding))
    assert rows("csv", path, encoding="detect") == READ
    assert rows("csv", path, encoding=encoding) == READ
    if encoding != "utf-8":
        assert rows("csv", path, encoding="utf-16") == READ


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be"), ("ascii", "utf-8")],
)  # fmt: skip
def test_k01_the_encoding_is_found_and_told(tmp_path: Path, encoding: str, found: str) -> None:
    text = "k,v\na,1\n" if encoding == "ascii" else ROWS
    path = written(tmp_path, text.encode(encoding))
    assert rows("csv", path, encoding="detect") == ([(2, "a", "1")] if encoding == "ascii" else READ)
    assert notes("csv", path, encoding="detect") == {f"encoding {found}": 0}


def test_k01_signs_beyond_gbk_are_found(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v\na,𠮷㐂\n".encode("gb18030"))
    assert rows("csv", path, encoding="detect") == [(2, "a", "𠮷㐂")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ROWS.encode() + b"d,\xff\n", f"UTF-8 up to byte {len(ROWS.encode()) + 2}, which is not; export it again"),
        (ROWS.encode() + "d,样例\n".encode("gbk"), "the file is UTF-8 up to byte"),
        (
            "k,v\na,样例\n".encode("gbk") + b"b,\xff\xff\n",
            "no encoding fits the whole file: byte 6 is not utf-8, byte ",
        ),
        (codecs.BOM_UTF16_LE + "k,v\n".encode("utf-16-le") + b"\x00\xd8", "byte order mark of utf-16-le, and byte 10"),
        (b"k,v\na,\x00\nb\n", "no header"),
    ],
    ids=["one wrong byte", "two encodings", "neither", "half a character", "a zero"],
)
def test_k01_a_file_in_no_one_encoding_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(ConnectorError, match=told):
        rows("csv", written(tmp_path, content), encoding="detect")


@pytest.mark.parametrize("declared", ["gbk", "gb18030", "detect"])
def test_k01_a_row_of_another_encoding_is_no_mojibake(tmp_path: Path, declared: str) -> None:
    """Two Chinese signs in UTF-8 are three valid ones in GBK, which nobody meant."""
    path = written(tmp_path, "k,v\na,样例\n".encode("gbk") + "b,张三\nc,3\n".encode())
    assert rows("csv", path, encoding=declared) == [(2, "a", "样例"), (3, "row", "not-decodable"), (4, "c", "3")]


def test_k01_a_file_of_utf_8_that_says_gbk_is_refused_by_its_header(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v,姓名\na,1,张三\n".encode())
    with pytest.raises(ConnectorError, match="the header is not gbk: it is UTF-8; save"):
        rows("csv", path, encoding="gbk")


def test_k01_a_file_of_gbk_that_says_utf_8_is_refused_by_its_header_with_the_offset(tmp_path: Path) -> None:
    path = written(tmp_path, "k,v,姓名\na,1,张三\n".encode("gbk"))
    with pytest.raises(ConnectorError, match="the header is not utf-8: byte 4 of the file is not utf-8; save"):
        rows("csv", path, encoding="utf-8")


def test_k01_a_wrong_byte_of_utf_16_is_told_by_its_offset(tmp_path: Path) -> None:
    start = codecs.BOM_UTF16_LE + "k,v\na,上\nb,".encode("utf-16-le")
    path = written(tmp_path, start + b"\x00\xdc" + "\nc,3\n".encode("utf-16-le"))
    assert rows("csv", path, encoding="utf-16") == [(2, "a", "上"), (3, "v", "not-decodable"), (4, "c", "3")]
    (wrong,) = refusals("csv", path, encoding="utf-16")
    assert wrong.reason == f"byte {len(start)} of the file is not utf-16-le"


def test_utf_16_without_a_mark_has_to_say_which(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="declare utf-16-le or utf-16-be"):
        rows("csv", written(tmp_path, ROWS.encode("utf-16-le")), encoding="utf-16")


def test_a_line_of_utf_16_may_be_as_long_as_any(tmp_path: Path) -> None:
    long = "上" * 600_000
    path = written(tmp_path, codecs.BOM_UTF16_BE + f"k,v\na,{long}\nb,2\n".encode("utf-16-be"))
    assert rows("csv", path, encoding="utf-16") == [(2, "row", "not-csv"), (3, "b", "2")]
