"""Measures proofs made and checked, tiles read and checkpoints signed in a second.

One thread, with the tree in memory: this is the cost of the hashes and signatures, without a store.

`python bench/audit_proofs.py [--leaves N]`
"""

import argparse
import platform
import random
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Signer, open_checkpoint, sign_checkpoint
from audit.proof import check_consistency, check_inclusion, consistency, inclusion, root_at
from audit.tiles import tile
from audit.tree import Frontier, leaf_hash

SECONDS = 1.0


class Tree:
    """All leaf hashes, and the subtrees that the frontier completed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.frontier = Frontier()
        self._levels: list[list[bytes]] = [[] for _ in range(8)]
        for number in range(size):
            leaf = leaf_hash(number.to_bytes(8, "big"))
            self._levels[0].append(leaf)
            for subtree in self.frontier.append(leaf):
                self._levels[subtree.level].append(subtree.hash)

    def leaves(self, start: int, stop: int) -> list[bytes]:
        return self._levels[0][start:stop]

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        return self._levels[level][start:stop]


def rate(call: Callable[[], object]) -> float:
    """Calls a second."""
    start, calls = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < SECONDS:
        call()
        calls += 1
    return calls / passed


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure proofs, tiles and checkpoints.")
    parser.add_argument(
        "--leaves", type=int, default=1_000_000, help="how many leaves the tree has (default: 1,000,000)"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    if options.leaves < 256:
        parser.error("a full tile needs 256 leaves")
    rng, size = random.Random(options.seed), options.leaves
    print(f"Python {platform.python_version()}, {platform.machine()}, one thread, seed {options.seed}")
    start = time.perf_counter()
    tree = Tree(size)
    print(f"tree of {size:,} leaves in memory: {time.perf_counter() - start:.1f} s")
    root = tree.frontier.root()
    # What is checked was made before the clock starts.
    ready = [(at, tree.leaves(at, at + 1)[0], inclusion(tree, at, size)) for at in rng.choices(range(size), k=500)]
    begun = [(at + 1, root_at(tree, at + 1), consistency(tree, at + 1, size)) for at, _, _ in ready]
    signer = Signer("bench.example/audit", Ed25519PrivateKey.generate())
    note = sign_checkpoint(signer, size, root)

    def proof() -> None:
        at, leaf, path = rng.choice(ready)
        check_inclusion(leaf, at, size, root, path)

    def beginning() -> None:
        old, old_root, path = rng.choice(begun)
        check_consistency(old, old_root, size, root, path)

    figures: list[tuple[str, Callable[[], object]]] = [
        ("inclusion proofs made", lambda: inclusion(tree, rng.randrange(size), size)),
        ("consistency proofs made", lambda: consistency(tree, rng.randrange(1, size + 1), size)),
        ("roots of an older size", lambda: root_at(tree, rng.randrange(1, size + 1))),
        ("inclusion proofs checked", proof),
        ("consistency proofs checked", beginning),
        ("full tiles", lambda: tile(tree, 0, rng.randrange(size // 256), 256, size=size)),
        ("checkpoints signed", lambda: sign_checkpoint(signer, size, root)),
        ("checkpoints opened", lambda: open_checkpoint(note, signer.verifier)),
    ]
    for what, call in figures:
        print(f"{what:28}{rate(call):>12,.0f}/s")


if __name__ == "__main__":
    main()
