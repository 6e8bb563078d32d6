"""Publishes checkpoints of the log: one thread signs the head, keeps the note in the log and as the recorded head.

An acknowledged record is in a published checkpoint within seconds, or the log says that it is not healthy. Before each
checkpoint the root at the size of the last one is computed again: no checkpoint is signed that is not consistent with
the one before. Several processes may publish one log; of two that sign the same tree, the second takes over what the
first has published.

The notes are C2SP tlog-checkpoints.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, NoteRefused, Signer, Verifier, open_checkpoint, sign_checkpoint
from audit.proof import root_at
from audit.recorded_head import RecordedHead
from audit.stores.base import SERVER, StoreFault, Where
from audit.stores.open import open_reader, open_store
from audit.stores.reader import Reader

INTERVAL_SECONDS: Final = 0.5
"""Between two checkpoints, while there are new records; with the time that publishing takes, less than 1."""

STORE_SECONDS: Final = 1.0
"""How long the store may take to keep a checkpoint; then it is tried again."""

OVERDUE_SECONDS: Final = 10.0
"""How long an acknowledged record may be in no checkpoint before the log is not healthy."""

LAST_SECONDS: Final = 2.0
"""How long `close` waits for the last checkpoint."""

SignerNow = Callable[[], Signer]
"""The log's present key; its verifier knows the keys of before and the next one."""


class Publisher:
    """Publishes the checkpoints of the log at `where`; `recorded` is the file of the recorded head."""

    def __init__(self, where: Where, signer: SignerNow, recorded: Path | None) -> None:
        self._where = where
        self._signer_now = signer
        self._recorded_file = recorded
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
    def _signer(self) -> Signer:
        return self._signer_now()

    @property
    def _recorded(self) -> RecordedHead | None:
        return None if self._recorded_file is None else RecordedHead(self._recorded_file, self._signer.verifier)

    @property
    def why(self) -> str:
        """Why checkpoints are not published in time, as a code; empty while they are."""
        if self._lasting:
            return self._fault
        since = self._due_since
        overdue = since is not None and time.monotonic() - since > OVERDUE_SECONDS
        return f"UNPUBLISHED({self._fault or 'STALLED'})" if overdue else ""

    def check(self) -> None:
        """Compare the log with its newest checkpoint and the recorded head; StoreFault if it does not hold them.

        Makes the recorded head of a log without checkpoints. Starts the thread that publishes.
        """
        with _file_faults(), closing(open_reader(self._where)) as reader:
            newest = newest_checkpoint(reader, self._signer.verifier)
            if newest is not None and not holds(reader, newest[0]):
                raise StoreFault("FORKED", lasting=True)
            self._last = newest[0] if newest else None
            recorded = self._recorded
            if recorded is not None:
                self._check_recorded(recorded, reader, newest)
        if self._thread.ident is None:
            self._thread.start()
        self._wake.set()

    def note_commit(self, size: int) -> None:
        """Say that a commit has returned after which the log has `size` records."""
        with self._lock:
            self._reached = size
            if self._due_since is None:
                self._due_since = time.monotonic()
        self._wake.set()

    def close(self) -> None:
        """Publish what is left, if that does not take long, and stop."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(LAST_SECONDS + STORE_SECONDS)

    def _check_recorded(self, recorded: RecordedHead, reader: Reader, newest: tuple[Checkpoint, bytes] | None) -> None:
        known = recorded.read()
        if known is not None:
            if not holds(reader, known):
                raise StoreFault("PUT_BACK", lasting=True)
            if self._last is None or known.size > self._last.size:
                self._last = known
        elif newest is None:
            # Before the first checkpoint, so that later a missing file means that somebody removed it.
            head = reader.head()
            recorded.advance(*self._sign(head.size, head.root))
        elif isinstance(self._where, Path) or not self._where.startswith(SERVER):
            raise StoreFault("NO_RECORDED_HEAD", lasting=True)
        else:
            # A hub on another machine begins by trusting the newest checkpoint that the log's key signed.
            recorded.advance(*newest)

    def _sign(self, size: int, root: bytes) -> tuple[Checkpoint, bytes]:
        signer = self._signer
        return Checkpoint(signer.name, size, root), sign_checkpoint(signer, size, root)

    # What follows runs on the thread of the publisher.

    def _run(self) -> None:
        while not self._lasting:
            last = self._closing.is_set()
            self._wake.clear()
            self._publish_and_note()
            if last:
                break
            self._closing.wait(INTERVAL_SECONDS)
            if not self._due_since:
                self._wake.wait()
        self._store.drop()

    def _publish_and_note(self) -> None:
        try:
            with _file_faults():
                size = self._publish()
        except Exception as fault:
            # An unknown fault is an error of this program, and closes the gate as well.
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
            newest = newest_checkpoint(reader, self._signer.verifier)
            if newest is None or newest[0].size < head.size:
                checkpoint, note = self._sign(head.size, head.root)
                if not holds(reader, checkpoint):
                    raise StoreFault("FORKED", lasting=True)
                self._keep(checkpoint.size, note)
                # Another process may have published a larger one in the meantime.
                newest = newest_checkpoint(reader, self._signer.verifier)
            if newest is None or not holds(reader, newest[0]):
                raise StoreFault("FORKED", lasting=True)
        if self._last is None or newest[0].size > self._last.size:
            recorded = self._recorded
            if recorded is not None:
                recorded.advance(*newest)
            self._last = newest[0]
        return newest[0].size

    def _keep(self, size: int, note: bytes) -> None:
        self._store.begin(time.monotonic() + STORE_SECONDS)
        self._store.publish(size, note)
        self._store.commit()


def newest_checkpoint(reader: Reader, verifier: Verifier) -> tuple[Checkpoint, bytes] | None:
    """The newest published checkpoint and its note, or None; StoreFault FOREIGN if this log did not sign it."""
    note = reader.checkpoint()
    if note is None:
        return None
    try:
        return open_checkpoint(note, verifier), note
    except (NoteRefused, TypeError, AttributeError):
        raise StoreFault("FOREIGN", lasting=True) from None


def holds(reader: Reader, checkpoint: Checkpoint) -> bool:
    """Whether the log has at least the size of `checkpoint`, and the same root at that size."""
    if checkpoint.size > reader.size:
        return False
    try:
        return root_at(reader, checkpoint.size) == checkpoint.root
    except (ValueError, TypeError):
        return False


@contextmanager
def _file_faults() -> Iterator[None]:
    """Raise a fault of the recorded head's file, or a log that disappeared, as StoreFault."""
    try:
        yield
    except OSError as fault:
        raise StoreFault(errno.errorcode.get(fault.errno or 0, "OSERROR"), lasting=False) from fault
