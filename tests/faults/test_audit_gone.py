"""While the log cannot be written nothing is answered: 503, not ready; and the hub recovers by itself (L14, L17, L20).

A whole hub before a log that is full, read-only, locked, away or hung: a file on a small disk, and a real PostgreSQL.
What needs no graph is asked, so that the log alone decides.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from audit import publish
from audit.log import AuditLog, AuditUnavailable, read
from audit.record import Record
from audit.stores.base import Where
from audit.verify import verify
from hub.home.audit_log import open_log, verifier_of
from hub.home.settings import Settings
from tests.support.postgres import Postgres, postgres
from tests.support.postgres_log import ServerLog, server_log
from tests.support.serving import Served, code_of, serving
from tests.support.waiting import append_at_last, until

pytestmark = pytest.mark.fault

DEADLINE = 1.0
Mend = Callable[[], object]


def audit_ready(served: Served) -> bool:
    return bool(served.client.get("/readyz").json()["audit"])


def told(served: Served, promised: dict[int, str]) -> str:
    """The code of one answer; its receipt is kept where it has one, and it has data only with one."""
    response = served.ask()
    body = response.json()
    receipt = body["extensions"].get("receipt")
    if receipt is None:
        assert (response.status_code, code_of(response)) == (503, "AUDIT_UNAVAILABLE")
        assert "data" not in body
        assert "try again" in body["errors"][0]["message"]
    else:
        assert (response.status_code, body["data"]) == (200, {"__typename": "Query"})
        promised[receipt["index"]] = receipt["leafHash"]
    return code_of(response)


def breaks_and_recovers(served: Served, where: Where, harm: Callable[[], Mend]) -> None:
    """Answers, harm, 503 and the log not ready, the harm mended, answers again: by itself, and nothing is lost."""
    promised: dict[int, str] = {}
    for _ in range(3):  # a deadline of a second may be missed while all is well
        until(lambda: told(served, promised) == "OK")
    mend = harm()
    try:
        until(lambda: told(served, promised) == "AUDIT_UNAVAILABLE")
        until(lambda: not audit_ready(served))
        assert served.client.get("/healthz").status_code == 200
    finally:
        mend()
    until(lambda: audit_ready(served) and told(served, promised) == "OK")
    until(lambda: told(served, promised) == "OK")
    served.hub.log.close()
    settings = served.hub.settings
    assert verify(where, verifier=verifier_of(settings), recorded_head=settings.audit_head).ok
    standing = {logged.index: logged.leaf_hash for logged in read(where)}
    assert promised.items() <= standing.items()


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def crowd(folder: Path) -> Path:
    """Something else takes all the room of the disk."""
    ballast = folder / "ballast"
    with pytest.raises(OSError, match="No space"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4_096)
    return ballast


def test_l14_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", "size=4m") as home, serving(home, audit_deadline=DEADLINE) as served:

        def harm() -> Mend:
            return crowd(home).unlink

        breaks_and_recovers(served, served.hub.settings.audit_file, harm)


def test_l17_a_disk_that_becomes_read_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home", "size=16m") as home:
        # The file is the log's alone, and a remount is refused while anybody may write: as after an error of the disk.
        settings = Settings.load(home=home, audit_deadline=60)
        settings.prepare_home()
        log = open_log(settings)
        log.append_sync(_refusal())
        log.close()
        _remount(home, "ro")
        log = AuditLog.open(settings.audit_file, 60)
        assert not log.healthy
        with pytest.raises(AuditUnavailable):
            log.append_sync(_refusal())
        _remount(home, "rw")
        assert append_at_last(log, _refusal()).index == 1
        log.close()
        assert verify(settings.audit_file).size == 2


def _refusal() -> Record:
    return Record(kind="refusal", request_id="r", result="BAD_REQUEST", http_status=400)


def _remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def test_l17_a_disk_without_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "OVERDUE_SECONDS", 0.5)
    options = "size=16m,nr_inodes=60"
    with small_disk(tmp_path / "home", options) as home, serving(home, audit_deadline=DEADLINE) as served:

        def harm() -> Mend:
            # The log's own files are there; what needs a new one is the recorded head.
            folder = home / "crowd"
            folder.mkdir()
            with pytest.raises(OSError, match="No space"):
                for number in range(100):
                    (folder / str(number)).touch()
            return lambda: shutil.rmtree(folder)

        breaks_and_recovers(served, served.hub.settings.audit_file, harm)


def test_l20_a_file_that_somebody_else_has_locked(tmp_path: Path) -> None:
    with serving(tmp_path, audit_deadline=DEADLINE) as served:

        def harm() -> Mend:
            holder = sqlite3.connect(served.hub.settings.audit_file, isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            return holder.close

        breaks_and_recovers(served, served.hub.settings.audit_file, harm)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres(durable=True) as running:
        yield running


def administer(kept: ServerLog, *statements: str) -> None:
    with psycopg.connect(kept.admin, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hub'"


def hung(server: Postgres, _: ServerLog) -> Mend:
    server.signal_all(signal.SIGSTOP)
    return lambda: server.signal_all(signal.SIGCONT)


def killed(server: Postgres, _: ServerLog) -> Mend:
    server.stop(signal.SIGQUIT)
    return server.start


def stopped(server: Postgres, _: ServerLog) -> Mend:
    server.stop(signal.SIGINT)
    return server.start


def cut(_: Postgres, kept: ServerLog) -> Mend:
    administer(kept, "ALTER ROLE hub NOLOGIN", CUT)
    return lambda: administer(kept, "ALTER ROLE hub LOGIN")


def read_only(_: Postgres, kept: ServerLog) -> Mend:
    administer(kept, "ALTER ROLE hub SET default_transaction_read_only = on", CUT)
    return lambda: administer(kept, "ALTER ROLE hub RESET default_transaction_read_only", CUT)


def without_rights(_: Postgres, kept: ServerLog) -> Mend:
    administer(kept, "REVOKE INSERT ON audit.record FROM sluicegate_append")
    return lambda: administer(kept, "GRANT INSERT ON audit.record TO sluicegate_append")


@pytest.mark.parametrize("way", [hung, killed, stopped, cut, read_only, without_rights], ids=lambda way: way.__name__)
def test_l14_l17_l20_a_server(tmp_path: Path, server: Postgres, way: Callable[[Postgres, ServerLog], Mend]) -> None:
    kept = server_log(server, "log")
    with serving(tmp_path, audit_deadline=DEADLINE, audit_store=kept.append) as served:
        breaks_and_recovers(served, kept.read, lambda: way(server, kept))


def test_l14_a_server_whose_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not below the test's own folder, which the server's user may not enter.
    place = Path(tempfile.mkdtemp(prefix="sluicegate-disk-"))
    place.chmod(0o755)
    try:
        with small_disk(place, "size=400m,mode=0755"):
            monkeypatch.setattr(tempfile, "tempdir", str(place))
            with postgres(durable=True) as server:
                monkeypatch.setattr(tempfile, "tempdir", None)
                kept = server_log(server, "log")

                def harm() -> Mend:
                    ballast = crowd(place)

                    def mend() -> None:
                        ballast.unlink()
                        # It stops by itself where it has no room for its own log; whoever runs it starts it again.
                        assert server.process is not None
                        if server.process.poll() is not None:
                            server.stop()
                            server.start()

                    return mend

                with serving(tmp_path, audit_deadline=DEADLINE, audit_store=kept.append) as served:
                    breaks_and_recovers(served, kept.read, harm)
    finally:
        place.rmdir()
