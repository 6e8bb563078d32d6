"""Writes an inclusion proof as a COSE receipt: the log signs the root to which the proof leads.

No root is signed but that of a checkpoint, and only if the proof leads from the leaf to it. A receipt holds size,
index, hashes and the log's name; nothing of the record.

RFC 9942 with the verifiable data structure RFC9162_SHA256: a COSE_Sign1 (RFC 9052) whose payload, the root, is left
out, because whoever checks it computes it from leaf and proof. CBOR is RFC 8949's core deterministic encoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from audit.checkpoint import Checkpoint
from audit.note import Signer
from audit.proof import check_inclusion

_SIGN1_TAG: Final = 18
_ALGORITHM, _KEY_ID, _CLAIMS, _STRUCTURE, _PROOFS = 1, 4, 15, 395, 396
_EDDSA: Final = -8
_ISSUER: Final = 1
_RFC9162_SHA256: Final = 1
_INCLUSION: Final = -1

_NULL: Final = b"\xf6"
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)

Item = int | str | bytes | None | Sequence["Item"] | Mapping[int, "Item"]


def cose_receipt(signer: Signer, leaf: bytes, index: int, path: Sequence[bytes], checkpoint: Checkpoint) -> bytes:
    """The receipt that `leaf` (a leaf hash) is in the tree of a checkpoint that `signer` signed.

    `path` leads from the leaf up. Raises ProofRefused, and ValueError for the checkpoint of another log.
    """
    if checkpoint.origin != signer.name:
        raise ValueError("the checkpoint is of another log than the key")
    check_inclusion(leaf, index, checkpoint.size, checkpoint.root, path)
    protected = _encoded(
        {
            _ALGORITHM: _EDDSA,
            _KEY_ID: signer.verifier.key_hash,
            _CLAIMS: {_ISSUER: signer.name},
            _STRUCTURE: _RFC9162_SHA256,
        }
    )
    signature = signer.sign_structure(_encoded(["Signature1", protected, b"", checkpoint.root]))
    proofs = {_PROOFS: {_INCLUSION: [_encoded([checkpoint.size, index, list(path)])]}}
    return _head(_TAG, _SIGN1_TAG) + _encoded([protected, proofs, None, signature])


def _encoded(item: Item) -> bytes:
    if item is None:
        return _NULL
    if isinstance(item, int):
        return _head(_UNSIGNED, item) if item >= 0 else _head(_NEGATIVE, -1 - item)
    if isinstance(item, bytes):
        return _head(_BYTES, len(item)) + item
    if isinstance(item, str):
        return _head(_TEXT, len(item.encode())) + item.encode()
    if isinstance(item, Mapping):
        members = sorted((_encoded(key), _encoded(value)) for key, value in item.items())
        return _head(_MAP, len(members)) + b"".join(key + value for key, value in members)
    return _head(_ARRAY, len(item)) + b"".join(_encoded(each) for each in item)


def _head(major: int, value: int) -> bytes:
    """The first bytes of an item: its kind, and its number or length in as few bytes as can be."""
    if value < 24:
        return bytes([major << 5 | value])
    for more, width in enumerate((1, 2, 4, 8)):
        if value < 1 << 8 * width:
            return bytes([major << 5 | 24 + more]) + value.to_bytes(width, "big")
    raise ValueError("CBOR holds no larger number")
