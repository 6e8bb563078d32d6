"""What a client sees over real HTTP: status, headers, envelope, and one record a request."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import RULES, Code
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

JSON = {"Content-Type": "application/json"}
TYPENAME = b'{"query": "{ __typename }"}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("http") / "home") as running:
        yield running


@pytest.fixture(autouse=True)
def one_record(served: Served, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each request to /graphql leaves exactly one record, whatever became of it."""
    before = len(served.records())
    yield
    sent = getattr(request.node, "sent", 1)
    assert len(served.records()) == before + sent


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "QUERY"])
def test_only_post_is_a_query(served: Served, method: str) -> None:
    response = served.client.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert served.records()[-1].result == "METHOD"


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", JSON, "BAD_REQUEST"),
        (b"{", JSON, "BAD_REQUEST"),
        (b"null", JSON, "BAD_REQUEST"),
        (b"{}", JSON, "BAD_REQUEST"),
        (b'{"query": ""}', JSON, "BAD_REQUEST"),
        (b'{"query": 1}', JSON, "BAD_REQUEST"),
        (b'{"query": "{a}", "variables": []}', JSON, "BAD_REQUEST"),
        (b'{"query": "{a}", "operationName": 1}', JSON, "BAD_REQUEST"),
        (b'{"query": "{a}", "extensions": [{"persistedQuery": {}}]}', JSON, "BAD_REQUEST"),
        (b"[" + TYPENAME + b"]", JSON, "BATCHING_DISABLED"),
        (TYPENAME, {}, "UNSUPPORTED_MEDIA_TYPE"),
        (TYPENAME, {"Content-Type": "application/graphql"}, "UNSUPPORTED_MEDIA_TYPE"),
        (TYPENAME, {"Content-Type": "application/json; charset=gbk"}, "UNSUPPORTED_MEDIA_TYPE"),
        (TYPENAME, {**JSON, "Content-Encoding": "gzip"}, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query": "' + b" " * 262_144 + b'"}', JSON, "TOO_LARGE"),
        (b'{"query": "{a}", "variables": {"x": [' + b"{}," * 10_000 + b"{}]}}", JSON, "BAD_REQUEST"),
        (TYPENAME, JSON, "UNAUTHENTICATED"),
        (TYPENAME, {**JSON, "Authorization": "Basic eDp5"}, "UNAUTHENTICATED"),
        (TYPENAME, {**JSON, "Authorization": "Bearer not-a-token"}, "UNAUTHENTICATED"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refusals_before_the_document(served: Served, body: bytes, headers: dict[str, str], code: str) -> None:
    known = {"Authorization": f"Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}"}
    response = served.client.post(
        "/graphql", content=body, headers=headers if code == "UNAUTHENTICATED" else {**known, **headers}
    )
    assert code_of(response) == code
    assert response.status_code == RULES[Code(code)].http_status
    assert "data" not in response.json()


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_understood(served: Served, content_type: str) -> None:
    assert served.ask(headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
        ("application/graphql-response+json;q=0", "application/json"),
        ("text/html", "application/json"),
        ("application/json, application/graphql-response+json;q=0.5", "application/json"),
        ("application/*", "application/json"),
        ("application/json;q=0, */*", "application/graphql-response+json"),
    ],
)
def test_media_type_follows_accept(served: Served, accept: str, media: str) -> None:
    response = served.ask(headers={"Accept": accept})
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


def test_members_that_the_hub_does_not_know_are_ignored(served: Served) -> None:
    assert served.ask(id="x", extensions={"clientLibrary": {"name": "x"}}).status_code == 200


def test_get_says_what_to_set_in_which_client(served: Served) -> None:
    told = served.client.get("/graphql", params={"query": "{ __typename }"}).json()["errors"][0]["message"]
    assert all(each in told for each in ("preferGetMethod: false", "Apollo", "graphql-request", "Relay"))


def test_a_good_answer_has_the_envelope(served: Served) -> None:
    response = served.ask()
    told = response.json()
    assert told.keys() == {"data", "extensions"}
    assert told["data"] == {"__typename": "Query"}
    assert told["extensions"].keys() == {"policyVersion", "catalogueVersion", "requestId", "receipt"}
    record = served.records()[-1]
    assert record.request_id == told["extensions"]["requestId"]
    assert record.policy_version == told["extensions"]["policyVersion"] == served.hub.policy.version
    assert told["extensions"]["receipt"]["index"] == len(served.records()) - 1


def test_headers_tell_nothing_and_keep_nothing(served: Served) -> None:
    headers = served.ask().headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    read = {"accept", "accept-encoding", "accept-language", "access-errors"}
    assert {each.strip().lower() for each in headers["vary"].split(",")} > read
    assert not {"server", "set-cookie", "etag", "x-powered-by"} & set(headers)
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"query":"{__typename}","variables":{"x":[' + b"{}," * 86_000 + b"{}]}}",
        b"[" * 200_000,
        b"\xff" * 200_000,
    ],
    ids=["broken", "objects", "deep", "bytes"],
)
@pytest.mark.parametrize("sender", [{}, {"Authorization": "Bearer nobody"}], ids=["none", "bad"])
def test_case_2_02_a_body_is_not_parsed_before_its_sender_is_known(
    served: Served, body: bytes, sender: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr("hub.request.endpoint.loads", parsed.append)
    response = served.client.post("/graphql", content=body, headers={**JSON, **sender})
    assert (response.status_code, code_of(response)) == (401, "UNAUTHENTICATED")
    assert parsed == []


def test_case_2_02_a_body_is_not_waited_for_before_its_sender_is_known(served: Served) -> None:
    head = "POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")


def test_401_says_how(served: Served) -> None:
    response = served.client.post("/graphql", json={"query": "{ __typename }"})
    assert response.headers["www-authenticate"].startswith('Bearer realm="sluicegate", DPoP ')
    assert "token" in response.json()["errors"][0]["message"]


def test_a_graph_that_is_down_is_503_without_data(served: Served) -> None:
    response = served.ask("{ people(first: 1) { edges { node { name } } } }")
    assert (response.status_code, code_of(response)) == (503, "GRAPH_UNAVAILABLE")
    assert "data" not in response.json()


def test_introspection_beside_data_free_fields(served: Served) -> None:
    data = served.ask("{ t: __typename s: __schema { queryType { name } } }").json()["data"]
    assert data == {"t": "Query", "s": {"queryType": {"name": "Query"}}}


class TestOtherPaths:
    """Not data, so not recorded."""

    @pytest.fixture(autouse=True)
    def _unrecorded(self, request: pytest.FixtureRequest) -> None:
        request.node.sent = 0

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/healthz", 200),
            ("GET", "/readyz", 503),
            ("GET", "/metrics", 200),
            ("POST", "/healthz", 405),
            ("GET", "/", 404),
            ("GET", "/graphql/", 404),
            ("GET", "/graphiql", 404),
            ("GET", "/docs", 404),
            ("POST", "/graphql/../x", 404),
        ],
    )
    def test_status(self, served: Served, method: str, path: str, status: int) -> None:
        assert served.client.request(method, path).status_code == status

    def test_readyz_says_what_is_missing(self, served: Served) -> None:
        told = served.client.get("/readyz").json()
        (warning,) = told.pop("warnings")
        assert told == {"ready": False, "graph": False, "catalogue": True, "audit": True, "policy": True}
        assert "sluicegate graph start" in warning

    def test_metrics_count_by_code(self, served: Served) -> None:
        text = served.client.get("/metrics").text
        assert 'sluicegate_requests_total{code="UNAUTHENTICATED"}' in text
        assert 'sluicegate_stage_seconds_count{stage="audit"}' in text
        assert "inspector-1" not in text


def test_an_unwritable_log_stops_answers(tmp_path: Path, served: Served, request: Any) -> None:
    request.node.sent = 0
    with serving(tmp_path / "home") as other:
        other.hub.log.close()
        response = other.ask()
        assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
        told = response.json()
        assert "data" not in told
        assert "receipt" not in told["extensions"]
        assert other.client.get("/readyz").json()["audit"] is False


def test_an_unforeseen_fault_is_internal_recorded_and_silent(
    tmp_path: Path, served: Served, request: Any, caplog: pytest.LogCaptureFixture
) -> None:
    request.node.sent = 0
    with serving(tmp_path / "home") as other:
        other.hub.decisions = None  # type: ignore[assignment]
        response = other.ask('{ people(where: {name: {eq: "CANARY-7788"}}) { edges { node { name } } } }')
        assert (response.status_code, code_of(response)) == (500, "INTERNAL")
        assert other.records()[-1].result == "INTERNAL"
    assert "internal fault in stage purpose" in caplog.text
    assert "CANARY" not in caplog.text + response.text
