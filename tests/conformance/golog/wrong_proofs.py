"""Makes every wrong proof of the kinds that transparency-dev/merkle publishes as files, on the tree that it uses.

Its files are corruptions of proofs on the eight reference leaves of RFC 6962: a number changed, a hash changed, left
out or added, roots exchanged. They come with no released module, so their kinds are made here, at every place of the
tree where the files take five.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from audit.proof import consistency, inclusion, root_at
from audit.tree import leaf_hash
from tests.support.memory_tree import Tree

RECORDS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE = Tree(leaf_hash(bytes.fromhex(record)) for record in RECORDS)
NOISE = leaf_hash(b"no node of this tree")


@dataclass(frozen=True)
class Claim:
    """What a proof is said to show: from `small` (index, or size of the older tree) to the tree of `size`.

    `below` is the leaf hash, or the root of the older tree; `above` the root of the newer one. `kind` says what was
    done to the claim; it is empty for a true one.
    """

    small: int
    size: int
    below: bytes
    above: bytes
    proof: tuple[bytes, ...]
    kind: str = ""


def inclusions() -> Iterator[Claim]:
    """For each leaf in the tree of each size the true claim, then the wrong ones."""
    for size in range(1, REFERENCE.size + 1):
        for index in range(size):
            leaf, path = REFERENCE.leaves(index, index + 1)[0], tuple(inclusion(REFERENCE, index, size))
            yield from _with_wrong_ones(Claim(index, size, leaf, root_at(REFERENCE, size), path))


def continuations() -> Iterator[Claim]:
    """For each two sizes the true claim, then the wrong ones."""
    for new in range(1, REFERENCE.size + 1):
        for old in range(1, new + 1):
            roots = root_at(REFERENCE, old), root_at(REFERENCE, new)
            yield from _with_wrong_ones(Claim(old, new, *roots, tuple(consistency(REFERENCE, old, new))))


def _with_wrong_ones(claim: Claim) -> Iterator[Claim]:
    yield claim
    yield from _numbers(claim)
    yield from _ends(claim)
    yield from _paths(claim)


def _numbers(claim: Claim) -> Iterator[Claim]:
    small, size = claim.small, claim.size
    for kind, number in (("minus 1", small - 1), ("plus 1", small + 1), ("xor 2", small ^ 2)):
        if number >= 0:
            yield replace(claim, small=number, kind=f"small {kind}")
    for kind, number in (("doubled", size * 2), ("halved", size // 2)):
        yield replace(claim, size=number, kind=f"size {kind}")


def _ends(claim: Claim) -> Iterator[Claim]:
    for kind, wrong in (("of noise", NOISE), ("cut", claim.below[:-1]), ("empty", b"")):
        yield replace(claim, below=wrong, kind=f"below {kind}")
    for kind, wrong in (("of noise", NOISE), ("cut", claim.above[:-1]), ("empty", b"")):
        yield replace(claim, above=wrong, kind=f"above {kind}")
    if claim.above != claim.below:
        yield replace(claim, above=claim.below, below=claim.above, kind="ends exchanged")


def _paths(claim: Claim) -> Iterator[Claim]:
    path = claim.proof
    for name, extra in (("nothing", b""), ("noise", NOISE), ("below", claim.below), ("above", claim.above)):
        yield replace(claim, proof=(extra, *path), kind=f"{name} before")
        yield replace(claim, proof=(*path, extra), kind=f"{name} behind")
    for at, each in enumerate(path):
        bent = bytes([each[0] ^ 16, *each[1:]])
        yield replace(claim, proof=(*path[:at], bent, *path[at + 1 :]), kind=f"a bit of hash {at}")
        yield replace(claim, proof=(*path[:at], each[:-1], *path[at + 1 :]), kind=f"hash {at} cut")
        yield replace(claim, proof=(*path[:at], *path[at + 1 :]), kind=f"without hash {at}")
        yield replace(claim, proof=(*path[:at], NOISE, *path[at:]), kind=f"noise before hash {at}")
    if path:
        yield replace(claim, proof=(), kind="no proof")
    if path != path[::-1]:
        yield replace(claim, proof=path[::-1], kind="turned round")
