"""A log whose making was interrupted is made by the next start; one that is of another version is left alone (L13)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.log import AuditLog, AuditUnavailable
from audit.record import Record
from audit.stores.postgres_schema import prepare
from audit.stores.sqlite_file import _TABLES
from audit.verify import verify
from tests.support.postgres import Postgres, postgres
from tests.support.postgres_log import server_log

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[2]
RECORD = Record(kind="query", request_id="r", result="OK", http_status=200)

# It kills itself before the n-th statement that makes something.
SQLITE = """
import os, signal, sqlite3, sys
from pathlib import Path
from audit.stores import sqlite_file

class Dying(sqlite3.Connection):
    left = int(sys.argv[2])
    def execute(self, statement, *values):
        if statement.startswith(("CREATE", "INSERT", "COMMIT", "PRAGMA user_version =")):
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(statement, *values)

path = Path(sys.argv[1])
sqlite_file.create(path)
sqlite_file.prepare(sqlite3.connect(path, isolation_level=None, factory=Dying), 10**9)
"""
POSTGRES = """
import os, signal, sys
import psycopg
from audit.stores import postgres_schema

left = int(sys.argv[1])
real = psycopg.Connection.execute
def dying(self, *args, **named):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *args, **named)

psycopg.Connection.execute = dying
postgres_schema.prepare(os.environ["LOG"], 12, append=["hub"], read=["auditor"])
"""


def killed(script: str, *arguments: str, log: str = "") -> bool:
    """Whether the script killed itself, rather than come to its end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LOG": log}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
    return done.returncode != 0


STATEMENTS = len([each for each in _TABLES if not each.startswith("PRAGMA application_id")]) + 1


@pytest.mark.parametrize("nth", [0, 1, STATEMENTS // 2, STATEMENTS - 2, STATEMENTS - 1])
def test_l13_killed_while_the_tables_are_made(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "audit.db"
    assert killed(SQLITE, str(path), str(nth))
    assert not [*sqlite3.connect(path).execute("SELECT name FROM sqlite_master")]
    log = AuditLog.open(path, 20)
    assert log.append_sync(RECORD).index == 0
    log.close()
    assert verify(path).size == 1


def test_l13_the_last_statement_makes_the_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    assert not killed(SQLITE, str(path), str(STATEMENTS))
    assert verify(path).ok


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.mark.parametrize("nth", [1, 2, 9, 20, 40])
def test_l13_killed_while_a_server_is_prepared(server: Postgres, nth: int) -> None:
    import psycopg

    kept = server_log(server, "log")
    with psycopg.connect(kept.admin, autocommit=True) as connection:
        connection.execute("DROP SCHEMA audit CASCADE")
    assert killed(POSTGRES, str(nth), log=kept.admin)
    with pytest.raises(AuditUnavailable, match=r"NOT_PREPARED|fsync off"):
        AuditLog.open(kept.append, 20)
    with psycopg.connect(kept.admin) as connection:
        assert connection.execute("SELECT to_regclass('audit.record')").fetchone() == (None,)
    assert len(prepare(kept.admin, 12, append=["hub"], read=["auditor"])) == 13
    assert verify(kept.read).ok


@pytest.mark.parametrize(("version", "told"), [(1, "older version"), (3, "newer version")])
def test_l13_a_log_of_another_version_is_left_alone(tmp_path: Path, version: int, told: str) -> None:
    path = tmp_path / "audit.db"
    log = AuditLog.open(path, 20)
    log.append_sync(RECORD)
    log.close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(AuditUnavailable, match=told):
        AuditLog.open(path, 20)
    assert path.read_bytes() == before
