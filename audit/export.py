"""Exports selected records with their proofs to a folder of five files.

Whoever has the folder and the log's public key can check all of it (`audit/verify_export.py`). The folder is new, only
its owner can read the files, and nothing is overwritten.

`records.jsonl`: the canonical bytes of each record, one on a line, by index; `records.csv`: the same for spreadsheets
(RFC 4180, UTF-8), where no cell can run as a formula; `proofs.jsonl`: for each record its index and the inclusion proof
(RFC 6962) to the tree of the checkpoint; `manifest.json`: what was selected, how many records, the checkpoint, and
SHA-256 and length of each of those files; `manifest.note`: the manifest as a C2SP signed note. The manifest begins with
`{`, so a signature on it is never one on a checkpoint, whose first line is the log's name.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

from audit.checkpoint import Checkpoint, NoteRefused, Signer, Verifier, open_checkpoint
from audit.durable_files import sync_folder, write_new_file
from audit.proof import inclusion, root_at
from audit.record import Coordinates, Record, RecordInvalid, decode
from audit.stores.reader import Reader
from audit.tree import leaf_hash

FORMAT: Final = "sluicegate audit export 4"
RECORDS: Final = "records.jsonl"
TABLE: Final = "records.csv"
PROOFS: Final = "proofs.jsonl"
MANIFEST: Final = "manifest.json"
NOTE: Final = "manifest.note"
LISTED: Final = (RECORDS, TABLE, PROOFS)
BOM: Final = "\ufeff"

COLUMNS: Final = (
    "index", "time", "kind", "result", "http_status", "application", "department", "region", "subject", "purpose",
    "case", "policy_version", "catalogue_version", "clear", "masked", "aggregated", "matched", "denied", "nodes",
    "subjects", "variables", "operation", "operation_name", "request_id", "request_digest", "duration_us", "leaf_hash",
    "actor_application", "actor", "answered",
)  # fmt: skip


def _without(*later: str) -> tuple[str, ...]:
    return tuple(each for each in COLUMNS if each not in later)


COLUMNS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "sluicegate audit export 1": _without("catalogue_version", "actor_application", "actor", "answered"),
    "sluicegate audit export 2": _without("actor_application", "actor", "answered"),
    "sluicegate audit export 3": _without("answered"),
    FORMAT: COLUMNS,
}
"""The columns of the CSV by format: an export of an earlier format is verified as it was made."""

_FORMULA_STARTS: Final = (
    "=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫",
    "\t", "\r", "\n", "|", "%", "'",
)  # fmt: skip
_EFFECTS: Final = tuple(each.name for each in fields(Coordinates))


class ExportRefused(ValueError):
    """An export can't be made, or does not verify. The text names the file, and the line if there is one."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A complete export: how many records, of which log, up to which checkpoint, and what was selected."""

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
    value. With `bom` the CSV begins with a byte order mark, by which some spreadsheets recognise UTF-8. Records that
    the checkpoint does not cover yet are left out; its size is in the manifest. ExportRefused if the folder exists, or
    if this log has no checkpoint; RecordInvalid at a row that is not a record. After any failure, all that was written
    is removed.
    """
    note, checkpoint = _newest_checkpoint(reader, signer.verifier)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise ExportRefused(f"{folder} exists already; name a new folder, for nothing is overwritten") from None
    except OSError as fault:
        raise ExportRefused(f"{folder} can't be made as a new folder ({type(fault).__name__})") from None
    try:
        listed = _write_records(
            reader, (each for each in indexes if each < checkpoint.size), folder, checkpoint.size, bom=bom
        )
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


def csv_cells(index: int, record: Record, leaf: bytes, columns: Iterable[str] = COLUMNS) -> list[str]:
    """The cells of a record in the CSV, one for each column, each as `safe_cell` gives it."""
    values: dict[str, object] = {each.name: getattr(record, each.name) for each in fields(Record)}
    values |= {effect: " ".join(getattr(record.decision, effect)) for effect in _EFFECTS}
    values |= {
        "index": index,
        "subjects": " ".join(record.subjects),
        "variables": " ".join(f"{path}={value}" for path, value in sorted(record.variables.items())),
        "leaf_hash": leaf.hex(),
    }
    return [safe_cell("" if values[name] is None else str(values[name])) for name in columns]


def safe_cell(text: str) -> str:
    """`text` as a cell: control characters as escapes, and an apostrophe before anything a spreadsheet might run.

    A text that begins with an apostrophe gets another one, so that removing one apostrophe always restores the text.
    """
    shown = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA_STARTS) or shown[:1].isspace() else shown


def _newest_checkpoint(reader: Reader, verifier: Verifier) -> tuple[bytes, Checkpoint]:
    note = reader.checkpoint()
    if note is None:
        raise ExportRefused("no checkpoint is published yet, and an export needs one for its proofs")
    try:
        checkpoint = open_checkpoint(note, verifier)
        held = checkpoint.size <= reader.size and root_at(reader, checkpoint.size) == checkpoint.root
    except (NoteRefused, ValueError):
        held = False
    if not held:
        raise ExportRefused("the newest checkpoint is not of this log and this key; run `sluicegate audit verify`")
    return note, checkpoint


def _write_records(reader: Reader, indexes: Iterable[int], folder: Path, size: int, *, bom: bool) -> dict[str, Any]:
    tree, count = _CachedTree(reader), 0
    with _NewFile(folder / RECORDS) as lines, _NewFile(folder / PROOFS) as proofs, _NewFile(folder / TABLE) as table:
        table.write((BOM if bom else "").encode() + csv_line(COLUMNS))
        for index in indexes:
            body, leaf = _read_record(reader, index)
            lines.write(body + b"\n")
            proofs.write(proof_line(index, leaf, inclusion(tree, index, size)))
            table.write(csv_line(csv_cells(index, decode(body), leaf)))
            count += 1
        summaries = {name: file.summary() for name, file in zip(LISTED, (lines, table, proofs), strict=True)}
    summaries[TABLE]["bom"] = bom
    return {**summaries, "records": count}


def _read_record(reader: Reader, index: int) -> tuple[bytes, bytes]:
    rows = reader.rows(index, index + 1, 1)
    body = rows[0].body if rows else None
    if not isinstance(body, bytes) or leaf_hash(body) != rows[0].leaf:
        raise RecordInvalid(f"record {index} is not as it was written; run `sluicegate audit verify`")
    return body, leaf_hash(body)


def csv_line(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(values)
    return text.getvalue().encode()


def proof_line(index: int, leaf: bytes, proof: Iterable[bytes]) -> bytes:
    line = {"index": index, "leafHash": leaf.hex(), "proof": [base64.b64encode(each).decode() for each in proof]}
    return json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n"


class _CachedTree:
    """The tree of a log, with its last runs of hashes in memory: neighbouring proofs share them."""

    def __init__(self, reader: Reader) -> None:
        self.size = reader.size
        self.leaves = lru_cache(maxsize=64)(reader.leaves)
        self.nodes = lru_cache(maxsize=64)(reader.nodes)


class _NewFile:
    """A new file that only its owner can read; counts its bytes and computes their SHA-256 while they are written."""

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

    def summary(self) -> dict[str, Any]:
        return {"bytes": self._bytes, "sha256": self._hash.hexdigest()}
