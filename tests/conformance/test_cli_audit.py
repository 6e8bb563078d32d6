"""The audit commands: each reading is recorded, and anyone can check what they prove."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from audit.log import read, tail
from audit.record import Record
from hub.cli.main import app
from hub.home.audit_log import open_log, operator_digest
from hub.home.settings import Settings
from tests.support.postgres import postgres

pytestmark = pytest.mark.conformance


class Home:
    """A home with a log of three refusals; `run` is a command in it."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings.load(home=folder)
        self.settings.prepare_home()
        self.add(3)

    def add(self, count: int) -> None:
        with closing(open_log(self.settings)) as log:
            for number in range(count):
                log.append_sync(Record(kind="refusal", request_id=f"r{number}", result="METHOD", http_status=405))

    def run(self, *arguments: str, code: int = 0, stdin: str = "") -> Result:
        result = CliRunner().invoke(
            app, ["audit", *arguments], env={"SLUICEGATE_HOME": str(self.settings.home)}, input=stdin
        )
        assert result.exit_code == code, result.output
        return result

    def records(self) -> list[Record]:
        return [each.record for each in read(self.settings.audit_log)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres(durable=True) as running:
        yield running.database("log", "postgresql")


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (["tail", "-n", "2"], "search", {"count": "2"}),
        (["show", "1"], "search", {"index": "1"}),
        (["prove", "1"], "proof", {"index": "1"}),
    ],
)
def test_each_reading_is_recorded(home: Home, arguments: list[str], kind: str, told: dict[str, str]) -> None:
    home.run(*arguments)
    (last,) = home.records()[3:]
    assert (last.kind, last.operation_name, last.result) == (kind, f"audit {arguments[0]}", "OK")
    assert last.variables == told
    from hub.home.audit_log import digester_of

    assert last.subject == operator_digest(digester_of(home.settings))


@pytest.mark.parametrize("arguments", [["tail"], ["show", "1"], ["prove", "1"]])
def test_what_cannot_be_recorded_is_not_shown(home: Home, arguments: list[str]) -> None:
    home.settings.audit_head.write_bytes(b"no note at all")
    assert home.run(*arguments, code=1).stdout == ""


def test_a_proof_is_checked_by_the_public_key_alone(home: Home, tmp_path: Path) -> None:
    leaf = json.loads(home.run("show", "1", "--json").stdout)["leafHash"]
    proof = tmp_path / "1.proof"
    home.run("prove", "1", "--leaf-hash", leaf, "--out", str(proof))
    public = tmp_path / "log.pub"
    public.write_text(home.run("key").stdout)
    elsewhere = Home(tmp_path / "elsewhere")
    shown = elsewhere.run("verify", str(proof), "--public-key", str(public), "--json")
    assert json.loads(shown.stdout)["leaf_hash"] == leaf
    assert elsewhere.run("verify", str(proof), "--public-key", public.read_text().strip()).stdout.startswith("ok: ")
    assert "another log" not in home.run("verify", str(proof)).stderr
    for wrong in (leaf[:-1] + ("0" if leaf[-1] != "0" else "1"), "0" * 64):
        assert "no published checkpoint" in home.run("prove", "1", "--leaf-hash", wrong, code=1).stderr
    assert "new file" in home.run("prove", "1", "--out", str(proof), code=1).stderr
    changed = proof.read_text().replace('"index": 1', '"index": 2')
    proof.write_text(changed)
    assert "NOT PROVED" in home.run("verify", str(proof), code=1).stderr


def test_the_log_is_verified_against_key_and_head(home: Home, tmp_path: Path) -> None:
    note = home.run("checkpoint").stdout
    assert note.startswith("sluicegate.local/audit\n3\n")
    witnessed = tmp_path / "witnessed"
    witnessed.write_text(note)
    home.add(1)
    assert json.loads(home.run("verify", "--head", str(witnessed), "--json").stdout)["size"] == 4
    stranger = Home(tmp_path / "stranger").run("key").stdout.strip()
    assert "foreign" in home.run("verify", "--public-key", stranger, code=1).stderr
    assert "no checkpoint" in home.run("verify", "--head", str(tmp_path / "none"), code=1).stderr


def test_a_log_that_was_put_back_needs_the_operators_word(home: Home, tmp_path: Path) -> None:
    log = home.settings.audit_file
    shutil.copy(log, tmp_path / "old.db")
    home.add(2)
    for name in ("audit.db-wal", "audit.db-shm"):
        log.with_name(name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "old.db", log)
    assert "rolled-back" in home.run("verify", code=1).stderr
    assert "put back" in home.run("tail", code=1).stderr
    assert "confirm" in home.run("accept-loss", code=1).stderr
    assert "confirm" in home.run("accept-loss", "--confirm", "yes", code=1).stderr
    home.run("accept-loss", "--confirm", "sluicegate.local/audit")
    last = home.records()[-1]
    assert (last.kind, last.operation_name) == ("admin", "audit accept-loss")
    assert (last.variables["foundSize"], last.variables["recordedSize"]) == ("3", "5")
    assert home.run("verify").stdout.startswith("ok: 4 records")
    assert "nothing is lost" in home.run("accept-loss", "--confirm", "sluicegate.local/audit", code=1).stderr


def test_a_log_on_a_server_is_prepared_read_and_verified(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE ROLE hub LOGIN PASSWORD 'own'")
    own = server.replace("postgres:drowssap@", "hub:own@")
    monkeypatch.setenv("SLUICEGATE_AUDIT_STORE", own)
    settings = Settings.load(home=tmp_path / "home")

    def run(*arguments: str, code: int = 0, stdin: str = "") -> Result:
        found = CliRunner().invoke(app, ["audit", *arguments], env={"SLUICEGATE_HOME": str(settings.home)}, input=stdin)
        assert found.exit_code == code, found.output
        assert "own@" not in found.output and "drowssap" not in found.output
        return found

    assert "prepare" in run("show", "0", code=1).stderr
    assert "postgresql://" in run("prepare", code=1, stdin="mysql://x\n").stderr
    told = json.loads(run("prepare", "--append", "hub", "--months", "2", "--json", stdin=f"{server}\n").stdout)
    assert (len(told["partitions"]), told["recorded"]) == (3, True)
    (first,) = (each.record for each in tail(own, 9))
    assert (first.kind, first.operation_name, first.variables["partitions"]) == ("admin", "audit prepare", "3")
    assert json.loads(run("prepare", "--months", "2", "--json", stdin=f"{server}\n").stdout)["partitions"] == []
    assert json.loads(run("verify", "--json").stdout) | {"root": ""} == {
        "ok": True,
        "size": 2,
        "root": "",
        "first_bad": None,
        "why": None,
    }
    assert json.loads(run("prove", "0").stdout)["size"] == 3
