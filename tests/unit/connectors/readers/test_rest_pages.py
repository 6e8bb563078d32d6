"""REST sources that give their pages by offset, cursor or links, and that ask who asks."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from connectors.base import ConnectorError, Row, Since
from connectors.readers.rest import RestReader, RestSource
from tests.support.sources.rest_server import JSON, Answer, Reply, Sent, server

pytestmark = pytest.mark.unit

SECRET = "hunter2"
KEYS = ["a", "b", "c", "d", "e"]


def source(url: str, paging: Mapping[str, Any] | None = None, **more: Any) -> RestSource:
    stream = {"name": "s", "entity": "Event", "key": "k", "identity": "number", "fields": {"number": "k"}}
    block = {"name": "r", "kind": "rest", "where": url, "collectedFor": "event", "trust": 1, "records": [stream]}
    limits = {"timeout": 2, "pages": 9, **more.pop("limits", {})}
    return RestSource.model_validate({**block, "paging": {"rows": 2, **(paging or {})}, "limits": limits, **more})


def keys(url: str, paging: Mapping[str, Any] | None = None, **more: Any) -> list[Any]:
    block = source(url, paging, **more)
    reader: RestReader = block.reader(block.records[0])
    return [each.values["k"] for each in reader.read(Since()) if isinstance(each, Row)]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", SECRET)


def reply(items: list[str], headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
    return 200, {**JSON, **(headers or {})}, json.dumps({"items": [{"k": each} for each in items], **more}).encode()


def by_offset(_ordinal: int, query: dict[str, str]) -> Reply:
    at = int(query["offset"])
    return reply(KEYS[at : at + int(query["pageSize"])])


def by_cursor(_ordinal: int, query: dict[str, str]) -> Reply:
    at = int(query.get("after", 0))
    return reply(KEYS[at : at + 2], meta={"next": str(at + 2) if at + 2 < len(KEYS) else None})


def by_link(ordinal: int, query: dict[str, str]) -> Reply:
    at = int(query.get("at", 0))
    more = {"Link": f'</items?at={at + 2}>; rel="next", </items>; rel="first"'} if at + 2 < len(KEYS) else {}
    return reply(KEYS[at : at + 2], more)


STYLES: dict[str, tuple[Answer, dict[str, Any], int]] = {
    "offset": (by_offset, {"style": "offset"}, 4),
    "cursor": (by_cursor, {"style": "cursor", "cursor": "after", "next": "meta.next"}, 3),
    "link": (by_link, {"style": "link"}, 3),
}


@pytest.mark.parametrize("style", STYLES)
def test_all_pages_come(style: str) -> None:
    answer, paging, requests = STYLES[style]
    with server(answer) as (url, asked):
        assert keys(url, paging) == KEYS
    assert len(asked) == requests


def test_an_offset_counts_what_came_and_not_what_was_asked_for() -> None:
    """A source that gives less than it is asked for skips nothing."""

    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        at = int(query["offset"])
        return reply(KEYS[at : at + 1], total=len(KEYS))

    with server(answer) as (url, asked):
        assert keys(url, {"style": "offset", "size": "limit"}) == KEYS
    assert [each.partition("?")[2] for each in asked][:2] == ["limit=2&offset=0", "limit=2&offset=1"]
    assert len(asked) == 5


def test_pages_may_count_from_0_and_lie_deeper() -> None:
    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        at = int(query["page"])
        body = {"code": 0, "data": {"list": [{"k": KEYS[at]}], "pages": 3, "total": 3, "page": at}}
        return 200, JSON, json.dumps(body).encode()

    named = {"first": 0, "items": "data.list", "pages": "data.pages", "total": "data.total"}
    with server(answer) as (url, _):
        assert keys(url, named) == ["a", "b", "c"]


def test_an_answer_may_be_the_list_itself() -> None:
    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        kind = {"Content-Type": "application/geo+json"}
        return 200, kind, json.dumps([{"k": "a"}] if query["offset"] == "0" else []).encode()

    with server(answer) as (url, _):
        assert keys(url, {"style": "offset", "items": "."}) == ["a"]


def circle(_ordinal: int, query: dict[str, str]) -> Reply:
    return reply([query.get("cursor", "x")], next={"1": "2", "2": "1"}.get(query.get("cursor", ""), "1"))


ODD: dict[str, tuple[Answer, dict[str, Any], str]] = {
    "a cursor in a circle": (circle, {"style": "cursor"}, "leads back to a page that was read"),
    "a cursor that stays": (lambda n, _: reply([str(n)], next="x"), {"style": "cursor"}, "page 2 leads back"),
    "cursors without end": (lambda n, _: reply([str(n)], next=n), {"style": "cursor"}, "more than 9 pages"),
    "a cursor of another kind": (lambda _n, _q: reply(["a"], next={}), {"style": "cursor"}, "no text under `next`"),
    "the same page by another cursor": (
        lambda n, _: reply(["a"], next=n), {"style": "cursor"}, "page 2 repeats the page before it",
    ),
    "a link to itself": (
        lambda n, _: reply([str(n)], {"Link": "<?at=1>; rel=next"}), {"style": "link"}, "leads back to a page",
    ),
    "a link elsewhere": (
        lambda _n, _q: reply(["a"], {"Link": '<http://127.0.0.1:1/x>; rel="next"'}), {"style": "link"}, "another host",
    ),
    "a link to a file": (
        lambda _n, _q: reply(["a"], {"Link": '<file:///etc/passwd>; rel="next"'}), {"style": "link"}, "another host",
    ),
    "a link to no port": (
        lambda _n, _q: reply(["a"], {"Link": '<http://127.0.0.1:99999/x>; rel="next"'}), {"style": "link"},
        "page 1 has a link to the next one that is no address",
    ),
    "a link to no host": (
        lambda _n, _q: reply(["a"], {"Link": '<http://[/x>; rel="next"'}), {"style": "link"}, "that is no address",
    ),
    "half an emoji for a cursor": (
        lambda _n, _q: reply(["a"], next="\ud800"), {"style": "cursor"}, "no text under `next`",
    ),
    "offsets without end": (lambda n, _: reply([str(n)]), {"style": "offset"}, "more than 9 pages"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "paging", "told"), ODD.values(), ids=ODD)
def test_k08_what_has_no_end_is_noticed(answer: Answer, paging: dict[str, Any], told: str) -> None:
    with server(answer) as (url, asked), pytest.raises(ConnectorError, match=told):
        keys(url, paging)
    assert len(asked) <= 9


@pytest.mark.parametrize(
    ("paging", "told"),
    [
        ({"style": "offset", "page": "p"}, "page: not for the style offset"),
        ({"next": "n"}, "next: not for the style page"),
    ],
)
def test_a_key_of_another_style_is_refused(paging: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        source("https://source.example", paging)


def one_page(_ordinal: int, _query: dict[str, str]) -> Reply:
    return reply(["a"], page=1, pages=1, total=1)


def test_a_key_stands_in_its_header() -> None:
    sent: list[Sent] = []
    with server(one_page, sent=sent) as (url, _):
        assert keys(url, apiKey={"header": "X-Api-Key", "secret": "env:TEST_SECRET"}) == ["a"]
    assert [each.headers["x-api-key"] for each in sent] == [SECRET]
    assert "authorization" not in sent[0].headers


def guarded(tokens: list[str], ends_after: int = 99) -> Answer:
    """Gives tokens by a form, and pages to who shows the last one; a token is good for so many pages."""
    served: dict[str, int] = {}

    def answer(_ordinal: int, query: dict[str, str]) -> Reply:
        if "grant_type" in query:
            tokens.append(f"token-{len(tokens) + 1}")
            return 200, JSON, json.dumps({"access_token": tokens[-1], "token_type": "Bearer"}).encode()
        served[tokens[-1]] = served.get(tokens[-1], 0) + 1
        return by_offset(0, query) if served[tokens[-1]] <= ends_after else (401, JSON, b"{}")

    return answer


def oauth(url: str) -> dict[str, str]:
    return {"token": url.replace("/items", "/token"), "client": "hub", "secret": "env:TEST_SECRET", "scope": "read"}


def test_a_token_is_fetched_once_and_shown() -> None:
    sent: list[Sent] = []
    with server(guarded([]), sent=sent) as (url, _):
        assert keys(url, {"style": "offset"}, oauth=oauth(url)) == KEYS
    first, *others = sent
    assert (first.method, first.path) == ("POST", "/token")
    assert first.headers["authorization"] == "Basic " + base64.b64encode(f"hub:{SECRET}".encode()).decode()
    assert {each.headers["authorization"] for each in others} == {"Bearer token-1"}


def test_a_token_that_ends_is_renewed_while_pages_are_read() -> None:
    tokens: list[str] = []
    with server(guarded(tokens, ends_after=2)) as (url, _):
        assert keys(url, {"style": "offset"}, oauth=oauth(url)) == KEYS
    assert tokens == ["token-1", "token-2"]


def test_a_source_that_refuses_new_tokens_is_not_asked_for_ever() -> None:
    tokens: list[str] = []
    with server(guarded(tokens, ends_after=0)) as (url, _), pytest.raises(ConnectorError, match="refuses our key"):
        keys(url, {"style": "offset"}, oauth=oauth(url))
    assert len(tokens) == 2


NO_TOKEN: dict[str, tuple[Reply, str]] = {
    "wrong secret": ((401, JSON, b'{"error": "invalid_client"}'), r"no token is given \(401\); see `oauth.client`"),
    "broken": ((500, JSON, b""), r"no token is given \(500\); pull again later"),
    "elsewhere": ((302, {"Location": "http://127.0.0.1:1/"}, b""), "no token is given"),
    "html": ((200, {"Content-Type": "text/html"}, b"<html>"), "what is given for a token is none"),
    "another type": ((200, JSON, b'{"access_token": "x", "token_type": "mac"}'), "what is given for a token is none"),
    "two lines": ((200, JSON, b'{"access_token": "x\\r\\nX-Evil: 1"}'), "what is given for a token is none"),
    "a number": ((200, JSON, b'{"access_token": 7}'), "what is given for a token is none"),
}


@pytest.mark.parametrize(("given", "told"), NO_TOKEN.values(), ids=NO_TOKEN)
def test_what_is_no_token_is_told_without_it(given: Reply, told: str) -> None:
    with server(lambda _n, _q: given) as (url, _), pytest.raises(ConnectorError, match=told) as caught:
        keys(url, oauth=oauth(url))
    assert SECRET not in str(caught.value)


def test_a_source_takes_one_way_to_say_who_asks() -> None:
    with pytest.raises(ValueError, match="apiKey: a source takes one of bearer, apiKey and oauth"):
        source("https://x.example", bearer="env:X", apiKey={"header": "X-Key", "secret": "env:X"})
    with pytest.raises(ValueError, match=r"oauth\.token: must be https, except on loopback"):
        source("https://x.example", oauth={"token": "http://y.example", "client": "c", "secret": "env:X"})
    with pytest.raises(ValueError, match="a secret is named, not written"):
        source("https://x.example", apiKey={"header": "X-Key", "secret": SECRET})


def test_a_secret_of_two_lines_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", f"{SECRET}\r\nX-Evil: 1")
    with server(one_page) as (url, asked), pytest.raises(ConnectorError, match="signs that no header takes") as caught:
        keys(url, bearer="env:TEST_SECRET")
    assert asked == [] and SECRET not in str(caught.value)


@pytest.mark.parametrize("stated", ["1", "a date"])
def test_a_busy_source_is_given_the_time_that_it_asks_for(stated: str) -> None:
    def answer(ordinal: int, query: dict[str, str]) -> Reply:
        when = formatdate(time.time() + 2, usegmt=True) if stated == "a date" else stated
        return (503, {"Retry-After": when}, b"") if ordinal == 1 else one_page(ordinal, query)

    began = time.monotonic()
    with server(answer) as (url, _):
        assert keys(url) == ["a"]
    assert time.monotonic() - began > 0.9


def test_a_source_that_has_us_wait_for_ever_ends_the_read() -> None:
    with (
        server(lambda _n, _q: (429, {"Retry-After": "86400"}, b"")) as (url, asked),
        pytest.raises(ConnectorError, match="has us wait longer than 3 seconds in all") as caught,
    ):
        keys(url, limits={"wait": 3})
    assert len(asked) == 1 and not caught.value.terminal
