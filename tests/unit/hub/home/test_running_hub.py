"""A command sends its token to the hub of its home only; a second hub touches nothing of the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hub.home.running_hub import (
    CannotServe,
    HubAddress,
    HubNotFound,
    hub_address,
    listen,
    only_demo,
    only_hub,
    post_to_hub,
    proof,
)
from hub.home.settings import Settings
from hub.serve import serve_until_stopped
from tests.support.ports import free_port
from tests.support.serving import Served, serving

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("running") / "home") as running:
        yield running


@contextmanager
def stranger(answer: Any) -> Iterator[tuple[HubAddress, list[str]]]:
    """A program on a port of its own, and all that was sent to it; `answer` makes its answer of a path."""
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            received.append(f"{self.command} {self.path} {self.headers}")
            content = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield HubAddress("127.0.0.1", server.server_address[1]), received
        finally:
            server.shutdown()
            thread.join()


def ask(settings: Settings, address: HubAddress) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": "Bearer CANARY", "Access-Purpose": "safety.fire.rental"}
    return post_to_hub(settings, address, headers, {"query": "{ __typename }"})


def test_case_1_18_the_hub_of_the_home_is_asked(served: Served) -> None:
    status, answer = ask(served.hub.settings, HubAddress("127.0.0.1", served.port))
    assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    "answer",
    [
        lambda path: b'{"proof": "0000000000000000000000000000000000000000000000000000000000000000"}',
        lambda path: json.dumps({"proof": path.rpartition("=")[2]}).encode(),
        lambda path: b'{"data": {"__typename": "Query"}}',
        lambda path: b"[]",
        lambda path: b"<html>",
        lambda path: b'{"proof": null}',
        lambda path: b'{"proof": "\xc3\xa9"}',
    ],
)
def test_case_1_18_a_stranger_on_the_port_gets_no_token(served: Served, answer: Any) -> None:
    with stranger(answer) as (address, received), pytest.raises(HubNotFound, match="no token was sent"):
        ask(served.hub.settings, address)
    assert len(received) == 1
    assert "CANARY" not in received[0]


def test_case_1_18_a_proof_fetched_from_the_hub_does_not_serve_another_port(served: Served) -> None:
    def relay(path: str) -> bytes:
        return served.client.get(path).content

    with stranger(relay) as (address, received), pytest.raises(HubNotFound, match="no token was sent"):
        ask(served.hub.settings, address)
    assert "CANARY" not in "".join(received)


def test_case_1_18_the_hub_of_another_home_gets_no_token(served: Served, tmp_path: Path) -> None:
    other = Settings.load(home=tmp_path / "other", port=served.port)
    with pytest.raises(HubNotFound, match="not the hub of"):
        ask(other, HubAddress("127.0.0.1", served.port))


def test_case_1_18_a_proof_is_given_for_a_challenge_only(served: Served) -> None:
    assert proof(b"k" * 32, "0" * 64, 1) != proof(b"k" * 32, "0" * 64, 2) != proof(b"l" * 32, "0" * 64, 2)
    for text in ("", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n"):
        assert proof(b"k" * 32, text, 1) is None
        assert served.client.get("/proof", params={"challenge": text}).status_code == 400


def test_case_1_18_the_command_tells_a_stranger_from_its_hub(served: Served) -> None:
    home = served.hub.settings.home
    with stranger(lambda path: b"{}") as (address, received):
        (home / "hub.json").write_text(json.dumps({"pid": 1, "host": "127.0.0.1", "port": address.port}))
        assert hub_address(served.hub.settings, None) == address
        command = ["query", "--app", "fire-inspection", "--purpose", "safety.fire.rental", "{ __typename }"]
        ended = run(*command, home=home)
        (home / "hub.json").unlink()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "not the hub of" in ended.stderr
    assert "uthorization" not in "".join(received)


def environment(home: Path) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    graph = {"SLUICEGATE_GRAPH_URL": "bolt://127.0.0.1:9", "SLUICEGATE_GRAPH_PASSWORD": "unused"}
    return {**known, **graph, "SLUICEGATE_HOME": str(home)}


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120, env=environment(home)
    )


def listed(home: Path) -> dict[str, bytes]:
    """The files by which commands find hub and keys, and whether there is a home at all."""
    return {path.name: path.read_bytes() for path in sorted(home.rglob("*")) if path.suffix in {".json", ".key"}}


def test_case_2_08_a_second_hub_touches_nothing(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    first = Settings.load(home=home, port=port)
    with listen(first), only_hub(first):
        before = listed(home)
        assert json.loads(before["hub.json"]) == {"pid": os.getpid(), "host": "127.0.0.1", "port": port}
        for given, at, told in (
            (port, home, "in use"),
            (port, tmp_path / "new", "in use"),
        ):
            with pytest.raises(CannotServe, match=told) as caught:
                serve_until_stopped(Settings.load(home=at, port=given), lambda line: None)
            assert len(str(caught.value).splitlines()) == 1
        assert not (tmp_path / "new").exists()
        # Not by `serve_until_stopped`: without the lock that would serve, and the test would not end.
        with pytest.raises(CannotServe, match="already"), only_hub(Settings.load(home=home, port=free_port())):
            pass
        assert listed(home) == before
    assert not (home / "hub.json").exists()
    with listen(first), only_hub(first):
        assert (home / "hub.json").exists()


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_case_2_08_an_address_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(CannotServe, match=f"{host}.*no address of this machine"):
        listen(Settings.load(host=host))


def test_case_2_08_the_port_is_taken_before_the_hub_is_ready() -> None:
    settings = Settings.load(port=free_port())
    with listen(settings), pytest.raises(CannotServe, match="in use"):
        listen(settings)


def test_a_demo_has_its_home_for_itself_and_for_its_own_hub(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    with only_demo(settings):
        with pytest.raises(CannotServe, match=r"a demo runs in .* already; stop it first"), only_demo(settings):
            pass
        with only_hub(settings):
            pass
    with (
        only_hub(settings),
        pytest.raises(CannotServe, match=r"a hub serves in .* already; stop it first"),
        only_demo(settings),
    ):
        pass
    with only_demo(settings):
        pass
