"""`policy explain --remote`: a running hub tells what the bearer of a token may see, and nobody else gets it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from tests.support.serving import Served, serving
from tests.support.sources.certificates import Authority

pytestmark = pytest.mark.conformance

Explain = Callable[..., Result]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "home") as hub:
        yield hub


@pytest.fixture
def explain(served: Served, monkeypatch: pytest.MonkeyPatch) -> Explain:
    monkeypatch.setenv("SLUICEGATE_HOME", str(served.hub.settings.home))
    monkeypatch.setenv("SLUICEGATE_TOKEN", served.issuer.issue("fire-inspection", "inspector-1"))

    def run(*arguments: str, url: str = f"http://127.0.0.1:{served.port}", code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["policy", "explain", "--remote", url, *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_all_that_the_bearer_may_see_is_told(explain: Explain) -> None:
    lines = explain().stdout.splitlines()
    assert lines[0] == "fire-inspection, without a case:"
    assert "safety.fire.rental 出租房屋消防检查 Fire inspection of rented dwellings" in lines
    assert "  matchDailyCap: 200 a day for each person (fire-rental-residents)" in lines
    at = lines.index("  Person.phone: MASKED partial(3,4)")
    assert lines[at + 1] == (
        "    partial(3,4) on rows where region startsWith $subject.jurisdiction and a further condition holds"
    )
    assert "  Person.idNumber: DENIED; match; verify" in lines
    assert "  Dwelling.usage: CLEAR; filter; order; group by USAGE" in lines
    assert "  Event.text: DENIED; a case opens more" in lines
    assert not any("Tenancy" in line for line in lines), "what is denied is counted"


def test_why_is_told_for_a_purpose_or_for_all(explain: Explain) -> None:
    assert explain("Person.phone", "--purpose", "safety.fire").stdout.splitlines() == [
        "Person.phone for fire-inspection, safety.fire: DENIED",
        "  Person.phone is not open to the purpose safety.fire",
        "  other purposes that would show it: safety.fire.rental",
        "  owner to ask for a grant: police; it may take 10 working days",
    ]
    told = explain("Person.phone").stdout
    assert "Person.phone for fire-inspection, safety.fire.rental: MASKED partial(3,4)\n  fire-rental-residents" in told


def test_a_case_and_json(explain: Explain) -> None:
    answer = json.loads(explain("--case", "E1", "--purpose", "safety.fire.case", "--json").stdout)
    assert answer["data"]["myAccess"]["caseStated"]
    assert "receipt" in answer["extensions"]
    assert "with a case" in explain("--case", "E1").stdout


def test_the_token_may_lie_in_a_file(explain: Explain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("SLUICEGATE_TOKEN_FILE", str(file))
    assert "not both" in explain(code=1).stderr
    token = f"{CliRunner().invoke(app, ['token', '--app', 'grid-desk']).stdout.strip()}\n"
    monkeypatch.delenv("SLUICEGATE_TOKEN")
    assert "token_file cannot be read" in explain(code=1).stderr
    file.write_text("two words", "utf-8")
    assert "holds no token" in explain(code=1).stderr
    file.write_text(token, "utf-8")
    assert explain().stdout.startswith("grid-desk")
    monkeypatch.delenv("SLUICEGATE_TOKEN_FILE")
    assert "no token is given" in explain(code=1).stderr


REFUSED = [
    (("--purpose", "event"), "PURPOSE_DENIED: this application has no grant"),
    (("--purpose", "event"), "purposes that may be stated: safety.fire, safety.fire.rental, safety.fire.case"),
    (("Person.nothing",), "VALIDATION: the coordinate names no field"),
    (("--app", "x"), "--remote asks as the bearer of its token; leave --app out"),
    (("--as", "wu", "--folder", "."), "leave --folder, --as out"),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED)
def test_a_refusal_is_told(explain: Explain, arguments: tuple[str, ...], told: str) -> None:
    assert told in explain(*arguments, code=1).stderr


def test_a_token_that_is_not_accepted(explain: Explain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_TOKEN", "CANARY")
    refused = explain(code=1).stderr
    assert "UNAUTHENTICATED" in refused and "CANARY" not in refused


ADDRESSES = [
    ("http://hub.example", "takes https://"),
    ("http://127.0.0.1:1/hub", "without a path"),
    ("https://me:secret@hub.example", "nothing more"),
    ("https://hub.example?x=1", "nothing more"),
    ("ftp://127.0.0.1", "takes https://"),
    ("https://", "nothing more"),
    ("https://[::1", "takes the address"),
    ("http://127.0.0.1:many", "takes the address"),
    ("hub.example", "nothing more"),
    ("http://127.0.0.1:9", "no hub answers"),
]


@pytest.mark.parametrize(("url", "told"), ADDRESSES)
def test_an_address_that_is_none_is_refused(explain: Explain, url: str, told: str) -> None:
    refused = explain(url=url, code=1).stderr
    assert told in refused and "secret" not in refused


@contextmanager
def stranger(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """A program on a port of its own, with or without TLS, and the heads of what was sent to it."""
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(f"{self.path}\n{self.headers}")
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], received
        finally:
            server.shutdown()
            thread.join()


def test_case_1_18_a_stranger_on_this_machine_gets_no_token(explain: Explain) -> None:
    with stranger(b'{"proof": "0"}') as (port, received):
        assert "no token was sent" in explain(url=f"http://127.0.0.1:{port}", code=1).stderr
    assert len(received) == 1 and "Bearer" not in received[0]


def test_a_hub_elsewhere_needs_a_certificate_that_is_trusted(
    explain: Explain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    told: dict[str, Any] = {"application": "app\x1b[2J", "hypothetical": False, "caseStated": False, "purposes": []}
    answer = json.dumps({"data": {"myAccess": told}}).encode()
    with stranger(answer, authority.server()) as (port, received):
        url = f"https://127.0.0.1:{port}/gate/"
        assert "its certificate is not trusted" in explain(url=url, code=1).stderr
        assert received == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        shown = explain("--purpose", "a", "--case", "E1", url=url).stdout
    assert shown.startswith("app\\u001b[2J, without a case"), "what a hub says does not control a terminal"
    (sent,) = received
    assert sent.startswith("/gate/access\n") and "E1" not in sent.partition("\n")[0]
    assert "Access-Purpose: a" in sent


def test_what_is_no_hub_is_told(explain: Explain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.pem))
    for answer in (b"<html>", b"[]"):
        with stranger(answer, authority.server()) as (port, _):
            assert "is no hub" in explain(url=f"https://127.0.0.1:{port}", code=1).stderr
    with stranger(b'{"data": {"myAccess": {"who": 1}}}', authority.server()) as (port, _):
        assert "in another form" in explain(url=f"https://127.0.0.1:{port}", code=1).stderr
    with stranger(b"{}", authority.server()) as (port, _):
        assert "what answers is no hub" in explain(url=f"https://127.0.0.1:{port}", code=1).stderr


def test_without_a_hub_a_case_is_refused(served: Served) -> None:
    local = ["policy", "explain", "--app", "a", "--purpose", "b", "--case", "E1", "Person.phone"]
    assert "are for --remote" in CliRunner().invoke(app, local).stderr
