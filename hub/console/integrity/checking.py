"""Reads what the page of the whole log shows, and checks the log record by record; blocks, for a thread.

The check is that of the command `audit verify`. It takes half of one processor at most: requests come first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Final

from audit.checkpoint import NoteRefused, open_checkpoint
from audit.log import read
from audit.note import decode
from audit.record import Record
from audit.stores.open import open_reader
from audit.verify import Verdict, verify
from hub.console.integrity.checks import Checks
from hub.home.audit_log import end_record, existing_verifier, verifier_of
from hub.request.running import Hub

NOTED_SECONDS: Final = 1.0
"""How often a check notes how far it is."""
KEY_HASH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a checkpoint: whose, by which key (hash, hex); `checked` if it is the log's own, and good."""

    name: str
    key: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Published:
    """The newest checkpoint: `root` in hex, `time` that of the newest record in it, or empty if it has none.

    `later` records came since; `recorded` is the size of the checkpoint that is kept outside the log, or None.
    """

    note: str
    size: int
    root: str
    time: str
    signatures: Sequence[Signature]
    later: int
    recorded: int | None


class _Replaced(Exception):
    """Another check has taken the place of this one."""


def published(hub: Hub) -> Published | None:
    """The newest checkpoint; None if there is none yet. StoreFault, and NoteRefused for one of another log."""
    settings = hub.settings
    with closing(open_reader(settings.audit_log)) as reader:
        note, (size, _) = reader.checkpoint(), reader.ends()
    if note is None:
        return None
    verifier = verifier_of(settings)
    found = open_checkpoint(note, verifier)
    newest = next(iter(read(settings.audit_log, found.size - 1, 1)), None) if found.size else None
    made = newest.record.time if newest is not None else ""
    signatures = [_signature(line, verifier.name) for line in note.decode().splitlines() if line.startswith("— ")]
    later, root = max(size - found.size, 0), found.root.hex()
    return Published(note.decode(), found.size, root, made, signatures, later, _recorded(hub))


def _signature(line: str, log: str) -> Signature:
    name, _, coded = line.removeprefix("— ").partition(" ")
    key = (decode(coded) or b"")[:KEY_HASH_BYTES].hex()
    return Signature(name, key, name == log)


def _recorded(hub: Hub) -> int | None:
    try:
        note = hub.settings.audit_head.read_bytes()
        return open_checkpoint(note, verifier_of(hub.settings)).size
    except (FileNotFoundError, NoteRefused):
        return None


def public_key(hub: Hub) -> str:
    """The public key of the log, as `audit key` prints it: a line for each, today's first."""
    return verifier_of(hub.settings).texts + "\n"


def check_whole_log(hub: Hub, checks: Checks, run: str, begun: Record, ended: str) -> None:
    """Check every record, note how far it is and what was found, and record that; `begun` is the record of its begin.

    Raises what `verify` and the store raise; then the check is lost, and the page says so after a minute.
    """
    noted, resumed = time.monotonic(), time.monotonic()

    def watch(done: int, total: int) -> None:
        nonlocal noted, resumed
        now = time.monotonic()
        if now - noted >= NOTED_SECONDS:
            if not checks.go_on(run, done, total):
                raise _Replaced
            noted = now
        time.sleep(min(now - resumed, 1.0))
        resumed = time.monotonic()

    settings = hub.settings
    kept = settings.audit_head if settings.audit_head.exists() else None
    try:
        found = verify(settings.audit_log, verifier=existing_verifier(settings), recorded_head=kept, progress=watch)
    except _Replaced:
        return
    facts = {"size": str(found.size), "root": found.root}
    hub.log.append_sync(end_record(begun, ended, facts, "OK" if found.ok else "TAMPERED"))
    checks.end(run, found.size, json.dumps(_told(found)))


def _told(found: Verdict) -> dict[str, object]:
    names = ("ok", "size", "root", "first_bad", "why", "note")
    missing = found.compared.missing() if found.ok else []
    return {name: getattr(found, name) for name in names} | {
        "compared": asdict(found.compared),
        "missing": missing,
        "open": [asdict(each) for each in found.open],
    }
