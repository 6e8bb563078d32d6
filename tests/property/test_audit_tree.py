"""However the tree is grown, saved and loaded, its root is the one that the definition gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tree import EMPTY_ROOT, Frontier, leaf_hash, node_hash

pytestmark = pytest.mark.property


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 as it is written there: split at the largest power of two below the size."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


@given(st.integers(0, 600), st.integers(0, 600))
def test_incremental_root_is_the_naive_root(size: int, saved_at: int) -> None:
    leaves = [leaf_hash(i.to_bytes(2, "big")) for i in range(size)]
    frontier = Frontier()
    for at, leaf in enumerate(leaves):
        if at == saved_at:
            frontier = Frontier.load(frontier.size, frontier.packed)
        frontier.append(leaf)
    assert frontier.size == size
    assert frontier.root() == naive_root(leaves)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_any_other_leaf_gives_another_root(bodies: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf_hash(body) for body in bodies]
    at = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves[:at], leaf_hash(bodies[at] + b"!"), *leaves[at + 1 :]]
    roots = []
    for side in (leaves, changed):
        frontier = Frontier()
        for leaf in side:
            frontier.append(leaf)
        roots.append(frontier.root())
    assert roots[0] != roots[1]


@given(st.integers(0, 70))
def test_a_copy_grows_apart(size: int) -> None:
    frontier = Frontier()
    for i in range(size):
        frontier.append(leaf_hash(bytes([i])))
    before, copy = frontier.root(), frontier.copy()
    copy.append(leaf_hash(b"more"))
    assert (frontier.size, frontier.root()) == (size, before)
    assert copy.size == size + 1
