"""Makes and checks inclusion and consistency proofs of the Merkle tree.

A proof that checks shows that the leaf, or the whole older tree, is in the tree with that root. A check raises, so that
its result cannot be overlooked. Making a proof reads at most two runs of at most 256 hashes for each eight levels of
the tree, whatever its size.

RFC 6962 section 2.1 says what the proofs hold, RFC 9162 sections 2.1.3.2 and 2.1.4.2 how they are checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.tree import EMPTY_ROOT, HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Leaves, node_hash


class ProofRefused(ValueError):
    """The proof does not prove what it should. The text holds no value."""


def inclusion(tree: Leaves, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of the first `size` leaves, from the leaf up; hashes of 32 bytes.

    Raises ValueError unless 0 ≤ index < size ≤ tree.size.
    """
    if not 0 <= index < size <= tree.size:
        raise ValueError("there is no such leaf in a tree of this size")
    hashes = _Hashes(tree, size)
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _left_size(stop - start)
        if index < middle:
            path.append(hashes.root(middle, stop))
            stop = middle
        else:
            path.append(hashes.root(start, middle))
            start = middle
    return path[::-1]


def consistency(tree: Leaves, old: int, new: int) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves; hashes of 32 bytes.

    It is empty if `old` is 0 (every tree begins with nothing) or equal to `new`.
    Raises ValueError unless 0 ≤ old ≤ new ≤ tree.size.
    """
    if not 0 <= old <= new <= tree.size:
        raise ValueError("there are no such trees")
    if old in {0, new}:
        return []
    hashes = _Hashes(tree, new)
    proof: list[bytes] = []
    start, stop = 0, new
    # SUBPROOF of RFC 6962: go down to the subtree that ends where the old tree ended.
    while old != stop:
        middle = start + _left_size(stop - start)
        if old <= middle:
            proof.append(hashes.root(middle, stop))
            stop = middle
        else:
            proof.append(hashes.root(start, middle))
            start = middle
    if start:
        proof.append(hashes.root(start, stop))
    return proof[::-1]


def root_at(tree: Leaves, size: int) -> bytes:
    """The root of the tree of the first `size` leaves: 32 bytes; ValueError unless 0 ≤ size ≤ tree.size."""
    if not 0 <= size <= tree.size:
        raise ValueError("there is no such tree")
    return _Hashes(tree, size).root(0, size) if size else EMPTY_ROOT


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Return if `proof` shows that `leaf` (a leaf hash) is at `index` of the `size` leaves under `root`.

    Raises ProofRefused.
    """
    _check_lengths(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofRefused("the leaf is not in a tree of this size")
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            at, last = _skip_to_right_child(at, last)
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is too short")
    if found != root:
        raise ProofRefused("the proof leads to another root")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Return if `proof` shows that the `old` leaves under `old_root` are the first of the `new` under `new_root`.

    Raises ProofRefused.
    """
    _check_lengths(old_root, new_root, *proof)
    if not 0 <= old <= new:
        raise ProofRefused("the older tree is larger than the newer one")
    if old in {0, new}:
        _check_empty_or_same(old, old_root, new, new_root, proof)
        return
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    # The root of an old tree that is one perfect subtree is the first hash, and is left out of the proof.
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        raise ProofRefused("the proof is too short")
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofRefused("the proof is too long")
        if at & 1 or at == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            at, last = _skip_to_right_child(at, last)
        else:
            newer = node_hash(newer, step)
        at, last = at >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is too short")
    if older != old_root or newer != new_root:
        raise ProofRefused("the proof leads to another root")


class _Hashes:
    """The roots of ranges of one tree of a fixed size; each run of hashes is read once."""

    def __init__(self, tree: Leaves, size: int) -> None:
        self._tree = tree
        self._size = size
        self._runs: dict[tuple[int, int], list[bytes]] = {}

    def root(self, start: int, stop: int) -> bytes:
        """The root of the leaves [start, stop), a range that the RFC's splitting makes."""
        count = stop - start
        if count & (count - 1) == 0:
            return self._perfect(start, count.bit_length() - 1)
        middle = start + _left_size(count)
        return node_hash(self.root(start, middle), self.root(middle, stop))

    def _perfect(self, start: int, height: int) -> bytes:
        # The tree keeps the roots of height 8, 16 …; between them at most 128 hashes have to be folded.
        level, above = divmod(height, TILE_HEIGHT)
        first = start >> (level * TILE_HEIGHT)
        run = self._run(level, first // TILE_WIDTH)
        hashes = run[first % TILE_WIDTH :][: 1 << above]
        if len(hashes) != 1 << above:
            raise ValueError("the tree does not hold the hashes of its size")
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def _run(self, level: int, number: int) -> list[bytes]:
        if (level, number) not in self._runs:
            start = number * TILE_WIDTH
            stop = min(start + TILE_WIDTH, self._size >> (level * TILE_HEIGHT))
            tree = self._tree
            self._runs[level, number] = tree.nodes(level, start, stop) if level else tree.leaves(start, stop)
        return self._runs[level, number]


def _left_size(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _skip_to_right_child(at: int, last: int) -> tuple[int, int]:
    """Skip the levels on which a node at the right edge has no sibling: its parent has the same hash."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _check_empty_or_same(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofRefused("the proof is too long")
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT):
        raise ProofRefused("this is not the root of an empty tree")
    if old == new and old_root != new_root:
        raise ProofRefused("two roots of the same size differ")


def _check_lengths(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofRefused("a hash has 32 bytes")
