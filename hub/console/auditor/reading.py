"""Reads the log for a page: a search with its counts, or one record with its proof; blocks, for a thread.

Each is read as the commands `audit search`, `audit facets` and `audit show` read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from audit.facets import facets
from audit.index import open_index
from audit.log import Logged, show
from audit.search import QueryRefused, ResultPage, records, search
from audit.stores.open import open_reader
from hub.auditor.known_words import check_words
from hub.auditor.proofs import Inclusion, ProofUnknown, inclusion_of
from hub.auditor.search_terms import SECRET, read_filters, surrogate_of
from hub.home.audit_log import verifier_of
from hub.request.accesses import index_file
from hub.request.running import Hub

PAGE: Final = 50
"""Records on a page."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: `recorded` says how the search stands in the log, `counts` is by facet and word."""

    records: Sequence[Logged]
    page: ResultPage
    counts: Mapping[str, Mapping[str, int]]
    recorded: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One record with the text of its operation, and its proof; None if no checkpoint covers it yet."""

    logged: Logged
    text: str | None
    proof: Inclusion | None


def find(hub: Hub, terms: Sequence[str], before: int | None) -> Found:
    """The page of a search; QueryRefused for terms that cannot be right, and IndexFault or StoreFault."""
    settings = hub.settings
    wanted = read_filters(terms, hub.digester, surrogate_of(settings), nobody_to_ask, settings.zone)
    with closing(open_reader(settings.audit_log)) as reader, open_index(index_file(settings)) as index:
        index.follow(reader)
        check_words(wanted.query, index, hub.policy, hub.catalogue)
        page = search(index, wanted.query, before, PAGE)
        counts = facets(index, wanted.query, settings.zone)
        return Found(list(records(reader, page.indexes)), page, counts, wanted.recorded)


def record_at(hub: Hub, index: int) -> Shown:
    """The record at an index; IndexError if there is none."""
    logged, text = show(hub.settings.audit_log, index)
    with closing(open_reader(hub.settings.audit_log)) as reader:
        try:
            proof = inclusion_of(reader, verifier_of(hub.settings), index, logged.leaf_hash)
        except ProofUnknown:
            proof = None
    return Shown(logged, text, proof)


def digests_of(hub: Hub, term: str, text: str) -> tuple[str, ...]:
    """The digests under which records have a value of a term; QueryRefused if it cannot be one."""
    wanted = read_filters([f"{term}=-"], hub.digester, surrogate_of(hub.settings), lambda _: text, hub.settings.zone)
    found = getattr(wanted.query, SECRET[term])
    return (found,) if isinstance(found, str) else tuple(found)


def nobody_to_ask(what: str) -> str:
    """Refuse a term whose value would have to be asked for."""
    raise QueryRefused(f"a page takes no {what} in an address; write it into the form")
