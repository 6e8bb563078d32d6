"""A store of policy versions on a real database with stewards in it, for SQLite and PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from policies.store import PolicyStore, Witness
from policies.store_tables import sqlite_url
from policies.versions import Version
from schema import SPINE

KEY = b"k" * 32
POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}
grants:
  - id: places  # a comment is kept
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Building: {}}
    fields: {Building.name: clear}
"""
STEWARDS = """
stewards:
  - {account: zhang, person: S-1}
  - {account: zhang-second, person: S-1}
  - {account: li, person: S-2}
  - {account: wang, person: S-3}
"""
FILES: Mapping[str, bytes] = {"policy.yaml": POLICY.encode(), "stewards.yaml": STEWARDS.encode()}


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 6, 30, 8, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(microseconds=1)
        return self.now

    def forward(self, **by: float) -> dt.datetime:
        self.now += dt.timedelta(**by)
        return self.now


def a_store(
    url: str, clock: Clock | None = None, witness: Witness | None = None, files: Mapping[str, bytes] = FILES
) -> PolicyStore:
    """The store at `url`, made from `files` if it is empty."""
    clock = clock or Clock()
    store = PolicyStore(url, KEY, SPINE, **({"witness": witness} if witness else {}), now=clock)
    try:
        store.make(lambda: files)
    except BaseException:
        store.close()
        raise
    return store


def in_file(folder: Path) -> str:
    """The URL of a SQLite store in a folder."""
    return sqlite_url(folder / "policy.db")


def changed(mark: str, of: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    """The files with a comment more: another content, the same meaning."""
    return {**of, "policy.yaml": of["policy.yaml"] + f"\n# {mark}\n".encode()}


def publish(store: PolicyStore, files: Mapping[str, bytes]) -> Version:
    """Draft as zhang, approve and activate as li."""
    version = store.draft(files, "zhang")
    store.approve(version.number, version.hash, "li")
    store.activate(version.number, "li")
    return version
