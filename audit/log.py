"""The append-only audit log of one process: append a record durably, and read records back.

An append returns only when its record is on the disk; otherwise it raises, and nothing may be served. The record of an
append that raised may still stand in the log, but there is no answer without a record.

One thread writes. It puts all waiting records into one transaction (a group commit) and answers their callers when
COMMIT has returned. After a fault that may pass (full disk, read-only file, a lock held too long, an unreachable
server) the thread tries the store once a second and recovers by itself; after any other, such as a failed fsync, the
log stays failed until it is opened again. On a full disk the reserve makes room for what is under way and for refusals,
but not for answers. With a signer, checkpoints are published (`audit/publish.py`), and the log is compared with the
recorded head before the first append.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import hashlib
import queue
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from audit.checkpoint import Signer
from audit.publish import Publisher, SignerNow
from audit.record import MAX_BYTES, Record, RecordInvalid, decode, pack
from audit.stores.base import Placed, StoreFault, Where, explain_code
from audit.stores.open import open_reader, open_store
from audit.stores.reader import Reader
from audit.tree import leaf_hash

PROBE_SECONDS: Final = 1.0
MAX_BATCH: Final = 512
MAX_WAITING: Final = 10_000
WARN_DAYS = 30
PAGE: Final = 256
MAX_INDEX: Final = 2**63 - 1
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
RECORDED_ON_RESERVE: Final = frozenset(("refusal", "continuation", "flood", "policy", "pull", "admin"))
"""Kinds that disclose nothing: they are still recorded while the reserve lasts."""


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

    def __init__(self, where: Where, deadline_seconds: float, publisher: Publisher | None) -> None:
        self._deadline = deadline_seconds
        self._store = open_store(where)
        self._publisher = publisher
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._up = False
        self._why = "NOT_OPEN"
        self._lasting = False
        self._closing = False
        self._busy_since: float | None = None
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)

    @classmethod
    def open(
        cls,
        where: Where,
        deadline_seconds: float = 2.0,
        *,
        signer: Signer | SignerNow | None = None,
        recorded_head: Path | None = None,
    ) -> Self:
        """Open the log at `where`, creating it if it is a path and there is none.

        With a `signer`, or what gives the present one, its checkpoints are published; `recorded_head` is the file
        outside the log that keeps the newest. A store that cannot be written now gives a log that is not `healthy`.
        AuditUnavailable for anything that is not a log, and for a log that is damaged or lacks the recorded head.
        """
        if recorded_head is not None and signer is None:
            raise ValueError("a recorded head is signed: a signer is needed")
        now = (lambda: signer) if isinstance(signer, Signer) else signer
        log = cls(where, deadline_seconds, Publisher(where, now, recorded_head) if now else None)
        log._thread.start()
        log._tried.wait(deadline_seconds)
        if log._lasting:
            why = log._why
            log.close()
            raise AuditUnavailable(f"the audit log can't be opened: {explain_code(why)}")
        return log

    @property
    def healthy(self) -> bool:
        """Whether an append of any kind is likely to succeed now."""
        return not self.why

    @property
    def why(self) -> str:
        """Why the log is not healthy, as a code; empty if it is."""
        return self._refusing or ("SPENT" if self._store.spent else "")

    @property
    def ends_soon(self) -> str:
        """A warning if the months for which a server is prepared end within 30 days; empty otherwise."""
        until, today = self._store.prepared_until, dt.datetime.now(dt.UTC).date()
        if until is None or (until - today).days > WARN_DAYS:
            return ""
        return f"no month is prepared from {until} on; run `sluicegate audit prepare` as the role that may make tables"

    @property
    def _refusing(self) -> str:
        if self._closing:
            return "CLOSED"
        since = self._busy_since
        if since is not None and time.monotonic() - since > self._deadline:
            return "STALLED"
        if not self._up:
            return self._why or "NOT_OPEN"
        return self._publisher.why if self._publisher else ""

    async def append(self, record: Record, operation_text: str | None = None) -> Receipt:
        """Log `record` and return when it is durable; AuditUnavailable if not by the deadline.

        `operation_text` is the normalised operation. `record.operation` must be its SHA-256 (else RecordInvalid). The
        text is kept once; if it is longer than 65,535 bytes or not valid Unicode, only its hash is.
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
        """Write the waiting records, then stop. Later appends raise."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        # A store that hangs must not keep the program from ending.
        self._thread.join(self._deadline + PROBE_SECONDS)
        if self._publisher is not None:
            self._publisher.close()

    def _enqueue(
        self,
        record: Record,
        text: str | None,
        future: asyncio.Future[Receipt] | concurrent.futures.Future[Receipt],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        leaves = tuple((leaf_hash(body), body) for body in pack(record))
        kept = _text_to_keep(record, text)
        why = self._refusing if record.kind in RECORDED_ON_RESERVE else self.why
        if why or self._queue.qsize() >= MAX_WAITING:
            raise AuditUnavailable(f"the audit log can't be written: {explain_code(why or 'CROWDED')}")
        deadline = time.monotonic() + self._deadline
        self._queue.put(_Waiting(leaves, kept, deadline, future, loop))

    # What follows runs on the thread of the writer.

    def _run(self) -> None:
        try:
            self._probe()
            self._tried.set()
            while (first := self._next()) is not None:
                self._write_batch(first)
        finally:
            self._up = False
            self._closing = True
            self._answer([(waiting, "CLOSED") for waiting in self._drain()])
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

    def _drain(self, limit: int = MAX_WAITING) -> list[_Waiting]:
        found: list[_Waiting] = []
        with suppress(queue.Empty):
            while len(found) < limit:
                waiting = self._queue.get_nowait()
                if waiting is None:
                    # close() is served after the records before it.
                    self._queue.put(None)
                    break
                found.append(waiting)
        return found

    def _write_batch(self, first: _Waiting) -> None:
        batch = [first]
        if not self._up:
            self._answer([(waiting, self._why) for waiting in batch])
            return
        self._busy_since = time.monotonic()
        try:
            self._store.begin(first.deadline)
            # Records that came while the lock was awaited join the batch; those whose deadline has passed do not.
            batch += self._drain(MAX_BATCH)
            now = time.monotonic()
            alive = [waiting for waiting in batch if waiting.deadline > now]
            placed = self._commit(alive)
        except Exception as fault:
            self._fail(fault)
            self._answer([(waiting, self._why) for waiting in batch])
        else:
            if self._publisher is not None and placed:
                self._publisher.note_commit(placed[-1].size)
            self._answer([(waiting, _receipt(waiting, at)) for waiting, at in zip(alive, placed, strict=True)])
            self._tidy(now=self._store.spent)
        finally:
            self._busy_since = None

    def _commit(self, alive: list[_Waiting]) -> list[Placed]:
        try:
            return self._write(alive)
        except StoreFault as fault:
            if not self._store.relieve(str(fault)):
                raise
            # The disk is full. Give up the reserve and write what is under way, once.
            self._store.drop()
            self._store.begin(time.monotonic() + PROBE_SECONDS)
            return self._write(alive)

    def _write(self, alive: list[_Waiting]) -> list[Placed]:
        placed = self._store.append([waiting.leaves for waiting in alive])
        self._store.keep_texts(dict(waiting.text for waiting in alive if waiting.text))
        self._store.commit()
        return placed

    def _probe(self) -> None:
        """Write and sync the unchanged head: only that shows that the disk can be written again."""
        try:
            self._store.begin(time.monotonic() + min(self._deadline, PROBE_SECONDS) / 2)
            self._store.append([])
            self._store.commit()
            if self._publisher is not None:
                self._publisher.check()
        except Exception as fault:
            self._fail(fault)
        else:
            self._up, self._why = True, ""
            self._tidy(now=True)

    def _tidy(self, *, now: bool = False) -> None:
        try:
            self._store.tidy(now=now)
        except StoreFault as fault:
            # Without the reserve there may be room enough; the next call of tidy will show.
            if not self._store.relieve(str(fault)):
                self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        # An unknown fault is an error of this program, and closes the gate as well.
        self._lasting = not isinstance(fault, StoreFault) or fault.lasting
        self._why = str(fault) if isinstance(fault, StoreFault) else "INTERNAL"
        self._up = False
        self._store.drop()

    def _answer(self, outcomes: list[tuple[_Waiting, _Outcome]]) -> None:
        # One wake-up for each loop: one for each record would cost more than the commit.
        by_loop: dict[asyncio.AbstractEventLoop | None, list[tuple[_Waiting, _Outcome]]] = {}
        for waiting, outcome in outcomes:
            by_loop.setdefault(waiting.loop, []).append((waiting, outcome))
        for loop, part in by_loop.items():
            if loop is None:
                _resolve(part)
            else:
                with suppress(RuntimeError):  # the loop was closed: nobody is waiting
                    loop.call_soon_threadsafe(_resolve, part)


def _resolve(outcomes: list[tuple[_Waiting, _Outcome]]) -> None:
    for waiting, outcome in outcomes:
        if waiting.future.done():
            continue
        if isinstance(outcome, Receipt):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(AuditUnavailable(f"the audit log can't be written: {explain_code(outcome)}"))


def _receipt(waiting: _Waiting, placed: Placed) -> Receipt:
    return Receipt(placed.index, waiting.leaves[0][0].hex(), placed.size, placed.root.hex())


def _text_to_keep(record: Record, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    # SQLite cannot keep a lone surrogate; such an operation is refused anyway, and its hash is enough.
    raw = text.encode("utf-8", "surrogatepass")
    if record.operation != hashlib.sha256(raw).hexdigest():
        raise RecordInvalid("operation is not the SHA-256 of the operation's text")
    kept = len(raw) <= MAX_BYTES and not _LONE_SURROGATE.search(text)
    return (record.operation, text) if kept else None


def read(where: Where, start: int = 0, limit: int | None = None) -> Iterator[Logged]:
    """The records from index `start` on, oldest first, at most `limit`.

    FileNotFoundError if there is no log, AuditUnavailable if it can't be read, RecordInvalid at a row that is not a
    record. Read transactions are short, so that a slow reader does not keep the log from being tidied.
    """
    left = limit
    with _readable(where) as reader:
        while left is None or left > 0:
            page = reader.rows(start, MAX_INDEX, PAGE if left is None else min(PAGE, left))
            for row in page:
                yield Logged(row.index, _bytes(row.leaf).hex(), decode(_bytes(row.body)))
            if len(page) < PAGE:
                return
            start = page[-1].index + 1
            left = None if left is None else left - len(page)


def tail(where: Where, count: int = 20) -> list[Logged]:
    """The newest `count` records, newest last; errors as `read`."""
    with _readable(where) as reader:
        _, last = reader.ends()
    return [] if last is None else list(read(where, max(0, last + 1 - count)))


def show(where: Where, index: int) -> tuple[Logged, str | None]:
    """The record at `index` and the text of its operation if that is kept; IndexError if there is no such record."""
    for logged in read(where, index, 1):
        if logged.index == index:
            operation = logged.record.operation
            with _readable(where) as reader:
                return logged, None if operation is None else reader.operation(operation)
    raise IndexError(f"the audit log has no record {index}")


@contextmanager
def _readable(where: Where) -> Iterator[Reader]:
    try:
        with closing(open_reader(where)) as reader:
            yield reader
    except StoreFault as fault:
        raise AuditUnavailable(f"the audit log can't be read: {explain_code(str(fault))}") from None


def _bytes(kept: object) -> bytes:
    if not isinstance(kept, bytes):
        raise RecordInvalid("the row does not hold a record")
    return kept
