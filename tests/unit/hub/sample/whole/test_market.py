"""The sample's market supervision over real HTTP: tokens, the rate, pages and cursors; nothing personal in its logs."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sample.whole.market import MarketRules, make_market_app, serve_market
from tests.unit.hub.sample.whole.conftest import Whole
from tests.unit.hub.sample.whole.test_units import units

pytestmark = pytest.mark.unit

RULES = MarketRules("county-hub", "a secret: for this test", requests=10_000)
BASIC = httpx.BasicAuth("county-hub", "a+secret%3A+for+this+test")
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def folder(whole: Whole) -> Path:
    return whole.folder / "market"


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serve_market(folder, RULES) as base_url, httpx.Client(base_url=base_url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token(client)}"
        yield client


def token(client: httpx.Client) -> str:
    answer = client.post("/oauth/token", data=GRANT, auth=BASIC)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    return str(answer.json()["access_token"])


def pages(client: httpx.Client, **query: str | int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/api/units", params={**query, **cursor})
        assert answer.status_code == 200
        body = answer.json()
        rows += body["data"]
        if body["nextCursor"] is None:
            assert len(rows) == body["total"]
            return rows
        cursor = {"cursor": body["nextCursor"]}


@pytest.mark.parametrize("limit", [1, 50, 500])
def test_all_pages_together_are_the_file(client: httpx.Client, whole: Whole, limit: int) -> None:
    assert pages(client, limit=limit) == units(whole)


def test_changed_since_is_inclusive(client: httpx.Client, whole: Whole) -> None:
    rows = units(whole)
    middle = rows[len(rows) // 2]["updatedAt"]
    assert pages(client, changedSince=middle, limit=7) == [row for row in rows if row["updatedAt"] >= middle]


def test_credentials_may_stand_in_the_form_too(client: httpx.Client) -> None:
    form = GRANT | {"client_id": RULES.client_id, "client_secret": RULES.client_secret}
    with httpx.Client(base_url=client.base_url, trust_env=False) as other:
        assert other.post("/oauth/token", data=form).json()["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("form", "header", "status", "error"),
    [
        (GRANT, "", 401, "invalid_client"),
        (GRANT, "Basic !", 401, "invalid_client"),
        (GRANT, "Basic " + base64.b64encode(b"county-hub:no").decode(), 401, "invalid_client"),
        (GRANT, "Basic " + base64.b64encode(b"\xff:\xff").decode(), 401, "invalid_client"),
        ({"client_id": "other", "client_secret": RULES.client_secret} | GRANT, "", 401, "invalid_client"),
        ({"client_id": RULES.client_id, "client_secret": RULES.client_secret}, "", 400, "unsupported_grant_type"),
        ({"x": "y" * 5_000}, "", 400, "invalid_request"),
    ],
)
def test_no_token_without_the_credentials(
    client: httpx.Client, form: dict[str, str], header: str, status: int, error: str
) -> None:
    with httpx.Client(base_url=client.base_url, trust_env=False) as other:
        answer = other.post("/oauth/token", data=form, headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x"])
def test_no_unit_without_a_token(client: httpx.Client, header: str) -> None:
    answer = client.get("/api/units", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_token"})
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_ends(folder: Path) -> None:
    rules = MarketRules("county-hub", "a secret: for this test", token_seconds=0.3)
    with serve_market(folder, rules) as base_url, httpx.Client(base_url=base_url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token(client)}"
        assert client.get("/api/units").status_code == 200
        time.sleep(0.35)
        assert client.get("/api/units").status_code == 401
        client.headers["Authorization"] = f"Bearer {token(client)}"
        assert client.get("/api/units").status_code == 200


def test_more_requests_than_the_rate_allows_have_to_wait(folder: Path) -> None:
    rules = MarketRules("county-hub", "a secret: for this test", requests=3, window_seconds=1.0)
    with serve_market(folder, rules) as base_url, httpx.Client(base_url=base_url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token(client)}"
        answers = [client.get("/api/units") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[3].json() == {"error": "too_many_requests"}
        assert answers[3].headers["retry-after"] == "1"
        time.sleep(1.05)
        assert client.get("/api/units").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("limit", "0", "limit"),
        ("limit", "501", "limit"),
        ("cursor", "", "cursor"),
        ("cursor", "not ours", "cursor"),
        ("cursor", "é", "cursor"),
        ("cursor", base64.urlsafe_b64encode(b"unit -1").decode(), "cursor"),
        ("changedSince", "2026-06-01", "changedSince"),
        ("page", "1", "unknown"),
    ],
)
def test_a_bad_parameter_is_named_and_its_value_is_not(client: httpx.Client, name: str, value: str, told: str) -> None:
    answer = client.get("/api/units", params={name: value})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_parameter", "parameter": told}


def test_nothing_personal_is_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        rows = pages(client)
    said = "".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ) + "".join(capfd.readouterr())
    assert [row for row in rows if row["representativeIdNo"] in said or row["representativeName"] in said] == []
    assert RULES.client_secret not in said
    assert json.dumps(rows)


def test_an_empty_secret_opens_nothing(folder: Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        make_market_app(folder, MarketRules("county-hub", ""))


def test_a_folder_without_units_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_market_app(tmp_path, RULES)
