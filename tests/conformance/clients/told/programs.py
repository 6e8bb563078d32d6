"""Runs the subscribing programs of this folder with Node, while a test makes changes."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conformance.clients.node_programs import environment, install, node

HERE = Path(__file__).parent
SECONDS = 30.0
"""How long a test waits for what must come."""


def install_subscribers(folder: Path) -> Path:
    """The programs of this folder beside those and the packages of the folder above."""
    install(folder)
    for each in HERE.glob("*.mjs"):
        shutil.copy(each, folder)
    return folder


class Running:
    """A program that runs: what it prints, line by line."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._child.stdout or ():
            self._lines.put(line)

    def receive(self) -> dict[str, Any]:
        """What was told next."""
        try:
            told: dict[str, Any] = json.loads(self._lines.get(timeout=SECONDS))
        except queue.Empty:
            raise AssertionError("the program was told nothing") from None
        return told


@contextmanager
def running(folder: Path, name: str, told: Mapping[str, Any]) -> Iterator[Running]:
    """The program `name` while it subscribes; it is stopped at the end."""
    command = [node(), f"{name}.mjs"]
    production = {**environment(), "NODE_ENV": "production"}
    with subprocess.Popen(
        command, cwd=folder, env=production, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdin is not None
            child.stdin.write(json.dumps(told))
            child.stdin.close()
            yield Running(child)
        finally:
            child.kill()
