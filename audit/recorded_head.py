"""The recorded head: a file outside the log that holds the largest checkpoint this machine has seen.

A log that was put back, cut or replaced does not hold the recorded head, and is not opened. A smaller checkpoint never
replaces a larger one, and a power failure leaves the old file or the new one.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, NoteRefused, Verifier, open_checkpoint
from audit.durable_files import sync_folder, write_new_file
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
            return open_checkpoint(note, self._verifier)
        except NoteRefused:
            raise StoreFault("FOREIGN", lasting=True) from None

    def advance(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Record `note`, which holds `checkpoint`, unless one that is as large is recorded."""
        with self._locked():
            before = self.read()
            if before is None or before.size < checkpoint.size:
                self._write(note)

    def replace(self, note: bytes, kept_as: str) -> Path | None:
        """Record `note` in any case; returns where the former file is kept, None if there was none.

        It is kept beside it, with `kept_as` added to its name, and a number where that name is taken.
        """
        with self._locked():
            kept = self._keep(f"{self._path.name}.{kept_as}") if os.path.lexists(self._path) else None
            self._write(note)
        return kept

    def _keep(self, name: str) -> Path:
        """A second name for the present file, which no other file has."""
        for number in count(1):
            kept = self._path.with_name(name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):
                os.link(self._path, kept, follow_symlinks=False)
                break
        return kept

    def _write(self, note: bytes) -> None:
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.unlink(missing_ok=True)
        write_new_file(draft, note)
        os.replace(draft, self._path)
        sync_folder(self._path.parent)

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
