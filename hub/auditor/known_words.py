"""Checks the words of a log search against what the log, the policy and the catalogue know.

A word that none of them knows is refused, with the nearest that they know: a misspelt search must not look like an
empty log.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from audit.index import Index
from audit.record import BEGUN
from audit.search import Query, QueryRefused
from hub.errors import Code
from policies.model import PolicySet
from schema.catalogue import Catalogue

NEAREST: Final = 3
EXACT: Final = (
    "result", "application", "department", "purpose", "policy_version", "catalogue_version", "coordinate",
)  # fmt: skip
"""The terms whose words must be known as they are; `region` is a path, and kinds and effects are fixed."""

ACT_RESULTS: Final = ("REFUSED", "CONFLICT", "INVALID", "TAMPERED", "FAILED", "INTERRUPTED")
"""How an act of the staff may end, besides OK and the codes of requests."""
RESULTS: Final = ("OK", BEGUN, *ACT_RESULTS, *Code)
"""Every result that a record may have."""


class UnknownWord(QueryRefused):
    """A word of a search that nothing knows: of which term, and the nearest words that are known."""

    def __init__(self, term: str, word: str, nearest: Sequence[str], hint: str = "") -> None:
        super().__init__(f"unknown {term} {word!r}{hint}; {_told(nearest)}")
        self.term, self.word, self.nearest = term, word, nearest


def check_words(query: Query, index: Index, policy: PolicySet | None, catalogue: Catalogue) -> None:
    """Raise QueryRefused for a word of the query that nothing knows."""
    known = _words_of_log(index)
    known["result"] |= {*RESULTS}
    known["coordinate"] |= {*(name for name, _ in catalogue.coordinates()), *(entity.name for entity in catalogue)}
    known["catalogue_version"].add(catalogue.version)
    if policy is not None:
        _add_policy(known, policy)
    known["purpose"] |= {each for purpose in known["purpose"] for each in _ancestors(purpose)}
    for name in EXACT:
        word = getattr(query, name)
        if word is not None and word not in known[name]:
            raise UnknownWord(name, word, _nearest(word, known[name]))
    if query.region is not None:
        _check_region(query.region, known["region"])


def _words_of_log(index: Index) -> dict[str, set[str]]:
    shapes = list(index.shapes().values())
    known = {
        name: {word for shape in shapes if (word := getattr(shape, name)) is not None}
        for name in (*(each for each in EXACT if each != "coordinate"), "region")
    }
    named = {name for each in index.decisions().values() for effect in each.__slots__ for name in getattr(each, effect)}
    return known | {"coordinate": named | {name.partition(".")[0] for name in named}}


def _add_policy(known: dict[str, set[str]], policy: PolicySet) -> None:
    known["application"] |= {*policy.applications}
    known["purpose"] |= {*policy.purposes, "#"}
    known["policy_version"].add(policy.version)
    known["department"] |= {*policy.owners.values()}
    for application in policy.applications.values():
        known["department"].add(application.department)
        known["region"] |= {application.jurisdiction, *application.staff.values()}


def _ancestors(purpose: str) -> Iterator[str]:
    while "." in purpose:
        purpose = purpose.rpartition(".")[0]
        yield purpose


def _check_region(region: str, known: Iterable[str]) -> None:
    """A region must lie above or below one that is known, by whole segments."""
    path = f"{region.rstrip('/')}/"
    paths = {f"{each.rstrip('/')}/" for each in known}
    if not any(each.startswith(path) or path.startswith(each) for each in paths):
        hint = ": a region is a path of whole segments, such as 14/03/21/"
        raise UnknownWord("region", region, _nearest(path, paths), hint)


def _nearest(word: str, known: Iterable[str]) -> list[str]:
    """The known words that are most like `word`."""
    folded = {each.casefold(): each for each in known}
    return [folded[each] for each in difflib.get_close_matches(word.casefold(), folded, NEAREST, 0.5)]


def _told(nearest: Sequence[str]) -> str:
    return f"nearest: {', '.join(nearest)}" if nearest else "neither the log nor the policy has one like it"
