"""The page `/audit/proof` gives a receipt's proof in three forms, with one meaning, and nothing but hashes in it."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from audit.log import read
from audit.record import Record, encode
from hub.cli.main import app
from hub.home.audit_log import open_log, verifier_of
from hub.home.settings import Settings
from tests.support.serving import Served, serving
from tests.support.waiting import until

pytestmark = pytest.mark.conformance

FORMS = {
    "json": "application/json",
    "tlog-proof": "text/plain; charset=utf-8",
    "cose": 'application/cose; cose-type="cose-sign1"',
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home")) as hub:
        yield hub


def proved(served: Served) -> dict[str, Any]:
    """The receipt of an answer that a checkpoint covers by now, and the size of that tree."""
    told = served.ask(purpose="safety.fire.rental", person="inspector-7").json()["extensions"]["receipt"]
    asked = {"index": told["index"], "leafHash": told["leafHash"]}
    until(lambda: page(served, asked).status_code == 200)
    return {**asked, "size": page(served, asked).json()["size"]}


def page(served: Served, asked: dict[str, Any]) -> httpx.Response:
    return served.client.get("/audit/proof", params=asked)


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()["errors"][0]["extensions"]["code"]


def test_three_forms_hold_the_same_proof(served: Served) -> None:
    asked = proved(served)
    shown = {form: page(served, {**asked, "form": form}) for form in FORMS}
    assert {form: each.headers["content-type"] for form, each in shown.items()} == FORMS
    assert {each.headers["cache-control"] for each in shown.values()} == {"no-store"}
    told = shown["json"].json()
    assert told == page(served, asked).json()
    path = [bytes.fromhex(each) for each in told["proof"]]
    lines = [f"index {told['index']}", *(base64.b64encode(each).decode() for each in path), "", told["checkpoint"]]
    assert shown["tlog-proof"].text == "c2sp.org/tlog-proof@v1\n" + "\n".join(lines)
    assert all(each in shown["cose"].content for each in path)


@pytest.mark.parametrize("form", FORMS)
def test_a_proof_holds_nothing_of_the_record(served: Served, form: str) -> None:
    asked = proved(served)
    record = next(read(served.hub.settings.audit_log, asked["index"], 1)).record
    shown = page(served, {**asked, "form": form}).content
    held = json.loads(encode(record))
    assert held["subject"] and held["purpose"] == "safety.fire.rental" and held["salt"]
    for name in ("subject", "application", "department", "purpose", "salt", "request_id", "operation", "time"):
        assert held[name].encode() not in shown, name
    assert bytes.fromhex(held["salt"]) not in shown
    assert len(shown) < 2_000


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_had_without_a_receipt(served: Served, form: str) -> None:
    asked = {**proved(served), "form": form}
    assert code(page(served, {**asked, "leafHash": "00" * 32})) == (404, "PROOF_UNKNOWN")
    assert code(page(served, {**asked, "size": 10**9})) == (404, "PROOF_UNKNOWN")
    del asked["leafHash"]
    assert code(page(served, asked)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("form", ["", "JSON", "cose ", "tlog-proof@v1", "jsön", "cbor"])
def test_an_unknown_form_is_refused(served: Served, form: str) -> None:
    refused = page(served, {**proved(served), "form": form})
    assert code(refused) == (400, "BAD_REQUEST")
    assert "form is one of json, tlog-proof, cose" in refused.text


def test_a_continuation_has_one_form(served: Served) -> None:
    size = proved(served)["size"]
    assert code(page(served, {"from": 1, "to": size, "form": "cose"})) == (400, "BAD_REQUEST")


def test_a_size_without_a_checkpoint_has_no_signed_form(tmp_path: Path) -> None:
    # A record that does not fit goes on in the next one, in the same commit: no checkpoint ends between the two.
    many = tuple(f"subject-{number:015}" for number in range(4_000))
    with closing(open_log(Settings.load(home=tmp_path))) as log:
        receipt = log.append_sync(Record(kind="query", request_id="r", result="OK", http_status=200, subjects=many))
    asked = {"index": receipt.index, "leafHash": receipt.leaf_hash, "size": receipt.index + 1}
    with serving(tmp_path) as other:
        assert page(other, asked).json()["checkpoint"] is None
        for form in ("tlog-proof", "cose"):
            assert code(page(other, {**asked, "form": form})) == (404, "PROOF_UNKNOWN")
            assert page(other, {**asked, "size": receipt.index + 2, "form": form}).status_code == 200


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("done", ["UPDATE record SET leaf = zeroblob(32)", "DELETE FROM record"])
def test_f09_of_a_rewritten_log_nothing_is_proved_or_signed(tmp_path: Path, form: str, done: str) -> None:
    """Whoever changes a leaf in the database, or takes one away, gets no signature of the key."""
    with serving(tmp_path) as other:
        asked = {**proved(other), "leafHash": "00" * 32, "form": form}
        with closing(sqlite3.connect(other.hub.settings.audit_file)) as log, log:
            drop_triggers(log)
            assert log.execute(f"{done} WHERE idx = ?", (asked["index"],)).rowcount == 1
        assert code(page(other, asked)) == (503, "AUDIT_UNAVAILABLE")


def drop_triggers(log: sqlite3.Connection) -> None:
    for (name,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        log.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize("form", FORMS)
def test_a_command_writes_what_the_page_gives(served: Served, tmp_path: Path, form: str) -> None:
    asked, out = proved(served), tmp_path / "proof"
    home, local = str(served.hub.settings.home), {"SLUICEGATE_LOCAL_STEWARDS": "1"}
    command = ["audit", "prove", str(asked["index"]), "--form", form, "--out", str(out), "--home", home]
    done = CliRunner().invoke(app, [*command, "--as", "wu"], env=local)
    assert done.exit_code == 0, done.output
    # Its checkpoint covers the record of the command too; others may have come meanwhile.
    newest = page(served, {k: asked[k] for k in ("index", "leafHash")}).json()["size"]
    pages = [page(served, {**asked, "size": size, "form": form}) for size in range(asked["size"] + 1, newest + 1)]
    if form == "json":
        assert json.loads(out.read_bytes()) in [each.json() for each in pages]
    else:
        assert out.read_bytes() in [each.content for each in pages]
    verified = CliRunner().invoke(app, ["audit", "verify", str(out), "--home", home])
    assert verified.exit_code == (0 if form == "json" else 1)
    assert form == "json" or "of the form json" in verified.output


def test_a_receipt_is_signed_with_the_key_of_the_home_alone(served: Served) -> None:
    key = verifier_of(served.hub.settings).text
    command = ["audit", "prove", "0", "--form", "cose", "--public-key", key, "--home", str(served.hub.settings.home)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "leave --public-key out" in done.output
