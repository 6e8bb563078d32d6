"""Keeps in a home what the rows of each stream became. Implements `connectors.row_memory.RowStore`.

A file holds keyed digests, fingerprints and times, and is sealed. One that is lost, broken, of another key or context,
or of a later day counts as not there, and all rows are shaped. The keys are made from the graph's and are not in the
file, so nobody who has it alone can try out what a row may hold.
"""

from __future__ import annotations

import datetime as dt
import glob
import hashlib
import hmac
import logging
import os
from contextlib import suppress
from pathlib import Path

from connectors.row_memory import ENTRY, MOST

SEAL, DAY = 32, 4
_log = logging.getLogger("sluicegate.ingest")


class KeptRows:
    """The files of one folder, under the key of a graph."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._digest_key = hmac.digest(key, b"digests of rows", "sha256")
        self._seal_key = hmac.digest(key, b"seal of kept rows", "sha256")

    def digest(self, content: bytes) -> bytes:
        """A keyed digest of 16 bytes."""
        return hashlib.blake2b(content, digest_size=16, key=self._digest_key).digest()

    def load(self, stream: str, context: bytes, today: dt.date) -> bytes:
        """What was kept under this context, not after `today`; empty if there is nothing such."""
        try:
            with self._path(stream).open("rb") as file:
                content = file.read(SEAL + len(context) + DAY + MOST * ENTRY + 1)
        except OSError:
            return b""
        seal, sealed = content[:SEAL], content[SEAL:]
        begin = len(context) + DAY
        if not hmac.compare_digest(seal, self._seal(stream, sealed)) or sealed[: len(context)] != context:
            return b""
        return sealed[begin:] if int.from_bytes(sealed[len(context) : begin], "big") <= today.toordinal() else b""

    def save(self, stream: str, context: bytes, today: dt.date, entries: bytes) -> None:
        """Keep entries in the place of those before, with mode 0600; where that fails, the next pull takes longer."""
        sealed = context + today.toordinal().to_bytes(DAY, "big") + entries
        path = self._path(stream)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(self._seal(stream, sealed))
                file.write(sealed)
            beside.replace(path)
        except OSError as failed:
            _log.warning("what the rows of %s became is not kept: %s", stream, failed.strerror)
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def forget(self, source: str) -> None:
        """Remove what is kept of all streams of a source; raises OSError where that cannot be done."""
        for path in self._folder.glob(f"{glob.escape(source)}.*.rows*"):
            path.unlink(missing_ok=True)

    def _path(self, stream: str) -> Path:
        return self._folder / f"{stream.replace('/', '.')}.rows"

    def _seal(self, stream: str, sealed: bytes) -> bytes:
        """A keyed digest over a file; the stream is part of it, so that no file passes for that of another."""
        seal = hmac.new(self._seal_key, stream.encode() + b"\x00", "sha256")
        seal.update(sealed)
        return seal.digest()
