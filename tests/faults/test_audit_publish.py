"""What was acknowledged is in a checkpoint soon, and a log that is not the one of the recorded head is not opened."""

import shutil
import sqlite3
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from audit import publish
from audit.accept_loss import LossRefused, accept_loss
from audit.checkpoint import Checkpoint, Signer, open_checkpoint, sign_checkpoint
from audit.log import AuditLog, AuditUnavailable, read
from audit.record import Record, new_salt
from audit.stores.sqlite import SqliteReader, SqliteStore
from audit.tree import EMPTY_ROOT
from audit.verify import verify
from tests.support.waiting import until

pytestmark = pytest.mark.fault

NAME = "log.test/audit"
RECORD = Record(kind="query", request_id="r", result="OK", http_status=200)
ADMIN = replace(RECORD, kind="admin", http_status=0)


class Home:
    """A log, its key and its recorded head."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log" / "audit.db"
        self.path.parent.mkdir(parents=True)
        self.head = folder / "audit.head"
        self.signer = Signer.load(folder / "audit.key", NAME)

    def open(self, deadline: float = 60) -> AuditLog:
        return AuditLog.open(self.path, deadline, signer=self.signer, recorded_head=self.head)

    def fill(self, count: int) -> None:
        """Records, and a checkpoint of them; closing publishes."""
        log = self.open()
        for _ in range(count):
            log.append_sync(replace(RECORD, salt=new_salt()))
        log.close()

    def recorded(self) -> Checkpoint:
        return open_checkpoint(self.head.read_bytes(), self.signer.verifier)

    def published(self) -> list[int]:
        reader = SqliteReader(self.path)
        sizes = [size for size, _ in reader.checkpoints(-1, 1_000)]
        reader.close()
        return sizes

    def edit(self, *statements: str) -> None:
        connection = sqlite3.connect(self.path, isolation_level=None)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(publish, "LAST_SECONDS", 60.0)  # closing publishes, however slow the disk is
    return Home(tmp_path)


def test_what_was_acknowledged_is_soon_in_a_checkpoint(home: Home) -> None:
    log = home.open()
    receipts = [log.append_sync(RECORD) for _ in range(3)]
    until(lambda: home.recorded().size == 3)
    assert home.recorded() == Checkpoint(NAME, 3, bytes.fromhex(receipts[-1].root))
    assert home.published()[-1] == 3
    log.append_sync(RECORD)
    until(lambda: home.recorded().size == 4)
    log.close()
    assert verify(home.path, verifier=home.signer.verifier, recorded_head=home.head).size == 4
    assert stat.S_IMODE(home.head.stat().st_mode) == 0o600
    assert {each.name for each in home.head.parent.iterdir()} == {"log", "audit.head", "audit.key"}


def test_nothing_new_is_not_published_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "INTERVAL_SECONDS", 0.01)
    home.fill(2)
    sizes = home.published()
    for _ in range(3):
        home.open().close()
    assert home.published() == sizes


def test_closing_publishes(home: Home) -> None:
    home.fill(5)
    assert (home.recorded().size, home.published()[-1]) == (5, 5)


def test_two_logs_publish_one_file(home: Home) -> None:
    left, right = home.open(), home.open()
    for _ in range(40):
        left.append_sync(RECORD)
        right.append_sync(RECORD)
    until(lambda: home.recorded().size == 80)
    left.close()
    right.close()
    sizes = home.published()
    assert sizes == sorted(set(sizes))
    assert verify(home.path, verifier=home.signer.verifier, recorded_head=home.head).ok


def opening_says(home: Home) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        home.open()
    return str(raised.value)


def test_l21_f08_an_older_copy_is_not_opened(home: Home) -> None:
    home.fill(3)
    shutil.copy(home.path, home.path.with_name("backup"))
    home.fill(2)
    shutil.copy(home.path.with_name("backup"), home.path)
    assert "the log was put back or replaced" in opening_says(home)
    verdict = verify(home.path, recorded_head=home.head)
    assert (verdict.why, verdict.first_bad) == ("rolled-back", 3)
    assert "accept-loss" in opening_says(home)


def test_l21_an_absent_log_is_not_begun_anew(home: Home) -> None:
    home.fill(3)
    home.path.unlink()
    assert "PUT_BACK" in opening_says(home)


def test_f10_another_log_of_the_same_size_is_not_opened(home: Home, tmp_path: Path) -> None:
    home.fill(3)
    other = Home(tmp_path / "other")
    other.fill(3)
    other.edit("DELETE FROM checkpoint")
    shutil.copy(other.path, home.path)
    assert "PUT_BACK" in opening_says(home)
    assert verify(home.path, recorded_head=home.head).why == "foreign"


def test_a_log_that_another_key_signed_is_not_opened(home: Home, tmp_path: Path) -> None:
    home.fill(3)
    other = Home(tmp_path / "other")
    other.fill(3)
    shutil.copy(other.path, home.path)
    assert "FOREIGN" in opening_says(home)


def test_a_recorded_head_that_is_gone_is_missed(home: Home) -> None:
    home.fill(3)
    home.head.unlink()
    assert "NO_RECORDED_HEAD" in opening_says(home)
    assert not home.head.exists()


@pytest.mark.parametrize("content", [b"", b"\xff" * 300, b"log.test/audit\n3\n"])
def test_a_recorded_head_that_is_no_note_is_not_believed(home: Home, content: bytes) -> None:
    home.fill(3)
    home.head.write_bytes(content)
    assert "FOREIGN" in opening_says(home)


def test_a_log_without_its_checkpoints_root_is_not_opened(home: Home) -> None:
    home.fill(3)
    home.edit("UPDATE record SET leaf = zeroblob(32) WHERE idx = 1")
    assert "FORKED" in opening_says(home)


def test_a_log_that_is_put_back_while_it_is_open_takes_no_more(home: Home) -> None:
    log = home.open()
    for _ in range(3):
        log.append_sync(RECORD)
    until(lambda: home.recorded().size == 3)
    home.edit("UPDATE record SET leaf = zeroblob(32) WHERE idx = 0")
    log.append_sync(RECORD)
    until(lambda: not log.healthy)
    assert log.why == "FORKED"
    with pytest.raises(AuditUnavailable, match="rewritten"):
        log.append_sync(RECORD)
    log.close()
    assert home.recorded().size == 3


def test_a_head_that_cannot_be_recorded_closes_the_gate_and_opens_it_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = home.open()
    log.append_sync(RECORD)
    until(lambda: home.recorded().size == 1)
    kept = home.head.with_name("kept")
    home.head.rename(kept)
    home.head.mkdir()
    log.append_sync(RECORD)
    monkeypatch.setattr(publish, "OVERDUE_SECONDS", 0.5)
    until(lambda: not log.healthy)
    assert log.why.startswith("UNPUBLISHED")
    with pytest.raises(AuditUnavailable, match="UNPUBLISHED"):
        log.append_sync(RECORD)
    home.head.rmdir()
    kept.rename(home.head)
    until(lambda: log.healthy)
    monkeypatch.setattr(publish, "OVERDUE_SECONDS", 60.0)
    assert log.append_sync(RECORD).index == 2
    log.close()
    assert home.recorded().size == 3


def test_a_crash_between_a_checkpoint_and_its_recording_is_no_loss(home: Home) -> None:
    """L10: the row is written first; the file may be older than it, never newer."""
    home.fill(2)
    older = home.head.read_bytes()
    home.fill(2)
    home.head.write_bytes(older)
    home.fill(1)
    assert home.recorded().size == 5


def test_accepting_a_loss_leaves_a_record_of_it(home: Home) -> None:
    home.fill(3)
    shutil.copy(home.path, home.path.with_name("backup"))
    home.fill(4)
    lost = home.recorded()
    shutil.copy(home.path.with_name("backup"), home.path)
    assert accept_loss(home.path, ADMIN, signer=home.signer, recorded=home.head).index == 3
    (told,) = read(home.path, 3)
    assert (told.record.kind, told.record.variables["recordedSize"], told.record.variables["foundSize"]) == (
        "admin",
        "7",
        "3",
    )
    assert told.record.variables["recordedRoot"] == lost.root.hex()
    assert open_checkpoint(home.head.with_name("audit.head.lost-4").read_bytes(), home.signer.verifier) == lost
    home.fill(1)
    assert verify(home.path, verifier=home.signer.verifier, recorded_head=home.head).size == 5


def test_two_losses_of_one_size_keep_both_heads(home: Home) -> None:
    home.fill(3)
    shutil.copy(home.path, home.path.with_name("backup"))
    lost: dict[Path | None, bytes] = {}
    for more in (4, 1):
        home.fill(more)
        former = home.head.read_bytes()
        shutil.copy(home.path.with_name("backup"), home.path)
        accepted = accept_loss(home.path, ADMIN, signer=home.signer, recorded=home.head)
        assert accepted.index == 3
        lost[accepted.kept] = former
    assert {path.name: path.read_bytes() for path in home.head.parent.glob("audit.head.lost-*")} == {
        path.name: content for path, content in lost.items() if path
    }
    assert [path.name for path in lost if path] == ["audit.head.lost-4", "audit.head.lost-4-2"]


def test_without_a_head_none_is_kept(home: Home) -> None:
    home.fill(3)
    home.head.unlink()
    accepted = accept_loss(home.path, ADMIN, signer=home.signer, recorded=home.head)
    assert accepted.kept is None and home.recorded().size == 4


def test_a_loss_that_is_none_is_not_accepted(home: Home) -> None:
    home.fill(3)
    with pytest.raises(LossRefused, match="nothing is lost"):
        accept_loss(home.path, ADMIN, signer=home.signer, recorded=home.head)
    home.edit("UPDATE record SET leaf = zeroblob(32) WHERE idx = 1")
    with pytest.raises(LossRefused, match="damaged"):
        accept_loss(home.path, ADMIN, signer=home.signer, recorded=home.head)


def test_no_smaller_checkpoint_follows_a_larger_one(home: Home) -> None:
    home.fill(3)
    store = SqliteStore(home.path)
    store.begin(time.monotonic() + 5)
    assert not store.publish(2, sign_checkpoint(home.signer, 2, EMPTY_ROOT))
    assert not store.publish(3, sign_checkpoint(home.signer, 3, EMPTY_ROOT))
    store.drop()
    connection = sqlite3.connect(home.path)
    for statement in ("INSERT OR REPLACE INTO checkpoint VALUES (3, x'00')", "DELETE FROM checkpoint"):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            connection.execute(statement)
    connection.close()
