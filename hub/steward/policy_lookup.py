"""Finds the policy that a command line names: a folder, the number of a version, or `current`.

It reads the version store of a home and changes nothing in it. What the store holds is shown to a signed-in reader of
versions only, after a record of it; a folder is its owner's. If there is no store yet, `current` is the policy folder
of the settings, as it is for the hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hub.home.audit_log import append_record, digester_of
from hub.home.settings import Settings
from hub.steward.acting import READERS, acting
from hub.steward.actor import Actor
from hub.steward.changes import folder_without_store, policy_of, reading_record, store_of
from policies.language import load, load_files
from policies.model import PolicySet
from policies.store import PolicyStore
from policies.versions import ChangeRefused
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError

CURRENT = "current"


class Versions:
    """The policies of one home, by name."""

    def __init__(self, settings: Settings, catalogue: Catalogue, store: PolicyStore | None) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._store = store
        self._numbers = {} if store is None else {past.version.hash: past.version.number for past in store.history()}

    def find(self, name: str) -> PolicySet:
        """The policy set with this name.

        Raises YamlFileError where it cannot be loaded or means nothing, and the store's own errors.
        """
        if name == CURRENT:
            return policy_of(self._settings, self._catalogue)
        if name.isdecimal():
            if self._store is None:
                raise YamlFileError(name, "there is no version store here; give a folder")
            return load_files(self._store.files(int(name)), self._catalogue)
        if not Path(name).is_dir():
            what = f"is no folder here; name a policy folder, the number of a version, or {CURRENT!r}"
            raise YamlFileError(name, what)
        return load(Path(name), self._catalogue)

    def of_hash(self, content: str) -> PolicySet | None:
        """The version with this hash, which the log names; None if it is not in the store or no longer loads."""
        number = self._numbers.get(content)
        try:
            return None if number is None else self.find(str(number))
        except YamlFileError:
            # The catalogue has changed since then, and the version does not fit it.
            return None


def version_number(store: PolicyStore, name: str) -> int:
    """The number of the version that a command line names, by its number or as `current`; else ChangeRefused."""
    plain = name.strip().casefold()
    if plain == CURRENT:
        return store.standing().version
    if plain.isascii() and plain.isdecimal() and int(plain) > 0:
        return int(plain)
    raise ChangeRefused(
        f"{name!r} names no version; write its number or {CURRENT!r}: `sluicegate policy history` lists them"
    )


def reader_of(settings: Settings, named: str | None, *policies: str) -> Actor | None:
    """The person who may read these policies; None where all of them are folders. SignInRefused if they may not."""
    if not any(each.isdecimal() or each == CURRENT for each in policies) or folder_without_store(settings):
        return None
    return acting(settings, named, *READERS)


def record_reading(settings: Settings, command: str, actor: Actor | None, facts: Mapping[str, str]) -> None:
    """Record that `actor` read versions by this command; nothing for folders. Raises AuditUnavailable."""
    if actor is not None:
        settings.prepare_home()
        append_record(settings, reading_record(digester_of(settings), "search", command, actor, facts))


def named_in_record(policy: str) -> str:
    """How a record names a policy: a number, `current`, or `folder`, whose path may tell of a person."""
    return policy if policy.isdecimal() or policy == CURRENT else "folder"


@contextmanager
def versions_of(settings: Settings, catalogue: Catalogue) -> Iterator[Versions]:
    """The policies of a home, for one command."""
    if settings.policy_store is None and not settings.policy_file.exists():
        yield Versions(settings, catalogue, None)
        return
    store = store_of(settings, catalogue)
    try:
        yield Versions(settings, catalogue, store)
    finally:
        store.close()
