"""The pages under /audit/ show hashes and signatures to everyone, and a proof to who may have it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.checkpoint import Verifier, open_checkpoint
from audit.log import read
from audit.proof import ProofRefused
from hub.auditor.proofs import check_proof
from hub.home.audit_log import verifier_of
from policies.language import load
from schema import SPINE
from tests.support.serving import COUNTY, Served, serving

pytestmark = pytest.mark.conformance

AUDITOR = """
  - id: audit-office
    zh: 审计局
    en: Audit office
    department: data-bureau
    level: county
    role: auditor
    jurisdiction: 14/03/21/
"""
HUGE = "9" * 19


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("policies")
    for path in COUNTY.glob("*.yaml"):
        text = path.read_text("utf-8")
        more = AUDITOR.lstrip("\n") if path.name == "applications.yaml" else ""
        (folder / path.name).write_text(text.replace("applications:\n", "applications:\n" + more, 1), "utf-8")
    with serving(tmp_path_factory.mktemp("home"), policy=load(folder, SPINE)) as hub:
        yield hub


@pytest.fixture(scope="module")
def verifier(served: Served) -> Verifier:
    return verifier_of(served.hub.settings)


@pytest.fixture
def receipt(served: Served) -> dict[str, Any]:
    """The receipt of an answer that a checkpoint covers by now."""
    found: dict[str, Any] = served.ask().json()["extensions"]["receipt"]
    until(served, found["index"] + 1)
    return found


def until(served: Served, size: int) -> int:
    """Wait until a checkpoint covers `size` records; the size of that checkpoint."""
    key = verifier_of(served.hub.settings)
    while (found := open_checkpoint(served.client.get("/audit/checkpoint").content, key).size) < size:
        time.sleep(0.05)
    return found


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["errors"][0]["extensions"]["code"]


def test_a_receipt_names_log_index_and_leaf_hash(served: Served) -> None:
    receipt = served.ask().json()["extensions"]["receipt"]
    logged = next(read(served.hub.settings.audit_log, receipt["index"], 1))
    assert receipt == {"log": "sluicegate.local/audit", "index": logged.index, "leafHash": logged.leaf_hash}


def test_the_checkpoint_is_a_signed_note(served: Served, verifier: Verifier, receipt: dict[str, Any]) -> None:
    shown = served.client.get("/audit/checkpoint")
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert shown.headers["cache-control"] == "public, max-age=1"
    assert open_checkpoint(shown.content, verifier).size > receipt["index"]
    head = served.client.head("/audit/checkpoint")
    assert (head.status_code, head.content) == (200, b"")


def test_a_tile_never_changes(served: Served, receipt: dict[str, Any]) -> None:
    size = until(served, receipt["index"] + 1)
    shown = served.client.get(f"/audit/tile/0/000.p/{size}")
    assert (shown.status_code, len(shown.content)) == (200, 32 * size)
    assert shown.content[32 * receipt["index"] :][:32].hex() == receipt["leafHash"]
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["content-type"] == "application/octet-stream"
    # A part of it is not served apart: the whole is small, and an answer to a range could be joined wrongly.
    part = served.client.get(f"/audit/tile/0/000.p/{size}", headers={"Range": "bytes=0-31,0-31"})
    assert (part.status_code, part.content) == (200, shown.content)


@pytest.mark.parametrize(
    "path",
    [
        "0/000",
        "0/001.p/1",
        "0/000.p/256",
        "0/000.p/0",
        "0/0.p/1",
        "0/000.p/1/",
        "00/000.p/1",
        "1/000.p/1",
        "63/000.p/1",
        "64/000.p/1",
        "0/x999/x999/x999/x999/x999/x999/999",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
        "-1/000.p/1",
        "entries/000",
        "entries/000.p/1",
        "0/..%2f..%2fcheckpoint",
        "%2e%2e/checkpoint",
        "0/000.p/1%00",
        "0/０00.p/1",
        "",
    ],
)
def test_what_is_no_tile_yet_is_told_alike(served: Served, receipt: dict[str, Any], path: str) -> None:
    assert code(served.client.get(f"/audit/tile/{path}")) == (404, "TILE_UNKNOWN")


def test_dots_in_the_path_as_it_is_sent_lead_nowhere(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as wire:
        wire.sendall(b"GET /audit/tile/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"TILE_UNKNOWN" in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000.p/1", "proof?index=0"])
def test_a_page_is_read_and_nothing_else(served: Served, method: str, path: str) -> None:
    refused = served.client.request(method, f"/audit/{path}")
    assert code(refused) == (405, "METHOD")
    assert refused.headers["allow"] == "GET, HEAD"


def test_a_proof_checks_with_nothing_but_the_key(served: Served, verifier: Verifier, receipt: dict[str, Any]) -> None:
    shown = served.client.get("/audit/proof", params={"index": receipt["index"], "leafHash": receipt["leafHash"]})
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    told = json.loads(shown.content)
    proved = check_proof(told, Verifier.parse(verifier.text))
    assert (proved.log, proved.index, proved.leaf_hash) == (receipt["log"], receipt["index"], receipt["leafHash"])
    # It shows nothing that the receipt did not. (Refusals of other tests may be counted meanwhile.)
    assert {each.kind for each in served.records()[receipt["index"] + 1 :]} <= {"flood"}
    for name, wrong in (
        ("index", told["index"] - 1),
        ("leafHash", "00" * 32),
        ("size", told["size"] + 1),
        ("proof", told["proof"][:-1]),
        ("checkpoint", told["checkpoint"].replace("\n", "\n1", 1)),
        ("log", "another.example/log"),
        ("index", True),
        ("proof", None),
        ("checkpoint", None),
    ):
        with pytest.raises(ProofRefused):
            check_proof({**told, name: wrong}, verifier)


@pytest.mark.parametrize(
    ("index", "leaf"), [("own", "00" * 32), ("next", "own"), (HUGE, "own"), (HUGE, "00" * 32), ("0", "own")]
)
def test_a_wrong_hash_and_an_unknown_index_look_alike(
    served: Served, receipt: dict[str, Any], index: str, leaf: str
) -> None:
    known = {"own": str(receipt["index"]), "next": str(receipt["index"] + 1_000)}
    asked = {"index": known.get(index, index), "leafHash": receipt["leafHash"] if leaf == "own" else leaf}
    shown = served.client.get("/audit/proof", params=asked)
    assert code(shown) == (404, "PROOF_UNKNOWN")
    assert shown.headers["retry-after"] == "1"
    assert shown.content == served.client.get("/audit/proof", params={**asked, "index": "7777"}).content


def test_anyone_may_see_that_the_log_only_grew(served: Served, verifier: Verifier, receipt: dict[str, Any]) -> None:
    old = until(served, receipt["index"] + 1)
    served.ask()
    new = until(served, old + 1)
    told = served.client.get("/audit/proof", params={"from": old, "to": new}).json()
    assert (check_proof(told, verifier).older, check_proof(told, verifier).size) == (old, new)
    with pytest.raises(ProofRefused):
        check_proof({**told, "proof": [*told["proof"], "00" * 32]}, verifier)
    beyond = served.client.get("/audit/proof", params={"from": "0", "to": HUGE})
    assert code(beyond) == (404, "PROOF_UNKNOWN")
    exchanged = served.client.get("/audit/proof", params={"from": str(new), "to": str(old)})
    assert code(exchanged) == (400, "BAD_REQUEST") and "exchange them" in exchanged.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "leafHash=" + "0" * 64,
        "index=1&index=2&leafHash=" + "0" * 64,
        "index=01&leafHash=" + "0" * 64,
        "index=-1&leafHash=" + "0" * 64,
        "index=1e3&leafHash=" + "0" * 64,
        f"index={HUGE}9&leafHash=" + "0" * 64,
        "index=%EF%BC%91&leafHash=" + "0" * 64,
        "index=1&leafHash=" + "A" * 64,
        "index=1&leafHash=" + "0" * 63,
        "index=1&leafHash=",
        "index=1&from=0&to=1",
        "from=0",
        "from=0&to=1&x=",
        "index=1&size=&leafHash=" + "0" * 64,
        "index=1&leafHash=" + "0" * 600,
        "index",
        "%ff=1",
    ],
)
def test_what_cannot_be_meant_is_refused(served: Served, query: str) -> None:
    assert code(served.client.get(f"/audit/proof?{query}")) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["checkpoint?a", "tile/0/000.p/1?a=b"])
def test_an_address_has_one_spelling(served: Served, path: str) -> None:
    assert code(served.client.get(f"/audit/{path}")) == (400, "BAD_REQUEST")


def test_an_auditor_needs_no_receipt_and_is_recorded(
    served: Served, verifier: Verifier, receipt: dict[str, Any]
) -> None:
    token = served.issuer.issue("audit-office", "auditor-1")
    shown = served.client.get(
        "/audit/proof", params={"index": receipt["index"]}, headers={"Authorization": f"Bearer {token}"}
    )
    assert check_proof(shown.json(), verifier).leaf_hash == receipt["leafHash"]
    last = [each for each in served.records() if each.kind == "proof"][-1]
    assert (last.application, last.department, last.result) == ("audit-office", "data-bureau", "OK")
    assert last.variables == {"index": str(receipt["index"])}
    assert last.subject == served.hub.digester.digest("subject", "auditor-1")


@pytest.mark.parametrize("token", ["", "x.y.z", "inspector"])
def test_nobody_else_gets_a_proof_without_a_receipt(served: Served, receipt: dict[str, Any], token: str) -> None:
    given = served.issuer.issue("fire-inspection", "inspector-1") if token == "inspector" else token
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    shown = served.client.get("/audit/proof", params={"index": receipt["index"]}, headers=headers)
    assert code(shown) == (401, "UNAUTHENTICATED")
    assert shown.headers["www-authenticate"].startswith("Bearer")


def test_refusals_are_counted_in_the_log(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as other:
        for _ in range(5):
            other.client.get("/audit/proof", params={"index": 0})
        other.client.get("/audit/tile/0/000")
    counted = [each for each in other.records() if each.kind == "flood"]
    assert sum(int(each.variables["count"]) for each in counted) == 5
    assert {each.result for each in counted} == {"UNAUTHENTICATED"}
    source = other.hub.digester.digest("source", "127.0.0.1")
    assert {each.variables["source"] for each in counted} == {source}


def test_a_reader_who_is_too_fast_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.auditor.pages.BURST", 5)
    monkeypatch.setattr("hub.auditor.pages.PER_SECOND", 0.0)
    with serving(tmp_path / "home") as other:
        found = [other.client.get("/audit/checkpoint") for _ in range(6)]
        assert [each.status_code for each in found] == [200] * 5 + [429]
        assert code(found[-1]) == (429, "TOO_MANY_REQUESTS")
        assert found[-1].headers["retry-after"] == "1"
        assert other.ask().status_code == 200, "who asks for data is not held up by it"


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as other:
        other.hub.settings.audit_file.rename(tmp_path / "away.db")
        assert code(other.client.get("/audit/checkpoint")) == (503, "AUDIT_UNAVAILABLE")
