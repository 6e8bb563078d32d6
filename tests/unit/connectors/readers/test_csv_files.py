"""The CSV reader: one wrong byte costs one row, and nothing is left on the disk."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Broken, ConnectorError, Note, Row, Since
from connectors.manifest import ManifestError, read_yaml, source_of
from connectors.readers.csv_files import CsvSource

pytestmark = pytest.mark.unit


def source(path: Path, **more: Any) -> CsvSource:
    stream = {"name": "s", "entity": "Region", "key": "k", "identity": "code", "fields": {"code": "k", "name": "v"}}
    return CsvSource.model_validate(
        {"name": "f", "kind": "csv", "where": str(path), "collectedFor": "pop", "trust": 1, "records": [stream], **more}
    )  # fmt: skip


def read(path: Path, **more: Any) -> list[tuple[Any, ...]]:
    block = source(path, **more)
    return [
        (each.number, each.values["k"], each.values["v"]) if isinstance(each, Row)
        else (each.number, each.rule, each.key)
        for each in block.reader(block.records[0]).read(Since())
        if isinstance(each, Row | Broken)
    ]  # fmt: skip


GBK = "样例".encode("gbk")
CASES: dict[str, tuple[bytes, str, list[tuple[Any, ...]]]] = {
    "plain": (b"k,v\na,1\nb,2\n", "utf-8", [(2, "a", "1"), (3, "b", "2")]),
    "no last line end": (b"k,v\r\na,1\r\nb,2", "utf-8", [(2, "a", "1"), (3, "b", "2")]),
    "gbk": (b"k,v\r\na," + GBK + b"\r\n", "gbk", [(2, "a", "样例")]),
    "gbk declared utf-8": (b"k,v\na," + GBK + b"\nb,2\n", "utf-8", [(2, "not-decodable", ("a",)), (3, "b", "2")]),
    "not gbk": (b"k,v\na,\xff\xff\nb,2\n", "gbk", [(2, "not-decodable", ("a",)), (3, "b", "2")]),
    "gbk with a byte like a quote's neighbour": (b"k,v\na,\x81\x5c\n", "gbk", [(2, "a", b"\x81\x5c".decode("gbk"))]),
    "short and long": (b"k,v\na\nb,2,3\nc,4\n", "utf-8",
                       [(2, "wrong-length", ("a",)), (3, "wrong-length", ("b",)), (4, "c", "4")]),
    "line end in quotes": (b'k,v\na,"1\n2"\nb,3\n', "utf-8",
                           [(2, "not-csv", None), (3, "not-csv", None), (4, "b", "3")]),
    "doubled quote": (b'k,v\na,"x ""y"", z"\n', "utf-8", [(2, "a", 'x "y", z')]),
    "quote never closed": (b'k,v\na,"1\nb,2\nc,3\n', "utf-8", [(2, "not-csv", None), (3, "b", "2"), (4, "c", "3")]),
    "text after a quote": (b'k,v\na,"1"x\nb,2\n', "utf-8", [(2, "not-csv", None), (3, "b", "2")]),
    "blank lines": (b"k,v\n\na,1\n\n", "utf-8", [(3, "a", "1")]),
    "mark undeclared": (b"\xef\xbb\xbfk,v\na,1\n", "utf-8", [(2, "a", "1")]),
    "mark declared": (b"\xef\xbb\xbfk,v\na,1\n", "utf-8-sig", [(2, "a", "1")]),
    "other columns": (b"x,k,v\n0,a,1\n", "utf-8", [(2, "a", "1")]),
    "header alone": (b"k,v\n", "utf-8", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows(tmp_path: Path, name: str) -> None:
    content, encoding, expected = CASES[name]
    path = tmp_path / "data[1].csv"
    path.write_bytes(content)
    assert read(path, encoding=encoding) == expected


def test_the_number_of_a_row_is_the_line_that_its_refusal_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\nk,v\n\na,1\nb,"2"x\n')
    block = source(path)
    (broken,) = [each for each in block.reader(block.records[0]).read(Since()) if isinstance(each, Broken)]
    assert broken.number == 5
    assert broken.reason.startswith("line 5: ")


def test_a_mark_of_utf_8_before_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfk,v\na,1\n")
    with pytest.raises(ConnectorError, match="byte order mark of UTF-8, and gbk is declared"):
        read(path, encoding="gbk")


def test_k01_a_wrong_byte_is_told_by_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"k,v\na,1\nb,\xff\n")
    block = source(path)
    broken = list(block.reader(block.records[0]).read(Since()))[2]
    assert isinstance(broken, Broken)
    assert "byte 10 " in broken.reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"k,w\n", "lacks v"),
        ("张三,13812345678\nk,v\n".encode(), "^[^张8]*the first line is no header: none of its 2 cells[^张8]*$"),
        (b"\xff\xfek\x00,\x00v\x00\n\x00", "UTF-16"),
        (b"k,v\ra,1\r", "CR alone"),
        (b'"k,v\na,1\n', "header cannot be read"),
        (b"k,v,k\n", "twice: k"),
        ("代码,v\n".encode("gbk"), "not utf-8"),
        (None, r"/a\.csv does not exist or cannot be read; correct `where:` of the source, or give --data"),
    ],
)
def test_k01_a_file_that_is_not_as_declared_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConnectorError, match=told):
        read(path)


ADDRESSES = [f"{number},住址{number},1390000{number:04}" for number in range(1, 61)]
WITHIN = {2: '3,东街8号6"管,13900000003', 57: '58,南巷3号4",13900000058'}
AROUND = {2: '3,"东街8号,13900000003', 57: '58,南巷3号",13900000058'}
NEIGHBOURS = {2: '3,"东街8号,13900000003', 3: '4,南巷3号",13900000004'}


def sixty(path: Path, changed: dict[int, str], **more: Any) -> list[tuple[Any, ...]]:
    """What is read of 60 rows, some of them changed."""
    lines = ["k,v,telephone", *(changed.get(at, line) for at, line in enumerate(ADDRESSES))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return read(path, **more)


@pytest.mark.parametrize("multiline", [False, True])
def test_case_4_07_a_quote_within_an_unquoted_field_is_text(tmp_path: Path, multiline: bool) -> None:
    rows = sixty(tmp_path / "a.csv", WITHIN, multiline=multiline)
    assert [each[0] for each in rows] == list(range(2, 62))
    assert (rows[2], rows[57]) == ((4, "3", '东街8号6"管'), (59, "58", '南巷3号4"'))


@pytest.mark.parametrize("multiline", [False, True])
def test_case_4_07_a_field_that_is_never_closed_costs_its_own_row(tmp_path: Path, multiline: bool) -> None:
    rows = sixty(tmp_path / "a.csv", {2: AROUND[2]}, multiline=multiline)
    assert [each[0] for each in rows] == list(range(2, 62))
    assert [each for each in rows if each[1] == "not-csv"] == [(4, "not-csv", None)]


@pytest.mark.parametrize("multiline", [False, True])
@pytest.mark.parametrize("changed", [AROUND, NEIGHBOURS], ids=["far apart", "neighbours"])
def test_case_1_20_rows_between_two_quotes_never_become_one_value(
    tmp_path: Path, changed: dict[int, str], multiline: bool
) -> None:
    """Both readings are valid CSV, so the lines are refused, each with a word."""
    rows = sixty(tmp_path / "a.csv", changed, multiline=multiline)
    refused = {each[0] for each in rows if each[1] == "not-csv"}
    assert refused == set(range(4, max(changed) + 3))
    assert [each[0] for each in rows] == list(range(2, 62))


@pytest.mark.parametrize(
    "text", ["x\n99,forged,z\ny", "x,u\n99,forged,z\ny,v", "x,u\n99,forged,z\n", "\n99,forged,z\n98,forged,z\n"]
)
@pytest.mark.parametrize("multiline", [False, True])
def test_case_1_20_who_writes_a_text_writes_no_row(tmp_path: Path, text: str, multiline: bool) -> None:
    """A text of several lines, some of which have the fields of a row, as a sound exporter writes it."""
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["k", "v", "w"], ["1", text, "z"], ["2", "b", "z"]])
    rows = read(path, multiline=multiline)
    assert [each for each in rows if "forged" in each] == []
    assert rows[-1][1:] == ("2", "b")


def test_case_4_07_a_field_with_line_ends_is_read_where_it_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'k,v,w\na,"1\n\n2, 3",x\nb,"4",y\nc,"5\nd,6,z\n')
    assert read(path, multiline=True) == [
        (2, "a", "1\n\n2, 3"), (5, "b", "4"), (6, "not-csv", None), (7, "d", "6"),
    ]  # fmt: skip


def test_case_4_07_only_a_csv_source_declares_line_ends(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(
        "name: f\nkind: sql\nwhere: a.db\ncollectedFor: pop\ntrust: 1\nmultiline: true\n"
        "records: [{name: s, table: t, entity: Region, key: k, identity: code, fields: {code: k}}]\n"
    )
    with pytest.raises(ManifestError, match="multiline: not for a sql source"):
        source_of(read_yaml(tmp_path / "f.yaml"), {})


def test_a_line_that_is_too_long_is_one_refused_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"k,v\na," + b"x,1\n".replace(b"\n", b"") * 700_000 + b"\nb,2\n")
    assert read(path) == [(2, "not-csv", None), (3, "b", "2")]


EXCEL: dict[str, tuple[bytes, list[tuple[Any, ...]]]] = {
    "lines of commas": (b"k,v\na,1\n,\n , \n\nb,2\n,\n", [(2, "a", "1"), (6, "b", "2")]),
    "columns without a name": (b"k,,v,\na,x,1,\nb,,2,y\n", [(2, "a", "1"), (3, "b", "2")]),
    "an unread column twice": (b"k,v,x,x\na,1,2,3\n", [(2, "a", "1")]),
    "empty cells appended": (b"k,v\na,1,,,\nb,2,x\n", [(2, "a", "1"), (3, "wrong-length", ("b",))]),
    "blanks around names": ("k , v\u3000\na,1\n".encode(), [(2, "a", "1")]),
    "a wrong byte that nobody reads": (b"k,v,x\na,1,\xff\n", [(2, "a", "1")]),
    "a mark within": (b"k,v\na,\xef\xbb\xbf1\n", [(2, "a", "\ufeff1")]),
}


@pytest.mark.parametrize("name", EXCEL)
def test_case_4_04_what_a_spreadsheet_adds_costs_no_row(tmp_path: Path, name: str) -> None:
    content, expected = EXCEL[name]
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert read(path) == expected


def test_case_4_04_blank_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"k,v\na,1\n,\n , \n\nb,2\n,\n")
    block = source(path)
    notes = [each for each in block.reader(block.records[0]).read(Since()) if isinstance(each, Note)]
    assert [(each.rule, each.rows) for each in notes] == [("blank-lines", 4)]


LEAVES_NOTHING = """
import sqlite3, sys
from pathlib import Path
from connectors.base import Row, Since
from connectors.readers.database import TableSource
from connectors.readers.csv_files import CsvSource
stream = {"name": "s", "entity": "Region", "key": "k", "identity": "code", "fields": {"code": "k"}}
base = {"name": "f", "collectedFor": "pop", "trust": 1}
csv = CsvSource.model_validate({**base, "kind": "csv", "where": sys.argv[1] + "/a.csv", "records": [stream]})
table = {**stream, "table": "t"}
sql = TableSource.model_validate({**base, "kind": "sql", "where": sys.argv[1] + "/a.db", "records": [table]})
readers = csv.reader(csv.records[0]), sql.reader(sql.records[0])
print(*(sum(isinstance(row, Row) for row in each.read(Since())) for each in readers))
"""


def test_extraction_leaves_nothing_on_disk(tmp_path: Path) -> None:
    import sqlite3

    folders = {name: tmp_path / name for name in ("data", "home", "work", "temporary")}
    for each in folders.values():
        each.mkdir()
    (folders["data"] / "a.csv").write_text("k\n1\n", "utf-8")
    with sqlite3.connect(folders["data"] / "a.db") as database:
        database.execute("CREATE TABLE t (k TEXT)")
        database.execute("INSERT INTO t VALUES ('1')")
    root = Path(__file__).parents[4]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "HOME": str(folders["home"]),
                   "TMPDIR": str(folders["temporary"]), "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LEAVES_NOTHING, str(folders["data"])],
        cwd=folders["work"], env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("1 1\n", "")
    for name in ("home", "work", "temporary"):
        assert list(folders[name].rglob("*")) == []
    assert sorted(each.name for each in folders["data"].iterdir()) == ["a.csv", "a.db"]
