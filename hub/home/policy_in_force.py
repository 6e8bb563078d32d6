"""Opens the policy store of a home for reading, and reads the purposes of the version in force.

No catalogue is asked for purposes, so that they can be read while a version does not load under this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hub.home.key_files import KeyRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from policies.model import Purpose
from policies.store import PolicyStore
from policies.store_tables import sqlite_url
from policies.yaml_models import purposes_of
from schema import SPINE
from schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Purposes:
    """The purposes of the version in force: its number, its hash, and each purpose by id."""

    number: int
    version: str
    by_id: Mapping[str, Purpose]


def store_of(settings: Settings, catalogue: Catalogue) -> PolicyStore:
    """The version store of the settings, opened for reading; KeyRefused if the home does not have its key."""
    if not settings.policy_key.exists():
        # Never made here: under a new key every row would look as if somebody had changed it.
        raise KeyRefused(f"{settings.policy_key} is missing, and seals the policy store; restore it from its backup")
    return PolicyStore(store_url(settings), load_key(settings.policy_key), catalogue, now=settings.now)


def folder_without_store(settings: Settings) -> Path | None:
    """The policy folder while it stands for a store that is still to be made; SettingsError where it is missing."""
    return None if has_store(settings) else settings.policy_folder


def has_store(settings: Settings) -> bool:
    """Whether this home has a policy store, in a file or on a server."""
    return settings.policy_store is not None or settings.policy_file.exists()


def store_url(settings: Settings) -> str:
    """The address of the store, for SQLAlchemy."""
    if settings.policy_store is None:
        return sqlite_url(settings.policy_file)
    return settings.policy_store.get_secret_value()


def purposes_in_force(settings: Settings) -> Purposes | None:
    """The purposes of the version in force; None before there is a store.

    Raises KeyRefused and PolicyStoreError: where the purposes cannot be read, nobody knows which have ended.
    """
    if not has_store(settings):
        return None
    with closing(store_of(settings, SPINE)) as store:
        found = store.in_force()
    return Purposes(found.version.number, found.version.hash, purposes_of(found.files))
