"""A supervisor signals what runs, ends what hangs and says why one cannot serve; whole workers: `conformance/hubs`."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn

from hub.graph.local import GraphAddress
from hub.home.running_hub import CannotServe
from hub.home.settings import Settings
from hub.server import _Server
from hub.workers import Place, _tell, _Worker, keep_working

pytestmark = pytest.mark.unit


def serves(_: Place, serving: Callable[[], None]) -> None:
    serving()
    signal.pause()


def hangs_at_first(place: Place, serving: Callable[[], None]) -> None:
    """The first worker stops itself once it serves; the one in its place tells the test."""
    mark = place.settings.home.with_name(f"began-{place.siblings.number}")
    again = mark.exists()
    mark.touch()
    serving()
    if place.is_first and not again:
        os.kill(os.getpid(), signal.SIGSTOP)
    if place.is_first:
        os.kill(os.getppid(), signal.SIGUSR1)
    while True:
        serving()
        time.sleep(0.02)


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


class Replaced(Exception):
    """Raised in the supervisor when the second worker says that it began."""


def test_one_that_serves_and_then_hangs_is_ended_and_started_again_and_the_other_is_not(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hub.workers.BEAT_SECONDS", 0.2)

    def replaced(*_: object) -> None:
        raise Replaced

    before = signal.getsignal(signal.SIGHUP), signal.signal(signal.SIGUSR1, replaced)
    try:
        with pytest.raises(Replaced):
            keep_working(place, hangs_at_first, lambda: None)
    finally:
        signal.signal(signal.SIGHUP, before[0])
        signal.signal(signal.SIGUSR1, before[1])
    assert caplog.messages == [
        "worker 1 does not answer; it is ended",
        "worker 1 ended (code -9); it is started again",
    ]


def test_looks_are_counted_and_not_seconds_so_that_a_hub_that_was_halted_goes_on(place: Place) -> None:
    worker = _Worker(serves, place)
    assert not any(worker.hangs for _ in range(20)), "it does not serve yet"
    worker.up = True
    assert [worker.hangs for _ in range(8)] == [False] * 6 + [True] * 2


def test_what_a_worker_tells_never_waits_for_a_supervisor_that_does_not_read() -> None:
    reader, writer = multiprocessing.get_context("spawn").Pipe(duplex=False)
    for _ in range(10_000):
        _tell(writer)
    reader.close()
    _tell(writer)


@pytest.mark.parametrize("again", [True, False])
def test_one_of_several_goes_on_saying_that_it_serves(monkeypatch: pytest.MonkeyPatch, *, again: bool) -> None:
    monkeypatch.setattr("hub.server.BEAT_SECONDS", 0.2)
    beats: list[float] = []

    async def serve_for_a_second() -> None:
        server = _Server(uvicorn.Config("none"), lambda: beats.append(time.monotonic()), again)
        running = asyncio.create_task(server.main_loop())
        await asyncio.sleep(1)
        server.should_exit = True
        await running

    asyncio.run(serve_for_a_second())
    assert bool(beats) == again and len(beats) <= 5


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
