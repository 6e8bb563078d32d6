"""Tokens that are not accepted any more: single ones, those of a person, and those of an application.

The list is a file that hubs read again within seconds. An entry is about tokens that were issued before it was made, so
that who signs in again is let in; it leaves the list when the last of them has expired. Persons and token ids stand in
it as keyed digests of the home.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from audit.record import Digester
from hub.home.audit_log import begin_record, digester_of, end_record, open_log
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, actor_of
from hub.home.key_files import KeyRefused, NotPrivate, read_private, replace_private
from hub.home.settings import Settings
from hub.home.strict_json import NotStrict, loads

MEMBERS: Final = frozenset({"application", "subject", "token", "issuedUntil"})
NAME: Final = "token revoke"
MOST: Final = 300
"""Entries of one hour, so that the file stays smaller than what is read of it."""


class RevocationsRefused(KeyRefused):
    """The list cannot be used; the text names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens issued until `issued_until` (seconds since 1970): of an application, of a person, of both, or one alone.

    `subject` and `token` (its `jti`) are keyed digests; None stands for any.
    """

    application: str | None
    subject: str | None
    token: str | None
    issued_until: int

    def is_over(self, now: float) -> bool:
        """Whether each token that it is about has expired."""
        return now > self.issued_until + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS

    def as_json(self) -> dict[str, Any]:
        """The entry as it stands in the file."""
        members = {"application": self.application, "subject": self.subject, "token": self.token}
        return {name: value for name, value in members.items() if value is not None} | {
            "issuedUntil": self.issued_until
        }


class Revocations:
    """What the list of a home says; empty where there is none."""

    def __init__(self, digester: Digester, entries: Sequence[Revocation] = ()) -> None:
        self._digester = digester
        self._until: dict[tuple[str | None, str | None, str | None], int] = {}
        for each in entries:
            key = (each.application, each.subject, each.token)
            self._until[key] = max(each.issued_until, self._until.get(key, 0))

    @classmethod
    def load(cls, file: Path, digester: Digester) -> Revocations:
        """The list in a file; raises RevocationsRefused."""
        return cls(digester, _read(file))

    def covers(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token with these claims, which were checked, is revoked: as one of its user, or of who acts."""
        if not self._until:
            return False
        token = claims.get("jti")
        tokens = self._digester.every("token", token) if isinstance(token, str) else ()
        parties = ((claims["client_id"], claims["sub"]), actor_of(claims))
        return any(
            claims["iat"] <= self._until.get((application, person, alone), -1)
            for client, sub in filter(None, parties)
            for application in (None, client)
            for person in (None, *(self._digester.every("subject", sub) if sub else ()))
            for alone in (None, *tokens)
        )


def list_of(settings: Settings) -> Path:
    """The file of a home's list."""
    return settings.home.absolute() / "revoked.json"


def revoke(settings: Settings, application: str | None, person: str | None, token: str | None) -> Revocation:
    """Put an entry in the list of a home, recorded in its log: that it began before, and how it ended.

    At least one of the three is given. Raises RevocationsRefused, KeyRefused and AuditUnavailable.
    """
    digester = digester_of(settings)
    now = time.time()
    entry = Revocation(
        application,
        None if person is None else digester.digest("subject", person),
        None if token is None else digester.digest("token", token),
        # The clock of an issuer may be ahead by so much.
        int(now) + LEEWAY_SECONDS,
    )
    facts = {name: str(value) for name, value in entry.as_json().items()}
    begun = begin_record(digester, "admin", NAME, facts)
    with closing(open_log(settings)) as log:
        log.append_sync(begun)
        result = "FAILED"
        try:
            _add(list_of(settings), entry, now)
            result = "OK"
        finally:
            log.append_sync(end_record(begun, NAME, facts, result))
    return entry


def _add(file: Path, entry: Revocation, now: float) -> None:
    """Write the list with one entry more, and without those that are over; two commands wait for each other."""
    lock = os.open(file.with_name(f"{file.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = [*(each for each in _read(file) if not each.is_over(now)), entry]
        if len(entries) > MOST:
            raise RevocationsRefused(f"{file} holds {MOST} entries of one hour; revoke a whole application")
        replace_private(file, orjson.dumps({"revoked": [each.as_json() for each in entries]}))
    finally:
        os.close(lock)


def _read(file: Path) -> list[Revocation]:
    try:
        found = loads(read_private(file))
    except FileNotFoundError:
        return []
    except NotPrivate:
        raise RevocationsRefused(f"{file} may be read by others than its owner; run: chmod 600 {file}") from None
    except (OSError, NotStrict):
        raise _broken(file) from None
    if not isinstance(found, dict) or found.keys() != {"revoked"} or not isinstance(found["revoked"], list):
        raise _broken(file)
    return [_entry(file, each) for each in found["revoked"]]


def _entry(file: Path, given: object) -> Revocation:
    if not isinstance(given, dict) or not given.keys() <= MEMBERS or len(given) < 2:
        raise _broken(file)
    names = [given.get(name) for name in ("application", "subject", "token")]
    until = given.get("issuedUntil")
    if type(until) is not int or not all(each is None or isinstance(each, str) for each in names):
        raise _broken(file)
    return Revocation(names[0], names[1], names[2], until)


def _broken(file: Path) -> RevocationsRefused:
    return RevocationsRefused(
        f"{file} is not a list of revoked tokens; restore it, or remove it and revoke again: sluicegate revoke"
    )
