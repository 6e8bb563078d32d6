"""Starts the process of `work.py` for a hub, and takes what it found.

Nobody waits longer than was said: a trial that takes longer is ended, and what it found till then is told; a pull goes
on by itself, and how it ended is in the graph and in the log. One of each kind runs at a time.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.ingest.apart.work import TRY, Line, Task

ROOT: Final = Path(__file__).parents[3]
"""Where the program lies: the process finds it as the hub did, whatever its working folder."""
_log = logging.getLogger("sluicegate.sources")


class Busy(Exception):
    """A task of this kind is being done; nothing was begun."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a process found; not `ended`: it was ended because it took too long, or still goes on."""

    lines: Sequence[Line]
    ended: bool


class Apart:
    """The processes of one hub; used from any thread."""

    def __init__(self) -> None:
        self._busy: dict[str, threading.Lock] = {}
        self._one_at_a_time = threading.Lock()

    def do(self, task: Task, seconds: float) -> Found:
        """Do a task and wait for so many seconds at most; raises Busy."""
        with self._one_at_a_time:
            busy = self._busy.setdefault(task.act, threading.Lock())
        if not busy.acquire(blocking=False):
            raise Busy
        try:
            process = _start(task)
        except BaseException:
            busy.release()
            raise
        ended = threading.Event()
        lines: list[Line] = []

        def read() -> None:
            try:
                assert process.stdout is not None  # noqa: S101 - it is a pipe
                with process.stdout as told:
                    # What was cut off when the process was ended is no line.
                    lines.extend(json.loads(line) for line in told if line.endswith(b"\n"))
                if process.wait() > 0:
                    _log.error("the process for a source (%s) ended with code %d", task.act, process.returncode)
            finally:
                busy.release()
                ended.set()

        threading.Thread(target=read, name=f"source {task.act}", daemon=True).start()
        done = ended.wait(seconds)
        if not done and task.act == TRY:
            process.kill()
            ended.wait()
        return Found(tuple(lines), done)


def _start(task: Task) -> subprocess.Popen[bytes]:
    """The process, with its task written to it; the secrets of a demo are in its environment alone."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.ingest.apart.work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **task.locations.secrets, "PYTHONPATH": path},
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with process.stdin as told:
        told.write(pickle.dumps(task))
    return process
