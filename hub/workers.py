"""The workers of a hub: several processes that serve one port and write one log (ADR 0014).

Each worker is a whole hub of its own; what they share is on the disk or in the graph. This process only keeps them
running: a worker that ends is started again after a pause, and its connections go to the others meanwhile. One that
serves and then no longer answers is ended, which is the same.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Final

from hub.buckets import Buckets
from hub.graph.local import GraphAddress
from hub.home.running_hub import CannotServe
from hub.home.settings import Settings
from hub.log_lines import describe_exception
from hub.siblings import ALONE, BEAT_SECONDS, Siblings, own_socket
from hub.upkeep import FIRST_PAUSE, LONGEST_PAUSE

STOP_SECONDS: Final = 25.0
"""How long a worker may take to end: ten seconds for answers under way, and what closing tasks, log and graph takes."""
SILENT_LOOKS: Final = 6
"""A worker from which nothing came between so many looks, `BEAT_SECONDS` apart, hangs."""
_log = logging.getLogger("sluicegate.workers")
_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Place:
    """What one worker is given: where it serves, over which graph, and who else does."""

    settings: Settings
    address: GraphAddress = field(repr=False)
    listener: socket.socket
    siblings: Siblings = ALONE
    buckets: Buckets | None = field(default=None, repr=False)
    """Those of all workers; None for a hub of one process, which makes its own."""

    @property
    def is_first(self) -> bool:
        """Whether this worker does what is done once for a hub."""
        return self.siblings.number == 1


Work = Callable[[Place, Callable[[], None]], None]
"""Serves at a place until a signal comes; calls its second argument once it does serve, and every BEAT_SECONDS."""


@dataclass(slots=True)
class _Worker:
    """One place and the process that has it now; `up` while that serves, as far as is known."""

    work: Work
    place: Place
    process: multiprocessing.process.BaseProcess | None = None
    messages: Connection | None = None
    up: bool = False
    silent_looks: int = 0
    began: float = 0.0
    pause: float = FIRST_PAUSE
    restart_at: float | None = None

    def start(self) -> None:
        """Start a process for the place."""
        self.messages, sender = _spawn.Pipe(duplex=False)
        self.process = _spawn.Process(target=_run, args=(self.work, self.place, sender), daemon=True)
        self.up, self.silent_looks, self.restart_at, self.began = False, 0, None, time.monotonic()
        self.process.start()
        sender.close()

    def why_not_serving(self) -> Exception | None:
        """Read what its process sent; the reason, if that cannot serve."""
        try:
            while self.messages is not None and self.messages.poll():
                message = self.messages.recv()
                if isinstance(message, Exception):
                    return message
                self.up, self.silent_looks = True, 0
        except (EOFError, OSError):
            self.messages = None
            if not self.up:
                return CannotServe("a worker ended before it served; its last lines may say why")
        return None

    @property
    def hangs(self) -> bool:
        """Whether it served and has been silent for too long; to be asked once a look.

        Looks are counted and not seconds: when the whole hub was halted, its workers are not late.
        """
        self.silent_looks += self.up
        return self.silent_looks > SILENT_LOOKS

    @property
    def has_ended(self) -> bool:
        """Whether its process has, which was started."""
        return self.process is not None and not self.process.is_alive()

    def schedule_restart(self) -> None:
        """Its process has ended: the next one is started after a pause."""
        ran = time.monotonic() - self.began
        self.pause = FIRST_PAUSE if ran > LONGEST_PAUSE else self.pause
        self.up, self.restart_at = False, time.monotonic() + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal, if it runs."""
        if self.process is not None and self.process.pid is not None and self.process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def await_end(self, until: float) -> None:
        """Return when its process has ended, which was told to; from `until` (monotonic) on it is killed."""
        if self.process is not None and self.process.pid is not None:
            self.process.join(max(0.0, until - time.monotonic()))
            self.signal(signal.SIGKILL)
            self.process.join()


def keep_working(place: Place, work: Work, serving: Callable[[], None]) -> None:
    """Run as many workers as the settings say until this process is interrupted; `serving` is called once all serve.

    Until then it raises what one of them raises that cannot serve; later, such a one is tried again.
    """
    try:
        sockets = [own_socket() for _ in range(place.settings.workers)]
    except OSError:
        raise CannotServe("several workers need Linux; set SLUICEGATE_WORKERS to 1") from None
    addresses, buckets = [each.getsockname() for each in sockets], Buckets.shared()
    workers = [
        _Worker(work, Place(place.settings, place.address, place.listener, Siblings(number, own, addresses), buckets))
        for number, own in enumerate(sockets, 1)
    ]
    # One that does not serve yet reads everything anew anyway, and would die of a hangup.
    signal.signal(signal.SIGHUP, lambda *_: _signal_all([each for each in workers if each.up], signal.SIGHUP))
    try:
        for worker in workers:
            worker.start()
        _watch(workers, serving)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _signal_all(workers, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.await_end(until)
        for each in sockets:
            each.close()


def _signal_all(workers: list[_Worker], number: signal.Signals) -> None:
    for worker in workers:
        worker.signal(number)


def _watch(workers: list[_Worker], serving: Callable[[], None]) -> None:
    all_served, next_look = False, time.monotonic() + BEAT_SECONDS
    while True:
        now = time.monotonic()
        for worker in workers:
            if worker.restart_at is not None and worker.restart_at <= now:
                worker.start()
        pauses = [worker.restart_at - now for worker in workers if worker.restart_at is not None]
        pauses.append(max(0.0, next_look - now))
        running = [worker for worker in workers if worker.restart_at is None]
        ends = [each.process.sentinel for each in running if each.process is not None]
        wait([*ends, *(each.messages for each in running if each.messages)], min(pauses))
        for worker in running:
            _note(worker, all_served)
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + BEAT_SECONDS
            _end_those_that_hang(running)
        if not all_served and all(worker.up for worker in workers):
            all_served = True
            serving()


def _end_those_that_hang(workers: list[_Worker]) -> None:
    for worker in workers:
        if worker.restart_at is None and worker.hangs:
            _log.error("worker %d does not answer; it is ended", worker.place.siblings.number)
            worker.signal(signal.SIGKILL)


def _note(worker: _Worker, all_served: bool) -> None:
    """See what became of a worker; raises why it cannot serve, if the hub has not begun to."""
    why = worker.why_not_serving()
    if why is not None and not all_served:
        raise why
    if worker.has_ended and worker.process is not None:
        code, number = worker.process.exitcode, worker.place.siblings.number
        _log.error("worker %d ended (code %s); it is started again", number, code)
        worker.schedule_restart()


def _run(work: Work, place: Place, messages: Connection) -> None:
    """One worker's process: it serves until told to stop, or until the process that started it is gone."""
    # An interrupt from the keyboard reaches all processes; the one that started this one passes on what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        work(place, lambda: _tell(messages))
    except Exception as failed:
        _log.error("this worker cannot serve (%s)", describe_exception(failed))
        messages.send(
            failed if _can_be_sent(failed) else CannotServe("a worker cannot serve; its last line says where")
        )
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends anyway


def _tell(messages: Connection) -> None:
    """Say that this worker serves; never waits, not even for a supervisor that was halted or is gone."""
    room = select.poll()
    room.register(messages, select.POLLOUT)
    with suppress(OSError):
        if room.poll(0):
            messages.send("serving")


def _can_be_sent(failed: Exception) -> bool:
    try:
        return isinstance(pickle.loads(pickle.dumps(failed)), Exception)  # noqa: S301 - our own bytes
    except Exception:
        return False


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)  # something hangs, and holds the port
