"""What was exported can be checked by anyone who has it and the log's public key, and by nothing else.

A folder of five files. `records.jsonl`: each record's canonical bytes, one a line, by index; `records.csv`: the same
for spreadsheets (RFC 4180, UTF-8), where no cell can run as a formula; `proofs.jsonl`: for each record its index and
the inclusion proof (RFC 6962) to the tree of the checkpoint; `manifest.json`: what was selected, how many records, the
checkpoint, and SHA-256 and length of each of those files; `manifest.note`: the manifest as a C2SP signed note. Files
are for their owner only, in a new folder; nothing is overwritten. The manifest begins with `{`, so no signature on one
is a signature on a checkpoint, whose first line is the log's name.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

from audit.checkpoint import Checkpoint, NoteRefused, Signer, Verifier, open_checkpoint
from audit.durable_files import sync_folder, write_new_file
from audit.proof import ProofRefused, check_inclusion, inclusion, root_at
from audit.record import Coordinates, Record, RecordInvalid, decode
from audit.stores.reader import Reader
from audit.tree import leaf_hash

FORMAT: Final = "sluicegate audit export 1"
RECORDS: Final = "records.jsonl"
TABLE: Final = "records.csv"
PROOFS: Final = "proofs.jsonl"
MANIFEST: Final = "manifest.json"
NOTE: Final = "manifest.note"
LISTED: Final = (RECORDS, TABLE, PROOFS)
BOM: Final = "\ufeff"

COLUMNS: Final = (
    "index", "time", "kind", "result", "http_status", "application", "department", "region", "subject", "purpose",
    "case", "policy_version", "clear", "masked", "aggregated", "matched", "denied", "nodes", "subjects", "variables",
    "operation", "operation_name", "request_id", "request_digest", "duration_us", "leaf_hash",
)  # fmt: skip

_RUNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "\t", "\r", "\n", "|", "%", "'")
_MOST: Final = 64 * 1024 * 1024
_EFFECTS: Final = tuple(each.name for each in fields(Coordinates))


class ExportRefused(ValueError):
    """An export can't be made, or is not what it says. The text names the file, and the line if there is one."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A whole export: how many records, of which log, up to which checkpoint."""

    count: int
    origin: str
    checkpoint: Checkpoint
    selection: Mapping[str, Any]


def export(
    reader: Reader,
    indexes: Iterable[int],
    folder: Path,
    *,
    signer: Signer,
    selection: Mapping[str, Any],
    made: str,
    bom: bool = False,
) -> Exported:
    """Write the records at `indexes` (ascending) to the new `folder`, proved in the newest published checkpoint.

    `selection` says what was asked for, `made` when (UTC); both go into the manifest, so neither may hold a personal
    value. With `bom` the CSV begins with a byte order mark, for spreadsheets that take it for the sign of UTF-8.
    Records that the checkpoint does not cover yet are left out; the manifest tells its size. ExportRefused where the
    folder is there, or where there is no checkpoint of this log; RecordInvalid at a row that is no record. Whatever
    fails, what was written is removed.
    """
    note, checkpoint = _published(reader, signer.verifier)
    try:
        folder.mkdir(mode=0o700)
    except OSError as fault:
        raise ExportRefused(f"{folder} can't be made as a new folder ({type(fault).__name__})") from None
    try:
        listed = _write(reader, (each for each in indexes if each < checkpoint.size), folder, checkpoint.size, bom=bom)
        manifest = {
            "format": FORMAT,
            "log": signer.name,
            "made": made,
            "selection": dict(selection),
            "records": listed.pop("records"),
            "checkpoint": note.decode(),
            "files": listed,
        }
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        write_new_file(folder / MANIFEST, text.encode())
        write_new_file(folder / NOTE, signer.seal(text))
        sync_folder(folder)
    except BaseException:
        for name in (*LISTED, MANIFEST, NOTE):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
        raise
    return Exported(manifest["records"], signer.name, checkpoint, selection)


def cells(index: int, record: Record, leaf: bytes) -> list[str]:
    """The row of a record in the CSV, by COLUMNS; every cell made safe."""
    told: dict[str, object] = {each.name: getattr(record, each.name) for each in fields(Record)}
    told |= {effect: " ".join(getattr(record.decision, effect)) for effect in _EFFECTS}
    told |= {
        "index": index,
        "subjects": " ".join(record.subjects),
        "variables": " ".join(f"{path}={value}" for path, value in sorted(record.variables.items())),
        "leaf_hash": leaf.hex(),
    }
    return [safe("" if told[name] is None else str(told[name])) for name in COLUMNS]


def safe(text: str) -> str:
    """`text` as a cell: controls as escapes, and an apostrophe before what a spreadsheet might run.

    A cell that begins with an apostrophe gets another one: without its first apostrophe a cell is what it was.
    """
    shown = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
    return f"'{shown}" if shown.lstrip().startswith(_RUNS) or shown[:1].isspace() else shown


def verify_export(folder: Path, verifier: Verifier) -> Exported:
    """Check all of an export with the log's public key; ExportRefused names the first file, and line, that is wrong."""
    manifest = _manifest(folder, verifier)
    checkpoint = _checkpoint(manifest, verifier)
    files = manifest["files"]
    changed = [name for name in LISTED if _digest(folder / name) != (files[name]["bytes"], files[name]["sha256"])]
    try:
        count = _check_lines(folder, checkpoint, bom=bool(files[TABLE]["bom"]))
    except ExportRefused as refused:
        # Of two files that disagree the one that was signed is not to blame.
        if changed and not str(refused).startswith(changed[0]):
            raise ExportRefused(f"{changed[0]} is not the file that was signed") from None
        raise
    if changed:
        raise ExportRefused(f"{changed[0]} is not the file that was signed")
    if count != manifest["records"]:
        raise ExportRefused(f"{RECORDS} has {count} records, and {manifest['records']} were exported")
    return Exported(count, verifier.name, checkpoint, manifest["selection"])


# Writing.


def _published(reader: Reader, verifier: Verifier) -> tuple[bytes, Checkpoint]:
    note = reader.checkpoint()
    if note is None:
        raise ExportRefused("no checkpoint is published yet; an export is proved against one")
    try:
        checkpoint = open_checkpoint(note, verifier)
        held = checkpoint.size <= reader.size and root_at(reader, checkpoint.size) == checkpoint.root
    except (NoteRefused, ValueError):
        held = False
    if not held:
        raise ExportRefused("the newest checkpoint is not one of this log and this key; run `sluicegate audit verify`")
    return note, checkpoint


def _write(reader: Reader, indexes: Iterable[int], folder: Path, size: int, *, bom: bool) -> dict[str, Any]:
    tree, count = _Remembered(reader), 0
    with _NewFile(folder / RECORDS) as lines, _NewFile(folder / PROOFS) as proofs, _NewFile(folder / TABLE) as table:
        table.write((BOM if bom else "").encode() + _row(COLUMNS))
        for index in indexes:
            body, leaf = _record(reader, index)
            lines.write(body + b"\n")
            proofs.write(_proof_line(index, leaf, inclusion(tree, index, size)))
            table.write(_row(cells(index, decode(body), leaf)))
            count += 1
        found = {name: file.told() for name, file in zip(LISTED, (lines, table, proofs), strict=True)}
    found[TABLE]["bom"] = bom
    return {**found, "records": count}


def _record(reader: Reader, index: int) -> tuple[bytes, bytes]:
    rows = reader.rows(index, index + 1, 1)
    body = rows[0].body if rows else None
    if not isinstance(body, bytes) or leaf_hash(body) != rows[0].leaf:
        raise RecordInvalid(f"record {index} is not as it was written; run `sluicegate audit verify`")
    return body, leaf_hash(body)


def _row(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()


def _proof_line(index: int, leaf: bytes, proof: Iterable[bytes]) -> bytes:
    told = {"index": index, "leafHash": leaf.hex(), "proof": [base64.b64encode(each).decode() for each in proof]}
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode() + b"\n"


class _Remembered:
    """The tree, whose runs of hashes neighbouring proofs share, read once."""

    def __init__(self, reader: Reader) -> None:
        self.size = reader.size
        self.leaves = lru_cache(maxsize=64)(reader.leaves)
        self.nodes = lru_cache(maxsize=64)(reader.nodes)


class _NewFile:
    """A new file for its owner only, whose length and SHA-256 are known when it is written."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "wb"
        )
        self._hash = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> _NewFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self._bytes += len(content)

    def told(self) -> dict[str, Any]:
        return {"bytes": self._bytes, "sha256": self._hash.hexdigest()}


# Checking.


def _manifest(folder: Path, verifier: Verifier) -> dict[str, Any]:
    found = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    for name in (*LISTED, MANIFEST, NOTE):
        if name not in found:
            raise ExportRefused(f"{name} is missing")
    if found - {*LISTED, MANIFEST, NOTE}:
        raise ExportRefused(f"{min(found - {*LISTED, MANIFEST, NOTE})} is no file of an export")
    try:
        text = verifier.open(_read(folder / NOTE))
    except NoteRefused as refused:
        raise ExportRefused(f"{NOTE} is not signed by this key over this text ({refused.why})") from None
    if _read(folder / MANIFEST) != text.encode():
        raise ExportRefused(f"{MANIFEST} is not the manifest that was signed")
    manifest = json.loads(text) if text.startswith("{") else {}
    if manifest.get("format") != FORMAT or manifest.get("log") != verifier.name:
        raise ExportRefused(f"{MANIFEST} is not of an export of this log")
    return dict(manifest)


def _checkpoint(manifest: Mapping[str, Any], verifier: Verifier) -> Checkpoint:
    try:
        return open_checkpoint(manifest["checkpoint"].encode(), verifier)
    except NoteRefused as refused:
        raise ExportRefused(f"{MANIFEST}: its checkpoint is not one of this log ({refused.why})") from None


def _check_lines(folder: Path, checkpoint: Checkpoint, *, bom: bool) -> int:
    """Each line of the three files against the others and the checkpoint; how many records there are."""
    count, last = 0, -1
    with ExitStack() as files:
        lines, table, proofs = (files.enter_context((folder / name).open("rb")) for name in LISTED)
        if table.readline(_MOST) != (BOM if bom else "").encode() + _row(COLUMNS):
            raise ExportRefused(f"{TABLE}, line 1, is not the header")
        while line := lines.readline(_MOST):
            count += 1
            record, leaf = _line(line, count)
            index, proof = _proof(proofs.readline(_MOST), leaf, count)
            if index <= last:
                raise ExportRefused(f"{PROOFS}, line {count}, is not in its order")
            _prove(leaf, index, checkpoint, proof, count)
            if table.readline(_MOST) != _row(cells(index, record, leaf)):
                raise ExportRefused(f"{TABLE}, line {count + 1}, does not say what the record says")
            last = index
        for name, file in ((PROOFS, proofs), (TABLE, table)):
            if file.readline(_MOST):
                raise ExportRefused(f"{name} goes on after the last record")
    return count


def _line(line: bytes, count: int) -> tuple[Record, bytes]:
    body = line.removesuffix(b"\n")
    try:
        return decode(body), leaf_hash(body)
    except RecordInvalid:
        raise ExportRefused(f"{RECORDS}, line {count}, is no record") from None


def _proof(line: bytes, leaf: bytes, count: int) -> tuple[int, list[bytes]]:
    try:
        told = json.loads(line)
        index, proof = told["index"], [base64.b64decode(each, validate=True) for each in told["proof"]]
    except (ValueError, TypeError, KeyError):
        raise ExportRefused(f"{PROOFS}, line {count}, is no proof") from None
    if type(index) is not int or line != _proof_line(index, leaf, proof):
        raise ExportRefused(f"{PROOFS}, line {count}, is not the proof of that record")
    return index, proof


def _prove(leaf: bytes, index: int, checkpoint: Checkpoint, proof: list[bytes], count: int) -> None:
    try:
        check_inclusion(leaf, index, checkpoint.size, checkpoint.root, proof)
    except ProofRefused as refused:
        raise ExportRefused(f"{RECORDS}, line {count}, is not proved to be in the log: {refused}") from None


def _digest(path: Path) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            length += len(piece)
    return length, digest.hexdigest()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST)
