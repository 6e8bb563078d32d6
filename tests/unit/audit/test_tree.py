"""The tree gives the roots that Certificate Transparency implementations of RFC 6962 publish."""

import pytest

from audit.tree import EMPTY_ROOT, Frontier, leaf_hash

pytestmark = pytest.mark.unit

# The test vectors of certificate-transparency and transparency-dev/merkle: leaves, and the root after each.
VECTORS = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]


@pytest.mark.parametrize("size", range(1, len(VECTORS) + 1))
def test_published_roots(size: int) -> None:
    frontier = Frontier()
    for leaf, _ in VECTORS[:size]:
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
    assert frontier.root().hex() == VECTORS[size - 1][1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Frontier().root() == EMPTY_ROOT


@pytest.mark.parametrize(("size", "packed"), [(-1, b""), (0, b"x"), (1, b""), (3, b"x" * 32), (4, b"x" * 64)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, packed: bytes) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Frontier.load(size, packed)


@pytest.mark.parametrize("leaf", [b"", b"x" * 31, b"x" * 33])
def test_only_hashes_are_leaves(leaf: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(leaf)
