"""The CSV reader: one wrong byte costs one row, and nothing is left on the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.manifest import Source
from connectors.readers.csv_files import CsvReader

pytestmark = pytest.mark.unit


def source(path: Path, **more: Any) -> Source:
    stream = {"name": "s", "entity": "Region", "key": "k", "identity": "code", "fields": {"code": "k", "name": "v"}}
    return Source.model_validate(
        {"name": "f", "kind": "csv", "where": str(path), "collectedFor": "pop", "trust": 1, "records": [stream], **more}
    )  # fmt: skip


def read(path: Path, **more: Any) -> list[tuple[Any, ...]]:
    block = source(path, **more)
    return [
        (each.number, each.values["k"], each.values["v"]) if isinstance(each, Row)
        else (each.number, each.rule, each.key)
        for each in CsvReader(block, block.records[0]).read(Since())
    ]  # fmt: skip


GBK = "样例".encode("gbk")
CASES: dict[str, tuple[bytes, str, list[tuple[Any, ...]]]] = {
    "plain": (b"k,v\na,1\nb,2\n", "utf-8", [(1, "a", "1"), (2, "b", "2")]),
    "no last line end": (b"k,v\r\na,1\r\nb,2", "utf-8", [(1, "a", "1"), (2, "b", "2")]),
    "gbk": (b"k,v\r\na," + GBK + b"\r\n", "gbk", [(1, "a", "样例")]),
    "gbk declared utf-8": (b"k,v\na," + GBK + b"\nb,2\n", "utf-8", [(1, "not-decodable", ("a",)), (2, "b", "2")]),
    "not gbk": (b"k,v\na,\xff\xff\nb,2\n", "gbk", [(1, "not-decodable", ("a",)), (2, "b", "2")]),
    "gbk with a byte like a quote's neighbour": (b"k,v\na,\x81\x5c\n", "gbk", [(1, "a", b"\x81\x5c".decode("gbk"))]),
    "short and long": (b"k,v\na\nb,2,3\nc,4\n", "utf-8",
                       [(1, "wrong-length", ("a",)), (2, "wrong-length", ("b",)), (3, "c", "4")]),
    "line end in quotes": (b'k,v\na,"1\n2"\nb,3\n', "utf-8", [(1, "a", "1\n2"), (2, "b", "3")]),
    "doubled quote": (b'k,v\na,"x ""y"", z"\n', "utf-8", [(1, "a", 'x "y", z')]),
    "quote never closed": (b'k,v\na,"1\nb,2\nc,3\n', "utf-8", [(1, "not-csv", None), (2, "b", "2"), (3, "c", "3")]),
    "text after a quote": (b'k,v\na,"1"x\nb,2\n', "utf-8", [(1, "not-csv", None), (2, "b", "2")]),
    "blank lines": (b"k,v\n\na,1\n\n", "utf-8", [(1, "a", "1")]),
    "mark declared": (b"\xef\xbb\xbfk,v\na,1\n", "utf-8-sig", [(1, "a", "1")]),
    "other columns": (b"x,k,v\n0,a,1\n", "utf-8", [(1, "a", "1")]),
    "header alone": (b"k,v\n", "utf-8", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_rows(tmp_path: Path, name: str) -> None:
    content, encoding, expected = CASES[name]
    path = tmp_path / "data[1].csv"
    path.write_bytes(content)
    assert read(path, encoding=encoding) == expected


def test_k01_a_wrong_byte_is_told_by_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"k,v\na,1\nb,\xff\n")
    block = source(path)
    broken = list(CsvReader(block, block.records[0]).read(Since()))[1]
    assert isinstance(broken, Broken)
    assert "byte 10 " in broken.reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"k,w\n", "lacks v"),
        (b"\xef\xbb\xbfk,v\n", "byte order mark"),
        (b"k,v,k\n", "twice"),
        ("代码,v\n".encode("gbk"), "not utf-8"),
        (None, "does not exist"),
    ],
)
def test_k01_a_file_that_is_not_as_declared_is_refused(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConnectorError, match=told):
        read(path)


LEAVES_NOTHING = """
import sqlite3, sys
from pathlib import Path
from connectors.base import Since
from connectors.readers.database import TableReader
from connectors.readers.csv_files import CsvReader
from connectors.manifest import Source
from connectors.readers.dlt_resources import rest_client
import requests
stream = {"name": "s", "entity": "Region", "key": "k", "identity": "code", "fields": {"code": "k"}}
base = {"name": "f", "collectedFor": "pop", "trust": 1}
csv = Source.model_validate({**base, "kind": "csv", "where": sys.argv[1] + "/a.csv", "records": [stream]})
table = {**stream, "table": "t"}
sql = Source.model_validate({**base, "kind": "sql", "where": sys.argv[1] + "/a.db", "records": [table]})
rest_client("http://127.0.0.1:9", requests.Session(), {})
readers = CsvReader(csv, csv.records[0]), TableReader(sql, sql.records[0])
print(*(len(list(each.read(Since()))) for each in readers))
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
