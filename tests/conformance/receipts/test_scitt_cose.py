"""The COSE receipts of the log are taken by `scitt-cose`, which shares nothing with this project, and no others are."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from scitt_cose import ReceiptResult, verify_receipt

from audit.checkpoint import Checkpoint, Signer, Verifier
from audit.forms.cose_receipt import cose_receipt
from audit.log import read
from audit.note import decode
from audit.proof import inclusion
from audit.record import encode
from audit.tree import leaf_hash, node_hash
from hub.home.audit_log import verifier_of
from tests.conformance.receipts.snippets import run, snippet
from tests.support.memory_tree import Tree, numbered
from tests.support.serving import Served, serving
from tests.support.waiting import until

pytestmark = pytest.mark.conformance

CLIENT_PAGE = snippet("clients.md", "scitt_cose")
LOG = Signer("sluicegate.example/audit", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
OTHER = Signer(LOG.name, Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
TREE = Tree.of(300)
HEAD = Checkpoint(LOG.name, 300, TREE.root)
FLIPPED = 200


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home")) as hub:
        yield hub


def pem(verifier: Verifier) -> bytes:
    coded = decode(verifier.text.split("+", 2)[2])
    assert coded is not None
    return Ed25519PublicKey.from_public_bytes(coded[1:]).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def checked(receipt: bytes, record: bytes, by: Signer = LOG) -> ReceiptResult:
    return verify_receipt(receipt, leaf_entry_hex=record.hex(), log_public_key_pem=pem(by.verifier))


def receipt_of(index: int, tree: Tree = TREE, by: Signer = LOG) -> bytes:
    head = Checkpoint(by.name, tree.size, tree.root)
    return cose_receipt(by, tree.leaves(index, index + 1)[0], index, inclusion(tree, index, tree.size), head)


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 300])
def test_a_receipt_of_every_place_is_taken(size: int) -> None:
    tree = Tree.of(size)
    for index in sorted({0, 23, 24, size // 2, size - 1} & set(range(size))):
        found = checked(receipt_of(index, tree), numbered(index))
        assert (found.ok, found.errors) == (True, [])
        assert (found.root, found.tree_size, found.leaf_index) == (tree.root.hex(), size, index)
        assert (found.issuer, found.subject, found.iat) == (LOG.name, None, None)
        assert found.protected_header_ext == {4: LOG.verifier.key_hash}


@pytest.mark.parametrize("height", [4, 5, 8, 16, 24, 32, 61])
def test_numbers_and_paths_of_every_length_are_taken(height: int, rng: random.Random) -> None:
    """Trees that no test can hold: the first leaf of a perfect one, and the one leaf more behind it."""
    path = [rng.randbytes(32) for _ in range(height)]
    root = leaf_hash(b"first")
    for sibling in path:
        root = node_hash(root, sibling)
    first = cose_receipt(LOG, leaf_hash(b"first"), 0, path, Checkpoint(LOG.name, 1 << height, root))
    assert checked(first, b"first").ok
    above = Checkpoint(LOG.name, (1 << height) + 1, node_hash(root, leaf_hash(b"last")))
    last = checked(cose_receipt(LOG, leaf_hash(b"last"), 1 << height, [root], above), b"last")
    assert (last.ok, last.leaf_index) == (True, 1 << height)


@pytest.mark.parametrize("index", [0, 23, 24, 255, 256, 299])
def test_a_receipt_is_deterministic_cbor(index: int) -> None:
    receipt = receipt_of(index)
    whole = cbor2.loads(receipt)
    protected, unprotected, payload, signature = whole.value
    assert cbor2.dumps(whole, canonical=True) == receipt
    assert cbor2.dumps(cbor2.loads(protected), canonical=True) == protected
    (proof,) = unprotected[396][-1]
    assert cbor2.dumps(cbor2.loads(proof), canonical=True) == proof
    assert (whole.tag, payload, len(signature), receipt_of(index)) == (18, None, 64, receipt)


def test_any_other_receipt_is_refused(rng: random.Random) -> None:
    receipt, record = receipt_of(77), numbered(77)
    assert not checked(receipt, numbered(78)).ok
    assert not checked(receipt, record, OTHER).ok
    assert not checked(receipt_of(77, by=OTHER), record).ok
    assert not checked(receipt + b"\0", record).ok
    assert not checked(receipt[:-1], record).ok
    for _ in range(FLIPPED):
        changed = bytearray(receipt)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        found = checked(bytes(changed), record)
        assert not found.ok or found.root == TREE.root.hex(), changed.hex()


def test_its_root_is_signed_and_its_index_is_not() -> None:
    """As docs/audit.md says: the leaf after two others, and the second of two, have the same path."""
    tree = Tree.of(3)
    receipt = receipt_of(2, tree)
    moved = receipt.replace(b"\x83\x03\x02\x81", b"\x83\x02\x01\x81")
    assert moved != receipt
    found = checked(moved, numbered(2))
    assert (found.ok, found.root, found.leaf_index) == (True, tree.root.hex(), 1)


def proved(served: Served) -> dict[str, Any]:
    told: dict[str, Any] = served.ask().json()["extensions"]["receipt"]
    asked = {"index": told["index"], "leafHash": told["leafHash"]}
    until(lambda: served.client.get("/audit/proof", params=asked).status_code == 200)
    return told


def test_an_auditor_holds_a_record_against_its_receipt(served: Served) -> None:
    told = proved(served)
    asked = {"index": told["index"], "leafHash": told["leafHash"], "form": "cose"}
    receipt = served.client.get("/audit/proof", params=asked).content
    record = encode(next(read(served.hub.settings.audit_log, told["index"], 1)).record)
    key = pem(verifier_of(served.hub.settings))
    found = verify_receipt(receipt, leaf_entry_hex=record.hex(), log_public_key_pem=key)
    assert (found.ok, found.leaf_index, found.issuer) == (True, told["index"], told["log"])
    assert not verify_receipt(receipt, leaf_entry_hex=record[:-1].hex(), log_public_key_pem=key).ok


def client(served: Served, told: dict[str, Any], key: str) -> tuple[int, str]:
    done = run(CLIENT_PAGE, HUB=str(served.client.base_url), LOG_KEY=key, RECEIPT=json.dumps(told))
    return done.returncode, done.stdout + done.stderr


def test_a_client_checks_its_receipt_as_its_page_says(served: Served) -> None:
    key, told = verifier_of(served.hub.settings).text, proved(served)
    code, said = client(served, told, key)
    assert (code, said) == (0, f"record {told['index']} is in sluicegate.local/audit\n")
    for wrong in (
        {**told, "leafHash": "00" * 32},
        {**told, "index": told["index"] + 1},
        {**told, "log": "another.example/audit"},
    ):
        code, said = client(served, wrong, key)
        assert code != 0, said
    code, said = client(served, told, Signer("sluicegate.local/audit", Ed25519PrivateKey.generate()).verifier.text)
    assert code != 0
    assert "signature verification FAILED" in said
