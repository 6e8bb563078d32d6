"""The process of the local graph is known by its token: neither a clock nor another process of its id changes that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hub.graph.local import LocalGraph, _process
from hub.graph.process import State
from hub.home.settings import Settings

pytestmark = pytest.mark.unit

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("step", [-28_800.0, -1.0, 1.0, 86_400.0])
def test_case_6_01_a_clock_step_does_not_lose_the_process(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", TOKEN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        real = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + step)
        found = _process(State("ready", child.pid, TOKEN, 7687, False))
        assert found is not None
        assert found.pid == child.pid
        assert _process(State("ready", child.pid, TOKEN.replace("0", "1"), 7687, False)) is None
        assert child.stdin is not None
        child.stdin.close()
    assert _process(State("ready", child.pid, TOKEN, 7687, False)) is None


def test_case_6_04_stop_and_status_do_not_ask_the_clock(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    settings.prepare_home()
    settings.graph_folder.mkdir()
    lock = settings.graph_folder / "graph.lock"
    holder = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); "
        "time.sleep(600)"
    )
    command = [sys.executable, "-c", holder, str(lock), TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        state = {"phase": "ready", "pid": child.pid, "token": TOKEN, "port": 7687, "owned": False}
        (settings.graph_folder / "graph.json").write_text(json.dumps(state))
        assert LocalGraph(settings).status().phase == "ready"
        assert LocalGraph(settings).stop()
    assert LocalGraph(settings).status().phase == "stopped"
