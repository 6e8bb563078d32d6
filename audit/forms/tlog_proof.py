"""Writes an inclusion proof in the text form that other software reads.

It holds its index, hashes, and the checkpoint with its signatures; no extra data, and nothing of the record.

C2SP tlog-proof@v1: https://c2sp.org/tlog-proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from audit.note import encode

HEADER: Final = "c2sp.org/tlog-proof@v1"


def tlog_proof(index: int, path: Sequence[bytes], note: bytes) -> bytes:
    """The proof of the leaf at `index`: `path` from the leaf up, hashes of 32 bytes, and the signed checkpoint."""
    lines = (HEADER, f"index {index}", *(encode(each) for each in path), "")
    return "".join(f"{line}\n" for line in lines).encode() + note
