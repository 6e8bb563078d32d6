"""Looking at real files, tables and addresses: what is found, and what is told of those that cannot be read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from connectors.base import ConnectorError
from connectors.drafts.look import Asked, Sample, look, name_of
from hub.ingest.trial.name_cells import looks_like_name
from tests.support.sources.rest_server import JSON, Reply, server

pytestmark = pytest.mark.unit

HEADER = "编号,名称,电话"
ROWS = "\n".join(f"PD{n},店铺{n},6012{n:03}" for n in range(30))
MARK = "祁慧兰"


def seen(where: object, rows: int = 100, table: str | None = None, **paging: str) -> Sample:
    return look(Asked(str(where), "shops", rows, table, None, paging), looks_like_name)


def file(folder: Path, content: str | bytes, encoding: str = "utf-8", name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "sign", "keys"),
    [
        ("utf-8", ",", {"encoding": "utf-8"}),
        ("utf-8-sig", ",", {"encoding": "utf-8"}),
        ("gbk", ",", {"encoding": "gb18030"}),
        ("gb18030", "\t", {"encoding": "gb18030", "delimiter": "\t"}),
        ("utf-8", ";", {"encoding": "utf-8", "delimiter": ";"}),
        ("utf-8", "|", {"encoding": "utf-8", "delimiter": "|"}),
        ("utf-16", ",", {"encoding": "utf-16-le"}),
    ],
)
def test_how_a_csv_file_is_written(tmp_path: Path, encoding: str, sign: str, keys: Mapping[str, str]) -> None:
    found = seen(file(tmp_path, f"{HEADER}\n{ROWS}".replace(",", sign), encoding))
    assert (found.kind, found.keys, found.rows, found.whole) == ("csv", keys, 30, True)
    assert [each.header for each in found.columns] == ["编号", "名称", "电话"]
    assert found.columns[1].cells[0] == "店铺0"


@pytest.mark.parametrize(("encoding", "found"), [("utf-8", "utf-8"), ("gb18030", "gb18030")])
def test_a_line_with_a_wrong_byte_is_told_and_the_others_are_drafted(tmp_path: Path, encoding: str, found: str) -> None:
    lines = f"{HEADER}\n{ROWS}".encode(encoding).split(b"\n")
    lines[7] = lines[7].replace("店铺".encode(encoding), b"\xff\xff")
    sample = seen(file(tmp_path, b"\n".join(lines)))
    assert (sample.keys, sample.rows, sample.broken) == ({"encoding": found}, 29, 1)
    assert f"1 line is not {found}, of 31; the first is line 8 (byte " in sample.notes[0]
    assert "--encoding" in sample.notes[0]
    assert "1 row cannot be read, and would be refused by 名称 not-decodable" in sample.notes[1]


def test_an_encoding_that_is_named_is_believed(tmp_path: Path) -> None:
    path = file(tmp_path, "編號,商號\n" + "\n".join(f"PD{n},商號{n}" for n in range(30)), "big5")
    made = look(Asked(str(path), "shops", 100, encoding="big5"), looks_like_name)
    assert (made.keys, made.rows, made.notes) == ({"encoding": "big5"}, 30, ("every byte of the file is valid big5",))
    with pytest.raises(ConnectorError, match="no byte order mark"):
        look(Asked(str(path), "shops", 100, encoding="utf-16"), looks_like_name)


@pytest.mark.parametrize("header", ["房号,经营者,安全", "单元,负责人,方向"])
def test_names_of_columns_that_look_like_names_of_people_are_no_row(tmp_path: Path, header: str) -> None:
    rows = "\n".join(f"{n}-1,{name},好{n}" for n, name in enumerate(["祁慧兰", "王芳", "李强"] * 3))
    assert len(seen(file(tmp_path, f"{header}\n{rows}")).columns) == 3


def test_so_many_rows_as_are_asked_for(tmp_path: Path) -> None:
    path = file(tmp_path, f"{HEADER}\n{ROWS}\n坏行")
    assert (seen(path, 10).rows, seen(path, 10).whole) == (10, False)
    assert (seen(path).rows, seen(path).broken, seen(path).whole) == (30, 1, True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n \n", "blank lines only"),
        (f"商铺登记表,,\n{HEADER}\n{ROWS}", "title"),
        (ROWS, "looks like a row"),
        (f"{MARK},男,19903210001\n{ROWS}", "looks like a row"),
        (f"姓名甲,男,无\n{MARK},男,19903210001", "looks like a row"),
        (f"{MARK},male,HIV\nname1,female,flu", "looks like a row"),
        (f"{MARK},是,汉族\n王芳,否,回族", "looks like a row"),
        ("编号,负责人,,地址\n,姓名,电话,\nPD1,甲,1,乙", "looks like a row|go on in the second line"),
        ("编号,负责人,\n,姓名,电话\nPD1,甲,1", "go on in the second line"),
        (HEADER, "no row could be read"),
        (",,\n,,\n1,2,3", "looks like a row|name of its own|title"),
        (
            (f"{HEADER}\n{MARK},".encode() + b"\xff\n"),
            r"the first is line 2 \(byte 3\d of the file\).* name its --encoding",
        ),
        (b"a,b\n\x81\x20,1\n", r"first is line 2 \(byte 4 .*name its --encoding"),
        (b"PK\x03\x04rest", "workbook"),
        ("\n".join(["张伟,祁慧兰", "王芳,李强", "祁慧兰,马丽", "葛平,赵敏"]), "looks like a row"),
        ("祁慧兰,面馆\n王芳,药店\n李强,超市\n葛平,饭庄", "looks like a row"),
        ("Li Wei,shop\nZhang Min,store\nJohn Smith,bar", "looks like a row"),
    ],
)
def test_a_file_that_cannot_be_drafted_is_told_why(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(ConnectorError, match=told) as failed:
        seen(file(tmp_path, content))
    assert MARK not in str(failed.value)


@pytest.mark.parametrize("member", ["13812345678", "138-1234-5678", "E12345678", "110101199003071234"])
def test_members_that_are_called_by_numbers_of_people_are_refused(tmp_path: Path, member: str) -> None:
    with pytest.raises(ConnectorError, match="looks like that of a person") as failed:
        seen(file(tmp_path, json.dumps({"no": "A1", member: "x"}), name="a.jsonl"))
    assert member not in str(failed.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="there is no file"):
        seen(tmp_path / "b.csv")


def test_columns_that_cannot_be_named_are_left_out_and_told(tmp_path: Path) -> None:
    found = seen(file(tmp_path, "编号,,电话,电话\n1,2,3,4\n2,3,4,5"))
    assert [each.header for each in found.columns] == ["编号"]
    assert "more than one column has the name: 电话" in found.notes[1]
    assert "1 column without a name" in found.notes[2]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE shops (no TEXT, people INTEGER)")
        made.execute("CREATE TABLE others (no TEXT)")
        made.executemany("INSERT INTO shops VALUES (?, ?)", [(f"PD{n}", n) for n in range(5)])
    return path


def test_a_table_of_a_database(database: Path) -> None:
    found = seen(database, table="shops")
    assert (found.kind, found.table, found.rows) == ("sql", "shops", 5)
    assert [(each.header, each.cells[2]) for each in found.columns] == [("no", "PD2"), ("people", 2)]


@pytest.mark.parametrize(
    ("table", "told"),
    [(None, "name one table with --table; it has others, shops"), ("shop", "no table shop; it has others, shops")],
)
def test_a_table_that_is_not_named_or_not_there(database: Path, table: str | None, told: str) -> None:
    with pytest.raises(ConnectorError, match=told):
        seen(database, table=table)


def test_the_only_table_need_not_be_named(database: Path) -> None:
    with closing(sqlite3.connect(database)) as made, made:
        made.execute("DROP TABLE others")
    assert seen(database).table == "shops"


def pages(_ordinal: int, query: dict[str, str]) -> Reply:
    items = [{"no": f"PD{n}", "more": {"a": 1}} for n in range(3)]
    return 200, JSON, json.dumps({"data": items, "page": 1, "pages": 1, "total": 3}).encode()


def test_an_address_that_gives_pages() -> None:
    with server(pages) as (url, _):
        found = seen(url, items="data")
        with pytest.raises(ConnectorError, match="has no list `items`"):
            seen(url)
    assert (found.kind, found.rows, [each.header for each in found.columns]) == ("rest", 3, ["no", "more"])
    assert found.keys == {"paging": {"items": "data"}}


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("http://register.example/shops", "must be https"),
        ("https://user:secret@register.example/shops", "without user, password"),
        ("postgresql+psycopg://user:secret@host/name", "must not hold a password"),
        ("oracle9://host/name", "address or driver is not usable"),
    ],
)
def test_an_address_that_may_not_be_asked(where: str, told: str) -> None:
    with pytest.raises(ConnectorError, match=told) as failed:
        seen(where, table="t")
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("data/Market Shops.csv", "market-shops"),
        ("https://register.example/api/fireAlarms?x=1", "fire-alarms"),
        ("商铺.csv", None),
        ("2026.csv", None),
        ("shops", "shops"),
    ],
)
def test_the_name_of_a_draft(where: str, name: str | None) -> None:
    assert name_of(where) == name


def test_files_whose_records_name_their_members(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"no": f"PD{n}", "people": n}) + "\n" for n in range(5))
    found = seen(file(tmp_path, lines, name="a.jsonl"))
    assert (found.kind, [each.header for each in found.columns], found.rows) == ("jsonl", ["no", "people"], 5)
    point = {"type": "Point", "coordinates": [113.6, 37.8]}
    features = [{"type": "Feature", "geometry": point, "properties": {"no": f"PD{n}"}} for n in range(5)]
    places = json.dumps({"type": "FeatureCollection", "features": features})
    found = seen(file(tmp_path, places, name="a.geojson"))
    assert (found.kind, found.columns[0].header, found.rows) == ("geojson", "no", 5)
