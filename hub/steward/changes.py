"""A change to the policy stands only if its record does, and a refused one is recorded too.

Opens the version store of a hub, and does to it what stewards ask for. The record of a change is durable before the
change is committed; it names the steward as a keyed digest, like every person.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from audit.log import AuditLog
from audit.record import Digester, Record
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.seals import load_key
from hub.home.settings import Settings
from policies.language import load, load_files, read_folder
from policies.model import PolicySet
from policies.store import PolicyStore, Witness, sqlite_url
from policies.strict_yaml import PolicyFileError
from policies.versions import Activation, Approval, ChangeRefused, Conflict, Tampered, Version
from schema.catalogue import Catalogue

KIND = "policy"


def store_of(settings: Settings, catalogue: Catalogue) -> PolicyStore:
    """The version store that the settings name, for reading and counting."""
    return PolicyStore(_url(settings), load_key(settings.policy_key), catalogue)


def policy_of(settings: Settings, catalogue: Catalogue) -> PolicySet:
    """What a hub of this home answers under: the version in force, or the folder where there is no store yet."""
    if settings.policy_store is None and not settings.policy_file.exists():
        return load(settings.policies, catalogue)
    store = store_of(settings, catalogue)
    try:
        return load_files(store.in_force().files, catalogue)
    finally:
        store.close()


def _url(settings: Settings) -> str:
    if settings.policy_store is None:
        return sqlite_url(settings.policy_file)
    return settings.policy_store.get_secret_value()


@contextmanager
def stewardship(settings: Settings, catalogue: Catalogue) -> Iterator[Changes]:
    """The store and the log of a home, for one command; an empty store takes the policy folder as version 1."""
    settings.prepare_home()
    log = open_log(settings)
    try:
        digester = digester_of(settings)
        witness = _recorder(log, digester)
        store = PolicyStore(_url(settings), load_key(settings.policy_key), catalogue, witness)
        try:
            store.make(lambda: read_folder(settings.policies))
            yield Changes(store, log, digester)
        finally:
            store.close()
    finally:
        log.close()


def _recorder(log: AuditLog, digester: Digester) -> Witness:
    """The witness that writes each change to the log; AuditUnavailable if it cannot."""

    def witness(row: Version | Approval | Activation) -> None:
        log.append_sync(_record(digester, row))

    return witness


@dataclass(frozen=True, slots=True)
class Changes:
    """What a steward does to the version store; each method raises what the store's own does."""

    store: PolicyStore
    log: AuditLog
    digester: Digester

    def draft(self, files: Mapping[str, bytes], account: str, base: int | None, note: str) -> Version:
        """A new version; see PolicyStore.draft."""
        with self._recorded("draft", account):
            return self.store.draft(files, account, base, note)

    def rollback(self, number: int, account: str) -> Version:
        """A new draft with an old version's content; see PolicyStore.rollback."""
        with self._recorded("rollback", account, number):
            return self.store.rollback(number, account)

    def approve(self, number: int, content: str, account: str) -> Approval:
        """A second person's approval; see PolicyStore.approve."""
        with self._recorded("approve", account, number):
            return self.store.approve(number, content, account)

    def activate(self, number: int, account: str, starts: dt.datetime | None) -> Activation:
        """Put an approved version in force; see PolicyStore.activate."""
        with self._recorded("activate", account, number):
            return self.store.activate(number, account, starts)

    def look(self, name: str, told: Mapping[str, str] | None = None) -> None:
        """Record that whoever runs this command reads the store; AuditUnavailable if that cannot be recorded."""
        self.log.append_sync(command_record(self.digester, "search", name, told))

    @contextmanager
    def _recorded(self, action: str, account: str, number: int | None = None) -> Iterator[None]:
        try:
            yield
        except (ChangeRefused, PolicyFileError, Tampered) as refusal:
            told = {} if number is None else {"number": str(number)}
            self.log.append_sync(_entry(self.digester, action, account, _why(refusal), None, told))
            raise


def _why(refusal: Exception) -> str:
    if isinstance(refusal, Conflict):
        return "CONFLICT"
    return {Tampered: "TAMPERED", PolicyFileError: "INVALID"}.get(type(refusal), "REFUSED")


def _record(digester: Digester, row: Version | Approval | Activation) -> Record:
    match row:
        case Version(number, content, author):
            told = {"number": str(number), "base": str(row.base or 0)}
            return _entry(digester, "draft", author, "OK", content, told)
        case Approval(number, content, account):
            return _entry(digester, "approve", account, "OK", content, {"number": str(number)})
        case Activation():
            told = {"number": str(row.version), "base": str(row.base or 0), "starts": row.starts}
            return _entry(digester, "activate", row.account, "OK", row.hash, told)


def _entry(
    digester: Digester, action: str, account: str, result: str, content: str | None, told: Mapping[str, str]
) -> Record:
    return Record(
        kind=KIND,
        request_id=secrets.token_hex(16),
        result=result,
        http_status=0,
        subject=digester.digest("steward", account),
        policy_version=content,
        operation_name=f"policy {action}",
        variables=told,
    )
