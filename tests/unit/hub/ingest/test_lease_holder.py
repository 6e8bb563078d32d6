"""Whether the process that holds a lease has died: told of those of this machine alone, and never of a living one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.ingest.lease_holder import Holder, holder_of, this_process
from tests.support.waiting import until

pytestmark = pytest.mark.unit

TELLS = "from hub.ingest.lease_holder import this_process as t; print(t().as_text(), flush=True); input()"


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], Holder]]:
    """Another process of this machine, and the holder that it says it is."""
    with subprocess.Popen(
        [sys.executable, "-c", TELLS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as running:  # fmt: skip
        assert running.stdout is not None
        holder = holder_of(running.stdout.readline())
        assert holder is not None and holder.pid == running.pid
        yield running, holder
        running.kill()


def test_a_process_is_alive_until_it_has_ended(child: tuple[subprocess.Popen[str], Holder]) -> None:
    running, holder = child
    assert not holder.is_dead
    running.send_signal(signal.SIGSTOP)
    assert not holder.is_dead
    running.kill()
    # Its parent has not asked for its end yet: a number that is still taken.
    until(lambda: holder.is_dead)
    assert running.poll() is not None
    assert holder.is_dead


def test_another_process_under_its_number_is_not_it() -> None:
    mine = this_process()
    assert not mine.is_dead
    assert replace(mine, began=f"{int(mine.began) - 1}").is_dead


@pytest.mark.parametrize("machine", ["", "another boot pid:[4026531836]"])
def test_of_another_machine_or_container_nothing_is_known(
    child: tuple[subprocess.Popen[str], Holder], machine: str
) -> None:
    running, holder = child
    running.kill()
    running.wait()
    assert holder.is_dead
    assert not replace(holder, machine=machine).is_dead


def test_where_the_system_tells_nothing_every_process_is_alive(
    child: tuple[subprocess.Popen[str], Holder], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    running, holder = child
    running.kill()
    running.wait()
    monkeypatch.setattr("hub.ingest.lease_holder._PROC", tmp_path)
    assert not holder.is_dead
    assert (this_process().machine, this_process().began) == ("", "")


def test_a_holder_is_named_by_its_machine_and_number() -> None:
    assert str(Holder("desk-3", 41)) == "process 41 on desk-3"
    assert holder_of(Holder("desk-3", 41, "m", "7").as_text()) == Holder("desk-3", 41, "m", "7")
    assert holder_of(None) is None
