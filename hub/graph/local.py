"""Starts and stops the managed local graph: a real Neo4j Community as a child process (`hub/graph/process.py`).

At most one such process runs for a home, and its address is given out only once it answers. Its jars are verified
against the lock (`hub/graph/jars.py`); Bolt is on loopback, with a random password in a 0600 file. The child holds a
file lock while it runs, which the system releases however it dies. The process id in `graph.json` is signalled only if
that process has the recorded token on its command line.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import neo4j
import psutil
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from hub.graph.jars import ensure_jars, read_lock
from hub.graph.process import ALREADY_RUNNING, Launch, State
from hub.home.locks import is_locked
from hub.home.settings import Settings
from hub.terminal import text_console

POLL_SECONDS = 0.05
STARTING = "starting the local graph; this may take a minute"
# These variables could override the switches set here, and make Java write a banner into the log.
DROPPED_VARIABLES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


class LocalGraphError(RuntimeError):
    """The local graph could not be started or stopped; the text says what to do."""


@dataclass(frozen=True, slots=True)
class GraphAddress:
    """Where a graph is, and how to log in; the password is not part of the repr."""

    url: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"GraphAddress(url={self.url!r}, user={self.user!r})"


@dataclass(frozen=True, slots=True)
class GraphStatus:
    """`phase` is `stopped`, `starting`, `ready` or `stopping`; pid and port are None unless it runs."""

    phase: str
    pid: int | None = None
    port: int | None = None
    owned: bool = False

    @property
    def running(self) -> bool:
        return self.phase != "stopped"


class LocalGraph:
    """The graph of one home. Safe to use from several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.graph_folder
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start(owned=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, owned: bool = False, wait_seconds: float = 180.0) -> GraphAddress:
        """Start the graph, or attach to the one that runs; returns when it answers over Bolt.

        An owned graph ends with this process, however this process dies; any other runs until `stop`. Raises
        JarsUnavailable, or LocalGraphError if the port is taken, the start fails or `wait_seconds` pass.
        """
        self._settings.prepare_home()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        deadline = time.monotonic() + wait_seconds
        with self._start_lock():
            if not self._locked():
                self._launch(owned)
            try:
                port = self._await_ready(deadline)
            except LocalGraphError:
                if self._child is not None:
                    self.stop(wait_seconds=0)
                raise
        address = GraphAddress(f"bolt://127.0.0.1:{port}", "neo4j", self._password())
        self._await_answer(address, deadline)
        return address

    def stop(self, wait_seconds: float = 90.0) -> bool:
        """Stop the graph cleanly; True if it ran. If it does not end in time it is killed; its store recovers.

        Raises LocalGraphError if it survives even that for ten seconds.
        """
        if not self._locked():
            self._reap_child()
            return False
        deadline = time.monotonic() + wait_seconds
        while self._locked():
            late = time.monotonic() > deadline
            if late and time.monotonic() > deadline + 10:
                raise LocalGraphError(f"The graph process does not end; see {self._folder / 'neo4j.log'}.")
            self._signal(signal.SIGKILL if late else signal.SIGTERM)
            time.sleep(POLL_SECONDS)
        self._reap_child()
        return True

    def status(self) -> GraphStatus:
        """Whether it runs, from the lock and the state file; does not wait."""
        state = self._state()
        if not self._locked():
            return GraphStatus("stopped")
        if state is None or not _process(state):
            return GraphStatus("starting")
        # A process that has closed its store but has not ended yet still holds the lock.
        phase = "stopping" if state.phase == "stopped" else state.phase
        return GraphStatus(phase, state.pid, state.port or None, state.owned)

    def address(self) -> GraphAddress:
        """The address of the running graph; raises LocalGraphError if it does not run."""
        status = self.status()
        if status.phase != "ready":
            raise LocalGraphError("The local graph is not running. Start it with: sluicegate graph start")
        return GraphAddress(f"bolt://127.0.0.1:{status.port}", "neo4j", self._password())

    def _launch(self, owned: bool) -> None:
        settings, before = self._settings, self._state()
        self._reap_child()
        self._ensure_password()
        jars = fetch_jars(settings)
        port = settings.graph_port or _still_free(before.port if before else 0)
        launch = Launch(
            str(self._folder),
            tuple(str(jar) for jar in jars),
            port,
            settings.graph_heap,
            settings.graph_page_cache,
            settings.graph_transaction_memory,
            settings.graph_quick_start,
            owned,
        )
        self._child = _spawn(launch, self._folder)

    def _await_ready(self, deadline: float) -> int:
        """Follow the state file until it says ready; returns the port."""
        while time.monotonic() < deadline:
            state, ended = self._state(), self._child.poll() if self._child else None
            if self._locked() and state and state.phase == "ready" and _process(state):
                return state.port
            if ended not in (None, ALREADY_RUNNING) or (not self._locked() and ended is not None):
                raise LocalGraphError(self._why_failed(state))
            if self._child is None and not self._locked():
                raise LocalGraphError("The graph process ended during its start; start it again.")
            time.sleep(POLL_SECONDS)
        raise LocalGraphError(f"The graph did not start in time; see {self._folder / 'neo4j.log'}.")

    def _why_failed(self, state: State | None) -> str:
        if state is not None and state.reason == "port":
            return f"Port {state.port} is in use. Set SLUICEGATE_GRAPH_PORT to another port, or unset it."
        reason = state.reason if state is not None and state.reason else "no reason given"
        return f"The graph process could not start ({reason}); see {self._folder / 'neo4j.log'}."

    def _await_answer(self, address: GraphAddress, deadline: float) -> None:
        while True:
            try:
                with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
                    driver.execute_query("RETURN 1")
                return
            except neo4j.exceptions.AuthError:
                raise LocalGraphError(
                    f"The graph does not accept the password in {self._folder / 'password'}. Restore the right file, "
                    f"or remove {self._folder} to begin with an empty graph."
                ) from None
            except (neo4j.exceptions.ServiceUnavailable, neo4j.exceptions.TransientError):
                if not self._locked():
                    raise LocalGraphError("The graph process ended during its start; start it again.") from None
                if time.monotonic() > deadline:
                    raise LocalGraphError(f"The graph does not answer; see {self._folder / 'neo4j.log'}.") from None
                time.sleep(POLL_SECONDS)

    def _state(self) -> State | None:
        try:
            return State(**json.loads((self._folder / "graph.json").read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _locked(self) -> bool:
        return is_locked(self._folder / "graph.lock")

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        handle = os.open(self._folder / "start.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _signal(self, number: signal.Signals) -> None:
        """Signal the recorded process, unless its id now belongs to another one."""
        state = self._state()
        process = _process(state) if state else None
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _reap_child(self) -> None:
        if self._child is not None:
            self._child.wait()
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child = None

    def _ensure_password(self) -> None:
        path = self._folder / "password"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            path.chmod(0o600)
            return
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            # A password that begins with a dash would be read as an option by Neo4j's command.
            stream.write("g" + secrets.token_urlsafe(24))

    def _password(self) -> str:
        try:
            return (self._folder / "password").read_text("ascii")
        except FileNotFoundError:
            raise LocalGraphError(
                f"{self._folder / 'password'} is missing. Restore it, "
                f"or remove {self._folder} to begin with an empty graph."
            ) from None


def running_graph(settings: Settings) -> GraphAddress | None:
    """The server that the settings name, or the local graph if it runs; None where there is neither.

    Raises SettingsError where the server's password cannot be read, LocalGraphError where the local graph's is gone.
    """
    if settings.graph_url is not None:
        return GraphAddress(settings.graph_url, settings.graph_user, settings.read_graph_password() or "")
    local = LocalGraph(settings)
    return local.address() if local.status().phase == "ready" else None


def _process(state: State) -> psutil.Process | None:
    """The process that a state file names; None if it has ended, even if its id now belongs to another process."""
    try:
        process = psutil.Process(state.pid)
        # Not by when it was created: that is told by the wall clock, and a step of the clock moves it.
        return process if state.token in process.cmdline() else None
    except psutil.Error:
        return None


def _spawn(launch: Launch, folder: Path) -> subprocess.Popen[bytes]:
    log = folder / "neo4j.log"
    if log.exists():
        os.replace(log, folder / "neo4j.log.1")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SLUICEGATE_") and name not in DROPPED_VARIABLES
    }
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "hub.graph.process", secrets.token_hex(16)],
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=handle,
            stderr=handle,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(handle)
    if child.stdin is not None:
        # If the child has died already, `_await_ready` finds that out, and why.
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(asdict(launch)).encode() + b"\n")
            if not launch.owned:
                child.stdin.close()
    return child


def _still_free(port: int) -> int:
    """The last port if it is still free, so that a driver finds the graph again after a restart; else 0 for any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def fetch_jars(settings: Settings) -> list[Path]:
    """Neo4j's jars on the disk, fetched if they are not there yet, with progress; raises JarsUnavailable."""
    console = text_console(errors=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    quarters_printed = [0]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Neo4j 图数据库", total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)
            if not console.is_terminal and (done * 4 // total > quarters_printed[0] or done == 0):
                quarters_printed[0] = done * 4 // total
                print(f"fetching Neo4j: {done >> 20} of {total >> 20} MiB", file=sys.stderr, flush=True)

        return ensure_jars(read_lock(), settings.jar_cache, settings.jars, show)


@contextmanager
def started_graph(settings: Settings) -> Iterator[GraphAddress]:
    """The graph of the settings while the block runs; a local one that was not running is stopped afterwards.

    Standard error says that it is started, because whoever runs the command waits for it.
    """
    if settings.graph_url is not None:
        yield GraphAddress(settings.graph_url, settings.graph_user, settings.read_graph_password() or "")
        return
    graph = LocalGraph(settings)
    was_running = graph.status().running
    if not was_running:
        print(STARTING, file=sys.stderr, flush=True)
    try:
        yield graph.start(owned=not was_running)
    finally:
        if not was_running:
            graph.stop()
