"""Opens the audit log of a home, and makes the records of what commands do.

Every process of a home opens the log under the same signing keys (`keys/audit.key` and later ones) and compares it with
the recorded head (`audit.head`). The record of a command is durable before the command shows its result. Reading makes
nothing: no key, and no record in a copy of the log or under a database role that may only read.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Hashable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from audit import checkpoint
from audit.checkpoint import Signer, Verifier
from audit.log import AuditLog, Receipt
from audit.record import BEGUN, Digester, Record, new_salt, utc_now
from audit.stores.base import Where
from audit.stores.open import open_reader
from hub.home.key_files import KeyRefused
from hub.home.key_ring import ring_of
from hub.home.seals import load_key
from hub.home.settings import Settings

Log = TypeVar("Log", bound=AuditLog)


class NoLog(RuntimeError):
    """There is no log to read; the text says how one comes into being."""


def signer_of(settings: Settings) -> Signer:
    """The key that signs the log's checkpoints, made with the log; raises KeyRefused, also where a log has lost it."""
    key = settings.audit_key
    if settings.audit_head.exists() and not os.path.lexists(key):
        raise KeyRefused(f"{key} is missing, and the log of this home is signed with it; restore it from its backup")
    # Beside the first key, which a preview takes from the home that owns it.
    ring, now = ring_of(key.parent, "audit"), time.time()
    lost = next((each.file for each in ring.generations[1:] if not os.path.lexists(each.file)), None)
    if lost is not None:
        raise KeyRefused(f"{lost} is missing, and the log of this home is signed with it; restore it from its backup")
    signers = {each.number: Signer.load(each.file, settings.audit_origin) for each in ring.accepted(now)}
    return signers[ring.current(now).number].beside([each.verifier for each in signers.values()])


class SignerOfHome:
    """The key that signs the log of a home now; keys are read again when they were rotated."""

    def __init__(self, settings: Settings) -> None:
        """Raises as `signer_of`."""
        self._settings = settings
        self._state, self._signer = _state_of(settings), signer_of(settings)

    def __call__(self) -> Signer:
        """Raises nothing: where the keys cannot be read any more, those of before stay."""
        with suppress(KeyRefused, checkpoint.KeyRefused):
            state = _state_of(self._settings)
            if state != self._state:
                self._signer = signer_of(self._settings)
                self._state = state
        return self._signer


def _state_of(settings: Settings) -> Hashable:
    return ring_of(settings.audit_key.parent, "audit").state(time.time())


def verifier_of(settings: Settings) -> Verifier:
    """The public halves of the keys of `signer_of`; raises as it does."""
    return signer_of(settings).verifier


def digester_of(settings: Settings) -> Digester:
    """The digester of a home; raises KeyRefused where its key cannot be used."""
    ring, now = ring_of(settings.digest_key.parent, "digests"), time.time()
    current = ring.current(now)
    key = load_key(current.file)
    return Digester(key, [load_key(each.file) for each in ring.accepted(now) if each != current])


def open_log(settings: Settings) -> AuditLog:
    """The log of a home, for appending; raises KeyRefused and AuditUnavailable."""
    return open_log_as(AuditLog, settings)


def open_log_as(kind: type[Log], settings: Settings) -> Log:
    """The log of a home, opened as the class `kind`; raises as `open_log`."""
    digester_of(settings)  # its key is there before the log is, so that a log without it shows that keys were lost
    return kind.open(
        settings.audit_log,
        settings.audit_deadline,
        signer=SignerOfHome(settings),
        recorded_head=settings.audit_head,
    )


def has_keys(settings: Settings) -> bool:
    """Whether the home has the key of its log; False for a copy. KeyRefused if only the key of the digests is there."""
    if os.path.lexists(settings.audit_key):
        return True
    if os.path.lexists(settings.digest_key):
        raise KeyRefused(f"{settings.audit_key} is missing beside other keys of this home; restore it from its backup")
    return False


def existing_verifier(settings: Settings) -> Verifier | None:
    """The public half of the log's key, if the home has the key; raises as `signer_of`."""
    # Never made here: a new key would refuse every checkpoint.
    return verifier_of(settings) if os.path.lexists(settings.audit_key) else None


def existing_digester(settings: Settings) -> Digester | None:
    """The digester of a home, if the home has its key; raises as `digester_of`."""
    return digester_of(settings) if has_keys(settings) else None


def why_unrecorded(settings: Settings) -> str | None:
    """Why a reading of this log cannot be recorded in it; None where it can be, and must be.

    Whoever has a copy of the log, or a database role that may only read, can read it with any program.
    """
    if not has_keys(settings):
        return "this home has no keys, so this is a copy of the log"
    if settings.audit_on_server:
        with closing(open_reader(settings.audit_log)) as reader:
            if not reader.may_append():
                return "the role in the address of the log may only read"
    return None


def existing_log(settings: Settings) -> Where:
    """Where the log of a home is, for reading; raises NoLog if it is a file that does not exist."""
    where = settings.audit_log
    if isinstance(where, Path) and not where.exists():
        raise NoLog(f"there is no audit log at {where}; the hub creates it when it starts")
    return where


def operator_digest(digester: Digester) -> str:
    """The keyed digest of the person who runs this command, by their user number in the operating system."""
    return digester.digest("operator", str(os.getuid()))


def command_record(
    digester: Digester, kind: str, name: str, facts: Mapping[str, str] | None = None, result: str = "OK"
) -> Record:
    """The record of what a command does: `kind` is one of audit.record.KINDS, `name` is such as `audit show`.

    `facts` holds counts, indexes and digests, never a personal value.
    """
    return Record(
        kind=kind,
        request_id=secrets.token_hex(16),
        result=result,
        http_status=0,
        subject=operator_digest(digester),
        operation_name=name,
        variables=dict(facts or {}),
    )


def begin_record(digester: Digester, kind: str, name: str, facts: Mapping[str, str] | None = None) -> Record:
    """The record that a command begins something, made before it does; `end_record` makes that of its end."""
    return command_record(digester, kind, f"{name} begin", facts, BEGUN)


def end_record(begun: Record, name: str, facts: Mapping[str, str], result: str) -> Record:
    """The record of how what `begun` says ended: under the same request id, so that one without an end is found."""
    return replace(begun, operation_name=name, variables=facts, result=result, time=utc_now(), salt=new_salt())


def append_record(settings: Settings, record: Record) -> Receipt:
    """Append one record to the log of a home and return when it is durable; raises as `open_log`."""
    with closing(open_log(settings)) as log:
        return log.append_sync(record)
