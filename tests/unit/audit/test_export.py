"""Exports: the public key alone is enough to check one, a changed byte is named by file, and no cell is a formula."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import export as exporting
from audit.checkpoint import Signer, Verifier, sign_checkpoint
from audit.export import (
    COLUMNS,
    LISTED,
    MANIFEST,
    NOTE,
    PROOFS,
    RECORDS,
    TABLE,
    ExportRefused,
    export,
    safe_cell,
)
from audit.log import AuditLog
from audit.record import Coordinates, Record, RecordInvalid, decode, encode
from audit.stores.open import open_reader
from audit.stores.sqlite import SqliteReader
from audit.verify_export import verify_export

pytestmark = pytest.mark.unit

SIGNER = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(b"1" * 32))
OTHER = Signer("example.org/audit", Ed25519PrivateKey.from_private_bytes(b"2" * 32))
MADE = "2026-11-22T10:00:00.000Z"
DIGEST = "AAAAAAAAAAAAAAAAAAAAAA"


def a_record(number: int, **changes: object) -> Record:
    record = Record(
        kind="query",
        request_id=f"r{number}",
        result="OK",
        http_status=200,
        time=f"2026-06-01T00:00:{number % 60:02}.000Z",
        application="fire-inspection",
        subject=f"-{DIGEST[1:]}",
        purpose="safety.fire",
        variables={"$v1.eq": DIGEST},
        decision=Coordinates(clear=("Person.name", "Person.region")),
        subjects=(DIGEST, DIGEST[::-1]),
        salt=f"{number:032x}",
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def a_log(path: Path, records: list[Record]) -> SqliteReader:
    log = AuditLog.open(path, 10, signer=SIGNER)
    for each in records:
        log.append_sync(each)
    log.close()
    return SqliteReader(path)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteReader]:
    found = a_log(tmp_path_factory.mktemp("log") / "audit.db", [a_record(number) for number in range(300)])
    yield found
    found.close()


def made(reader: SqliteReader, folder: Path, indexes: list[int], *, bom: bool = False) -> Path:
    export(reader, indexes, folder, signer=SIGNER, selection={"department": "fire"}, made=MADE, bom=bom)
    return folder


@pytest.mark.parametrize("indexes", [[], [0], [299], [3, 255, 256, 257], list(range(300))], ids=len)
@pytest.mark.parametrize("bom", [False, True])
def test_what_was_exported_verifies(reader: SqliteReader, tmp_path: Path, indexes: list[int], *, bom: bool) -> None:
    folder = made(reader, tmp_path / "out", indexes, bom=bom)
    found = verify_export(folder, Verifier.parse(SIGNER.verifier.text))
    assert (found.count, found.origin, found.selection) == (len(indexes), SIGNER.name, {"department": "fire"})
    assert (found.checkpoint.size, found.checkpoint.root) == (300, reader.head().root)
    assert (folder / RECORDS).read_bytes() == b"".join(encode(a_record(each)) + b"\n" for each in indexes)
    assert {each.name for each in folder.iterdir()} == {*LISTED, MANIFEST, NOTE}
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_table_has_one_row_a_record(reader: SqliteReader, tmp_path: Path) -> None:
    content = (made(reader, tmp_path / "out", [3, 5], bom=True) / TABLE).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == content.count(b"\n") == 3
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    told = dict(zip(COLUMNS, rows[2], strict=True))
    assert (told["index"], told["clear"], told["variables"]) == ("5", "Person.name Person.region", f"$v1.eq={DIGEST}")
    # A digest may begin with a minus; the apostrophe stands before it, and is no part of it.
    assert told["subject"] == f"'-{DIGEST[1:]}"


@pytest.mark.slow
def test_a_changed_byte_is_named_wherever_it_stands(reader: SqliteReader, tmp_path: Path) -> None:
    folder = made(reader, tmp_path / "out", [7, 200])
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        # One in seven: the size of no field and no digest is a multiple of it, so that each part has some.
        for at in range(0, len(whole), 7):
            path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
            with pytest.raises(ExportRefused) as refused:
                verify_export(folder, SIGNER.verifier)
            assert str(refused.value).startswith(path.name), (path.name, at, str(refused.value))
        for cut in (0, 1, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            with pytest.raises(ExportRefused, match=path.name):
                verify_export(folder, SIGNER.verifier)
        path.write_bytes(whole)
    assert verify_export(folder, SIGNER.verifier).count == 2


def swapped(path: Path) -> None:
    first, second = path.read_bytes().splitlines(keepends=True)[:2]
    path.write_bytes(second + first)


def replaced(path: Path, number: int) -> None:
    """Change a word of one line, which stays what it was in form."""
    lines = path.read_bytes().splitlines(keepends=True)
    words = {RECORDS: (b'"OK"', b'"KO"'), TABLE: (b"OK", b"KO"), PROOFS: (b'"index":200', b'"index":201')}
    before, after = words[path.name]
    assert before in lines[number - 1]
    lines[number - 1] = lines[number - 1].replace(before, after)
    path.write_bytes(b"".join(lines))


def all_of(folder: Path, *changes: tuple[Any, ...]) -> None:
    for change, name, *more in changes:
        change(folder / name, *more)


def cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / PROOFS).unlink(), f"{PROOFS} is missing"),
        (lambda folder: (folder / "more.txt").write_bytes(b""), "more.txt does not belong to an export"),
        (lambda folder: swapped(folder / RECORDS), f"{RECORDS}, line 1, is not what was signed"),
        (lambda folder: replaced(folder / RECORDS, 2), f"{RECORDS}, line 2, is not what was signed"),
        (lambda folder: cut(folder / RECORDS), f"{RECORDS}, line 2, is not what was signed"),
        (lambda folder: swapped(folder / PROOFS), f"{PROOFS}, line 1, is not the proof of that record"),
        (lambda folder: replaced(folder / TABLE, 3), f"{TABLE}, line 3, does not say what the record says"),
        (
            lambda folder: all_of(folder, (replaced, RECORDS, 2), (swapped, TABLE)),
            f"{TABLE}, line 1, is not the header",
        ),
        (
            lambda folder: all_of(folder, (replaced, RECORDS, 2), (replaced, TABLE, 3)),
            f"{RECORDS}, line 2, is not what was signed",
        ),
        (
            lambda folder: all_of(folder, (replaced, RECORDS, 2), (replaced, PROOFS, 2)),
            f"{RECORDS}, line 2, or that of {PROOFS}, is not what was signed",
        ),
        (lambda folder: (folder / TABLE).write_bytes((folder / TABLE).read_bytes() + b"=1\r\n"), f"{TABLE} goes on"),
        (shutil.rmtree, "there is no folder"),
    ],
)
def test_what_is_wrong_with_the_folder_is_named(
    reader: SqliteReader, tmp_path: Path, change: object, says: str
) -> None:
    folder = made(reader, tmp_path / "out", [7, 200])
    change(folder)  # type: ignore[operator]
    with pytest.raises(ExportRefused, match=says):
        verify_export(folder, SIGNER.verifier)


def test_another_key_does_not_verify(reader: SqliteReader, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match=NOTE):
        verify_export(made(reader, tmp_path / "out", [1]), OTHER.verifier)


def test_a_forger_with_another_key_cannot_make_a_manifest(reader: SqliteReader, tmp_path: Path) -> None:
    folder = made(reader, tmp_path / "out", [1])
    text = (folder / MANIFEST).read_text("utf-8").replace('"records": 1', '"records": 0')
    (folder / MANIFEST).write_text(text, "utf-8")
    (folder / NOTE).write_bytes(OTHER.seal(text))
    with pytest.raises(ExportRefused, match=NOTE):
        verify_export(folder, SIGNER.verifier)


def test_a_checkpoint_is_no_manifest(reader: SqliteReader, tmp_path: Path) -> None:
    folder = made(reader, tmp_path / "out", [1])
    note = sign_checkpoint(SIGNER, 300, reader.head().root)
    (folder / NOTE).write_bytes(note)
    (folder / MANIFEST).write_text(SIGNER.verifier.open(note), "utf-8")
    with pytest.raises(ExportRefused, match=f"{MANIFEST} is not the manifest of an export"):
        verify_export(folder, SIGNER.verifier)


def test_nothing_is_overwritten(reader: SqliteReader, tmp_path: Path) -> None:
    folder = made(reader, tmp_path / "out", [1])
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(ExportRefused, match="exists already; name a new folder"):
        made(reader, folder, [2])
    assert (folder / MANIFEST).read_bytes() == before


def test_what_fails_leaves_nothing(reader: SqliteReader, tmp_path: Path) -> None:
    with pytest.raises(RecordInvalid):
        made(reader, tmp_path / "out", [1, -1])  # the second one is none
    assert not (tmp_path / "out").exists()


def test_records_after_the_checkpoint_wait(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    a_log(path, [a_record(0)]).close()
    unsigned = AuditLog.open(path, 10)
    unsigned.append_sync(a_record(1))
    unsigned.close()
    reader = open_reader(path)
    assert export(reader, [0, 1], tmp_path / "out", signer=SIGNER, selection={}, made=MADE).count == 1
    reader.close()


def test_without_a_checkpoint_of_this_key_nothing_is_exported(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path / "bare.db", 10)
    log.append_sync(a_record(0))
    log.close()
    a_log(tmp_path / "audit.db", [a_record(0)]).close()
    for name, signer, says in (("bare.db", SIGNER, "no checkpoint"), ("audit.db", OTHER, "not of this log")):
        reader = open_reader(tmp_path / name)
        with pytest.raises(ExportRefused, match=says):
            export(reader, [0], tmp_path / "out", signer=signer, selection={}, made=MADE)
        reader.close()
    assert not (tmp_path / "out").exists()


FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "　=1",
    "'=1",
    "|calc",
    "%0A",
)


@pytest.mark.parametrize("text", FORMULAS, ids=repr)
def test_f05_no_cell_runs_as_a_formula(tmp_path: Path, text: str) -> None:
    cell = safe_cell(text)
    assert cell.startswith("'") or not cell.strip().startswith(("=", "+", "-", "@"))
    assert cell.isprintable()
    record = a_record(0, application=text, purpose=text, variables={text: text}, decision=Coordinates(clear=(text,)))
    reader = a_log(tmp_path / "audit.db", [record])
    folder = made(reader, tmp_path / "out", [0])
    reader.close()
    _, row = csv.reader((folder / TABLE).read_text("utf-8").splitlines())
    for each in row:
        assert not each.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "|", "%")), each
        assert each.isprintable()
    assert verify_export(folder, SIGNER.verifier).count == 1
    assert decode((folder / RECORDS).read_bytes().removesuffix(b"\n")) == record


@pytest.mark.parametrize("text", ["a=1", "fire", "", "14/03/", "消防"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


def test_the_columns_are_those_of_a_record() -> None:
    known = {"index", "leaf_hash", *Coordinates.__slots__, *Record.__slots__} - {"decision", "salt", "v"}
    assert set(COLUMNS) == known and exporting.FORMAT == "sluicegate audit export 4"


LATEST = frozenset({"answered"})
ACTORS = LATEST | {"actor_application", "actor"}
EARLIER = {
    "sluicegate audit export 1": ACTORS | {"catalogue_version"},
    "sluicegate audit export 2": ACTORS,
    "sluicegate audit export 3": LATEST,
}


@pytest.mark.parametrize("form", EARLIER)
def test_an_export_of_an_earlier_format_verifies_as_it_was_made(
    reader: SqliteReader, tmp_path: Path, form: str
) -> None:
    folder = made(reader, tmp_path / "out", [1, 2])
    rows = csv.DictReader((folder / TABLE).read_text("utf-8").splitlines())
    columns = [each for each in COLUMNS if each not in EARLIER[form]]
    lines = [columns, *([row[name] for name in columns] for row in rows)]
    table = b"".join(exporting.csv_line(line) for line in lines)
    (folder / TABLE).write_bytes(table)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["files"][TABLE] |= {"bytes": len(table), "sha256": hashlib.sha256(table).hexdigest()}
    for written, fits in ((manifest, False), ({**manifest, "format": form}, True)):
        text = json.dumps(written, indent=2, sort_keys=True) + "\n"
        (folder / MANIFEST).write_text(text, "utf-8")
        (folder / NOTE).write_bytes(SIGNER.seal(text))
        if fits:
            assert verify_export(folder, SIGNER.verifier).count == 2
        else:
            with pytest.raises(ExportRefused, match="is not the header"):
                verify_export(folder, SIGNER.verifier)


def test_the_manifest_tells_what_was_asked(reader: SqliteReader, tmp_path: Path) -> None:
    told = json.loads((made(reader, tmp_path / "out", [1, 2]) / MANIFEST).read_text("utf-8"))
    assert told["selection"] == {"department": "fire"} and told["made"] == MADE and told["records"] == 2
    assert set(told["files"]) == set(LISTED)
