"""A supervisor signals only what runs, and says why a worker cannot serve; whole workers are in `conformance/hubs`."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.graph.local import GraphAddress
from hub.home.running_hub import CannotServe
from hub.home.settings import Settings
from hub.workers import Place, _Worker, keep_working

pytestmark = pytest.mark.unit


def serves(_: Place, serving: Callable[[], None]) -> None:
    serving()
    signal.pause()


def cannot_serve(_: Place, __: Callable[[], None]) -> None:
    raise CannotServe("the key is broken")


def fails_without_a_word(_: Place, __: Callable[[], None]) -> None:
    os._exit(7)


class Unsendable(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)


def fails_oddly(_: Place, __: Callable[[], None]) -> None:
    raise Unsendable("a", "b")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    settings = Settings.load(home=tmp_path / "home", workers=2)
    return Place(settings, GraphAddress("bolt://127.0.0.1:1", "neo4j", "none"), socket.socket())


def test_one_that_was_never_started_or_has_ended_gets_no_signal(place: Place) -> None:
    worker = _Worker(serves, place)
    worker.signal(signal.SIGTERM)
    worker.await_end(time.monotonic())
    assert not worker.has_ended
    worker.start()
    assert worker.process is not None and worker.process.pid is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    os.waitpid(worker.process.pid, 0)  # reaped behind its back
    worker.signal(signal.SIGHUP)
    worker.await_end(time.monotonic())


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (cannot_serve, "the key is broken"),
        (fails_without_a_word, "ended before it served"),
        (fails_oddly, "its last line says where"),
    ],
)
def test_a_hub_whose_workers_cannot_begin_ends_with_the_reason(
    place: Place, work: Callable[[Place, Callable[[], None]], None], why: str
) -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        with pytest.raises(CannotServe, match=why):
            keep_working(place, work, lambda: pytest.fail("none serves"))
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, "a hangup finds no worker any more"
    finally:
        signal.signal(signal.SIGHUP, before)
