"""Which process holds a lease: refusals name it, and one of this machine that has died is noticed at once.

A process is known by the boot of its machine, its PID namespace, its number and when it began. One of another machine
or container, and one that cannot be looked at, counts as alive: its lease ends by the clock.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")
_GONE = frozenset({"Z", "X"})
"""States of a process that has ended, and whose parent has not asked for its end yet."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `machine` and `began` are empty where the system does not tell them; then it counts as alive."""

    host: str
    pid: int
    machine: str = ""
    began: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def as_text(self) -> str:
        """The holder as it is kept in the graph."""
        return json.dumps(asdict(self))

    @property
    def is_dead(self) -> bool:
        """Whether it was a process of this machine, and has ended."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        state, began = _state(self.pid)
        return bool(began) and (state in _GONE or began != self.began)


def this_process() -> Holder:
    """The process that asks."""
    return Holder(socket.gethostname(), os.getpid(), _machine(), _state(os.getpid())[1])


def holder_of(text: str | None) -> Holder | None:
    """The holder that `Holder.as_text` made; None for one that nobody noted."""
    return None if text is None else Holder(**json.loads(text))


def _machine() -> str:
    """The boot of this machine and the PID namespace, within which a number means one process."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _state(pid: int) -> tuple[str, str]:
    """The state of a process and when it began, in ticks since the boot; empty where that cannot be read."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return "", ""
    # Its name stands in brackets, and may hold blanks and brackets.
    told = text.rpartition(")")[2].split()
    return told[0], told[19]
