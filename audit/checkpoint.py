"""Checkpoints: signed statements of the log's name, size and root.

A checkpoint that opens was signed by the log's key, over exactly this name, size and root.

C2SP tlog-checkpoint: a signed note whose text is the log's name (its origin), the number of its leaves, the root of
their tree in base64, and optional extension lines. The log signs under its origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit.note import KeyRefused, NoteRefused, Signer, Verifier, decode, encode
from audit.tree import HASH_BYTES

__all__ = ["Checkpoint", "KeyRefused", "NoteRefused", "Signer", "Verifier", "open_checkpoint", "sign_checkpoint"]

MAX_SIZE: Final = 2**63 - 1

_SIZE: Final = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of `size` leaves with `root` (32 bytes) of the log `origin`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed; ValueError if tlog-checkpoint cannot express it."""
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise ValueError("a checkpoint needs a size from 0 to 2**63 - 1 and a root of 32 bytes")
        lines = (self.origin, str(self.size), encode(self.root), *self.extensions)
        if any(not line or "\n" in line for line in lines):
            raise ValueError("no line of a checkpoint may be empty or hold a line break")
        return "".join(f"{line}\n" for line in lines)


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> bytes:
    """The checkpoint of the tree of `size` leaves with `root` (32 bytes), signed under the log's name."""
    return signer.seal(Checkpoint(signer.name, size, root).text)


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the log signed; raises NoteRefused."""
    checkpoint = _parse_checkpoint(verifier.open(note))
    if checkpoint.origin != verifier.name:
        raise NoteRefused("foreign")
    return checkpoint


def _parse_checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("malformed")
    size, root = int(lines[1]), decode(lines[2])
    if size > MAX_SIZE or root is None or len(root) != HASH_BYTES:
        raise NoteRefused("malformed")
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))
