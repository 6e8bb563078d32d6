"""Finds the policy that a command line names: a folder, the number of a version, or `current`.

It reads the version store of a home and changes nothing in it. If there is no store yet, `current` is the policy folder
of the settings, as it is for the hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.home.settings import Settings
from hub.steward.changes import policy_of, store_of
from policies.language import load, load_files
from policies.model import PolicySet
from policies.store import PolicyStore
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
        return load(Path(name), self._catalogue)

    def of_hash(self, content: str) -> PolicySet | None:
        """The version with this hash, which the log names; None if it is not in the store or no longer loads."""
        number = self._numbers.get(content)
        try:
            return None if number is None else self.find(str(number))
        except YamlFileError:
            # The catalogue has changed since then, and the version does not fit it.
            return None


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
