"""`GET /schema.graphql` over real HTTP: the schema of the hub, to whoever may ask it, each reading on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.log import read
from schema import SPINE
from schema.graphql import build
from schema.interface.sdl import sdl_of
from tests.support.serving import Served, code_of, serving
from tests.support.sources.slices import HEALTH

pytestmark = pytest.mark.conformance

PATH = "/schema.graphql"
CANARY = "140321195703129022"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("schema") / "home") as running:
        yield running


def send(served: Served, method: str = "GET", path: str = PATH, **headers: str) -> httpx.Response:
    """A reading with a token; a header of the value "" is left out."""
    token = served.issuer.issue("fire-inspection", "inspector-1")
    sent = {"authorization": f"Bearer {token}", **{name.replace("_", "-"): each for name, each in headers.items()}}
    return served.client.request(method, path, headers={name: each for name, each in sent.items() if each})


@pytest.mark.parametrize(
    ("language", "told", "text"),
    [
        ("", "zh, en", sdl_of(build(SPINE))),
        ("fr", "zh, en", sdl_of(build(SPINE))),
        ("zh-Hans-CN, en;q=0.5", "zh", sdl_of(build(SPINE), "zh")),
        ("en-GB", "en", sdl_of(build(SPINE), "en")),
    ],
)
def test_it_is_the_schema_in_the_language_that_is_asked_for(
    served: Served, language: str, told: str, text: str
) -> None:
    response = send(served, accept_language=language)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert response.headers["content-language"] == told
    assert response.text == text


def test_it_asks_for_no_purpose_and_says_nothing_of_one(served: Served) -> None:
    assert send(served, access_purpose="no.such.purpose").text == send(served).text


def test_a_copy_is_asked_about_and_kept_by_nobody_between(served: Served) -> None:
    first = send(served)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert set(first.headers["vary"].split(", ")) == {"Accept-Language", "Authorization"}
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = send(served, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert send(served, if_none_match='"other"').status_code == 200
    assert send(served, if_none_match=tag, accept_language="zh").status_code == 200


def test_head_tells_the_length_and_nothing_else(served: Served) -> None:
    response = send(served, "HEAD")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["etag"] == send(served).headers["etag"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", PATH, {"authorization": ""}, 401, "UNAUTHENTICATED"),
        ("GET", PATH, {"authorization": "Bearer nobody"}, 401, "UNAUTHENTICATED"),
        ("GET", f"{PATH}?language={CANARY}", {}, 400, "BAD_REQUEST"),
        ("POST", PATH, {}, 405, "METHOD"),
        ("DELETE", PATH, {}, 405, "METHOD"),
    ],
)
def test_who_may_not_read_it_is_refused_and_recorded(
    served: Served, method: str, path: str, headers: Mapping[str, str], status: int, code: str
) -> None:
    before = len(served.records())
    response = send(served, method, path, **headers)
    assert (response.status_code, code_of(response)) == (status, code)
    assert "type Query" not in response.text and CANARY not in response.text
    assert response.headers["cache-control"] == "no-store"
    if status == 405:
        assert response.headers["allow"] == "GET, HEAD"
    after = served.records()
    assert len(after) == before + 1
    assert (after[-1].kind, after[-1].result, after[-1].http_status) == ("refusal", code, status)
    assert CANARY not in repr(after[-1])


def test_each_reading_is_on_record_and_has_its_receipt(served: Served) -> None:
    before = len(served.records())
    tag = send(served).headers["etag"]
    response = send(served, if_none_match=tag)
    first, second = served.records()[before:]
    for record, status in ((first, 200), (second, 304)):
        found: dict[str, Any] = {"kind": record.kind, "result": record.result, "status": record.http_status}
        assert found == {"kind": "schema", "result": "OK", "status": status}
        assert (record.application, record.department) == ("fire-inspection", "fire")
        assert record.catalogue_version == SPINE.version
        assert record.subject and "inspector" not in record.subject
    receipt = dict(each.split("=") for each in response.headers["audit-receipt"].split(", "))
    logged = next(read(served.hub.settings.audit_log, int(receipt["index"]), 1))
    assert (logged.record, logged.leaf_hash) == (second, receipt["leafHash"])
    assert receipt["log"] == "sluicegate.local/audit"


def test_what_cannot_be_recorded_is_not_served(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as running:
        assert send(running).status_code == 200
        running.hub.log.close()
        response = send(running)
    assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
    assert "type Query" not in response.text


def test_slices_of_the_installation_are_in_it(tmp_path: Path) -> None:
    slices = tmp_path / "slices"
    slices.mkdir()
    (slices / "health.yaml").write_text(HEALTH, "utf-8")
    with serving(tmp_path / "home", slices=slices) as running:
        text = send(running).text
        assert text == sdl_of(running.hub.schema)
    assert "type Clinic implements Node" in text
