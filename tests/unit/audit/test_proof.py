"""Proofs equal those that Certificate Transparency implementations of RFC 6962 publish."""

import pytest

from audit.proof import ProofRefused, check_consistency, check_inclusion, consistency, inclusion, root_at
from audit.tree import EMPTY_ROOT, leaf_hash
from tests.support.memory_tree import Tree

pytestmark = pytest.mark.unit

# The eight leaves of the reference tests of certificate-transparency and transparency-dev/merkle.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
TREE = Tree(leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES)

# The inner nodes that those implementations print; a name is the range of leaves below.
NODE = {
    "0-1": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "1-2": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0-2": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "2-4": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "0-4": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4-5": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4-6": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "6-8": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "4-8": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}

# index, size, path
INCLUSION = [
    (0, 1, []),
    (0, 8, ["1-2", "2-4", "4-8"]),
    (5, 8, ["4-5", "6-8", "0-4"]),
    (2, 3, ["0-2"]),
    (1, 5, ["0-1", "2-4", "4-5"]),
]

# old size, new size, proof
CONSISTENCY = [
    (1, 1, []),
    (1, 8, ["1-2", "2-4", "4-8"]),
    (6, 8, ["4-6", "6-8", "0-4"]),
    (2, 5, ["2-4", "4-5"]),
]


def nodes(names: list[str]) -> list[bytes]:
    return [bytes.fromhex(NODE[name]) for name in names]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_published_inclusion_paths(index: int, size: int, path: list[str]) -> None:
    assert inclusion(TREE, index, size) == nodes(path)
    check_inclusion(TREE.leaves(index, index + 1)[0], index, size, root_at(TREE, size), nodes(path))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    assert consistency(TREE, old, new) == nodes(proof)
    check_consistency(old, root_at(TREE, old), new, root_at(TREE, new), nodes(proof))


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0), (0, 9), (3, 2)])
def test_no_path_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion(TREE, index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 8), (0, 9), (3, 2), (9, 9)])
def test_no_proof_between_trees_that_are_not(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no such trees"):
        consistency(TREE, old, new)


@pytest.mark.parametrize("size", [-1, 9])
def test_no_root_of_a_tree_that_is_not(size: int) -> None:
    with pytest.raises(ValueError, match="no such tree"):
        root_at(TREE, size)


def test_every_tree_begins_with_the_empty_one() -> None:
    assert consistency(TREE, 0, 8) == consistency(TREE, 0, 0) == []
    check_consistency(0, EMPTY_ROOT, 8, TREE.root, [])
    check_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])


ROOT, OTHER = TREE.root, b"\x07" * 32
PROOF_6_8 = consistency(TREE, 6, 8)
ROOT_6 = root_at(TREE, 6)


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "proof", "why"),
    [
        (0, OTHER, 8, ROOT, [], "empty tree"),
        (0, OTHER, 0, OTHER, [], "empty tree"),
        (0, EMPTY_ROOT, 8, ROOT, [OTHER], "too long"),
        (8, ROOT, 8, OTHER, [], "differ"),
        (8, ROOT, 8, ROOT, [OTHER], "too long"),
        (8, ROOT, 6, ROOT_6, PROOF_6_8, "larger"),
        (-1, ROOT, 8, ROOT, [], "larger"),
        (6, ROOT_6, 8, ROOT, [], "too short"),
        (4, ROOT_6, 8, ROOT, [], "too short"),
        (6, ROOT_6, 8, ROOT, PROOF_6_8[:-1], "too short"),
        (6, ROOT_6, 8, ROOT, [*PROOF_6_8, OTHER], "too long"),
        (6, OTHER, 8, ROOT, PROOF_6_8, "another root"),
        (6, ROOT_6, 8, OTHER, PROOF_6_8, "another root"),
        (6, ROOT_6, 8, ROOT, PROOF_6_8[::-1], "another root"),
        (6, ROOT_6, 8, ROOT, [b"", *PROOF_6_8], "32 bytes"),
        (6, ROOT_6[:31], 8, ROOT, PROOF_6_8, "32 bytes"),
    ],
)
def test_why_a_consistency_proof_is_refused(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes], why: str
) -> None:
    with pytest.raises(ProofRefused, match=why):
        check_consistency(old, old_root, new, new_root, proof)


LEAF_5 = TREE.leaves(5, 6)[0]
PATH_5 = inclusion(TREE, 5, 8)


@pytest.mark.parametrize(
    ("leaf", "index", "size", "root", "path", "why"),
    [
        (LEAF_5, 8, 8, ROOT, PATH_5, "not in a tree"),
        (LEAF_5, -1, 8, ROOT, PATH_5, "not in a tree"),
        (LEAF_5, 0, 0, ROOT, [], "not in a tree"),
        (LEAF_5, 5, 8, ROOT, [], "too short"),
        (LEAF_5, 5, 8, ROOT, PATH_5[:2], "too short"),
        (LEAF_5, 5, 8, ROOT, [*PATH_5, OTHER], "too long"),
        (LEAF_5, 0, 1, ROOT, [OTHER], "too long"),
        (LEAF_5, 4, 8, ROOT, PATH_5, "another root"),
        (OTHER, 5, 8, ROOT, PATH_5, "another root"),
        (LEAF_5, 5, 8, OTHER, PATH_5, "another root"),
        (LEAF_5 + b"x", 5, 8, ROOT, PATH_5, "32 bytes"),
        (LEAF_5, 5, 8, ROOT, [PATH_5[0] + PATH_5[1], PATH_5[2]], "32 bytes"),
    ],
)
def test_why_an_inclusion_proof_is_refused(
    leaf: bytes, index: int, size: int, root: bytes, path: list[bytes], why: str
) -> None:
    with pytest.raises(ProofRefused, match=why):
        check_inclusion(leaf, index, size, root, path)


class Torn(Tree):
    """A store that lost the last hash of what it is asked for."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        return super().leaves(start, stop)[:-1]


def test_a_tree_that_lost_hashes_proves_nothing() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        inclusion(Torn.of(8), 0, 8)
