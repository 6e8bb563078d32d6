"""Whoever was told that a record stands finds it standing, wherever the writer was killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.log import AuditLog, read
from audit.record import Record
from audit.verify import verify

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[2]

# Eight appenders at once; an index and its leaf are printed after the append returned, never before.
WRITER = """
import asyncio, os, sys
import audit.log
from audit.log import AuditLog
from audit.record import Record

async def main(path, tag, count):
    if tag == "torn":  # idle, the writer would copy the WAL into the main file
        audit.log.PROBE_SECONDS = 3_600
    log = AuditLog.open(path, 60)
    async def appender(name):
        for number in range(count):
            record = Record(kind="query", request_id=f"{tag}-{name}-{number}", result="OK", http_status=200)
            receipt = await log.append(record)
            os.write(1, f"{receipt.index} {receipt.leaf_hash}\\n".encode())
    await asyncio.gather(*(appender(name) for name in range(8)))
    os.write(1, b"done\\n")
    sys.stdin.read()
    log.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@contextmanager
def writer(path: Path, tag: str, count: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", WRITER, str(path), tag, str(count)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            child.kill()


def acknowledged(lines: list[bytes]) -> dict[int, str]:
    """What the writer printed; a last line cut by the kill was not read by anybody."""
    whole = [line.decode().split() for line in lines if line.endswith(b"\n") and line != b"done\n"]
    return {int(index): leaf for index, leaf in whole}


def until_done(child: subprocess.Popen[bytes]) -> list[bytes]:
    assert child.stdout is not None
    lines = []
    while (line := child.stdout.readline()) != b"done\n":
        assert line, "the writer ended early"
        lines.append(line)
    return lines


def standing(path: Path) -> dict[int, str]:
    return {logged.index: logged.leaf_hash for logged in read(path)}


def test_killed_writers_lose_nothing_they_acknowledged(tmp_path: Path, rng: random.Random) -> None:
    path = tmp_path / "audit.db"
    told: dict[int, str] = {}
    for round_number in range(10):
        with writer(path, f"round{round_number}", 10_000) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(rng.randint(1, 400))]
            child.send_signal(signal.SIGKILL)
            lines += child.stdout.readlines()
        fresh = acknowledged(lines)
        assert fresh and not fresh.keys() & told.keys()
        told |= fresh
        verdict = verify(path)
        assert verdict.ok, (round_number, verdict)
        assert told.items() <= standing(path).items()


def test_two_processes_share_one_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    told: list[dict[int, str]] = []
    with writer(path, "left", 60) as left, writer(path, "right", 60) as right:
        for child in (left, right):
            told.append(acknowledged(until_done(child)))
        for child in (left, right):
            child.communicate()
            assert child.returncode == 0
    assert [len(part) for part in told] == [480, 480]
    assert told[0] | told[1] == standing(path)
    assert verify(path).ok
    assert verify(path).size == 960


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose writer was killed with everything still in the WAL."""
    path = tmp_path_factory.mktemp("torn") / "audit.db"
    with writer(path, "torn", 25) as child:
        until_done(child)
        child.send_signal(signal.SIGKILL)
    assert path.with_name("audit.db-wal").stat().st_size > 100_000
    return path


@pytest.mark.parametrize("damage", ["cut", "flip", "garbage"])
def test_l08_a_torn_tail_is_cut_back_to_whole_records(
    torn: Path, tmp_path: Path, rng: random.Random, damage: str
) -> None:
    original = torn.with_name("audit.db-wal").read_bytes()
    whole: dict[int, str] | None = None
    for attempt in range(8):
        path = tmp_path / str(attempt) / "audit.db"
        path.parent.mkdir()
        shutil.copy(torn, path)
        at = rng.randrange(len(original) // 3, len(original))
        tail = {
            "cut": b"",
            "flip": bytes([original[at] ^ 0xFF]) + original[at + 1 :],
            "garbage": rng.randbytes(len(original) - at),
        }[damage]
        path.with_name("audit.db-wal").write_bytes(original[:at] + tail)
        log = AuditLog.open(path, 30)
        after = log.append_sync(Record(kind="query", request_id="after", result="OK", http_status=200))
        log.close()
        verdict = verify(path)
        assert verdict.ok and verdict.size == after.index + 1, (attempt, at, verdict)
        kept = standing(path)
        del kept[after.index]
        whole = whole or _all(torn, tmp_path)
        assert kept.items() <= whole.items(), (attempt, at)
        assert len(kept) < len(whole) == 200, (attempt, at)


def _all(torn: Path, tmp_path: Path) -> dict[int, str]:
    path = tmp_path / "whole" / "audit.db"
    path.parent.mkdir()
    for name in ("audit.db", "audit.db-wal"):
        shutil.copy(torn.with_name(name), path.with_name(name))
    return standing(path)
