"""The Merkle tree of the log: hashes, the frontier that appends to it, and what proofs and tiles read of it.

The root is the Merkle tree hash of RFC 6962 over all leaves, however it was computed; a perfect subtree never changes
once it is complete.

RFC 6962 section 2.1: a leaf is SHA-256(0x00 ‖ record), a node SHA-256(0x01 ‖ left ‖ right), the empty tree SHA-256 of
nothing. A `Frontier` is the compact range [0, size): the roots of the perfect subtrees, largest first, one for each bit
that is set in the size. Appending and the root need nothing else. `Leaves` gives the leaf hashes and the roots of the
perfect subtrees of height 8, 16, 24 …, which are the edges of C2SP's tiles.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

HASH_BYTES: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def leaf_hash(record: bytes) -> bytes:
    """The hash of one leaf: 32 bytes."""
    return _sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over two hashes of 32 bytes."""
    return _sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Subtree:
    """The root `hash` of the perfect subtree of height 8 × `level` (level ≥ 1) that is number `index` of its height."""

    level: int
    index: int
    hash: bytes


class Leaves(Protocol):
    """The readable part of a tree that only grows; hashes have 32 bytes, ranges are [start, stop)."""

    @property
    def size(self) -> int:
        """How many leaves can be read."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes from `start` to before `stop`, stop ≤ size."""

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of perfect subtrees of height 8 × `level`, level ≥ 1, stop ≤ size ≫ 8 × level."""


class Frontier:
    """The right edge of a tree that only grows."""

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def load(cls, size: int, packed: bytes) -> Frontier:
        """The frontier of `size` leaves from its `packed` bytes; ValueError if their length does not fit."""
        if size < 0 or len(packed) != size.bit_count() * HASH_BYTES:
            raise ValueError("the frontier does not fit its size")
        frontier = cls()
        frontier._size = size
        frontier._hashes = [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]
        return frontier

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def packed(self) -> bytes:
        """The hashes one after another, largest subtree first."""
        return b"".join(self._hashes)

    def copy(self) -> Frontier:
        """An independent copy."""
        other = Frontier()
        other._size = self._size
        other._hashes = self._hashes.copy()
        return other

    def append(self, leaf: bytes) -> list[Subtree]:
        """Add one leaf by its hash (32 bytes); returns the subtrees of height 8, 16, 24 … that it completed."""
        if len(leaf) != HASH_BYTES:
            raise ValueError("a leaf hash has 32 bytes")
        carried, size, height = leaf, self._size, 0
        completed: list[Subtree] = []
        # Like adding one to a binary number: the carry joins the subtree of each bit that is set.
        while size & 1:
            carried = node_hash(self._hashes.pop(), carried)
            size >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                completed.append(Subtree(height // TILE_HEIGHT, size, carried))
        self._hashes.append(carried)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far: 32 bytes."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in self._hashes[-2::-1]:
            root = node_hash(left, root)
        return root
