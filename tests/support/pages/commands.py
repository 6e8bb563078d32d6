"""Runs what a page of the docs writes: commands in a folder of their own, and a hub; and compares what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.support.county import LET_THROUGH
from tests.support.searched_log import LOCAL

ANYTHING = "…"
"""Stands on a page for what differs from run to run."""
PORT = "8600"
"""The port that pages name; another one is free here."""
READY_SECONDS = 180


def reads_like(found: str, wanted: str) -> bool:
    """Whether a text is the one that is written down, in which … stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in wanted.strip().split(ANYTHING))
    return re.fullmatch(pattern, found.strip(), re.DOTALL) is not None


def shell_of(folder: Path) -> dict[str, str]:
    """The environment of somebody's shell: our commands on the path, settings of this folder alone."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("SLUICEGATE_") or n in LET_THROUGH}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "SLUICEGATE_HOME": str(folder / "home"), "COLUMNS": "160", **LOCAL}
    # A fresh graph on a busy machine plans its first statements slowly.
    graph = {"HEAP": "512m", "PAGE_CACHE": "128m", "DEADLINE": "60"}
    return kept | own | {f"SLUICEGATE_GRAPH_{name}": value for name, value in graph.items()}


def ran(folder: Path, shell: Mapping[str, str], text: str, port: int) -> subprocess.CompletedProcess[str]:
    """What became of the commands of one block; the first that fails is the last."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text.replace(PORT, str(port))],
        cwd=folder,
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )


def started_hub(folder: Path, shell: Mapping[str, str], words: Sequence[str], port: int) -> subprocess.Popen[bytes]:
    """The hub that a block starts, once it is ready; one that does not become so is ended."""
    with (folder / "serve.log").open("wb") as log:
        hub = subprocess.Popen(words, cwd=folder, env=shell, stdout=log, stderr=log)
    end = time.monotonic() + READY_SECONDS
    try:
        while time.monotonic() < end:
            assert hub.poll() is None, (folder / "serve.log").read_text("utf-8")
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200:
                    return hub
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError("the hub did not become ready")
    except BaseException:
        hub.terminate()
        hub.wait(60)
        raise
