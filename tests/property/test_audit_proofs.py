"""Every proof of every small tree checks, and none checks for anything else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.proof import ProofRefused, check_consistency, check_inclusion, consistency, inclusion, root_at
from audit.tree import Frontier, Subtree, leaf_hash, node_hash
from tests.support.memory_tree import Tree, numbered

pytestmark = pytest.mark.property

MOST = 300
TREE = Tree.of(MOST)
# Every root up to 300 leaves by the frontier, which other tests hold against the naive definition.
ROOTS = [Tree.of(size).root for size in range(MOST + 1)]
OTHER = leaf_hash(b"another")

SIZES = st.integers(1, MOST)


@st.composite
def leaf_of_tree(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(SIZES)
    return draw(st.integers(0, size - 1)), size


@st.composite
def two_trees(draw: st.DrawFn) -> tuple[int, int]:
    new = draw(SIZES)
    return draw(st.integers(1, new)), new


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(naive(leaves[:k]), naive(leaves[k:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < k:
        return [*naive_path(index, leaves[:k]), naive(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive(leaves)]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole), naive(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive(leaves[:k])]


def not_included(leaf: bytes, index: int, size: int, root: bytes, path: list[bytes]) -> None:
    with pytest.raises(ProofRefused):
        check_inclusion(leaf, index, size, root, path)


def not_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> None:
    with pytest.raises(ProofRefused):
        check_consistency(old, old_root, new, new_root, proof)


@given(SIZES)
@example(256)
@example(257)
def test_the_root_of_any_beginning_is_the_naive_root(size: int) -> None:
    assert root_at(TREE, size) == ROOTS[size] == naive(TREE.leaves(0, size))


@given(leaf_of_tree())
def test_a_path_is_the_naive_path_and_checks(at: tuple[int, int]) -> None:
    index, size = at
    path = inclusion(TREE, index, size)
    assert path == naive_path(index, TREE.leaves(0, size))
    check_inclusion(leaf_hash(numbered(index)), index, size, ROOTS[size], path)


@given(two_trees())
def test_a_consistency_proof_is_the_naive_proof_and_checks(sizes: tuple[int, int]) -> None:
    old, new = sizes
    proof = consistency(TREE, old, new)
    assert proof == naive_subproof(old, TREE.leaves(0, new), True)
    check_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@pytest.mark.parametrize("size", range(1, 41))
def test_all_proofs_of_all_small_trees_check(size: int) -> None:
    for index in range(size):
        path = inclusion(TREE, index, size)
        check_inclusion(leaf_hash(numbered(index)), index, size, ROOTS[size], path)
        check_consistency(index, ROOTS[index], size, ROOTS[size], consistency(TREE, index, size))
        for other in range(size):
            if other != index:
                leaf = leaf_hash(numbered(index))
                not_included(leaf, other, size, ROOTS[size], path)


@given(leaf_of_tree(), st.data())
def test_a_path_checks_for_nothing_else(at: tuple[int, int], data: st.DataObject) -> None:
    index, size = at
    leaf, root, path = leaf_hash(numbered(index)), ROOTS[size], inclusion(TREE, index, size)
    other = data.draw(st.integers(0, MOST).filter(lambda n: n != index), label="other index")
    not_included(leaf, other, size, root, path)
    not_included(OTHER, index, size, root, path)
    not_included(leaf, index, size, OTHER, path)
    other = data.draw(SIZES.filter(lambda n: n != size), label="other size")
    not_included(leaf, index, other, ROOTS[other], path)
    for changed in changes(path, data):
        not_included(leaf, index, size, root, changed)


@given(two_trees(), st.data())
def test_a_consistency_proof_checks_for_nothing_else(sizes: tuple[int, int], data: st.DataObject) -> None:
    old, new = sizes
    proof = consistency(TREE, old, new)
    not_consistent(old, OTHER, new, ROOTS[new], proof)
    not_consistent(old, ROOTS[old], new, OTHER, proof)
    other = data.draw(st.integers(1, new).filter(lambda n: n != old) if new > 1 else st.just(2), label="other size")
    not_consistent(other, ROOTS[other], new, ROOTS[new], proof)
    for changed in changes(proof, data):
        not_consistent(old, ROOTS[old], new, ROOTS[new], changed)


def changes(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof longer by one, and if it has hashes: cut, empty, in another order, with one bit changed."""
    longer = [[*proof, OTHER], [OTHER, *proof]]
    if not proof:
        return longer
    at = data.draw(st.integers(0, len(proof) - 1), label="hash")
    bit = data.draw(st.integers(0, 255), label="bit")
    flipped = (int.from_bytes(proof[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    turned = [proof[::-1]] if len(proof) > 1 else []
    return [*longer, [], proof[:-1], proof[1:], [*proof, proof[-1]], *turned, [*proof[:at], flipped, *proof[at + 1 :]]]


@given(st.integers(0, 1_100))
def test_the_frontier_tells_each_tile_edge_once(size: int) -> None:
    frontier, leaves, told = Frontier(), [leaf_hash(bytes([n % 251])) for n in range(size)], []
    for leaf in leaves:
        told += frontier.append(leaf)
    assert told == [Subtree(1, n, naive(leaves[n * 256 : n * 256 + 256])) for n in range(size // 256)]


def test_the_frontier_tells_edges_of_two_levels_at_once() -> None:
    frontier = Frontier()
    told = [each for n in range(65_536) for each in frontier.append(leaf_hash(n.to_bytes(2, "big")))]
    assert [(each.level, each.index) for each in told] == [*((1, n) for n in range(256)), (2, 0)]
    assert told[-1].hash == frontier.root()


LARGE = Tree.of(70_000)


@given(st.integers(1, LARGE.size), st.data())
@example(65_536, None)
def test_a_proof_reads_little(size: int, data: st.DataObject | None) -> None:
    index = data.draw(st.integers(0, size - 1)) if data else 0
    for prove, first in ((inclusion, index), (consistency, index + 1)):
        LARGE.reads.clear()
        prove(LARGE, first, size)
        # Three levels of tiles, in each the one on the path and the one at the right edge.
        assert len(LARGE.reads) <= 6
        assert max(LARGE.reads, default=0) <= 256
    check_inclusion(leaf_hash(numbered(index)), index, size, root_at(LARGE, size), inclusion(LARGE, index, size))
