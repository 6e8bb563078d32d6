"""An append returns only when its record is on the disk; otherwise it raises, and nothing may be served.

One thread a process writes. It takes what is waiting into one transaction (a group commit), and tells those
who wait after the COMMIT returned. A record whose append raised may still stand in the log; an answer
without a record is what can't be. After a passing fault (full disk, read-only file, a lock held too long)
the thread tries the store once a second and recovers by itself; after any other, a failed fsync before all,
the log stays failed until it is opened again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.record import MAX_BYTES, Record, RecordInvalid, decode, pack
from audit.store import Placed, Store, StoreFault, reading
from audit.tree import leaf_hash

PROBE_SECONDS: Final = 1.0
BATCH: Final = 512
WAITING: Final = 10_000
PAGE: Final = 256


class AuditUnavailable(Exception):
    """The record is not known to be durable, or the log can't be read. The text holds no value."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise that `leaf_hash` stands at `index` of the tree of `size` leaves with `root` (both hex)."""

    index: int
    leaf_hash: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Logged:
    """One record as it stands in the log."""

    index: int
    leaf_hash: str
    record: Record


@dataclass(slots=True, eq=False)
class _Waiting:
    leaves: tuple[tuple[bytes, bytes], ...]
    text: tuple[str, str] | None
    deadline: float
    future: asyncio.Future[Receipt] | concurrent.futures.Future[Receipt]
    loop: asyncio.AbstractEventLoop | None


_Outcome = Receipt | str


class AuditLog:
    """The log of one process, made by `AuditLog.open`."""

    def __init__(self, path: Path, deadline_seconds: float) -> None:
        self._deadline = deadline_seconds
        self._store = Store(path)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._up = False
        self._why = "NOT_OPEN"
        self._lasting = False
        self._closing = False
        self._busy_since: float | None = None
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)

    @classmethod
    def open(cls, path: Path | str, deadline_seconds: float = 2.0) -> AuditLog:
        """Open the log at `path`, creating it if there is none.

        A store that cannot be written just now gives a log that is not `healthy` and recovers by itself; a
        file that is no log of ours, or a damaged one, raises AuditUnavailable.
        """
        log = cls(Path(path), deadline_seconds)
        log._thread.start()
        log._tried.wait(deadline_seconds)
        if log._lasting:
            why = log._why
            log.close()
            raise AuditUnavailable(f"the audit log can't be opened: {why}")
        return log

    @property
    def healthy(self) -> bool:
        """Whether an append is likely to succeed now."""
        since = self._busy_since
        stalled = since is not None and time.monotonic() - since > self._deadline
        return self._up and not stalled and not self._closing

    async def append(self, record: Record, operation_text: str | None = None) -> Receipt:
        """Log `record` and return when it is durable; AuditUnavailable if not by the deadline.

        `operation_text` is the normalised operation, whose SHA-256 `record.operation` must be (else
        RecordInvalid); it is kept once, unless it is longer than 65,535 bytes or not Unicode: then its hash
        alone stands.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        self._enqueue(record, operation_text, future, loop)
        try:
            async with asyncio.timeout(self._deadline):
                return await future
        except TimeoutError:
            raise AuditUnavailable("the audit record was not durable by the deadline") from None

    def append_sync(self, record: Record, operation_text: str | None = None) -> Receipt:
        """`append` for a caller without an event loop."""
        future: concurrent.futures.Future[Receipt] = concurrent.futures.Future()
        self._enqueue(record, operation_text, future, None)
        try:
            return future.result(self._deadline)
        except TimeoutError:
            raise AuditUnavailable("the audit record was not durable by the deadline") from None

    def close(self) -> None:
        """Write what is waiting, then stop. Later appends raise."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        # A store that hangs must not hang the exit too.
        self._thread.join(self._deadline + PROBE_SECONDS)

    def _enqueue(
        self,
        record: Record,
        text: str | None,
        future: asyncio.Future[Receipt] | concurrent.futures.Future[Receipt],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        leaves = tuple((leaf_hash(body), body) for body in pack(record))
        kept = _kept(record, text)
        if not self.healthy or self._queue.qsize() >= WAITING:
            why = "CLOSED" if self._closing else self._why or "STALLED"
            raise AuditUnavailable(f"the audit log can't be written: {why}")
        deadline = time.monotonic() + self._deadline
        self._queue.put(_Waiting(leaves, kept, deadline, future, loop))

    # From here on the writer's thread.

    def _run(self) -> None:
        try:
            self._probe()
            self._tried.set()
            while (first := self._next()) is not None:
                self._serve(first)
        finally:
            self._up = False
            self._closing = True
            self._settle([(waiting, "CLOSED") for waiting in self._drain()])
            self._store.drop()

    def _next(self) -> _Waiting | None:
        while True:
            try:
                return self._queue.get(timeout=PROBE_SECONDS)
            except queue.Empty:
                self._idle()

    def _idle(self) -> None:
        if self._up:
            self._tidy(now=True)
        elif not self._lasting:
            self._probe()

    def _drain(self, limit: int = WAITING) -> list[_Waiting]:
        found: list[_Waiting] = []
        with suppress(queue.Empty):
            while len(found) < limit:
                waiting = self._queue.get_nowait()
                if waiting is None:
                    # close() is served after what came before it.
                    self._queue.put(None)
                    break
                found.append(waiting)
        return found

    def _serve(self, first: _Waiting) -> None:
        batch = [first]
        if not self._up:
            self._settle([(waiting, self._why) for waiting in batch])
            return
        self._busy_since = time.monotonic()
        try:
            self._store.begin(first.deadline)
            # Those who came while the lock was awaited ride along; those who gave up meanwhile do not.
            batch += self._drain(BATCH)
            now = time.monotonic()
            alive = [waiting for waiting in batch if waiting.deadline > now]
            placed = self._commit(alive)
        except Exception as fault:
            self._fail(fault)
            self._settle([(waiting, self._why) for waiting in batch])
        else:
            self._settle([(waiting, _receipt(waiting, at)) for waiting, at in zip(alive, placed, strict=True)])
            self._tidy()
        finally:
            self._busy_since = None

    def _commit(self, alive: list[_Waiting]) -> list[Placed]:
        placed = self._store.append([waiting.leaves for waiting in alive])
        self._store.keep_texts(dict(waiting.text for waiting in alive if waiting.text))
        self._store.commit()
        return placed

    def _probe(self) -> None:
        """Write and sync the unchanged head: only that shows that the disk takes writes again."""
        try:
            self._store.begin(time.monotonic() + min(self._deadline, PROBE_SECONDS) / 2)
            self._store.append([])
            self._store.commit()
        except Exception as fault:
            self._fail(fault)
        else:
            self._up, self._why = True, ""

    def _tidy(self, *, now: bool = False) -> None:
        try:
            self._store.checkpoint(now=now)
        except StoreFault as fault:
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        # What is not a known fault of the store is a fault of ours, and closes the gate as well.
        self._lasting = not isinstance(fault, StoreFault) or fault.lasting
        self._why = str(fault) if isinstance(fault, StoreFault) else "INTERNAL"
        self._up = False
        self._store.drop()

    def _settle(self, outcomes: list[tuple[_Waiting, _Outcome]]) -> None:
        # One wake-up a loop, not one a record: else the wake-ups would cost more than the commit.
        by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[_Waiting, _Outcome]]] = {}
        for waiting, outcome in outcomes:
            by_loop.setdefault(waiting.loop, []).append((waiting, outcome))
        for loop, part in by_loop.items():
            if loop is None:
                _tell(part)
            else:
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    loop.call_soon_threadsafe(_tell, part)


def _tell(outcomes: list[tuple[_Waiting, _Outcome]]) -> None:
    for waiting, outcome in outcomes:
        if waiting.future.done():
            continue
        if isinstance(outcome, Receipt):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(AuditUnavailable(f"the audit log can't be written: {outcome}"))


def _receipt(waiting: _Waiting, placed: Placed) -> Receipt:
    return Receipt(placed.index, waiting.leaves[0][0].hex(), placed.size, placed.root.hex())


def _kept(record: Record, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    # A lone surrogate is no text to SQLite; such an operation is refused anyway, its hash is enough.
    raw = text.encode("utf-8", "surrogatepass")
    if record.operation != hashlib.sha256(raw).hexdigest():
        raise RecordInvalid("operation is not the SHA-256 of the operation's text")
    kept = len(raw) <= MAX_BYTES and not any("\ud800" <= letter <= "\udfff" for letter in text)
    return (record.operation, text) if kept else None


def read(path: Path | str, start: int = 0, limit: int | None = None) -> Iterator[Logged]:
    """The records from index `start` on, oldest first, at most `limit`.

    FileNotFoundError if there is no log, AuditUnavailable if it can't be read, RecordInvalid at one that is
    no record. Only short read transactions are held, so that a slow reader does not keep the log from being
    tidied.
    """
    left = limit
    while left is None or left > 0:
        page = _page(Path(path), start, PAGE if left is None else min(PAGE, left))
        for index, leaf, body in page:
            yield Logged(index, leaf.hex(), decode(body))
        if len(page) < PAGE:
            return
        start = page[-1][0] + 1
        left = None if left is None else left - len(page)


def tail(path: Path | str, count: int = 20) -> list[Logged]:
    """The newest `count` records, newest last; errors as `read`."""
    with _readable(Path(path)) as connection:
        last = connection.execute("SELECT max(idx) FROM record").fetchone()[0]
    return [] if last is None else list(read(path, max(0, last + 1 - count)))


def show(path: Path | str, index: int) -> tuple[Logged, str | None]:
    """The record at `index` and the text of its operation if that is kept; IndexError if there is none."""
    for logged in read(path, index, 1):
        if logged.index == index:
            return logged, _text(Path(path), logged.record.operation)
    raise IndexError(f"the audit log has no record {index}")


@contextmanager
def _readable(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with reading(path) as connection:
            yield connection
    except StoreFault as fault:
        raise AuditUnavailable(f"the audit log can't be read: {fault}") from None


def _page(path: Path, start: int, limit: int) -> list[tuple[int, bytes, bytes]]:
    with _readable(path) as connection:
        return connection.execute(
            "SELECT idx, leaf, body FROM record WHERE idx >= ? ORDER BY idx LIMIT ?", (start, limit)
        ).fetchall()


def _text(path: Path, operation: str | None) -> str | None:
    with _readable(path) as connection:
        row = connection.execute("SELECT text FROM operation WHERE hash = ?", (operation,)).fetchone()
    return row[0] if row else None
