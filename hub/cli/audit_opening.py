"""Opens the log of a home for the commands `audit …`, and records what they read.

A reading is recorded before anything is shown, wherever the log can be written; a copy of the log, or a database role
that may only read, is read without a record, and the command says so. Reading makes no key.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hub.cli.options import Refused, open_settings
from hub.terminal import progress_bar

if TYPE_CHECKING:
    from audit.index import Index
    from audit.record import Digester
    from audit.search import Query
    from audit.stores.reader import Reader
    from hub.home.settings import Settings
    from hub.steward.actor import Actor
    from policies.model import PolicySet


def auditor_of(settings: Settings, named: str | None) -> Actor | None:
    """The signed-in auditor who reads the log; None for a copy of it. SignInRefused if there is none."""
    from hub.home.audit_log import has_keys
    from hub.steward.acting import acting
    from policies.stewards import Role

    return acting(settings, named, Role.AUDITOR) if has_keys(settings) else None


def record_reading(settings: Settings, kind: str, name: str, actor: Actor | None, facts: Mapping[str, str]) -> None:
    """Record that `actor` reads the log, or say on standard error why this log keeps no record of it."""
    from hub.home.audit_log import append_record, digester_of, why_unrecorded
    from hub.steward.changes import reading_record

    why = why_unrecorded(settings)
    if why is None and actor is not None:
        append_record(settings, reading_record(digester_of(settings), kind, name, actor, facts))
    else:
        typer.echo(f"not recorded: {why}", err=True)


def policy_if_any(settings: Settings) -> PolicySet | None:
    """The policy in force in a home, whose names a search may use; None if there is none that loads."""
    from hub.home.catalogue import catalogue_of
    from hub.home.key_files import KeyRefused
    from hub.steward.changes import policy_of
    from policies.versions import PolicyStoreError
    from schema.strict_yaml import YamlFileError

    try:
        return policy_of(settings, catalogue_of(settings))
    except (YamlFileError, PolicyStoreError, KeyRefused, OSError):
        return None


@dataclass(slots=True)
class SearchedLog:
    """The log of a home and its index, opened for one search."""

    settings: Settings
    actor: Actor | None
    """The signed-in auditor; None in a copy of the log."""
    digester: Digester | None
    """None in a copy of the log, whose home has no keys."""
    reader: Reader
    index: Index

    def query_of(self, filters: list[str] | None) -> tuple[Query, Mapping[str, str]]:
        """The query that the filters describe, and how it is recorded."""
        from hub.auditor.known_words import check_words
        from hub.auditor.search_terms import read_filters, surrogate_of
        from hub.home.catalogue import catalogue_of

        search = read_filters(filters or [], self.digester, surrogate_of(self.settings), ask, self.settings.zone)
        check_words(search.query, self.index, policy_if_any(self.settings), catalogue_of(self.settings))
        return search.query, search.recorded

    def record(self, kind: str, name: str, described: Mapping[str, str]) -> None:
        """Record the search, durably; say so where this log can only be read."""
        record_reading(self.settings, kind, name, self.actor, described)

    def require_keys(self) -> None:
        """Raise Refused in a copy of the log, which can sign nothing."""
        if self.digester is None:
            raise Refused("an export is signed with the log's key, and this home has none; export at the hub's home")

    @property
    def public_keys(self) -> str:
        """The log's public keys as text, one a line."""
        from hub.home.audit_log import verifier_of

        return verifier_of(self.settings).texts


@contextmanager
def opened_log(home: Path | None, named: str | None) -> Iterator[SearchedLog]:
    """The log of a home and its index, brought up to date, for a signed-in auditor; raises Refused, SignInRefused."""
    from audit.index import IndexFault, open_index
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explain_code
    from audit.stores.open import open_reader
    from hub.home.audit_log import existing_digester, existing_log
    from hub.request.accesses import index_file

    settings = open_settings(home)
    try:
        where = existing_log(settings)
        actor = auditor_of(settings, named)
        digester = existing_digester(settings)
        # A copy is read without leaving anything beside it.
        kept = None if digester is None else index_file(settings)
        with closing(open_reader(where)) as reader, open_index(kept) as index:
            with progress_bar() as show:
                index.follow(reader, lambda done, of: show("records 记录", done, of))
            yield SearchedLog(settings, actor, digester, reader, index)
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None


def ask(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline()
