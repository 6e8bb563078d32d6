"""On a server, too, an index is given once, what was acknowledged stands, and who appends can do nothing else."""

import datetime as dt
import hashlib
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from audit.checkpoint import Signer, open_checkpoint
from audit.log import AuditLog, AuditUnavailable, read, show, tail
from audit.record import Record, new_salt
from audit.stores.base import StoreFault
from audit.stores.open import open_reader
from audit.stores.postgres_schema import prepare
from audit.verify import verify
from tests.support.postgres import PASSWORD, Postgres
from tests.support.postgres_log import ServerLog, server_log
from tests.support.waiting import append_at_last, until, until_healthy

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[2]
TEXT = "query q { __typename }"
DEADLINE = 60.0  # where a test is not about it


def record(number: int = 0) -> Record:
    return Record(kind="query", request_id=f"r{number}", result="OK", http_status=200)


@pytest.fixture
def kept(server: Postgres) -> ServerLog:
    return server_log(server, "log")


def refused(log: AuditLog) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        log.append_sync(record())
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


def test_what_is_appended_is_read_and_verified(kept: ServerLog) -> None:
    operation = hashlib.sha256(TEXT.encode()).hexdigest()
    log = AuditLog.open(kept.append, DEADLINE)
    receipts = [log.append_sync(replace(record(n), operation=operation), TEXT) for n in range(300)]
    log.close()
    assert [receipt.index for receipt in receipts] == list(range(300))
    assert [logged.index for logged in tail(kept.read, 3)] == [297, 298, 299]
    assert [logged.leaf_hash for logged in read(kept.read)] == [receipt.leaf_hash for receipt in receipts]
    logged, text = show(kept.read, 7)
    assert (logged.record.request_id, text) == ("r7", TEXT)
    verdict = verify(kept.read)
    assert (verdict.ok, verdict.size, verdict.root) == (True, 300, receipts[-1].root)


def test_a_record_of_several_parts_stands_together(kept: ServerLog) -> None:
    log = AuditLog.open(kept.append, DEADLINE)
    log.append_sync(replace(record(), subjects=tuple(f"{i:022}" for i in range(10_000))))
    log.append_sync(record(1))
    log.close()
    assert [logged.record.kind for logged in read(kept.read)] == ["query", *["continuation"] * 3, "query"]
    assert verify(kept.read).ok


def test_a_text_that_no_column_holds_stands_by_its_hash(kept: ServerLog) -> None:
    log = AuditLog.open(kept.append, DEADLINE)
    operation = hashlib.sha256(b"nul \0").hexdigest()
    log.append_sync(replace(record(), operation=operation), "nul \0")
    log.append_sync(record())
    log.close()
    assert show(kept.read, 0)[1] is None


def opening_says(url: str) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        AuditLog.open(url, DEADLINE)
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


def test_a_role_that_could_do_more_is_refused(kept: ServerLog) -> None:
    assert "ROLE_TOO_STRONG" in opening_says(kept.admin)
    with psycopg.connect(kept.admin, autocommit=True) as connection:
        connection.execute("GRANT UPDATE ON audit.operation TO hub")
    assert "ROLE_TOO_STRONG" in opening_says(kept.append)


def test_a_server_that_takes_no_record_stays_unhealthy_while_nobody_asks(kept: ServerLog) -> None:
    """The probe has to try what a request would need: a server that answers is not one that keeps."""
    with psycopg.connect(kept.admin, autocommit=True) as admin:
        log = AuditLog.open(kept.append, 2.0)
        try:
            admin.execute("REVOKE INSERT ON audit.record FROM sluicegate_append")
            refused(log)
            until(lambda: not log.healthy)
            seen = []
            for _ in range(60):
                seen.append(log.healthy)
                time.sleep(0.05)
            assert seen == [False] * 60
            admin.execute("GRANT INSERT ON audit.record TO sluicegate_append")
            until_healthy(log)
            append_at_last(log, record(1))
        finally:
            log.close()
    assert verify(kept.read).ok


def test_a_role_that_may_only_read_is_not_healthy(kept: ServerLog) -> None:
    log = AuditLog.open(kept.read, DEADLINE)
    log.close()
    assert not log.healthy


def test_a_database_that_is_not_prepared_is_told(server: Postgres) -> None:
    url = server.address("postgres", "postgresql")
    assert "sluicegate audit prepare" in opening_says(url)
    with pytest.raises(StoreFault, match="NOT_PREPARED"):
        open_reader(url)


def test_a_log_of_another_version_is_told(kept: ServerLog) -> None:
    with psycopg.connect(kept.admin, autocommit=True) as connection:
        connection.execute("INSERT INTO audit.layout VALUES (3)")
    assert "newer version" in opening_says(kept.append)
    with pytest.raises(StoreFault, match="NEWER_LAYOUT"):
        prepare(kept.admin)


def test_preparing_again_makes_what_is_missing(server: Postgres) -> None:
    log = server_log(server, "log", months=1)
    today = dt.date(2026, 11, 22)
    made = prepare(log.admin, 3, today=today)
    assert made[-1] == "record_2027_02"
    assert prepare(log.admin, 3, today=today) == []
    with psycopg.connect(log.admin) as connection, pytest.raises(psycopg.Error, match="append only"):
        connection.execute("TRUNCATE audit.record_2027_02")


def test_a_month_without_a_partition_is_refused_by_name_and_recovers(server: Postgres) -> None:
    log = server_log(server, "log")
    month = f"{dt.datetime.now(dt.UTC):%Y_%m}"
    with psycopg.connect(log.admin, autocommit=True) as connection:
        connection.execute(f"DROP TABLE audit.record_{month}".encode())
    opened = AuditLog.open(log.append, DEADLINE)
    assert "sluicegate audit prepare" in refused(opened)
    prepare(log.admin)
    until_healthy(opened)
    assert opened.append_sync(record()).index == 0
    opened.close()


def test_a_record_of_another_month_goes_where_it_belongs(kept: ServerLog) -> None:
    log = AuditLog.open(kept.append, DEADLINE)
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=40)).strftime("%Y-%m-%dT00:00:00.000Z")
    log.append_sync(replace(record(), time=soon, application='"time":"1999-01-'))
    assert "NO_PARTITION" in _refused_for(log, "1999-01-01T00:00:00.000Z")
    until_healthy(log)
    log.append_sync(record())
    log.close()
    assert [row.month for row in _rows(kept)] == [soon[:7], f"{dt.datetime.now(dt.UTC):%Y-%m}"]
    assert verify(kept.read).size == 2


def _refused_for(log: AuditLog, time_: str) -> str:
    with pytest.raises(AuditUnavailable) as raised:
        log.append_sync(replace(record(), time=time_))
    return str(raised.value)


def _rows(kept: ServerLog) -> list:  # type: ignore[type-arg]
    reader = open_reader(kept.read)
    rows = reader.rows(0, 100, 100)
    reader.close()
    return rows


WRITER = """
import asyncio, os, sys
from audit.log import AuditLog
from audit.record import Record

async def main(url, tag, count):
    log = AuditLog.open(url, 60)
    async def appender(name):
        for number in range(count):
            record = Record(kind="query", request_id=f"{tag}-{name}-{number}", result="OK", http_status=200)
            receipt = await log.append(record)
            os.write(1, f"{receipt.index} {receipt.leaf_hash}\\n".encode())
    await asyncio.gather(*(appender(name) for name in range(8)))
    log.close()

asyncio.run(main(os.environ["LOG"], sys.argv[1], int(sys.argv[2])))
"""


def writer(kept: ServerLog, tag: str, count: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LOG": kept.append}
    command = [sys.executable, "-c", WRITER, tag, str(count)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)


def test_three_processes_share_one_log_without_a_gap(kept: ServerLog) -> None:
    children = [writer(kept, tag, 60) for tag in ("left", "middle", "right")]
    told: dict[int, str] = {}
    for child in children:
        output, _ = child.communicate()
        assert child.returncode == 0
        lines = [line.split() for line in output.decode().splitlines()]
        assert len(lines) == 480
        told |= {int(index): leaf for index, leaf in lines}
    assert told == {logged.index: logged.leaf_hash for logged in read(kept.read)}
    assert sorted(told) == list(range(1_440))
    assert verify(kept.read).size == 1_440


def test_checkpoints_are_published_and_adopted_by_the_other_hub(kept: ServerLog, tmp_path: Path) -> None:
    signer = Signer.load(tmp_path / "key", "log.test/audit")
    heads = [tmp_path / "one.head", tmp_path / "other.head"]
    logs = [AuditLog.open(kept.append, DEADLINE, signer=signer, recorded_head=head) for head in heads]
    for number in range(40):
        logs[number % 2].append_sync(replace(record(number), salt=new_salt()))
    for log in logs:
        log.close()
    assert max(open_checkpoint(head.read_bytes(), signer.verifier).size for head in heads) == 40
    assert all(verify(kept.read, verifier=signer.verifier, recorded_head=head).ok for head in heads)
    # A third machine has no recorded head yet: it begins with the newest checkpoint that the key signed.
    third = AuditLog.open(kept.append, DEADLINE, signer=signer, recorded_head=tmp_path / "third.head")
    assert open_checkpoint((tmp_path / "third.head").read_bytes(), signer.verifier).size == 40
    third.close()


def test_l21_a_database_that_was_put_back_is_not_opened(server: Postgres, kept: ServerLog, tmp_path: Path) -> None:
    signer = Signer.load(tmp_path / "key", "log.test/audit")

    def opened(url: str) -> AuditLog:
        return AuditLog.open(url, DEADLINE, signer=signer, recorded_head=tmp_path / "audit.head")

    _fill(opened(kept.append), 3)
    backup = kept.admin.rpartition("/")[2]
    with psycopg.connect(server.address("postgres", "postgresql"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE put_back TEMPLATE "{backup}"'.encode())
    _fill(opened(kept.append), 3)
    with pytest.raises(AuditUnavailable, match="put back"):
        opened(kept.append.replace(backup, "put_back"))


def _fill(log: AuditLog, count: int) -> None:
    for number in range(count):
        log.append_sync(replace(record(number), salt=new_salt()))
    log.close()


def test_a_connection_that_is_cut_is_made_again(kept: ServerLog) -> None:
    log = AuditLog.open(kept.append, DEADLINE)
    log.append_sync(record())
    with psycopg.connect(kept.admin, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hub'")
    with suppress(AuditUnavailable):
        log.append_sync(record())
    until_healthy(log)
    log.append_sync(record())
    log.close()
    assert verify(kept.read).ok


def test_a_lock_that_is_held_elsewhere_refuses_at_the_deadline(kept: ServerLog) -> None:
    log = AuditLog.open(kept.append, 0.5)
    append_at_last(log, record())
    with psycopg.connect(kept.append) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (0x534C4741,))
        refused(log)
        until(lambda: "LOCKED" in refused(log))
        holder.rollback()
    append_at_last(log, record())
    log.close()
    assert verify(kept.read).ok
