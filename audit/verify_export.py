"""Verifies an export with the log's public key alone, without the hub, its log or a network.

An export that verifies has every record byte for byte as it stands in the log, and its CSV says the same. It does not
show that no record was left out: the selection is what the exporter says it was.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from audit.checkpoint import Checkpoint, NoteRefused, Verifier, open_checkpoint
from audit.export import (
    BOM,
    COLUMNS_OF,
    LISTED,
    MANIFEST,
    NOTE,
    PROOFS,
    RECORDS,
    TABLE,
    Exported,
    ExportRefused,
    csv_cells,
    csv_line,
    proof_line,
)
from audit.proof import ProofRefused, check_inclusion
from audit.record import Record, RecordInvalid, decode
from audit.tree import leaf_hash

_MAX_LINE: Final = 64 * 1024 * 1024


class _Misfit(ExportRefused):
    """A line of one file that does not fit the others; `record` counts the records from 1."""

    def __init__(self, text: str, file: str, record: int) -> None:
        super().__init__(text)
        self.file, self.record = file, record


def verify_export(folder: Path, verifier: Verifier) -> Exported:
    """Check all of an export; ExportRefused names the first file, and line, that is wrong."""
    manifest = _read_manifest(folder, verifier)
    checkpoint = _read_checkpoint(manifest, verifier)
    files = manifest["files"]
    changed = [name for name in LISTED if _digest_file(folder / name) != (files[name]["bytes"], files[name]["sha256"])]
    try:
        count = _check_lines(folder, checkpoint, COLUMNS_OF[manifest["format"]], bom=bool(files[TABLE]["bom"]))
    except _Misfit as misfit:
        raise _blamed(misfit, changed) from None
    if changed:
        raise ExportRefused(f"{changed[0]} is not the file that was signed")
    if count != manifest["records"]:
        raise ExportRefused(f"{RECORDS} has {count} records, and {manifest['records']} were exported")
    return Exported(count, verifier.name, checkpoint, manifest["selection"])


def _blamed(misfit: _Misfit, changed: Sequence[str]) -> ExportRefused:
    """Of files that disagree, the one whose digest was signed is right; `changed` are those that are not as signed."""
    if changed and misfit.file not in changed:
        return ExportRefused(f"{changed[0]}, line {misfit.record + (changed[0] == TABLE)}, is not what was signed")
    if misfit.file == PROOFS and RECORDS in changed:
        return ExportRefused(f"{RECORDS}, line {misfit.record}, or that of {PROOFS}, is not what was signed")
    return misfit


def _read_manifest(folder: Path, verifier: Verifier) -> dict[str, Any]:
    if not folder.is_dir():
        raise ExportRefused(f"there is no folder {folder}; name the folder that `sluicegate audit export` wrote")
    found = {each.name for each in folder.iterdir()}
    for name in (*LISTED, MANIFEST, NOTE):
        if name not in found:
            raise ExportRefused(f"{name} is missing")
    if found - {*LISTED, MANIFEST, NOTE}:
        raise ExportRefused(f"{min(found - {*LISTED, MANIFEST, NOTE})} does not belong to an export")
    try:
        text = verifier.open(_read_file(folder / NOTE))
    except NoteRefused as refused:
        raise ExportRefused(f"{NOTE} is not signed by this key over this text ({refused.why})") from None
    if _read_file(folder / MANIFEST) != text.encode():
        raise ExportRefused(f"{MANIFEST} is not the manifest that was signed")
    manifest = json.loads(text) if text.startswith("{") else {}
    if manifest.get("format") not in COLUMNS_OF or manifest.get("log") != verifier.name:
        raise ExportRefused(f"{MANIFEST} is not the manifest of an export of this log")
    return dict(manifest)


def _read_checkpoint(manifest: Mapping[str, Any], verifier: Verifier) -> Checkpoint:
    try:
        return open_checkpoint(manifest["checkpoint"].encode(), verifier)
    except NoteRefused as refused:
        raise ExportRefused(f"{MANIFEST}: its checkpoint is not of this log ({refused.why})") from None


def _check_lines(folder: Path, checkpoint: Checkpoint, columns: Sequence[str], *, bom: bool) -> int:
    """Check each line of the three files against the others and the checkpoint; returns the number of records."""
    count, last = 0, -1
    with ExitStack() as files:
        lines, table, proofs = (files.enter_context((folder / name).open("rb")) for name in LISTED)
        if table.readline(_MAX_LINE) != (BOM if bom else "").encode() + csv_line(columns):
            raise _Misfit(f"{TABLE}, line 1, is not the header", TABLE, 0)
        while line := lines.readline(_MAX_LINE):
            count += 1
            record, leaf = _parse_record(line, count)
            index, proof = _parse_proof(proofs.readline(_MAX_LINE), leaf, count)
            if index <= last:
                raise _Misfit(f"{PROOFS}, line {count}, is out of order", PROOFS, count)
            _check_proof(leaf, index, checkpoint, proof, count)
            if table.readline(_MAX_LINE) != csv_line(csv_cells(index, record, leaf, columns)):
                raise _Misfit(f"{TABLE}, line {count + 1}, does not say what the record says", TABLE, count)
            last = index
        for name, file in ((PROOFS, proofs), (TABLE, table)):
            if file.readline(_MAX_LINE):
                raise _Misfit(f"{name} goes on after the last record", name, count + 1)
    return count


def _parse_record(line: bytes, count: int) -> tuple[Record, bytes]:
    body = line.removesuffix(b"\n")
    try:
        return decode(body), leaf_hash(body)
    except RecordInvalid:
        raise _Misfit(f"{RECORDS}, line {count}, is not a record", RECORDS, count) from None


def _parse_proof(line: bytes, leaf: bytes, count: int) -> tuple[int, list[bytes]]:
    try:
        parsed = json.loads(line)
        index, proof = parsed["index"], [base64.b64decode(each, validate=True) for each in parsed["proof"]]
    except (ValueError, TypeError, KeyError):
        raise _Misfit(f"{PROOFS}, line {count}, is not a proof", PROOFS, count) from None
    if type(index) is not int or line != proof_line(index, leaf, proof):
        raise _Misfit(f"{PROOFS}, line {count}, is not the proof of that record", PROOFS, count)
    return index, proof


def _check_proof(leaf: bytes, index: int, checkpoint: Checkpoint, proof: list[bytes], count: int) -> None:
    try:
        check_inclusion(leaf, index, checkpoint.size, checkpoint.root, proof)
    except ProofRefused as refused:
        text = f"{RECORDS}, line {count}, is not proved to be in the log: {refused}"
        raise _Misfit(text, RECORDS, count) from None


def _digest_file(path: Path) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            length += len(piece)
    return length, digest.hexdigest()


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_LINE)
