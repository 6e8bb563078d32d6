"""The recorded head is the largest checkpoint that this machine saw, and it lies where the log does not.

It is one signed note in a file. Whoever puts back or replaces the log has not put back this file with it, so the log
is then not opened. A write is a new file, fsync, rename, fsync of the folder, under a lock on the folder, and never
of a smaller checkpoint after a larger one.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, NoteRefused, Verifier, open_note
from audit.note import MAX_NOTE_BYTES
from audit.stores.base import StoreFault

LOCK_SECONDS: Final = 1.0


class RecordedHead:
    """The recorded head in the file `path`. OSError where the file can't be read or written."""

    def __init__(self, path: Path, verifier: Verifier) -> None:
        self._path = path.absolute()
        self._verifier = verifier

    def read(self) -> Checkpoint | None:
        """The checkpoint, or None if there is no such file; StoreFault FOREIGN if this log did not sign it."""
        try:
            with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
                note = file.read(MAX_NOTE_BYTES + 1)
        except FileNotFoundError:
            return None
        try:
            return open_note(note, self._verifier)
        except NoteRefused:
            raise StoreFault("FOREIGN", lasting=True) from None

    def advance(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Record `checkpoint`, which `note` holds, unless one as large is recorded."""
        with self._locked():
            before = self.read()
            if before is None or before.size < checkpoint.size:
                self._write(note)

    def replace(self, note: bytes, kept_as: str) -> None:
        """Record `note` whatever was recorded; that is kept beside it, with `kept_as` added to its name."""
        with self._locked():
            if os.path.lexists(self._path):
                os.link(self._path, self._path.with_name(f"{self._path.name}.{kept_as}"), follow_symlinks=False)
            self._write(note)

    def _write(self, note: bytes) -> None:
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A lock on the folder leaves no file behind.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            until = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise
                    time.sleep(0.001)
            yield
        finally:
            os.close(folder)
