"""The audit commands: each reading is recorded, and anyone can check what they prove."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from audit.checkpoint import sign_checkpoint
from audit.log import AuditLog, read, tail
from audit.record import Record, utc_now
from audit.verify import verify as verify_log
from hub.cli.main import app
from hub.home.audit_log import digester_of, open_log, signer_of
from hub.home.settings import Settings
from tests.support.postgres import postgres
from tests.support.searched_log import LOCAL, as_auditor

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
            app,
            ["audit", *as_auditor(arguments)],
            env={**LOCAL, "SLUICEGATE_HOME": str(self.settings.home)},
            input=stdin,
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
    assert last.variables == {**told, "signedIn": "local"}
    assert last.subject == digester_of(home.settings).digest("steward", "wu")


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
    assert "not compared: its checkpoint with the log as it is now" in home.run("verify", str(proof)).stdout
    for option in (["--strict"], ["--head", str(public)]):
        assert "are for the whole log" in home.run("verify", str(proof), *option, code=1).stderr
    for wrong in (leaf[:-1] + ("0" if leaf[-1] != "0" else "1"), "0" * 64):
        assert "no published checkpoint" in home.run("prove", "1", "--leaf-hash", wrong, code=1).stderr
    assert "new file" in home.run("prove", "1", "--out", str(proof), code=1).stderr
    changed = proof.read_text().replace('"index": 1', '"index": 2')
    proof.write_text(changed)
    assert "NOT PROVED" in home.run("verify", str(proof), code=1).stderr


def test_a_continuation_is_proved_by_the_public_key_alone(home: Home, tmp_path: Path) -> None:
    key = home.run("key").stdout.strip()
    older = int(home.run("checkpoint").stdout.splitlines()[1])
    home.add(2)
    newer = int(home.run("checkpoint").stdout.splitlines()[1])
    before = len(home.records())
    grown = tmp_path / "grown.proof"
    home.run("continuation", str(older), "--out", str(grown))
    assert len(home.records()) == before, "it shows no record"
    told = home.run("verify", str(grown), "--public-key", key, "--json").stdout
    assert json.loads(told)["older"] == older and json.loads(told)["size"] == newer > older
    assert "up to" in home.run("continuation", str(newer + 1), code=1).stderr
    assert "up to" in home.run("continuation", str(newer), "--to", str(older), code=1).stderr
    assert "new file" in home.run("continuation", str(older), "--out", str(grown), code=1).stderr
    unpublish(home, older + 1)
    assert "second line" in home.run("continuation", str(older + 1), code=1).stderr


def unpublish(home: Home, size: int) -> None:
    """Take the checkpoint of `size` out of the log: a slow machine published it between two records, a fast one not."""
    with closing(sqlite3.connect(home.settings.audit_file)) as connection:
        drop_triggers(connection)
        connection.execute("DELETE FROM checkpoint WHERE size = ?", (size,))
        connection.commit()


def drop_triggers(connection: sqlite3.Connection) -> None:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


def test_the_table_tells_acts_of_the_staff_from_queries(home: Home) -> None:
    home.run("show", "1")
    home.run("facets")
    shown = home.run("tail", "-n", "9").stdout
    for what in ("what", "refusal", "audit show", "audit facets"):
        assert what in shown


def test_the_log_is_verified_against_key_and_head(home: Home, tmp_path: Path) -> None:
    note = home.run("checkpoint").stdout
    assert note.startswith("sluicegate.local/audit\n3\n")
    witnessed = tmp_path / "witnessed"
    witnessed.write_text(note)
    home.add(1)
    assert json.loads(home.run("verify", "--head", str(witnessed), "--json").stdout)["size"] == 4
    stranger = Home(tmp_path / "stranger").run("key").stdout.strip()
    assert "foreign" in home.run("verify", "--public-key", stranger, code=1).stderr
    assert "there is no file" in home.run("verify", "--head", str(tmp_path / "none"), code=1).stderr


def spoil_signatures(home: Home) -> None:
    """Spoil the signature of each published checkpoint of the log, and of its recorded head."""

    def spoil(note: bytes) -> bytes:
        text, _, line = note.rpartition(b" ")
        signature = bytearray(base64.b64decode(line))
        signature[-1] ^= 1
        return text + b" " + base64.b64encode(signature) + b"\n"

    with closing(sqlite3.connect(home.settings.audit_file)) as connection:
        drop_triggers(connection)
        for size, note in connection.execute("SELECT size, note FROM checkpoint").fetchall():
            connection.execute("UPDATE checkpoint SET note = ? WHERE size = ?", (spoil(note), size))
        connection.commit()
    home.settings.audit_head.write_bytes(spoil(home.settings.audit_head.read_bytes()))


def test_case_3_09_verify_says_that_it_checked_no_signature(home: Home) -> None:
    spoil_signatures(home)
    assert "checkpoint" in home.run("verify", code=1).stderr
    home.settings.audit_key.unlink()
    shown = home.run("verify").stdout
    assert "not compared: no signature" in shown and "without their signatures" in shown
    assert "--strict" in home.run("verify", "--strict", code=1).stderr
    assert not home.settings.audit_key.exists()


def test_case_3_09_an_old_log_without_its_head_is_told(home: Home, tmp_path: Path) -> None:
    log = home.settings.audit_file
    assert "not compared" not in home.run("verify", "--strict").stdout
    shutil.copy(log, tmp_path / "old.db")
    home.add(2)
    witnessed = tmp_path / "witnessed"
    witnessed.write_text(home.run("checkpoint").stdout)
    shutil.copy(tmp_path / "old.db", log)
    home.settings.audit_head.unlink()
    shown = home.run("verify").stdout
    assert "audit.head is missing" in shown and "put back would not be noticed" in shown
    found = json.loads(home.run("verify", "--strict", "--json", code=1).stdout)
    assert found["ok"] and found["compared"]["kept"] == 0 and len(found["not_compared"]) == 2
    assert "rolled-back" in home.run("verify", "--head", str(witnessed), code=1).stderr


def test_case_3_09_a_log_whose_checkpoints_are_gone_is_told(home: Home) -> None:
    with closing(sqlite3.connect(home.settings.audit_file)) as connection:
        connection.execute("DROP TRIGGER checkpoint_DELETE")
        connection.execute("DELETE FROM checkpoint")
        connection.commit()
    assert "no published checkpoint" in home.run("verify", "--strict", code=1).stdout


def test_case_3_09_records_that_no_checkpoint_covers_are_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    with closing(AuditLog.open(path, 5)) as log:
        for time in ("2026-06-30T08:00:00.000Z", utc_now()):
            log.append_sync(Record(kind="refusal", request_id="r", result="METHOD", http_status=405, time=time))
    compared = verify_log(path).compared
    assert (compared.uncovered, compared.overdue) == (2, True)
    assert any("the last 2 records" in each for each in compared.missing())


def witness(home: Home, times: int) -> list[str]:
    """A checkpoint after each of so many further records, as `audit checkpoint` prints it."""
    notes = []
    for _ in range(times):
        home.add(1)
        notes.append(home.run("checkpoint").stdout)
    return notes


@pytest.mark.parametrize("between", ["", "\n", "\n\r\n"])
def test_case_3_10_every_note_of_a_file_is_checked(home: Home, tmp_path: Path, between: str) -> None:
    one, two, three = witness(home, 3)
    kept = tmp_path / "w"
    kept.write_bytes(between.join([one, three, two, two]).encode() + between.encode())
    found = json.loads(home.run("verify", "--head", str(kept), "--json").stdout)
    assert found["ok"] and found["compared"]["kept"] == 4
    kept.write_text(one + two + three.rstrip("\n"))
    assert "3 kept outside" in home.run("verify", "--head", str(kept)).stdout


@pytest.mark.parametrize("at", [0, 1, 2])
def test_case_3_10_one_bad_note_among_many_is_found(home: Home, tmp_path: Path, at: int) -> None:
    notes = witness(home, 3)
    stranger = Home(tmp_path / "stranger")
    stranger.add(at + 1)
    kept = tmp_path / "w"
    for bad, why in (
        (stranger.run("checkpoint").stdout, "foreign"),
        (notes[at].replace("\n", "\n\n", 1), "checkpoint"),
        (sign_checkpoint(signer_of(home.settings), 4 + at, b"r" * 32).decode(), "foreign"),
        (sign_checkpoint(signer_of(home.settings), 99, b"r" * 32).decode(), "rolled-back"),
    ):
        kept.write_text("".join([*notes[:at], bad, *notes[at + 1 :]]))
        shown = home.run("verify", "--head", str(kept), code=1).stderr
        assert why in shown and f"checkpoint {at + 1} of" in shown, shown


@pytest.mark.parametrize("content", [b"", b"\n\n", b"no note", b"\xff\xfe" * 4_000])
def test_case_3_10_a_file_without_a_note_is_refused(home: Home, tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "w"
    kept.write_bytes(content)
    assert "NOT OK: checkpoint (checkpoint 1 of" in home.run("verify", "--head", str(kept), code=1).stderr


def test_a_log_that_was_put_back_needs_the_operators_word(home: Home, tmp_path: Path) -> None:
    log = home.settings.audit_file
    shutil.copy(log, tmp_path / "old.db")
    home.add(2)
    for name in ("audit.db-wal", "audit.db-shm"):
        log.with_name(name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "old.db", log)
    assert "rolled-back" in home.run("verify", code=1).stderr
    assert "put back" in home.run("tail", code=1).stderr
    assert "--confirm sluicegate.local/audit" in home.run("accept-loss", code=1).stderr
    assert "--confirm" in home.run("accept-loss", "--confirm", "yes", code=1).stderr
    for reader in ("wu", "zhang"):
        refused = home.run("accept-loss", "--confirm", "sluicegate.local/audit", "--as", reader, code=1)
        assert "has not the role operator" in refused.stderr
    assert len(home.records()) == 3
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
        env = {**LOCAL, "SLUICEGATE_HOME": str(settings.home)}
        found = CliRunner().invoke(app, ["audit", *as_auditor(arguments)], env=env, input=stdin)
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
    shown = json.loads(run("verify", "--json").stdout)
    assert (shown["ok"], shown["size"], shown["first_bad"], shown["why"]) == (True, 2, None, None)
    assert shown["compared"]["kept"] == 1 and shown["not_compared"] == []
    assert json.loads(run("prove", "0").stdout)["size"] == 3


def test_case_3_13_search_works_with_the_role_that_reads(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS audit CASCADE")
        for role in ("writer", "auditor"):
            connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'own'".encode())

    def run(role: str, *arguments: str, code: int = 0, stdin: str = "", home: str = "home") -> Result:
        address = server.replace("postgres:drowssap@", f"{role}:own@")
        env = {**LOCAL, "SLUICEGATE_HOME": str(tmp_path / home), "SLUICEGATE_AUDIT_STORE": address}
        found = CliRunner().invoke(app, ["audit", *as_auditor(arguments)], env=env, input=stdin)
        assert found.exit_code == code, found.output
        return found

    run("writer", "prepare", "--append", "writer", "--read", "auditor", "--json", stdin=f"{server}\n")
    size = json.loads(run("writer", "verify", "--json").stdout)["size"]
    for command in (["search"], ["facets"], ["tail"], ["show", "0"], ["prove", "0"]):
        for home in ("home", "of the auditor"):
            key = ["--public-key", run("writer", "key").stdout.strip()] if "prove" in command else []
            shown = run("auditor", *command, *key, home=home)
            assert "not recorded" in shown.stderr and shown.stdout
    assert not (tmp_path / "of the auditor").exists()
    assert json.loads(run("writer", "verify", "--json").stdout)["size"] == size
    # Whoever may append is recorded, and cannot choose not to be.
    run("writer", "search")
    assert json.loads(run("writer", "verify", "--json").stdout)["size"] == size + 1
