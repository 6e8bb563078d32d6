"""A Merkle tree in memory: what proofs and tiles read, kept from what `Frontier.append` returns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from audit.tree import Frontier, leaf_hash


def numbered(number: int) -> bytes:
    """The record that stands at an index; tests/conformance/golog knows it too."""
    return f"record {number}".encode()


class Tree:
    """`Leaves` over lists; it refuses what no store could give, and counts what was read."""

    def __init__(self, hashes: Iterable[bytes]) -> None:
        self.frontier = Frontier()
        self.reads: list[int] = []
        self._leaves: list[bytes] = []
        self._nodes: dict[int, list[bytes]] = defaultdict(list)
        for each in hashes:
            self._leaves.append(each)
            for subtree in self.frontier.append(each):
                assert subtree.index == len(self._nodes[subtree.level])
                self._nodes[subtree.level].append(subtree.hash)

    @classmethod
    def of(cls, size: int) -> Tree:
        """The tree over the records 0 to `size` - 1."""
        return cls(leaf_hash(numbered(number)) for number in range(size))

    @property
    def size(self) -> int:
        return len(self._leaves)

    @property
    def root(self) -> bytes:
        return self.frontier.root()

    def leaves(self, start: int, stop: int) -> list[bytes]:
        return self._read(self._leaves, start, stop)

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        assert level >= 1
        return self._read(self._nodes[level], start, stop)

    def _read(self, hashes: list[bytes], start: int, stop: int) -> list[bytes]:
        assert 0 <= start < stop <= len(hashes)
        self.reads.append(stop - start)
        return hashes[start:stop]
