"""Group F, what is done to the log itself: whoever changes it, puts it back, or shows two of it, is found."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from audit.checkpoint import Checkpoint, Signer, open_checkpoint
from audit.log import AuditLog, AuditUnavailable, read
from audit.proof import ProofRefused, check_consistency, consistency
from audit.record import Digester, Record, encode
from audit.stores.open import open_reader
from audit.verify import verify
from hub.cli.main import app
from hub.home.audit_log import digester_of, open_log, signer_of, verifier_of
from hub.home.settings import Settings
from tests.support.searched_log import LOCAL, destroy_digest_key

pytestmark = pytest.mark.attack

COUNT = 12


def asked(number: int, application: str = "desk") -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200, application=application)


def append(settings: Settings, *records: Record) -> None:
    with closing(open_log(settings)) as log:
        for record in records:
            log.append_sync(record)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose log holds a dozen records, all of them published."""
    found = Settings.load(home=tmp_path / "home")
    found.prepare_home()
    append(found, *(asked(number) for number in range(COUNT)))
    return found


def newest(settings: Settings) -> Checkpoint:
    with closing(open_reader(settings.audit_log)) as reader:
        note = reader.checkpoint()
    assert note is not None
    return open_checkpoint(note, verifier_of(settings))


def by_hand(settings: Settings, *statements: str) -> None:
    """What somebody with a shell does to the file, triggers lifted."""
    with closing(sqlite3.connect(settings.audit_file)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def swapped(*columns: str) -> list[str]:
    """Records 4 and 5 with these columns of each other."""
    given = ", ".join(f"{each} = (SELECT other.{each} FROM other WHERE other.idx = 9 - record.idx)" for each in columns)
    return [
        "CREATE TEMP TABLE other AS SELECT * FROM record WHERE idx IN (4, 5)",
        f"UPDATE record SET {given} WHERE idx IN (4, 5)",
    ]


CHANGED = [
    (["UPDATE record SET body = CAST(replace(body, 'desk', 'dusk') AS BLOB) WHERE idx = 5"], 5, {"changed"}),
    (["DELETE FROM record WHERE idx = 5"], 5, {"missing"}),
    (swapped("body"), 4, {"reordered"}),
    (swapped("body", "leaf"), 4, {"reordered"}),
    (["UPDATE record SET body = (SELECT body FROM record WHERE idx = 2) WHERE idx = 5"], 5, {"duplicated"}),
    (["DELETE FROM record WHERE idx >= 9"], 9, {"truncated"}),
]


def columns(settings: Settings) -> list[str]:
    with closing(sqlite3.connect(settings.audit_file)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(record)")]


@pytest.mark.parametrize(("statements", "first", "why"), CHANGED)
def test_f08_what_was_done_to_a_record_is_named(
    settings: Settings, statements: Sequence[str], first: int, why: set[str]
) -> None:
    index = columns(settings)[0]
    by_hand(settings, *(each.replace("idx", index) for each in statements))
    verdict = verify(settings.audit_log, verifier=verifier_of(settings), recorded_head=settings.audit_head)
    assert (verdict.ok, verdict.first_bad, verdict.size) == (False, first, first)
    assert verdict.why in why


def test_f08_one_bit_is_enough(settings: Settings) -> None:
    index = columns(settings)[0]
    for at in range(COUNT):
        whole = next(read(settings.audit_log, at, 1))
        changed = bytearray(encode(whole.record))
        changed[len(changed) // 2] ^= 1
        by_hand(settings, f"UPDATE record SET body = x'{changed.hex()}' WHERE {index} = {at}")
        assert verify(settings.audit_log).first_bad == at
        by_hand(settings, f"UPDATE record SET body = x'{encode(whole.record).hex()}' WHERE {index} = {at}")
    assert verify(settings.audit_log).ok


def test_f08_an_older_copy_is_not_served_from(settings: Settings, tmp_path: Path) -> None:
    shutil.copy(settings.audit_file, tmp_path / "older.db")
    append(settings, asked(99))
    for name in ("audit.db-wal", "audit.db-shm"):
        settings.audit_file.with_name(name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", settings.audit_file)
    assert verify(settings.audit_log).ok, "whole in itself"
    verdict = verify(settings.audit_log, recorded_head=settings.audit_head)
    assert (verdict.ok, verdict.why, verdict.first_bad) == (False, "rolled-back", COUNT)
    with pytest.raises(AuditUnavailable, match="put back or replaced"):
        open_log(settings)


def rewritten(settings: Settings, folder: Path, signer: Signer | None, change: Callable[[Record], Record]) -> Path:
    """The same log with a record changed and every hash computed again, signed by `signer` if there is one."""
    records = [each.record for each in read(settings.audit_log)]
    path = folder / "audit.db"
    folder.mkdir()
    with closing(AuditLog.open(path, 30, signer=signer)) as log:
        for record in records:
            log.append_sync(change(record) if record.request_id == "r5" else record)
    return path


def hidden(record: Record) -> Record:
    return replace(record, application="nobody")


@pytest.mark.parametrize("key", ["the log's own", "another", "none"])
def test_f09_a_tree_that_was_computed_again_is_found(settings: Settings, tmp_path: Path, key: str) -> None:
    """Who has the database makes a log that is whole in itself; a checkpoint that lies elsewhere shows it."""
    witnessed = settings.audit_head.read_bytes()
    own = signer_of(settings)
    signer = {"the log's own": own, "another": Signer(own.name, Ed25519PrivateKey.generate()), "none": None}[key]
    other = rewritten(settings, tmp_path / "other", signer, hidden)
    assert verify(other).ok
    for name in ("audit.db-wal", "audit.db-shm"):
        settings.audit_file.with_name(name).unlink(missing_ok=True)
    shutil.copy(other, settings.audit_file)
    verdict = verify(settings.audit_log, verifier=own.verifier, recorded_head=settings.audit_head)
    assert (verdict.ok, verdict.why) == (False, "foreign")
    with pytest.raises(AuditUnavailable):
        open_log(settings)
    # The witness needs no access to records: no proof leads from his checkpoint to the new tree.
    old = open_checkpoint(witnessed, own.verifier)
    with closing(open_reader(other)) as reader:
        head = reader.head()
        with pytest.raises(ProofRefused):
            check_consistency(old.size, old.root, head.size, head.root, consistency(reader, old.size, head.size))


def test_f10_two_auditors_who_were_shown_two_trees_find_out(settings: Settings, tmp_path: Path) -> None:
    """The same key signs both, and each is whole in itself; the two checkpoints do not go together."""
    own = signer_of(settings)
    other = rewritten(settings, tmp_path / "other", own, hidden)
    with closing(AuditLog.open(other, 30, signer=own)) as log:
        log.append_sync(asked(100))
    first = newest(settings)
    with closing(open_reader(other)) as reader:
        note = reader.checkpoint()
        assert note is not None
        second = open_checkpoint(note, own.verifier)
        assert second.size == first.size + 1
        shown = consistency(reader, first.size, second.size)
        with pytest.raises(ProofRefused):
            check_consistency(first.size, first.root, second.size, second.root, shown)
        # Nor does the proof of the other side help.
        with closing(open_reader(settings.audit_log)) as honest, pytest.raises(ProofRefused):
            proof = consistency(honest, first.size, first.size)
            check_consistency(first.size, first.root, second.size, second.root, proof)


LOOKS = [
    (["audit", "tail"], "search", "audit tail"),
    (["audit", "show", "3"], "search", "audit show"),
    (["audit", "prove", "3"], "proof", "audit prove"),
    (["audit", "search", "application=desk"], "search", "audit search"),
    (["audit", "facets"], "search", "audit facets"),
    (["audit", "export", "OUT"], "export", "audit export"),
    (["policy", "history"], "search", "policy history"),
    (["policy", "export", "1", "--out", "OUT"], "search", "policy export"),
]


@pytest.mark.parametrize(("command", "kind", "name"), LOOKS, ids=[each[2] for each in LOOKS])
def test_f13_who_looks_is_on_record(
    settings: Settings, tmp_path: Path, command: list[str], kind: str, name: str
) -> None:
    arguments = [str(tmp_path / "out") if each == "OUT" else each for each in command]
    env = {**LOCAL, "SLUICEGATE_HOME": str(settings.home)}
    shown = CliRunner().invoke(app, [*arguments, "--as", "wu"], env=env)
    assert shown.exit_code == 0, shown.output
    records = [each.record for each in read(settings.audit_log, COUNT)]
    assert [(each.kind, each.operation_name) for each in records][-1] == (kind, name)
    assert records[-1].subject == digester_of(settings).digest("steward", "wu")


def test_f14_who_was_erased_is_nobody_and_the_tree_still_verifies(settings: Settings, tmp_path: Path) -> None:
    """The log keeps keyed digests. Where the key is destroyed no digest can be made again, by anybody."""
    digest = digester_of(settings).digest("person", "surrogate-1")
    append(settings, replace(asked(100), subjects=(digest,)))
    before = verify(settings.audit_log)
    destroy_digest_key(settings)
    after = verify(settings.audit_log, verifier=verifier_of(settings), recorded_head=settings.audit_head)
    assert after == before and after.ok
    fresh: Digester = digester_of(settings)
    assert fresh.digest("person", "surrogate-1") != digest
    found = [each.record for each in read(settings.audit_log) if digest in each.record.subjects]
    assert len(found) == 1
    assert "surrogate-1" not in json.dumps(str(found))
