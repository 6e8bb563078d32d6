"""The sample hotline over real HTTP: key, pages, cursor, and nothing personal in its logs."""

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sample.generate import generate
from hub.sample.hotline import make_hotline_app, serve_hotline
from hub.sample.known_people import CANARIES

pytestmark = pytest.mark.unit

KEY = "a-key-for-this-test-only"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hotline") / "sample"
    generate(out, 1_000, 3)
    return out / "hotline"


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with (
        serve_hotline(folder, KEY) as base_url,
        httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client,
    ):
        yield client


def written(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def pages(client: httpx.Client, **query: str | int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    number, last = 1, 1
    while number <= last:
        answer = client.get("/api/tickets", params={**query, "page": number})
        assert answer.status_code == 200
        body = answer.json()
        items += body["items"]
        assert body["page"] == number
        number, last = number + 1, body["pages"]
    return items


@pytest.mark.parametrize("size", [1, 7, 100, 500])
def test_all_pages_together_are_the_file_in_its_order(client: httpx.Client, folder: Path, size: int) -> None:
    assert pages(client, pageSize=size) == written(folder)


def test_since_is_inclusive(client: httpx.Client, folder: Path) -> None:
    tickets = written(folder)
    middle = tickets[len(tickets) // 2]["updatedAt"]
    expected = [ticket for ticket in tickets if ticket["updatedAt"] >= middle]
    assert pages(client, updatedSince=middle) == expected
    assert expected[0]["updatedAt"] == middle


@pytest.mark.parametrize(
    ("moment", "total"),
    [("2000-01-01T00:00:00+08:00", 103), ("2026-07-31T00:00:00Z", 0)],
)
def test_since_before_all_and_after_all(client: httpx.Client, moment: str, total: int) -> None:
    body = client.get("/api/tickets", params={"updatedSince": moment}).json()
    assert (body["total"], body["pages"]) == (total, -(-total // 100))


def test_offsets_are_compared_as_moments(client: httpx.Client, folder: Path) -> None:
    last = written(folder)[-1]["updatedAt"]
    beijing = client.get("/api/tickets", params={"updatedSince": last}).json()["total"]
    # The same clock time in London is eight hours later.
    london = client.get("/api/tickets", params={"updatedSince": last.replace("+08:00", "Z")}).json()["total"]
    assert (beijing, london) == (1, 0)


def test_a_page_past_the_end_is_empty(client: httpx.Client) -> None:
    body = client.get("/api/tickets", params={"page": 99}).json()
    assert body == {"items": [], "page": 99, "pages": 2, "total": 103}


@pytest.mark.parametrize("header", [None, "", "Bearer", f"bearer {KEY}", f"Bearer {KEY}x", KEY, "Bearer é"])
def test_without_the_right_key_nothing_is_told(client: httpx.Client, header: str | None) -> None:
    headers = {} if header is None else {b"authorization": header.encode("latin-1")}
    with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
        answer = stranger.get("/api/tickets", params={"page": "nonsense"}, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("page", "0", "page"),
        ("page", "-1", "page"),
        ("page", "1.5", "page"),
        ("page", "", "page"),
        ("page", "١", "page"),
        ("page", "9" * 5000, "page"),
        ("pageSize", "0", "pageSize"),
        ("pageSize", "501", "pageSize"),
        ("updatedSince", "yesterday", "updatedSince"),
        ("updatedSince", "2026-06-01T00:00:00", "updatedSince"),
        ("updatedSince", "", "updatedSince"),
        ("since", "2026-06-01", "unknown"),
    ],
)
def test_a_bad_parameter_is_named_and_its_value_is_not(client: httpx.Client, name: str, value: str, told: str) -> None:
    answer = client.get("/api/tickets", params={name: value})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid parameter", "parameter": told}


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/api/tickets", 405), ("GET", "/api/other", 404)])
def test_there_is_one_way_in(client: httpx.Client, method: str, path: str, status: int) -> None:
    assert client.request(method, path).status_code == status


def test_a_ticket_added_to_the_file_is_served_next(tmp_path: Path, folder: Path) -> None:
    tickets = written(folder)[:3]
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(json.dumps(ticket) + "\n" for ticket in tickets[1:]), encoding="utf-8")
    with (
        serve_hotline(tmp_path, KEY) as base_url,
        httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client,
    ):
        assert pages(client) == tickets[1:]
        # Written last, but changed first: order is by time, not by place in the file.
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(tickets[0]) + "\n")
        assert pages(client) == tickets


def test_nothing_personal_is_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        served = pages(client, pageSize=50)
        client.get(
            "/api/tickets",
            params={CANARIES[0].name: CANARIES[0].phone},
            headers={"Authorization": "Bearer no"},
        )
        client.get("/nowhere")
    # The test's own client logs the addresses it asks; only the server's loggers count.
    said = "".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    said += "".join(capfd.readouterr())
    assert CANARIES[0].phone in json.dumps(served)
    assert [word for canary in CANARIES for word in (canary.name, canary.phone, canary.id_no) if word in said] == []
    assert KEY not in said


def test_the_server_is_gone_after_its_block(folder: Path) -> None:
    with serve_hotline(folder, KEY) as base_url:
        assert httpx.get(f"{base_url}/api/tickets", trust_env=False).status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base_url}/api/tickets", trust_env=False)


def test_an_error_in_the_block_stops_the_server_too(folder: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(LookupError), serve_hotline(folder, KEY) as base_url:
        raise LookupError
    with pytest.raises(httpx.ConnectError):
        httpx.get(base_url, trust_env=False)
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_is_an_error(folder: Path) -> None:
    with serve_hotline(folder, KEY) as base_url:
        port = int(base_url.rpartition(":")[2])
        with pytest.raises(OSError), serve_hotline(folder, KEY, port):
            raise AssertionError("two servers on one port")


def test_an_empty_key_opens_nothing(folder: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        make_hotline_app(folder, "")


def test_a_folder_without_tickets_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), serve_hotline(tmp_path, KEY):
        raise AssertionError("served nothing")
