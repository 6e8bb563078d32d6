"""A COSE receipt is signed over the root of a checkpoint to which its proof leads, and over nothing else."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Checkpoint, Signer, sign_checkpoint
from audit.forms.cose_receipt import cose_receipt
from audit.proof import ProofRefused, inclusion
from tests.support.memory_tree import Tree

pytestmark = pytest.mark.unit

LOG = Signer("desk.example/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
TREE = Tree.of(3)
HEAD = Checkpoint(LOG.name, 3, TREE.root)
LEAVES = TREE.leaves(0, 3)
PROTECTED = (
    # Four headers: algorithm EdDSA, key, claims, and the structure RFC9162_SHA256, in RFC 8949's order.
    bytes.fromhex("a4 01 27 04 44") + LOG.verifier.key_hash + bytes.fromhex("0f a1 01 70") + LOG.name.encode()
    + bytes.fromhex("19018b 01")
)  # fmt: skip


def test_each_byte_is_where_rfc_9942_has_it() -> None:
    (sibling,) = inclusion(TREE, 2, 3)
    proof = bytes.fromhex("83 03 02 81 5820") + sibling
    signed = b"\x84\x6aSignature1\x58" + bytes([len(PROTECTED)]) + PROTECTED + b"\x40\x58\x20" + TREE.root
    assert cose_receipt(LOG, LEAVES[2], 2, [sibling], HEAD) == (
        bytes.fromhex("d2 84 58") + bytes([len(PROTECTED)]) + PROTECTED
        + bytes.fromhex("a1 19018c a1 20 81 58") + bytes([len(proof)]) + proof
        + bytes.fromhex("f6 5840") + LOG.sign_structure(signed)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("leaf", "index", "path"),
    [
        (LEAVES[1], 2, inclusion(TREE, 2, 3)),
        (LEAVES[2], 1, inclusion(TREE, 2, 3)),
        (LEAVES[2], 3, inclusion(TREE, 2, 3)),
        (LEAVES[2], 2, []),
        (LEAVES[2], 2, [bytes(32)]),
        (LEAVES[2], 2, [bytes(31)]),
        (LEAVES[2], 2, [*inclusion(TREE, 2, 3), bytes(32)]),
    ],
)
def test_nothing_is_signed_for_a_proof_that_leads_elsewhere(leaf: bytes, index: int, path: list[bytes]) -> None:
    with pytest.raises(ProofRefused):
        cose_receipt(LOG, leaf, index, path, HEAD)


def test_the_root_of_another_log_is_not_signed() -> None:
    with pytest.raises(ValueError, match="another log"):
        cose_receipt(LOG, LEAVES[2], 2, inclusion(TREE, 2, 3), Checkpoint("other.example/log", 3, TREE.root))


@pytest.mark.parametrize(
    "text", [b"", HEAD.text.encode(), "数闸.example/审计\n0\n".encode(), sign_checkpoint(LOG, 0, bytes(32))]
)
def test_what_could_be_a_note_is_never_signed_as_a_structure(text: bytes) -> None:
    with pytest.raises(ValueError, match="could be the text of a note"):
        LOG.sign_structure(text)
