"""Hub processes to be killed, each forked from one that has loaded everything, so that many cost little.

A hub that is given a `Moment` kills itself there, so that each moment of a request is met for certain.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import psutil

from hub.graph.local import GraphAddress
from hub.home.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Moment:
    """Before or after the `nth` call of `function` in `module`; `function` may be `Class.method`."""

    module: str
    function: str
    after: bool = False
    nth: int = 1


@dataclass
class Forked:
    """One hub process. `seconds` is what it took from its start until it was ready."""

    pid: int
    settings: Settings
    seconds: float
    _ended: Callable[[], None] = field(repr=False)

    def get(self, path: str) -> int:
        """The status of a page."""
        return httpx.get(f"http://127.0.0.1:{self.settings.port}{path}", trust_env=False, timeout=30).status_code

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.await_end()

    def await_end(self) -> None:
        """Return when it is gone."""
        self._ended()


class Forks:
    """Starts hubs, one at a time."""

    def __init__(self, process: subprocess.Popen[str], address: GraphAddress) -> None:
        self._process = process
        self._address = address
        self._running = False

    def start(
        self, settings: Settings, *, moment: Moment | None = None, files: int | None = None, ready: str = "/readyz"
    ) -> Forked:
        """A hub that is `ready`; `files` is how many file descriptors it may have."""
        store = settings.audit_store
        given = {
            "settings": {
                "home": str(settings.home),
                "port": settings.port,
                "audit_deadline": settings.audit_deadline,
                **({"sources": str(settings.sources)} if settings.sources else {}),
                **({"slices": str(settings.slices), "policies": str(settings.policies)} if settings.slices else {}),
                **({"audit_store": store.get_secret_value()} if store else {}),
            },
            "graph": [self._address.url, self._address.user, self._address.password],
            "moment": None if moment is None else [moment.module, moment.function, moment.after, moment.nth],
            "files": files,
        }
        started = time.monotonic()
        pid = int(self._tell(json.dumps(given)))
        self._running = True
        hub = Forked(pid, settings, 0.0, self._await_end)
        for _ in range(6_000):
            with suppress(httpx.HTTPError):
                if hub.get(ready) == 200:
                    hub.seconds = time.monotonic() - started
                    return hub
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(0.01)
        hub.kill()
        raise AssertionError("the hub did not start")

    def _tell(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def _await_end(self) -> None:
        if self._running:
            assert self._tell("") == "ended\n"
            self._running = False


@contextmanager
def forks(address: GraphAddress) -> Iterator[Forks]:
    """Hubs on the graph at `address`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    command = [sys.executable, "-m", "tests.support.forked_hubs"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=known | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "loaded\n"
            yield Forks(process, address)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


# From here on the process that forks, and what it forks.


def _main() -> None:
    import hub.app
    import hub.serve  # noqa: F401  to have it loaded
    from policies.language import load
    from schema import SPINE
    from tests.support.serving import COUNTY

    policy = load(COUNTY, SPINE)
    pid = 0
    print("loaded", flush=True)
    try:
        for line in sys.stdin:
            if line == "\n":
                os.waitpid(pid, 0)
                pid = 0
                print("ended", flush=True)
                continue
            pid = os.fork()
            if pid == 0:
                _serve(json.loads(line), policy)
            print(pid, flush=True)
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _serve(given: Mapping[str, Any], policy: Any) -> None:
    from hub.app import open_hub
    from hub.graph.driver import Graph
    from hub.home.catalogue import catalogue_of
    from hub.push.deliveries import Deliveries
    from hub.push.push_sources import load_push_sources
    from hub.server import make_server
    from policies.language import load

    try:
        with Path(os.devnull).open("r+") as nothing:
            for standard in (0, 1):
                os.dup2(nothing.fileno(), standard)
        if given["moment"]:
            _arm(*given["moment"])
        graph = Graph(*given["graph"])
        settings = Settings.load(**given["settings"])
        catalogue = catalogue_of(settings)
        if settings.slices:
            policy = load(settings.policies, catalogue)
        hub = open_hub(settings, graph, policy, catalogue)
        pushed = load_push_sources(settings, catalogue)
        deliveries = Deliveries(settings, GraphAddress(*given["graph"]), pushed, catalogue) if pushed else None
        if given["files"]:
            resource.setrlimit(resource.RLIMIT_NOFILE, (given["files"], given["files"]))
        running = make_server(hub, deliveries=deliveries)
        running.run()
    finally:
        os._exit(1)


def _arm(module: str, function: str, after: bool, nth: int) -> None:
    """Kill this process at the nth call: as abruptly as from outside, no `finally` runs."""
    owner: Any = import_module(module)
    *path, name = function.split(".")
    for each in path:
        owner = getattr(owner, each)
    real = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **named)
        if calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)


if __name__ == "__main__":
    _main()
