"""The export of a search as one file: the folder that `audit export` writes, in a zip.

The files lie in a folder of the home that only its owner can read, until the zip is made; then they are removed. The
zip of a folder is the same bytes each time.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from audit.checkpoint import open_checkpoint
from audit.export import LISTED, MANIFEST, NOTE, export
from audit.record import utc_now
from audit.search import QueryRefused
from audit.stores.open import open_reader
from hub.home.audit_log import signer_of, verifier_of
from hub.home.settings import Settings

MOST_RECORDS: Final = 5_000
MOST_BYTES: Final = 64 << 20
"""How large the files of an export may be before they are packed."""
LONGEST_WAIT: Final = 5.0
"""Seconds for which the checkpoint is waited for that covers the newest records."""
PREFIX: Final = "export-"
LEFT_SECONDS: Final = 3_600
"""A folder that is older was left by a process that was killed."""


def zipped_export(settings: Settings, indexes: Sequence[int], selection: Mapping[str, Any]) -> bytes:
    """The export of these records as a zip, for `audit verify-export` once it is unpacked; blocks.

    QueryRefused if it is too large; ExportRefused and RecordInvalid as `export`, NoteRefused for a foreign checkpoint.
    """
    if len(indexes) > MOST_RECORDS:
        raise QueryRefused(
            f"more than {MOST_RECORDS:,} records; narrow the search, or use `sluicegate audit export`", "records"
        )
    _remove_what_was_left(settings.home)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=settings.home) as made,
        closing(open_reader(settings.audit_log)) as reader,
    ):
        folder = Path(made, "export")
        _wait_for_checkpoint(settings, max(indexes, default=0))
        export(reader, indexes, folder, signer=signer_of(settings), selection=selection, made=utc_now(), bom=True)
        return _zip(folder)


def _wait_for_checkpoint(settings: Settings, index: int) -> None:
    verifier, until = verifier_of(settings), time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        with closing(open_reader(settings.audit_log)) as reader:
            note = reader.checkpoint()
        if note is not None and open_checkpoint(note, verifier).size > index:
            return
        time.sleep(0.1)
    raise QueryRefused("no checkpoint covers the newest records yet; try again in a minute", "wait")


def _zip(folder: Path) -> bytes:
    if sum(path.stat().st_size for path in folder.iterdir()) > MOST_BYTES:
        raise QueryRefused(
            "the files are too large for a page; narrow the search, or use `sluicegate audit export`", "large"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (*LISTED, MANIFEST, NOTE):
            entry = zipfile.ZipInfo(name)  # without the time of the file
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (folder / name).read_bytes())
    return packed.getvalue()


def _remove_what_was_left(home: Path) -> None:
    for folder in home.glob(f"{PREFIX}*"):
        if time.time() - folder.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
