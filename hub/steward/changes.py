"""Changes to the policy: draft, rollback, approval and activation, each with its record in the audit log.

The record of a change is durable before the change is committed; a refused change is recorded too. A record names the
steward by a keyed digest, like every person, and says how they were known.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from audit.log import AuditLog
from audit.record import Digester, Record
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.policy_in_force import folder_without_store as folder_without_store  # noqa: PLC0414 - as asked for here
from hub.home.policy_in_force import store_of as store_of  # noqa: PLC0414
from hub.home.policy_in_force import store_url
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.steward.actor import Actor
from policies.language import load, load_files, read_folder
from policies.model import PolicySet
from policies.store import PolicyStore, Within, Witness
from policies.versions import Activation, Approval, ChangeRefused, Conflict, Tampered, Version
from schema import SPINE
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError

KIND = "policy"


def policy_of(settings: Settings, catalogue: Catalogue) -> PolicySet:
    """The policy that a hub of this home applies: the version in force, or the folder if there is no store yet."""
    if folder := folder_without_store(settings):
        return load(folder, catalogue)
    store = store_of(settings, catalogue)
    try:
        return load_files(store.in_force().files, catalogue)
    finally:
        store.close()


def files_in_force(settings: Settings) -> Mapping[str, bytes]:
    """The policy files that a hub of this home applies: the version in force, or the folder if there is no store."""
    if folder := folder_without_store(settings):
        return read_folder(folder)
    store = store_of(settings, SPINE)  # no policy is loaded here, so slices that cannot be used are not asked for
    try:
        return store.in_force().files
    finally:
        store.close()


@contextmanager
def steward_session(settings: Settings, catalogue: Catalogue) -> Iterator[Changes]:
    """The store and the log of a home for one command; an empty store takes the policy folder as version 1."""
    folder_without_store(settings)  # no home is made where no policy is
    settings.prepare_home()
    log = open_log(settings)
    try:
        with changes_recorded_in(log, digester_of(settings), settings, catalogue) as changes:
            changes.store.make(lambda: read_folder(settings.policy_folder))
            yield changes
    finally:
        log.close()


@contextmanager
def changes_recorded_in(
    log: AuditLog, digester: Digester, settings: Settings, catalogue: Catalogue
) -> Iterator[Changes]:
    """The store of a home, whose changes are recorded in a log that is open."""
    store = PolicyStore(
        store_url(settings), load_key(settings.policy_key), catalogue, _recorder(log, digester), settings.now
    )
    try:
        yield Changes(store, log, digester)
    finally:
        store.close()


def _recorder(log: AuditLog, digester: Digester) -> Witness:
    """A function that writes each change to the log; it raises AuditUnavailable if it cannot."""

    def witness(row: Version | Approval | Activation) -> None:
        record = _record_of(digester, row)
        log.append_sync(replace(record, variables={**record.variables, **_signed_facts(digester, row.signed)}))

    return witness


@dataclass(frozen=True, slots=True)
class Changes:
    """What a steward does to the version store; each method raises what the store's own does."""

    store: PolicyStore
    log: AuditLog
    digester: Digester

    def draft(
        self,
        files: Mapping[str, bytes],
        actor: Actor,
        base: int | None,
        note: str,
        within: Within | None = None,
    ) -> Version:
        """A new version; see PolicyStore.draft."""
        with self._recorded("draft", actor):
            return self.store.draft(files, actor.account, base, note, actor.signed, within)

    def rollback(self, number: int, actor: Actor, base: int | None = None) -> Version:
        """A new draft with an old version's content; see PolicyStore.rollback."""
        with self._recorded("rollback", actor, number):
            return self.store.rollback(number, actor.account, signed=actor.signed, base=base)

    def approve(self, number: int, content: str, actor: Actor) -> Approval:
        """A second person's approval; see PolicyStore.approve."""
        with self._recorded("approve", actor, number):
            return self.store.approve(number, content, actor.account, actor.signed)

    def activate(self, number: int, actor: Actor, starts: dt.datetime | None) -> Activation:
        """Put an approved version in force; see PolicyStore.activate."""
        with self._recorded("activate", actor, number):
            return self.store.activate(number, actor.account, starts, actor.signed)

    def record_reading(self, command: str, actor: Actor, arguments: Mapping[str, str] | None = None) -> None:
        """Record that the store is read by this command; raises AuditUnavailable."""
        self.log.append_sync(reading_record(self.digester, "search", command, actor, arguments))

    @contextmanager
    def _recorded(self, action: str, actor: Actor, number: int | None = None) -> Iterator[None]:
        try:
            yield
        except (ChangeRefused, YamlFileError, Tampered) as refusal:
            details = {} if number is None else {"number": str(number)}
            record = _change_record(self.digester, action, actor.account, _result_of(refusal), None, details)
            self.log.append_sync(signed_record(record, self.digester, actor))
            raise


def signed_record(record: Record, digester: Digester, actor: Actor) -> Record:
    """The record of an act with who did it, and how they were known."""
    variables = {**record.variables, **actor.facts(digester)}
    return replace(record, subject=actor.digest(digester), variables=variables)


def reading_record(
    digester: Digester,
    kind: str,
    command: str,
    actor: Actor,
    facts: Mapping[str, str] | None = None,
    result: str = "OK",
) -> Record:
    """The record that `actor` read something by this command, or began to."""
    return signed_record(command_record(digester, kind, command, facts, result), digester, actor)


def _signed_facts(digester: Digester, signed: str) -> Mapping[str, str]:
    """How the person behind a row was known; nothing for the folder that became version 1."""
    if not signed:
        return {}
    issuer, _, subject = signed.partition(" ")
    if not subject:
        return {"signedIn": signed}
    return {"signedIn": digester.digest("subject", signed), "issuer": issuer}


def _result_of(refusal: Exception) -> str:
    if isinstance(refusal, Conflict):
        return "CONFLICT"
    return {Tampered: "TAMPERED", YamlFileError: "INVALID"}.get(type(refusal), "REFUSED")


def _record_of(digester: Digester, row: Version | Approval | Activation) -> Record:
    match row:
        case Version(number, content, author):
            details = {"number": str(number), "base": str(row.base or 0)}
            return _change_record(digester, "draft", author, "OK", content, details)
        case Approval(number, content, account):
            return _change_record(digester, "approve", account, "OK", content, {"number": str(number)})
        case Activation():
            details = {"number": str(row.version), "base": str(row.base or 0), "starts": row.starts}
            return _change_record(digester, "activate", row.account, "OK", row.hash, details)


def _change_record(
    digester: Digester, action: str, account: str, result: str, content: str | None, details: Mapping[str, str]
) -> Record:
    return Record(
        kind=KIND,
        request_id=secrets.token_hex(16),
        result=result,
        http_status=0,
        subject=digester.digest("steward", account),
        policy_version=content,
        operation_name=f"policy {action}",
        variables=details,
    )
