"""`sluicegate source try`: for each thing that keeps a source from being read, what is wrong and what to do."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import ssl
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner, Result

from connectors.base import ConnectorError
from hub.cli.main import app
from hub.ingest.trial.remedies import kind_of_problem, remedy_of
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD, Postgres
from tests.support.sources.rest_server import JSON, Reply, server

pytestmark = pytest.mark.unit

FIELDS = {"number": {"column": "k", "as": "code"}, "address": "a"}
STREAM = {"name": "events", "entity": "Event", "key": "k", "identity": "number", "fields": FIELDS}
SECRET = "hunter2"
HTML = {"Content-Type": "text/html"}


def declare(folder: Path, kind: str, where: str, stream: Mapping[str, Any] | None = None, **more: Any) -> Path:
    block = {
        "name": "small", "kind": kind, "where": where, "collectedFor": "event", "trust": 1, "limits": {"timeout": 2},
        "records": [{**STREAM, **(stream or {})}], **more,
    }  # fmt: skip
    sources = folder / "sources"
    sources.mkdir(exist_ok=True)
    (sources / "small.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")
    return sources


def attempt(sources: Path, *words: str) -> Result:
    environment = {"SLUICEGATE_HOME": str(sources.parent / "home"), "TEST_BEARER": SECRET, "TEST_PASSWORD": SECRET}
    done = CliRunner().invoke(app, ["source", "try", "--sources", str(sources), *words], env=environment)
    assert SECRET not in done.output
    assert not (sources.parent / "home").exists()
    return done


def assert_told(done: Result, problem: str, remedy: str) -> None:
    assert done.exit_code == 1, done.output
    assert f"small/events: {problem}" in done.output
    assert remedy in done.output


def page(*items: Any) -> Reply:
    body = {"items": list(items), "page": 1, "pages": 1, "total": len(items)}
    return 200, JSON, json.dumps(body).encode()


ANSWERS = [
    ((401, JSON, b"{}"), "it refuses our key (401)", "the key is wrong or has expired"),
    ((403, JSON, b"{}"), "it refuses our key (403)", "may not read this"),
    ((302, {"Location": "https://a.example/"}, b""), "it redirects to another address", "write the address that"),
    ((200, HTML, b"<html>"), "it answers with something other than JSON", "a page for signing in"),
    ((200, JSON, b"<html>"), "page 1 is not valid JSON", "ask the source's keeper for JSON"),
    ((200, JSON, b'{"data": []}'), "page 1 has no list `items`", "say under `paging` how its members are called"),
    ((200, JSON, b'{"items": []}'), "page 1 does not state", "say under `paging` how its members are called"),
    ((404, JSON, b"{}"), "it answers 404", "there is nothing at this path"),
    ((410, JSON, b"{}"), "it answers 410", "ask the source's keeper what it wants"),
    ((500, JSON, b"{}"), "it answers 500 each time", "it is busy or broken"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "problem", "remedy"), ANSWERS, ids=[problem for _, problem, _ in ANSWERS])
def test_an_address_that_answers_otherwise(reply: Reply, problem: str, remedy: str, tmp_path: Path) -> None:
    with server(lambda *_: reply) as (url, _):
        done = attempt(declare(tmp_path, "rest", url, bearer="env:TEST_BEARER"))
    assert_told(done, problem, remedy)


def test_an_address_that_does_not_answer(tmp_path: Path) -> None:
    done = attempt(declare(tmp_path, "rest", f"http://127.0.0.1:{free_port()}/items"))
    assert_told(done, "it does not answer", "check host and port in `where`")


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that no authority vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = folder / "server.pem"
    pem.write_bytes(key.private_bytes(*form) + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with server(lambda *_: page(), self_signed(tmp_path)) as (url, asked):
        done = attempt(declare(tmp_path, "rest", url))
    assert_told(done, "its certificate is not valid for it", "checks are not switched off")
    assert asked == []


def test_an_address_that_answers_is_ok_and_one_page_is_read(tmp_path: Path) -> None:
    items = [{"k": f"E{at}", "a": "东街8号"} for at in range(3)]

    def many(_ordinal: int, query: dict[str, str]) -> Reply:
        body = {"items": items, "page": int(query["page"]), "pages": 1, "total": 3}
        return 200, JSON, json.dumps(body).encode()

    with server(many) as (url, asked):
        done = attempt(declare(tmp_path, "rest", url))
    assert done.exit_code == 0, done.output
    assert "small/events: ok, 3 rows of its first page read" in done.output
    assert "东街" not in done.output
    assert len(asked) == 1


@pytest.fixture(name="postgres_server")
def _postgres_server(request: pytest.FixtureRequest) -> Postgres:
    """The session's server, under a name that leaves `server` to the one of HTTP."""
    found = request.getfixturevalue("server")
    assert isinstance(found, Postgres)
    return found


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "register.sqlite"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE events (k TEXT, a TEXT)")
        made.execute("INSERT INTO events VALUES ('E1', '东街8号')")
    return path


@pytest.mark.parametrize(
    ("table", "fields", "problem", "remedy"),
    [
        ("event", FIELDS, "there is no table event; it has events", "correct `table`"),
        ("events", {**FIELDS, "text": "t"}, "table events lacks t; it has k, a", "correct the names of the columns"),
    ],
)
def test_a_table_that_is_not_as_declared(
    table: str, fields: dict[str, Any], problem: str, remedy: str, database: Path, tmp_path: Path
) -> None:
    done = attempt(declare(tmp_path, "sql", str(database), {"table": table, "fields": fields}))
    assert_told(done, problem, remedy)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    path.write_bytes(b"no database at all" * 100)
    done = attempt(declare(tmp_path, "sql", str(path), {"table": "events"}))
    assert_told(done, "the database failed (DatabaseError)", "check that the file is a database")


def test_a_table_that_is_as_declared_is_ok(database: Path, tmp_path: Path) -> None:
    done = attempt(declare(tmp_path, "sql", str(database), {"table": "events"}), "small")
    assert done.exit_code == 0, done.output
    assert "small/events: ok, 1 row of its first page read, 2 columns" in done.output


@pytest.mark.server
def test_a_server_that_lets_nobody_in_or_hides_a_table(postgres_server: Postgres, tmp_path: Path) -> None:
    address = postgres_server.database("tried")
    with psycopg.connect(address.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        connection.execute("CREATE TABLE events (k text, a text)")
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'".encode())
    plain = address.replace(f":{PASSWORD}@", "@")
    sources = declare(tmp_path, "sql", plain, {"table": "events"}, password="env:TEST_PASSWORD")
    assert_told(attempt(sources), "the database failed (OperationalError): it refuses the user", "correct the user in")
    user = plain.partition("://")[2].partition("@")[0]
    declare(tmp_path, "sql", plain.replace(f"{user}@", "reader@"), {"table": "events"}, password="env:TEST_PASSWORD")
    assert_told(attempt(sources), "the database failed (ProgrammingError)", "the right to SELECT")


@pytest.mark.parametrize(
    ("content", "more", "problem", "remedy"),
    [
        (None, {}, "", "does not exist or cannot be read; correct `where:`"),
        (b"", {}, "the file is empty", "export it again"),
        ("k,地址\nE1,x".encode("gbk"), {}, "the header is not utf-8", "declare its `encoding`"),
        (b"\xef\xbb\xbfk,a\nE1,x", {"encoding": "gbk"}, "the file starts with the byte order mark", "encoding: utf-8"),
        (b"k,b\nE1,x", {}, "the header lacks a; it has k, b", "correct the names of the columns"),
        (b"k,a,a\nE1,x,y", {}, "the header names a column twice: a", "rename one in the file"),
        (b"E1,x\nE2,y", {}, "the first line is no header", "export the file with its header"),
        (b"k,a\rE1,x\r", {}, "lines end with CR alone", "export the file with LF"),
    ],
)
def test_a_file_that_is_not_as_declared(
    content: bytes | None, more: dict[str, Any], problem: str, remedy: str, tmp_path: Path
) -> None:
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_bytes(content)
    done = attempt(declare(tmp_path, "csv", str(path), **more))
    assert_told(done, problem, remedy)


def test_each_stream_is_told_and_json_has_the_same(tmp_path: Path, database: Path) -> None:
    sources = declare(tmp_path, "sql", str(database), {"table": "events"})
    text = json.loads((sources / "small.yaml").read_text("utf-8"))
    text["records"].append({**text["records"][0], "name": "others", "table": "others"})
    (sources / "small.yaml").write_text(json.dumps(text), "utf-8")
    done = attempt(sources, "--json")
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)
    assert (first["stream"], first["read"], first["refused"]) == ("events", 1, 0)
    assert second == {
        "source": "small", "stream": "others", "problem": "there is no table others; it has events",
        "remedy": "correct `table`, or have the account see it",
    }  # fmt: skip


def test_rows_that_would_stop_a_pull_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("k,a\n" + "编号,东街8号\n" * 30, "utf-8")
    done = attempt(declare(tmp_path, "csv", str(path)))
    assert done.exit_code == 1
    assert "30 by k not-a-code" in done.output
    assert "a pull would stop here: more than 10% of the rows are refused" in done.output
    assert "东街" not in done.output


@pytest.mark.parametrize("words", [["nothing"], ["small", "nothing"]])
def test_a_source_that_is_not_there(words: list[str], tmp_path: Path) -> None:
    done = attempt(declare(tmp_path, "csv", "none.csv"), *words)
    assert done.exit_code == 1
    assert "unknown source nothing; known: small" in done.output


def test_a_fault_that_nobody_thought_of_has_no_remedy() -> None:
    assert remedy_of(ConnectorError("s", "something else")) is None
    assert kind_of_problem("something else") is None


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ("a/b: /data/x.csv does not exist or cannot be read; correct `where:` of the source", "missing_file"),
        ("a/b: there is no database file /data/x.sqlite; correct `where:` of the source", "missing_file"),
        ("a/b: the first line is no header: none of its 2 cells is a column", "no_header"),
        ("a/b: the header lacks a; it has k, b", "columns"),
        ("a/b: the header is not utf-8: byte 3; save the file so", "other_encoding"),
        ("a/b: the workbook has no sheet 1; it has 2", "workbook"),
        (
            "a/b: 30 of 30 rows of a batch are refused, more than the limit of 10% (limits.quarantined): k",
            "too_many_refused",
        ),
        (
            "a/b: 9 of 10 records are gone: more than the limit of 20% (limits.vanished). Nothing is removed",
            "other_limit",
        ),
        ("a/b: the database failed (OperationalError)", "database_away"),
        ("a/b: the database failed (OperationalError): it refuses the user or the password", "database_sign_in"),
    ],
)
def test_what_a_failed_run_left_is_known_by_its_kind(problem: str, kind: str) -> None:
    assert kind_of_problem(problem) == kind
