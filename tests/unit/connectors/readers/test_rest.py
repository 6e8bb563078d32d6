"""The REST reader: all records come, or an error that names the cause, whatever the source does (K08, K16, L33)."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.base import Broken, ConnectorError, Note, Row, Since
from connectors.readers.rest import RestReader, RestSource
from tests.support.sources.rest_server import JSON, Answer, Reply, server

pytestmark = pytest.mark.unit

SECRET = "hunter2"
SECOND = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)


def reader(url: str, **limits: Any) -> RestReader:
    stream = {
        "name": "s", "entity": "Event", "key": "k", "identity": "number", "fields": {"number": "k"},
        "updated": "u", "cursor": True,
    }  # fmt: skip
    source = RestSource.model_validate(
        {
            "name": "r", "kind": "rest", "where": url, "collectedFor": "event", "trust": 1, "records": [stream],
            "bearer": "env:TEST_BEARER", "limits": {"timeout": 2, **limits}, "paging": {"since": "since", "rows": 2},
        }
    )  # fmt: skip
    return RestReader(source, source.records[0])


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BEARER", SECRET)


def page(items: list[Any], number: int, pages: int, total: int) -> Reply:
    body = {"items": items, "page": number, "pages": pages, "total": total}
    return 200, JSON, json.dumps(body).encode()


def item(key: str, when: str = "2026-06-01T00:00:00+08:00") -> dict[str, str]:
    return {"k": key, "u": when}


def keys(url: str, since: Since | None = None, **limits: Any) -> list[Any]:
    found = reader(url, **limits).read(since or Since())
    return [
        each.values["k"] if isinstance(each, Row) else each.rule for each in found if isinstance(each, Row | Broken)
    ]


def whole(_ordinal: int, query: dict[str, str]) -> Reply:
    pages = {"1": [item("a"), item("b")], "2": [item("c")]}
    return page(pages[query["page"]], int(query["page"]), 2, 3)


def test_all_pages_come_once() -> None:
    with server(whole) as (url, asked):
        assert keys(url) == ["a", "b", "c"]
    assert len(asked) == 2
    assert all(SECRET not in each for each in asked)


@pytest.mark.parametrize(
    ("since", "asked_for"),
    [
        (Since(), None),
        (Since(SECOND), "2026-06-02T00:00:00+00:00"),
        (Since(SECOND, ("x",), SECOND - dt.timedelta(days=1)), "2026-06-01T00:00:00+00:00"),
        (Since(SECOND, ("x",), None), None),
    ],
)  # fmt: skip
def test_waiting_records_take_the_read_back(since: Since, asked_for: str | None) -> None:
    seen: list[str | None] = []

    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        seen.append(query.get("since"))
        return page([], 1, 0, 0)

    with server(answer) as (url, _):
        assert keys(url, since) == []
    assert seen == [asked_for]


def test_l33_a_shifted_page_is_read_again() -> None:
    """While page 1 is read `a` changes and moves to the end: `c` slips onto page 1 and is given in the second pass."""

    def answer(ordinal: int, query: dict[str, str]) -> Reply:
        moved = item("a", "2026-07-01T00:00:00+08:00")
        before = {"1": [item("a"), item("b")], "2": [item("c")]}
        after = {"1": [item("b"), item("c")], "2": [moved]}
        pages = before if ordinal == 1 else after
        items = pages[query["page"]]
        # The first pass sees a, b, then the moved a: two records where the source says three.
        return page(items, int(query["page"]), 2, 3 if ordinal > 2 else 4)

    with server(answer) as (url, _):
        found = keys(url)
    assert set(found) == {"a", "b", "c"}


def test_what_is_no_record_is_refused_alone() -> None:
    with server(lambda _n, _q: page(["x", item("a")], 1, 1, 2)) as (url, _):
        assert keys(url) == ["not-a-record", "a"]


@pytest.mark.parametrize(
    "retry_after", ["0", "9" * 5_000, "-1", "inf", "Mon, 01 Jan 99999 00:00:00 GMT", "\u00b2"],
    ids=["now", "5,000 digits", "negative", "infinite", "no date", "superscript"],
)  # fmt: skip
def test_busy_then_served(retry_after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.readers.rest.MAX_WAIT_SECONDS", 0.01)

    def answer(ordinal: int, query: dict[str, str]) -> Reply:
        return (429, {"Retry-After": retry_after}, b"") if ordinal == 1 else whole(ordinal, query)

    with server(answer) as (url, _):
        assert keys(url) == ["a", "b", "c"]


FAULTS: dict[str, tuple[Reply | Answer, str]] = {
    "no key": ((401, JSON, b"{}"), "refused? our key|refuses our key"),
    "forbidden": ((403, JSON, b"{}"), "refuses our key"),
    "page for people": ((200, {"Content-Type": "text/html"}, b"<html>down</html>"), "other than JSON"),
    "html that says json": ((200, JSON, b"<html>down</html>"), "not valid JSON"),
    "cut short": ((200, JSON, b'{"items": [{"k"'), "not valid JSON"),
    "not modified": ((304, {}, b""), "answers 304"),
    "elsewhere": ((302, {"Location": "http://127.0.0.1:1/"}, b""), "redirects are not followed"),
    "busy for ever": ((429, {"Retry-After": "0"}, b""), "429 each time"),
    "broken for ever": ((503, {"Retry-After": "0"}, b""), "503 each time"),
    "no list": ((200, JSON, b'{"items": {}}'), "no list"),
    "a bare list": ((200, JSON, b"[]"), "no list"),
    "no totals": ((200, JSON, b'{"items": []}'), "does not state"),
    "another page": (lambda _n, _q: page([item("a")], 7, 9, 9), "another page came"),
    "one page for ever": (
        lambda _n, q: page([item("a"), item("b")], int(q["page"]), 1_000_000, 2_000_000),
        "repeats the page before",
    ),
    "pages without end": (
        lambda n, q: page([item(f"k{n}")], int(q["page"]), 1_000_000, 2_000_000),
        "more than 5 pages",
    ),
    "a total in words": ((200, JSON, b'{"items": [], "pages": 1, "total": "many"}'), "does not state"),
    "a total of 399 digits": (
        (200, JSON, b'{"items": [], "pages": 1, "total": ' + b"9" * 399 + b"}"),
        "does not state",
    ),
    "always changing": (lambda n, q: page([item(f"k{n}")], 1, 1, 99), "kept changing"),
    "a page's member twice": ((200, JSON, b'{"items": [], "items": [], "pages": 1, "total": 0}'), "member twice"),
    "nested without end": ((200, JSON, b"[" * 200_000), "not valid JSON"),
}


def raw(*items: bytes, total: bytes = b"", pages: bytes = b"1") -> Reply:
    """A page made of the bytes of its records."""
    said = total or str(len(items)).encode()
    return (
        200,
        JSON,
        b'{"items": [' + b", ".join(items) + b'], "page": 1, "pages": ' + pages + b', "total": ' + said + b"}",
    )


BAD_ITEMS: dict[str, bytes] = {
    "half an emoji": rb'{"k": "b", "u": "\ud83d"}',
    "a raw tab": b'{"k": "b", "u": "x\ty"}',
    "a raw zero": b'{"k": "b", "u": "x\x00y"}',
    "a wrong byte": b'{"k": "b", "u": "\xc4\xe3"}',
    "no number": b'{"k": "b", "u": NaN}',
    "a very long number": b'{"k": "b", "u": ' + b"9" * 5_000 + b"}",
    "unread half an emoji": rb'{"k": "b", "u": "2026-06-01T00:00:00Z", "other": "\ud83d"}',
    "an unread member twice": b'{"k": "b", "u": "2026-06-01T00:00:00Z", "other": 1, "other": 2}',
    "an unread tree": b'{"k": "b", "u": "2026-06-01T00:00:00Z", "other": {"a": [[], {}]}}',
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_case_4_03_and_4_09_one_bad_value_costs_its_record_and_not_the_page(name: str) -> None:
    reply = raw(b'{"k": "a", "u": 1}', BAD_ITEMS[name], b'{"k": "c", "u": 1}')
    with server(lambda _n, _q: reply) as (url, _):
        assert keys(url) == ["a", "b", "c"]


def test_case_4_09_a_member_twice_refuses_its_record() -> None:
    reply = raw(b'{"k": "a", "u": 1}', b'{"k": "b", "u": 1, "u": 2}')
    with server(lambda _n, _q: reply) as (url, _):
        assert keys(url) == ["a", "member-twice"]


def test_case_4_09_a_byte_order_mark_is_passed_over() -> None:
    status, headers, body = raw(b'{"k": "a"}')
    with server(lambda _n, _q: (status, headers, b"\xef\xbb\xbf" + body)) as (url, _):
        assert keys(url) == ["a"]


def test_a_page_in_gbk_says_so() -> None:
    _, _, body = raw('{"k": "样例"}'.encode("gbk"))
    headers = {"Content-Type": "application/json; charset=GBK"}
    with server(lambda _n, _q: (200, headers, body)) as (url, _):
        assert keys(url) == ["样例"]


@pytest.mark.parametrize(("total", "pages"), [(b'"1"', b'"1"'), (b"1.0", b"1"), (b'" 1 "', b"1.0")])
def test_case_4_03_counts_as_text_are_read(total: bytes, pages: bytes) -> None:
    with server(lambda _n, _q: raw(b'{"k": "a"}', total=total, pages=pages)) as (url, _):
        assert keys(url) == ["a"]


@pytest.mark.parametrize(
    "reply",
    [(204, {}, b""), (200, JSON, b'{"items": null, "pages": 0, "total": 0}'), (200, JSON, b'{"total": "0"}')],
    ids=["204", "null", "left out"],
)
def test_case_4_03_a_page_without_records_is_empty(reply: Reply) -> None:
    with server(lambda _n, _q: reply) as (url, _):
        assert keys(url) == []


def test_case_4_03_records_that_a_source_states_and_does_not_give_are_told() -> None:
    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        return page([item("a"), item("b")], 1, 2, 3) if query["page"] == "1" else (204, {}, b"")

    with server(answer) as (url, asked):
        found = list(reader(url).read(Since()))
    assert [each.values["k"] for each in found if isinstance(each, Row)] == ["a", "b"]
    assert [(each.rule, each.rows) for each in found if isinstance(each, Note)] == [("fewer-records", 1)]
    assert len(asked) == 4


def told(pages: dict[str, list[Any]], total: int) -> tuple[list[Any], list[Any], int]:
    """The keys that a source of two pages gives, what is told, and how many requests it took."""
    with server(lambda _n, query: page(pages[query["page"]], int(query["page"]), 2, total)) as (url, asked):
        found = list(reader(url).read(Since()))
    rows = [each.values["k"] for each in found if isinstance(each, Row)]
    return rows, [(each.rule, each.rows) for each in found if isinstance(each, Note)], len(asked)


def test_a_record_that_stands_twice_on_a_page_is_two_of_those_that_the_source_states() -> None:
    assert told({"1": [item("a"), item("a")], "2": [item("b")]}, 3) == (["a", "a", "b"], [], 2)
    # What is missing beside it is told all the same.
    assert told({"1": [item("a"), item("a")], "2": [item("b")]}, 4) == (["a", "a", "b"], [("fewer-records", 1)], 4)


def test_a_record_that_stands_on_two_pages_may_stand_for_one_that_was_left_out() -> None:
    rows, notes, asked = told({"1": [item("a"), item("b")], "2": [item("b")]}, 3)
    assert (set(rows), notes, asked) == ({"a", "b"}, [("fewer-records", 1)], 4)


@pytest.mark.fault
@pytest.mark.parametrize("name", FAULTS)
def test_k02_k08_faults_are_told(name: str) -> None:
    given, told = FAULTS[name]
    answer = given if callable(given) else lambda _n, _q: given
    with server(answer) as (url, asked), pytest.raises(ConnectorError, match=told) as caught:
        keys(url, pages=5)
    assert SECRET not in str(caught.value)
    assert len(asked) <= 6


@pytest.mark.fault
def test_nobody_answers() -> None:
    with server(whole) as (url, _):
        pass
    with pytest.raises(ConnectorError, match="does not answer") as caught:
        keys(url)
    assert not caught.value.terminal


@pytest.mark.fault
def test_a_page_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.readers.guarded_session.MAX_ANSWER_BYTES", 1_000)
    large = page([item("a" * 2_000)], 1, 1, 1)
    with server(lambda _n, _q: large) as (url, _), pytest.raises(ConnectorError, match="does not answer"):
        keys(url)


@pytest.mark.fault
def test_k16_a_certificate_of_nobody_is_refused(tmp_path: Path) -> None:
    with server(whole, self_signed(tmp_path)) as (url, asked), pytest.raises(ConnectorError, match="certificate"):
        keys(url)
    assert asked == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that no authority vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_broken_row_is_not_an_object() -> None:
    with server(lambda _n, _q: page([None], 1, 1, 1)) as (url, _):
        rows = list(reader(url).read(Since()))
    assert rows == [Broken(1, "row", "not-a-record", "an object was expected")]
