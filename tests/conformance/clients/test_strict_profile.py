"""The strict profile, over real HTTP: what the draft of 2026 says of statuses and media types, a paragraph a row.

The paragraphs are those of "GraphQL over HTTP" (graphql.github.io/graphql-over-http/draft), in its order.
"""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.request.answers.preferences import GRAPHQL_JSON, JSON
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

TYPENAME = {"query": "{ __typename }"}
WITH_ID = "query ($id: ID!) { person(id: $id) { id } }"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("strict") / "home", http_profile="strict") as running:
        yield running


def send(served: Served, body: Any, **headers: str) -> httpx.Response:
    """A request with these headers beside token and purpose; a body that is no text is sent as JSON."""
    sent = {
        "authorization": f"Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}",
        "access-purpose": "safety.fire.rental",
        "content-type": JSON,
        "accept": GRAPHQL_JSON,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return served.client.post("/graphql", content=content, headers=sent)


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        # Body: "A server MUST support responses using the application/graphql-response+json media type."
        (GRAPHQL_JSON, 200, GRAPHQL_JSON),
        # "encode the response in the highest priority media type listed that is supported by the server"
        (f"{JSON};q=0.5, {GRAPHQL_JSON}", 200, GRAPHQL_JSON),
        ("*/*", 200, GRAPHQL_JSON),
        # "any response that produces a 2xx status code should replace the Content-Type header with application/json"
        (JSON, 200, JSON),
        (f"text/html, {JSON};q=0.1", 200, JSON),
        # "the server SHOULD respond with 406 Not Acceptable"; not with 2xx in a media type that nobody asked for
        ("text/html", 406, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0", 406, GRAPHQL_JSON),
    ],
)
def test_accept(served: Served, accept: str, status: int, media: str) -> None:
    response = send(served, TYPENAME, accept=accept)
    assert (response.status_code, response.headers["content-type"]) == (status, f"{media}; charset=utf-8")
    assert code_of(response) == ("OK" if status == 200 else "NOT_ACCEPTABLE")


def test_an_error_is_in_the_media_type_of_graphql_for_a_legacy_client_too(served: Served) -> None:
    # Body: "as if the request had specified Accept: application/graphql-response+json, except any … 2xx"
    response = send(served, {"query": "{ nothing }"}, accept=JSON)
    assert (response.status_code, response.headers["content-type"]) == (422, f"{GRAPHQL_JSON}; charset=utf-8")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        # Status Codes: "If the JSON body of the request could not be parsed, status code 400 SHOULD be used."
        ("NONSENSE", 400, "BAD_REQUEST"),
        ('{"query":', 400, "BAD_REQUEST"),
        ("", 400, "BAD_REQUEST"),
        # "If the request is not a well-formed GraphQL-over-HTTP request, status code 422 SHOULD be used."
        ({"qeury": "{ __typename }"}, 422, "BAD_REQUEST"),
        ({"query": WITH_ID, "variables": [7]}, 422, "BAD_REQUEST"),
        ({"query": "{ __typename }", "extensions": "x"}, 422, "BAD_REQUEST"),
        ({"query": "{ __typename }", "operationName": {}}, 422, "BAD_REQUEST"),
        ([TYPENAME], 422, "BATCHING_DISABLED"),
        # "If the GraphQL document in the request cannot be parsed, status code 400 SHOULD be used."
        ({"query": "{"}, 400, "VALIDATION"),
        # "If the request does not pass GraphQL validation, status code 422 SHOULD be used."
        ({"query": "{ nothing }"}, 422, "VALIDATION"),
        # Validation: "The server MAY, at its discretion, apply additional validation rules", as depth and complexity.
        ({"query": "{ " + " ".join(f"a{each}: __typename" for each in range(2_000)) + " }"}, 422, "COST_LIMIT"),
        # "If the operation to execute cannot be unambiguously determined, status code 422 SHOULD be used."
        ({"query": "query A { __typename } query B { __typename }"}, 422, "VALIDATION"),
        ({**TYPENAME, "operationName": "Other"}, 422, "VALIDATION"),
        # "If the variable values cannot be coerced …, status code 422 SHOULD be used."
        ({"query": WITH_ID, "variables": {"id": None}}, 422, "VALIDATION"),
        ({"query": WITH_ID}, 422, "VALIDATION"),
        # Servers "MUST ignore properties they do not understand"; null is the same as not specifying.
        ({**TYPENAME, "doc_id": "7", "variables": None, "operationName": None, "extensions": None}, 200, "OK"),
        ({**TYPENAME, "extensions": {"any": {"map": [1]}}}, 200, "OK"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_status_of_a_body(served: Served, body: Any, status: int, code: str) -> None:
    response = send(served, body)
    assert (response.status_code, code_of(response)) == (status, code)
    assert ("data" in response.json()) is (status == 200)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        # "If the Content-Type of the request is not supported, status code 415 SHOULD be used."
        ({"content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        # "If the client is not permitted to issue the GraphQL request, then the server SHOULD reply with 401, 403 …"
        ({"authorization": "Bearer nobody"}, 401, "UNAUTHENTICATED"),
        ({"access_purpose": "no.such.purpose"}, 403, "PURPOSE_DENIED"),
        ({"access_errors": "yes"}, 422, "BAD_REQUEST"),
    ],
)
def test_status_of_headers(served: Served, headers: dict[str, str], status: int, code: str) -> None:
    response = send(served, TYPENAME, **headers)
    assert (response.status_code, code_of(response)) == (status, code)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405_and_says_which_is_allowed(served: Served, method: str) -> None:
    # "If the request uses an unsupported HTTP method, status code 405 SHOULD be used"; "the Allow header MUST be …"
    response = served.client.request(method, "/graphql", params={"query": "mutation { a }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_body_that_is_too_large_is_413(served: Served) -> None:
    # "If the size of the POST request body was too large, status code 413 SHOULD be used."
    assert send(served, b" " * 300_000).status_code == 413


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        # "If the size of the URI was too large, status code 414 SHOULD be used."
        ("/graphql?query=" + "x" * 20_000, "a", b"414"),
        # "If the size of the request headers (or any one header) was too large, status code 431 SHOULD be used."
        ("/graphql", "x" * 20_000, b"431"),
    ],
)
def test_a_head_that_is_too_large(served: Served, target: str, header: str, status: bytes) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: hub\r\nX-Header: {header}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(head.encode())
        assert client.recv(1_000).split(b" ")[1] == status


def test_a_hub_that_cannot_answer_is_503(served: Served) -> None:
    # "When the server is the reason for failure, the appropriate 5xx status code should be used."
    response = send(served, {"query": "{ people(first: 1) { edges { node { id } } } }"})
    assert (response.status_code, code_of(response)) == (503, "GRAPH_UNAVAILABLE")


@pytest.mark.parametrize("listed", ["list", "none"])
@pytest.mark.parametrize("accept", [GRAPHQL_JSON, JSON])
def test_data_beside_errors_is_294(served: Served, accept: str, listed: str) -> None:
    # "If the response contains both the data entry … and the errors entry, … the server SHOULD reply with … 294".
    query = "{ eventsAggregate { count } }"
    response = send(served, {"query": query}, accept=accept, access_errors=listed)
    told = response.json()
    assert (response.status_code, "errors" in told) == ((294, True) if listed == "list" else (200, False))
    assert told["data"] == {"eventsAggregate": None}
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


class TestInBothProfiles:
    """Languages and compression."""

    def test_messages_are_in_the_language_that_is_asked_for(self, served: Served) -> None:
        response = send(served, {"query": "{ nothing }"}, accept_language="zh-CN,zh;q=0.9")
        assert response.headers["content-language"] == "zh"
        assert response.json()["errors"][0]["message"].startswith("查询无效")
        response = send(served, {"query": "{ nothing }"})
        assert response.headers["content-language"] == "en"
        assert response.json()["errors"][0]["message"].isascii()

    @pytest.mark.parametrize(("language", "text"), [("zh", "日期。"), ("en", "ISO 8601 date")])
    def test_descriptions_are_in_the_language_that_is_asked_for(self, served: Served, language: str, text: str) -> None:
        query = '{ d: __type(name: "Date") { description } }'
        told = send(served, {"query": query}, accept_language=language).json()["data"]["d"]["description"]
        assert told.startswith(text)

    def test_a_long_answer_is_compressed_for_a_client_that_takes_it(self, served: Served) -> None:
        query = "{ __schema { types { name fields { name } } } }"
        plain = send(served, {"query": query}, accept_encoding="identity")
        assert "content-encoding" not in plain.headers
        sent = {**plain.request.headers, "accept-encoding": "gzip"}
        with served.client.stream("POST", "/graphql", content=plain.request.content, headers=sent) as response:
            raw = b"".join(response.iter_raw())
        assert response.headers["content-encoding"] == "gzip"
        assert int(response.headers["content-length"]) == len(raw) < len(plain.content) / 3
        assert json.loads(gzip.decompress(raw))["data"] == plain.json()["data"]

    def test_nothing_is_compressed_where_the_setting_says_so(self, tmp_path: Path) -> None:
        with serving(tmp_path / "home", compress_answers=False) as plain:
            response = send(plain, {"query": "{ __schema { types { name } } }"}, accept_encoding="gzip")
        assert len(response.content) > 1_400
        assert "content-encoding" not in response.headers

    def test_a_short_answer_is_not_compressed(self, served: Served) -> None:
        assert "content-encoding" not in send(served, TYPENAME, accept_encoding="gzip").headers
