"""A bit that turned on the disk is found by `verify`, which names the record, while the log is being written (L18)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from audit.checkpoint import Signer
from audit.log import AuditLog, AuditUnavailable, read
from audit.record import Record
from audit.verify import verify

pytestmark = pytest.mark.fault

NAME = "log.test/audit"
RECORDS = 600


def opened(folder: Path) -> AuditLog:
    signer = Signer.load(folder / "key", NAME)
    return AuditLog.open(folder / "audit.db", 20, signer=signer, recorded_head=folder / "audit.head")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of some tiles, all of it in the main file."""
    log = opened(tmp_path)
    for number in range(RECORDS):
        log.append_sync(record(f"rot-{number:05}"))
    log.close()
    return tmp_path


def record(mark: str) -> Record:
    return Record(kind="query", request_id=mark, result="OK", http_status=200)


def turn(folder: Path, found: bytes, after: int = 0) -> None:
    """Turn one bit of what stands `after` so many bytes behind the only place of `found` in the file."""
    path = folder / "audit.db"
    content = bytearray(path.read_bytes())
    assert content.count(found) == 1
    content[content.index(found) + after] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("at", [0, 255, 256, RECORDS - 1])
def test_l18_a_bit_of_a_record(folder: Path, at: int) -> None:
    turn(folder, f"rot-{at:05}".encode())
    log = opened(folder)
    try:
        # What is appended is sound: the rotten record is told by `verify`, and stands where it stood.
        after = log.append_sync(record("after"))
        verdict = verify(folder / "audit.db")
        assert (verdict.ok, verdict.first_bad, verdict.why) == (False, at, "changed")
        assert verdict.size == at
    finally:
        log.close()
    assert [each.index for each in read(folder / "audit.db", after.index)] == [after.index]


def test_l18_a_bit_of_any_leaf(folder: Path, rng: random.Random) -> None:
    at = rng.randrange(RECORDS)
    leaf = bytes.fromhex(next(iter(read(folder / "audit.db", at))).leaf_hash)
    turn(folder, leaf, rng.randrange(32))
    verdict = verify(folder / "audit.db")
    assert (verdict.ok, verdict.first_bad, verdict.why) == (False, at, "changed")


def test_l18_a_leaf_that_the_checkpoint_rests_on_closes_the_log(folder: Path) -> None:
    leaf = bytes.fromhex(next(iter(read(folder / "audit.db", RECORDS - 1))).leaf_hash)
    turn(folder, leaf)
    with pytest.raises(AuditUnavailable, match=r"rewritten|put back"):
        opened(folder)
