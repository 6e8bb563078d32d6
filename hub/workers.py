"""The workers of a hub: several processes that serve one port and write one log (ADR 0014).

Each worker is a whole hub of its own; what they share is on the disk or in the graph. This process only keeps them
running: a worker that ends is started again after a pause, and its connections go to the others meanwhile.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Final

from hub.graph.local import GraphAddress
from hub.home.running_hub import CannotServe
from hub.home.settings import Settings
from hub.log_lines import describe_exception
from hub.siblings import ALONE, Siblings, own_socket
from hub.upkeep import FIRST_PAUSE, LONGEST_PAUSE

STOP_SECONDS: Final = 15.0
"""How long a worker may take to end: ten seconds for answers under way, and what closing takes."""
_log = logging.getLogger("sluicegate.workers")
_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Place:
    """What one worker is given: where it serves, over which graph, and who else does."""

    settings: Settings
    address: GraphAddress = field(repr=False)
    listener: socket.socket
    siblings: Siblings = ALONE

    @property
    def is_first(self) -> bool:
        """Whether this worker does what is done once for a hub."""
        return self.siblings.number == 1


Work = Callable[[Place, Callable[[], None]], None]
"""Serves at a place until a signal comes, and calls its second argument as soon as it does serve."""


@dataclass(slots=True)
class _Worker:
    """One place and the process that has it now; `up` once that serves."""

    work: Work
    place: Place
    process: multiprocessing.process.BaseProcess = field(init=False)
    told: Connection = field(init=False)
    up: bool = field(init=False)
    began: float = field(init=False)
    pause: float = FIRST_PAUSE
    again: float | None = None

    def start(self) -> None:
        """Start its process."""
        self.told, tells = _spawn.Pipe(duplex=False)
        self.process = _spawn.Process(target=_run, args=(self.work, self.place, tells), daemon=True)
        self.up, self.again, self.began = False, None, time.monotonic()
        self.process.start()
        tells.close()

    def look(self) -> Exception | None:
        """Note what its process told; the reason, if that could not begin to serve."""
        try:
            while not self.up and self.told.poll():
                told = self.told.recv()
                if isinstance(told, Exception):
                    return told
                self.up = True
        except EOFError:
            return CannotServe("a worker ended before it served; its last lines may say why")
        return None

    def rest(self) -> None:
        """Its process has ended: note when to start the next."""
        ran = time.monotonic() - self.began
        self.pause = FIRST_PAUSE if ran > LONGEST_PAUSE else self.pause
        self.again = time.monotonic() + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def stop(self) -> None:
        """Wait until its process has ended, which was told to."""
        self.process.join(STOP_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def keep_working(place: Place, work: Work, serving: Callable[[], None]) -> None:
    """Run as many workers as the settings say until this process is interrupted; `serving` is called once all serve.

    Raises what a worker raised that could not begin to serve, if none has served yet; later ones are tried again.
    """
    count = place.settings.workers
    sockets = [own_socket() for _ in range(count)]
    addresses = [each.getsockname() for each in sockets]
    workers = [
        _Worker(work, Place(place.settings, place.address, place.listener, Siblings(number, own, addresses)))
        for number, own in enumerate(sockets, 1)
    ]
    signal.signal(signal.SIGHUP, lambda *_: _pass_on(workers, signal.SIGHUP))
    try:
        for worker in workers:
            worker.start()
        _watch(workers, serving)
    finally:
        _pass_on(workers, signal.SIGTERM)
        for worker in workers:
            worker.stop()
        for each in sockets:
            each.close()


def _watch(workers: list[_Worker], serving: Callable[[], None]) -> None:
    all_served = False
    while True:
        now = time.monotonic()
        for worker in workers:
            if worker.again is not None and worker.again <= now:
                worker.start()
        resting = [worker.again - now for worker in workers if worker.again is not None]
        running = [worker for worker in workers if worker.again is None]
        wait(
            [*(each.process.sentinel for each in running), *(each.told for each in running if not each.up)],
            min(resting, default=None),
        )
        for worker in running:
            _note(worker, all_served)
        if not all_served and all(worker.up for worker in workers):
            all_served = True
            serving()


def _note(worker: _Worker, all_served: bool) -> None:
    """See what became of a worker; raises why it cannot serve, if the hub has not begun to."""
    why = worker.look()
    if why is not None and not all_served:
        raise why
    if not worker.process.is_alive():
        code = worker.process.exitcode
        _log.error("worker %d ended (code %s); it is started again", worker.place.siblings.number, code)
        worker.rest()


def _pass_on(workers: list[_Worker], number: signal.Signals) -> None:
    for worker in workers:
        # One that does not serve yet reads everything anew anyway, and would die of a hangup.
        if worker.again is None and (worker.up or number == signal.SIGTERM) and worker.process.pid is not None:
            os.kill(worker.process.pid, number)


def _run(work: Work, place: Place, told: Connection) -> None:
    """One worker's process: it serves until told to stop, or until the process that started it is gone."""
    # An interrupt from the keyboard reaches all processes; the one that started this one passes on what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        work(place, lambda: told.send("serving"))
    except Exception as failed:
        _log.error("this worker cannot serve (%s)", describe_exception(failed))
        told.send(failed if _can_be_sent(failed) else CannotServe("a worker cannot serve; its last line says where"))


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
