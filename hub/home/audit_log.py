"""Every process of a home opens its log in one way: under the home's key, and held against the recorded head.

The hub, the commands of stewards and auditors, previews and pulls all append through `open_log`; what a command does is
a record by `act`, durable before its result is shown. The key is `keys/audit.key`, the recorded head `audit.head`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from audit.checkpoint import Signer, Verifier
from audit.log import AuditLog, Receipt
from audit.record import Digester, Record
from audit.stores.base import Where
from hub.home.seals import load_key
from hub.home.settings import Settings

Log = TypeVar("Log", bound=AuditLog)


class NoLog(RuntimeError):
    """There is no log to read. The text says what makes one."""


def signer_of(settings: Settings) -> Signer:
    """The key that signs the log's checkpoints, made if there is none; raises audit.checkpoint.KeyRefused."""
    return Signer.load(settings.audit_key, settings.audit_origin)


def verifier_of(settings: Settings) -> Verifier:
    """The public half of it."""
    return signer_of(settings).verifier


def digester_of(settings: Settings) -> Digester:
    """The digester of a home; raises KeyRefused where its key cannot be used."""
    return Digester(load_key(settings.digest_key))


def open_log(settings: Settings) -> AuditLog:
    """The log of a home, for appending; raises KeyRefused and AuditUnavailable."""
    return open_log_as(AuditLog, settings)


def open_log_as(kind: type[Log], settings: Settings) -> Log:
    """The log of a home as a `kind` of log; raises as `open_log`."""
    return kind.open(
        settings.audit_log,
        settings.audit_deadline,
        signer=signer_of(settings),
        recorded_head=settings.audit_head,
    )


def existing_log(settings: Settings) -> Where:
    """Where the log of a home is, to be read; NoLog if it is a file that is not there."""
    where = settings.audit_log
    if isinstance(where, Path) and not where.exists():
        raise NoLog(f"there is no audit log at {where}; the hub makes one when it starts")
    return where


def operator(digester: Digester) -> str:
    """The digest of whoever runs this command: the system knows him by a number."""
    return digester.digest("operator", str(os.getuid()))


def act(digester: Digester, kind: str, name: str, told: Mapping[str, str] | None = None, result: str = "OK") -> Record:
    """The record of what a command does: `kind` of audit.record.KINDS, `name` such as `audit show`.

    `told` holds counts, indexes and digests, never a personal value.
    """
    return Record(
        kind=kind,
        request_id=secrets.token_hex(16),
        result=result,
        http_status=0,
        subject=operator(digester),
        operation_name=name,
        variables=dict(told or {}),
    )


def record_act(settings: Settings, record: Record) -> Receipt:
    """Append one record to the log of a home, durably and published; raises as `open_log`, and AuditUnavailable."""
    with closing(open_log(settings)) as log:
        return log.append_sync(record)
