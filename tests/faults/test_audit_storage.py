"""A store that cannot take a record takes the gate down with it, and only what may heal by itself does."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from audit.log import AuditLog, AuditUnavailable, read
from audit.record import Record
from audit.tree import EMPTY_ROOT
from audit.verify import verify
from tests.support.waiting import append_at_last, until, until_healthy

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[2]
CANARY = "canary-13800138000"


def record(size: int = 0) -> Record:
    subjects = tuple(f"{i:022}" for i in range(size // 25))
    return Record(kind="query", request_id="r", result="OK", http_status=200, operation_name=CANARY, subjects=subjects)


def refused(log: AuditLog, size: int = 0) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        log.append_sync(record(size))
    assert CANARY not in str(raised.value)
    return str(raised.value)


def fill(log: AuditLog, kind: str = "query") -> int:
    """Append until the store refuses: how many it took."""
    for number in range(10_000):
        try:
            log.append_sync(replace(record(20_000), kind=kind))
        except AuditUnavailable:
            return number
    raise AssertionError("the store never refused")


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("may not mount a small disk here; the file size limit below stands for it")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def crowd(folder: Path) -> Path:
    """Something else takes all the room of the disk."""
    ballast = folder / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4_096)
    return ballast


def test_l14_case_3_00_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    with mounted(tmp_path):
        path = tmp_path / "audit.db"
        log = AuditLog.open(path, 60)
        log.append_sync(record())
        assert (tmp_path / "audit.reserve").stat().st_blocks * 512 >= 1024 * 1024
        ballast = crowd(tmp_path)
        taken = fill(log)
        # What was under way was still written, into the room of the reserve; then no answer more.
        # The writer tries to make the reserve again all the while: it stands there whole or not at all.
        assert not (tmp_path / "audit.reserve").exists()
        assert "SPENT" in refused(log)
        assert log.append_sync(replace(record(), kind="refusal")).index == 1 + taken
        assert not log.healthy
        ballast.unlink()
        until_healthy(log)
        assert (tmp_path / "audit.reserve").stat().st_blocks * 512 >= 1024 * 1024
        assert log.append_sync(record()).index == 2 + taken
        log.close()
        assert verify(path).ok


def test_l14_a_reserve_that_is_used_up_refuses_everything(tmp_path: Path) -> None:
    with mounted(tmp_path):
        path = tmp_path / "audit.db"
        log = AuditLog.open(path, 60)
        crowd(tmp_path)
        fill(log)
        last = fill(log, "refusal")
        assert last > 0
        with pytest.raises(AuditUnavailable):
            log.append_sync(replace(record(20_000), kind="refusal"))
        log.close()
        assert verify(path).ok


LIMITED = """
import resource, sys, time
from audit.log import AuditLog, AuditUnavailable
from audit.record import Record
from audit.verify import verify

path = sys.argv[1]
def record(size):
    subjects = tuple(f"{i:022}" for i in range(size))
    return Record(kind="query", request_id="r", result="OK", http_status=200, subjects=subjects)

log = AuditLog.open(path, 60)
last = log.append_sync(record(0)).index
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    for _ in range(10_000):
        last = log.append_sync(record(800)).index
    print("never refused")
except AuditUnavailable:
    print("refused", log.healthy)
try:
    log.append_sync(record(800))
except AuditUnavailable:
    print("refused again")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
while not log.healthy:
    time.sleep(0.05)
print("recovered", log.append_sync(record(800)).index > last)
log.close()
print("verified", verify(path).ok)
"""


def run(script: str, *arguments: str, under: tuple[str, ...] = ()) -> list[str]:
    done = subprocess.run(
        [*under, sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_l14_a_file_that_may_not_grow_refuses_and_recovers(tmp_path: Path) -> None:
    lines = run(LIMITED, str(tmp_path / "audit.db"))
    assert lines == ["refused False", "refused again", "recovered True", "verified True"]


@contextmanager
def writable_later(folder: Path) -> Iterator[Callable[[], object]]:
    """A folder that is read-only until the callable is called; root, whom no mode stops, gets a mount."""
    if os.geteuid():
        folder.chmod(0o555)
        yield lambda: folder.chmod(0o755)
    else:
        with mounted(folder):
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            yield lambda: subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)


def test_l17_a_read_only_store_refuses_and_recovers(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    with writable_later(folder) as make_writable:
        log = AuditLog.open(folder / "audit.db", 60)
        assert not log.healthy
        refused(log)
        make_writable()
        until_healthy(log)
        assert log.append_sync(record()).index == 0
        log.close()
        assert verify(folder / "audit.db").ok


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


def test_l20_a_lock_held_elsewhere_refuses_at_the_deadline_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 0.5)
    append_at_last(log, record())
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            refused(log)
            # The writer's own wait ends with the same deadline; from then on nobody waits in vain.
            until(lambda: "SQLITE_BUSY" in refused(log))
            assert not log.healthy
            holder.communicate(b"\n")
        finally:
            holder.kill()
    append_at_last(log, record())
    log.close()
    assert verify(path).ok


def test_a_log_that_is_moved_away_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 60)
    log.append_sync(record())
    path.rename(tmp_path / "elsewhere.db")
    assert "FILE_MOVED" in refused(log)
    assert not path.exists()
    assert "FILE_MOVED" in refused(log)
    assert not log.healthy
    log.close()


def test_l21_a_log_that_is_put_back_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 60)
    for _ in range(3):
        log.append_sync(record())
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DELETE FROM record")
    connection.execute("UPDATE head SET size = 0, frontier = x'', root = ?", (EMPTY_ROOT,))
    connection.close()
    assert "HEAD_DAMAGED" in refused(log)
    log.close()


# One sync fails (or hangs) once. A log that tried again would get its answer; it must not ask.
SYNCED = """
import sys, time
from audit.log import AuditLog, AuditUnavailable
from audit.record import Record

def record():
    return Record(kind="query", request_id="r", result="OK", http_status=200)

log = AuditLog.open(sys.argv[1], float(sys.argv[2]))
taken = 0
try:
    for _ in range(100):
        log.append_sync(record())
        taken += 1
    print("never refused")
except AuditUnavailable:
    print("refused", log.healthy)
print("taken", taken)
if sys.argv[3] == "recovers":
    while not log.healthy:
        time.sleep(0.05)
else:
    time.sleep(2.5)  # two probes long
print("afterwards", log.healthy)
try:
    log.append_sync(record())
    print("took")
except AuditUnavailable as refusal:
    print(refusal)
log.close()
again = AuditLog.open(sys.argv[1], 60)
print("reopened", again.append_sync(record()).index >= taken)
again.close()
"""


def strace(fault: str) -> tuple[str, ...]:
    command = (
        "strace",
        "-f",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        "trace=fdatasync",
        "-e",
        f"inject=fdatasync:{fault}",
    )
    found = shutil.which("strace")
    if not found or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here")
    return command


def test_l16_a_failed_sync_is_final_until_the_log_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    lines = run(SYNCED, str(path), "60", "stays", under=strace("error=EIO:when=20"))
    assert lines[0] == "refused False"
    assert lines[2:] == [
        "afterwards False",
        "the audit log can't be written: SQLITE_IOERR_FSYNC",
        "reopened True",
    ]
    taken = int(lines[1].removeprefix("taken "))
    assert 0 < taken < 20
    assert verify(path).ok
    assert verify(path).size >= taken + 1


def test_l20_a_sync_that_hangs_refuses_at_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    lines = run(SYNCED, str(path), "0.5", "recovers", under=strace("delay_enter=3000000:when=20"))
    # It was the disk's fault, not an error: when the sync returns, so does the log.
    assert lines[0].startswith("refused")
    assert lines[2:] == ["afterwards True", "took", "reopened True"]
    assert verify(path).ok
    assert len(list(read(path))) >= int(lines[1].removeprefix("taken ")) + 2
