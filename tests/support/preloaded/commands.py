"""Runs `sluicegate` in processes forked from one that has imported its modules, so that many command lines cost little.

Each command has a process, environment, input, output and exit code of its own, as from a shell. What it does not have
is a start of Python and its imports: tests of those run `python -m hub`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[3]
LOADED = (
    *("hub.auditor.record_tables", "hub.request.endpoint", "hub.sample.whole.write", "hub.steward.acting"),
    *("hub.steward.explain_query", "policies.detect"),
)


@dataclass(frozen=True)
class Commands:
    """Runs one command at a time."""

    process: subprocess.Popen[str]
    folder: Path

    def run(
        self, *arguments: str, environment: Mapping[str, str], given: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """What became of `sluicegate` with these arguments, in the root of the project, and `given` on its input."""
        files = [self.folder / name for name in ("input", "output", "errors")]
        files[0].write_bytes(given or b"")
        told = {"arguments": arguments, "environment": dict(environment), "files": [str(each) for each in files]}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        return subprocess.CompletedProcess(list(arguments), code, *(each.read_bytes() for each in files[1:]))


@contextmanager
def preloaded(folder: Path) -> Iterator[Commands]:
    """Commands whose input and output pass through files in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.preloaded.commands"],
        cwd=ROOT,
        env=kept | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Commands(process, folder)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


# From here on the process that forks, and what it forks.


def _main() -> None:
    from hub.cli.main import main
    from hub.cli.options import refusals

    refusals()  # imports most of what there is
    for name in LOADED:
        import_module(name)
    told, answers = sys.stdin, os.fdopen(os.dup(1), "w")
    while line := told.readline():
        pid = os.fork()
        if pid == 0:
            _become(json.loads(line), answers)
            main()
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)


def _become(given: Mapping[str, Any], answers: IO[str]) -> None:
    """Be as a process that a shell started."""
    answers.close()
    for standard, path in enumerate(given["files"]):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if standard else os.O_RDONLY, 0o600)
        os.dup2(opened, standard)
        os.close(opened)
    sys.stdin = os.fdopen(os.dup(0))
    os.environ.clear()
    os.environ.update(given["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["sluicegate", *given["arguments"]]


if __name__ == "__main__":
    _main()
