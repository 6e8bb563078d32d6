"""Makes and checks proof files: that a record is in the log, or that the log only grew.

A proof file is checked with nothing but the log's public key. It is JSON: `log`, `index` and `leafHash` (a receipt)
with `size`, `proof` and the checkpoint of that size; or `log`, `from`, `to`, `proof` and the known checkpoints of these
sizes. Hashes are hex; proofs are as in RFC 6962, from the leaf up; a checkpoint is a C2SP signed note. For the software
of others a proof comes as tlog-proof or COSE receipt too. No proof is given that does not lead to its checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.checkpoint import Checkpoint, NoteRefused, Signer, Verifier, open_checkpoint
from audit.forms.cose_receipt import cose_receipt
from audit.forms.tlog_proof import tlog_proof
from audit.log import AuditUnavailable
from audit.proof import ProofRefused, check_consistency, check_inclusion, consistency, inclusion
from audit.stores.reader import Reader

UNKNOWN: Final = (
    "no published checkpoint covers such a record: it has another leaf hash, or the log does not have it yet; a new "
    "record is covered within a second"
)


class ProofUnknown(LookupError):
    """There is no such proof. A wrong leaf hash and an index that does not exist yet cannot be told apart."""

    def __init__(self) -> None:
        super().__init__(UNKNOWN)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof file proves: index and leaf hash (hex) of a record, or that the tree of size `older` only grew."""

    log: str
    size: int
    index: int | None = None
    leaf_hash: str | None = None
    older: int | None = None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a record is in a log: its index and leaf hash, and the path of hashes to the root of the tree of `size`.

    `checkpoint` and its `note` are those that were published of exactly this size, or None.
    """

    log: str
    index: int
    leaf: bytes
    size: int
    path: list[bytes]
    checkpoint: Checkpoint | None
    note: bytes | None

    def as_json(self) -> dict[str, Any]:
        """The content of a proof file."""
        return {
            "log": self.log,
            "index": self.index,
            "leafHash": self.leaf.hex(),
            "size": self.size,
            "proof": [each.hex() for each in self.path],
            "checkpoint": None if self.note is None else self.note.decode(),
        }

    def as_tlog_proof(self) -> bytes:
        """The C2SP tlog-proof; raises ProofUnknown if no checkpoint was published of this size."""
        if self.note is None:
            raise ProofUnknown
        return tlog_proof(self.index, self.path, self.note)

    def as_cose(self, signer: Signer) -> bytes:
        """The COSE receipt under the log's key; raises as `as_tlog_proof`."""
        if self.checkpoint is None:
            raise ProofUnknown
        return cose_receipt(signer, self.leaf, self.index, self.path, self.checkpoint)


def inclusion_of(
    reader: Reader, verifier: Verifier, index: int, leaf: str | None = None, size: int | None = None
) -> Inclusion:
    """The proof that the record at `index` is in the tree of `size`, by default that of the newest checkpoint.

    If a `leaf` hash (hex) is given, the record must have it. Raises ProofUnknown, and AuditUnavailable if
    there is no checkpoint, or the log does not lead to it.
    """
    newest, note = _newest(reader, verifier)
    size = newest.size if size is None else size
    if not 0 <= index < size <= newest.size:
        raise ProofUnknown
    found, path = _leaf_and_path(reader, index, size)
    if leaf is not None and found.hex() != leaf:
        raise ProofUnknown
    known, sealed = (newest, note) if size == newest.size else _checkpoint_of(reader, verifier, size)
    if known is not None:
        try:
            check_inclusion(found, index, known.size, known.root, path)
        except ProofRefused:
            raise AuditUnavailable("the log does not lead to its checkpoint") from None
    return Inclusion(verifier.name, index, found, size, path, known, sealed)


def _leaf_and_path(reader: Reader, index: int, size: int) -> tuple[bytes, list[bytes]]:
    try:
        (found,) = reader.leaves(index, index + 1)
        return found, inclusion(reader, index, size)
    except ValueError:
        raise AuditUnavailable("the log does not hold the hashes of its size") from None


def consistency_of(reader: Reader, verifier: Verifier, old: int, new: int) -> dict[str, Any]:
    """The proof that the tree of `old` records is the beginning of the tree of `new`; raises as `inclusion_of`."""
    newest, _ = _newest(reader, verifier)
    if not 0 <= old <= new <= newest.size:
        raise ProofUnknown
    return {
        "log": verifier.name,
        "from": old,
        "to": new,
        "proof": [each.hex() for each in consistency(reader, old, new)],
        "checkpoints": [note for size in dict.fromkeys((old, new)) if (note := _note_of(reader, size))],
    }


def newest_size(reader: Reader, verifier: Verifier) -> int:
    """How many records the newest checkpoint covers; raises AuditUnavailable if there is none."""
    return _newest(reader, verifier)[0].size


def check_proof(content: Mapping[str, Any], verifier: Verifier) -> Proved:
    """What the content of a proof file proves, by the public key alone; raises ProofRefused."""
    try:
        if content["log"] != verifier.name:
            raise ProofRefused("the proof is of another log than the key")
        proof = [bytes.fromhex(each) for each in content["proof"]]
        return (
            _check_inclusion_file(content, proof, verifier)
            if "index" in content
            else _check_consistency_file(content, proof, verifier)
        )
    except (KeyError, TypeError, AttributeError):
        raise ProofRefused("this is not a proof file") from None
    except NoteRefused as refused:
        raise ProofRefused(f"its checkpoint is not signed with this key ({refused.why})") from None
    except ProofRefused:
        raise
    except ValueError:
        raise ProofRefused("this is not a proof file") from None


def _check_inclusion_file(content: Mapping[str, Any], proof: list[bytes], verifier: Verifier) -> Proved:
    if content["checkpoint"] is None:
        raise ProofRefused(
            "it has no checkpoint: ask for a proof without a size, or check it against a root that you know"
        )
    checkpoint = open_checkpoint(content["checkpoint"].encode(), verifier)
    index, size, leaf = content["index"], content["size"], content["leafHash"]
    if type(index) is not int or size != checkpoint.size:
        raise ProofRefused("its checkpoint is of another size")
    check_inclusion(bytes.fromhex(leaf), index, checkpoint.size, checkpoint.root, proof)
    return Proved(verifier.name, checkpoint.size, index=index, leaf_hash=leaf)


def _check_consistency_file(content: Mapping[str, Any], proof: list[bytes], verifier: Verifier) -> Proved:
    known = {each.size: each for each in (open_checkpoint(note.encode(), verifier) for note in content["checkpoints"])}
    old, new = known.get(content["from"]), known.get(content["to"])
    if old is None or new is None:
        raise ProofRefused("it does not have both checkpoints: check it against roots that you know")
    check_consistency(old.size, old.root, new.size, new.root, proof)
    return Proved(verifier.name, new.size, older=old.size)


def _newest(reader: Reader, verifier: Verifier) -> tuple[Checkpoint, bytes]:
    note = reader.checkpoint()
    if note is None:
        raise AuditUnavailable("no checkpoint is published yet")
    return _opened(note, verifier), note


def _checkpoint_of(reader: Reader, verifier: Verifier, size: int) -> tuple[Checkpoint, bytes] | tuple[None, None]:
    """The checkpoint that was published of exactly this size, if one was."""
    note = _note_of(reader, size)
    if note is None:
        return None, None
    return _opened(note.encode(), verifier), note.encode()


def _opened(note: bytes, verifier: Verifier) -> Checkpoint:
    try:
        return open_checkpoint(note, verifier)
    except NoteRefused:
        raise AuditUnavailable("a checkpoint is not of this log and this key") from None


def _note_of(reader: Reader, size: int) -> str | None:
    """The checkpoint that was published of exactly this size, if one was."""
    for kept, note in reader.checkpoints(size - 1, 1):
        if kept == size and isinstance(note, bytes):
            return note.decode()
    return None
