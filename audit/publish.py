"""What was acknowledged is in a published checkpoint soon, or the log says that it is not healthy.

One thread of a log signs the head (C2SP tlog-checkpoint), keeps the note in the log itself and then as the recorded
head outside of it. Before that it computes the root of the tree at the last checkpoint's size again: no checkpoint
follows one that it is not consistent with. Several processes may publish one log; of two that sign the same tree the
second adopts what the first has published.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, NoteRefused, Signer, open_note, sign
from audit.proof import root_at
from audit.record import Record, RecordInvalid, pack
from audit.recorded_head import RecordedHead
from audit.stores.base import Placed, StoreFault, Where
from audit.stores.open import open_reader, open_store
from audit.stores.reader import Reader
from audit.tree import leaf_hash

INTERVAL_SECONDS: Final = 1.0
"""Between two checkpoints, while there is something new; with the time that publishing takes it stays below 2."""

OVERDUE_SECONDS: Final = 10.0
"""How old an acknowledged record may be that no checkpoint covers; then the log is not healthy."""

LAST_SECONDS: Final = 2.0


class LossRefused(ValueError):
    """There is no loss to accept, or it is not one that a new recorded head would heal. The text says which."""


class Publisher:
    """Publishes the checkpoints of the log at `where`; `recorded` is the file of the recorded head."""

    def __init__(self, where: Where, signer: Signer, recorded: Path | None) -> None:
        self._where = where
        self._signer = signer
        self._recorded = None if recorded is None else RecordedHead(recorded, signer.verifier)
        self._store = open_store(where)
        self._last: Checkpoint | None = None
        self._due_since: float | None = None
        self._reached = 0
        self._fault = ""
        self._lasting = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-publisher", daemon=True)

    @property
    def why(self) -> str:
        """Why the log may not be trusted to be published, as a code; empty while all is well."""
        if self._lasting:
            return self._fault
        since = self._due_since
        overdue = since is not None and time.monotonic() - since > OVERDUE_SECONDS
        return f"UNPUBLISHED({self._fault or 'STALLED'})" if overdue else ""

    def check(self) -> None:
        """Hold the log against its newest checkpoint and the recorded head; StoreFault if it does not keep them.

        Makes the recorded head where there is none and nothing was published. Starts the publishing.
        """
        with _told(), closing(open_reader(self._where)) as reader:
            newest = self._newest(reader)
            if newest is not None and not holds(reader, newest[0]):
                raise StoreFault("FORKED", lasting=True)
            self._last = newest[0] if newest else None
            if self._recorded is not None:
                self._check_recorded(self._recorded, reader, newest)
        if self._thread.ident is None:
            self._thread.start()
        self._wake.set()

    def noticed(self, size: int) -> None:
        """A commit returned after which the log has `size` records."""
        with self._lock:
            self._reached = size
            if self._due_since is None:
                self._due_since = time.monotonic()
        self._wake.set()

    def close(self) -> None:
        """Publish what is not, if that is soon done, and stop."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(LAST_SECONDS + INTERVAL_SECONDS)

    def _check_recorded(self, recorded: RecordedHead, reader: Reader, newest: tuple[Checkpoint, bytes] | None) -> None:
        known = recorded.read()
        if known is not None:
            if not holds(reader, known):
                raise StoreFault("PUT_BACK", lasting=True)
            if self._last is None or known.size > self._last.size:
                self._last = known
        elif newest is None:
            # First of all, so that from the first checkpoint on an absent file means that it was taken away.
            head = reader.head()
            recorded.advance(*self._signed(head.size, head.root))
        elif isinstance(self._where, Path) or not self._where.startswith("postgresql://"):
            raise StoreFault("NO_RECORDED_HEAD", lasting=True)
        else:
            # A hub on another machine begins by believing the newest checkpoint that the log's key signed.
            recorded.advance(*newest)

    def _newest(self, reader: Reader) -> tuple[Checkpoint, bytes] | None:
        note = reader.checkpoint()
        if note is None:
            return None
        try:
            return open_note(note, self._signer.verifier), note
        except (NoteRefused, TypeError, AttributeError):
            raise StoreFault("FOREIGN", lasting=True) from None

    def _signed(self, size: int, root: bytes) -> tuple[Checkpoint, bytes]:
        return Checkpoint(self._signer.name, size, root), sign(self._signer, size, root)

    # From here on the publisher's thread.

    def _run(self) -> None:
        while not self._lasting:
            last = self._closing.is_set()
            self._wake.clear()
            self._try()
            if last:
                break
            self._closing.wait(INTERVAL_SECONDS)
            if not self._due_since:
                self._wake.wait()
        self._store.drop()

    def _try(self) -> None:
        try:
            with _told():
                size = self._publish()
        except Exception as fault:
            # What is not a known fault of the store is a fault of ours, and closes the gate as well.
            self._lasting = not isinstance(fault, StoreFault) or fault.lasting
            self._fault = str(fault) if isinstance(fault, StoreFault) else "INTERNAL"
            self._store.drop()
        else:
            self._fault = ""
            with self._lock:
                if size >= self._reached:
                    self._due_since = None
                elif self._due_since is not None:
                    self._due_since = time.monotonic()

    def _publish(self) -> int:
        """Publish the present head; the size of the newest checkpoint."""
        with closing(open_reader(self._where)) as reader:
            head = reader.head()
            if self._last is not None and not holds(reader, self._last):
                raise StoreFault("FORKED", lasting=True)
            newest = self._newest(reader)
            if newest is None or newest[0].size < head.size:
                checkpoint, note = self._signed(head.size, head.root)
                if not holds(reader, checkpoint):
                    raise StoreFault("FORKED", lasting=True)
                self._keep(checkpoint.size, note)
                # Another process may have been quicker, and further.
                newest = self._newest(reader)
            if newest is None or not holds(reader, newest[0]):
                raise StoreFault("FORKED", lasting=True)
        if self._last is None or newest[0].size > self._last.size:
            if self._recorded is not None:
                self._recorded.advance(*newest)
            self._last = newest[0]
        return newest[0].size

    def _keep(self, size: int, note: bytes) -> None:
        self._store.begin(time.monotonic() + INTERVAL_SECONDS)
        self._store.publish(size, note)
        self._store.commit()


def holds(reader: Reader, checkpoint: Checkpoint) -> bool:
    """Whether the tree that is kept is as large as `checkpoint` says, and had its root at that size."""
    if checkpoint.size > reader.size:
        return False
    try:
        return root_at(reader, checkpoint.size) == checkpoint.root
    except (ValueError, TypeError):
        return False


def accept_loss(where: Where, record: Record, *, signer: Signer, recorded: Path) -> Placed:
    """By the operator's word: go on with a log that is not the one of the recorded head.

    `record`, of kind `admin`, is appended with size and root of what was recorded and of what was found, a checkpoint
    is published, and becomes the recorded head; the former one is kept beside it. Raises LossRefused if the log
    holds the recorded head, or not even its own checkpoints, and what opening and writing the store raise.
    """
    if record.kind != "admin":
        raise RecordInvalid("a loss is accepted by a record of kind admin")
    publisher = Publisher(where, signer, recorded)
    lost = RecordedHead(recorded, signer.verifier)
    with closing(open_reader(where)) as reader:
        newest, found, known = publisher._newest(reader), reader.head(), _known(lost)
        if newest is not None and not holds(reader, newest[0]):
            raise LossRefused("the log does not hold its own checkpoints: it is damaged, and a new head heals nothing")
        if known is not None and holds(reader, known):
            raise LossRefused("the log holds the recorded head: nothing is lost")
    told = {"foundSize": str(found.size), "foundRoot": found.root.hex()}
    if known is not None:
        told |= {"recordedSize": str(known.size), "recordedRoot": known.root.hex()}
    return _go_on(where, replace(record, variables=dict(record.variables) | told), signer, lost)


def _known(lost: RecordedHead) -> Checkpoint | None:
    try:
        return lost.read()
    except StoreFault:
        return None  # not a note of this log: it says nothing, and is kept as it is


def _go_on(where: Where, record: Record, signer: Signer, lost: RecordedHead) -> Placed:
    store = open_store(where)
    try:
        store.begin(time.monotonic() + LAST_SECONDS)
        placed = store.append([[(leaf_hash(body), body) for body in pack(record)]])[0]
        note = sign(signer, placed.size, placed.root)
        store.publish(placed.size, note)
        store.commit()
    finally:
        store.drop()
    lost.replace(note, f"lost-{placed.size}")
    return placed


@contextmanager
def _told() -> Iterator[None]:
    """Faults of the recorded head's file, and a log that went away, as faults of the store."""
    try:
        yield
    except OSError as fault:
        raise StoreFault(errno.errorcode.get(fault.errno or 0, "OSERROR"), lasting=False) from fault
