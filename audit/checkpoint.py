"""A checkpoint that opens was signed by this log's key, over exactly this origin, size and root.

C2SP tlog-checkpoint: a signed note whose text is the log's name (its origin), the number of its leaves, the root of
their tree in base64, and maybe extension lines. The log signs under its origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from audit.note import KeyRefused, NoteRefused, Signer, Verifier, decode, encode
from audit.tree import HASH_BYTES

__all__ = ["Checkpoint", "KeyRefused", "NoteRefused", "Signer", "Verifier", "open_note", "sign"]

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
        """What is signed; raises ValueError for what tlog-checkpoint can't say."""
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise ValueError("a checkpoint has a size and a root of 32 bytes")
        lines = (self.origin, str(self.size), encode(self.root), *self.extensions)
        if any(not line or "\n" in line for line in lines):
            raise ValueError("a line of a checkpoint is neither empty nor broken")
        return "".join(f"{line}\n" for line in lines)


def sign(signer: Signer, size: int, root: bytes) -> bytes:
    """The checkpoint of the tree of `size` leaves with `root` (32 bytes), signed under the log's name."""
    return signer.seal(Checkpoint(signer.name, size, root).text)


def open_note(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the log signed; raises NoteRefused."""
    checkpoint = _checkpoint(verifier.open(note))
    if checkpoint.origin != verifier.name:
        raise NoteRefused("foreign")
    return checkpoint


def _checkpoint(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("malformed")
    size, root = int(lines[1]), decode(lines[2])
    if size > MAX_SIZE or root is None or len(root) != HASH_BYTES:
        raise NoteRefused("malformed")
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))
