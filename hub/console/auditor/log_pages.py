"""The log searched, with its counts over time and by word.

Each view has its address, in which nothing stands that may identify a person: names of the policy and the catalogue,
times, and digests. A value is written into a form, which turns it into its digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from audit.index import IndexFault
from audit.search import QueryRefused
from audit.stores.base import StoreFault
from hub.auditor.known_words import UnknownWord
from hub.auditor.search_terms import SECRET, TIMES
from hub.console.arrival import Arrival
from hub.console.auditor.choices import CLOSED, choices_of
from hub.console.auditor.follow_pages import LIVE
from hub.console.auditor.histogram import HEIGHT, WIDTH, bars_of
from hub.console.auditor.named import codes_for
from hub.console.auditor.reading import Found, digests_of, find
from hub.console.auditor.record_pages import RECORD
from hub.console.auditor.saved_pages import SAVED
from hub.console.auditor.terms import LOG, address_of, asked_terms, number_of
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.log_words import log_words
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from policies.stewards import Role

DIGEST: Final = "log/value"
ASKED: Final = ("person", "who", "case", "value")
"""What a form may name in clear."""
TERMS: Final = (*TIMES, "purpose", "application", "department", "coordinate", "effect", "kind", "result", "region")
"""What the form asks for, in this order; an address may have every term of a search."""
FACETS: Final = ("purpose", "application", "department", "result", "kind", "effect", "coordinate")
MOST_WORDS: Final = 12
"""Words of a facet on the page, the most frequent first."""


class LogPages:
    """The pages of the log of one console, for auditors."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        auditors = frozenset({Role.AUDITOR})
        return (
            Page(LOG, self.show, auditors, "log"),
            Change(DIGEST, self.find_value, auditors),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """A page of a search; all of the log without terms."""
        hub, asked = self._desk.hub, asked_terms(arrival.request.query_params.items())
        before = number_of(asked.pop("before", ""))
        problem: QueryRefused | None = None
        unknown, found = None, None
        several: Mapping[str, Sequence[str]] = {}
        try:
            terms = [f"{name}={text}" for name, text in asked.items()]
            found = await self._desk.beside(Lane.LOG, lambda: find(hub, terms, before))
        except UnknownWord as wrong:
            codes, several = codes_for(asked, hub)
            if codes != asked:
                return go_to(address_of(codes))
            problem, unknown = wrong, wrong
        except QueryRefused as refused:
            problem = refused
        except (IndexFault, StoreFault):
            raise PageRefused("store") from None
        if found is not None:
            facts = {**found.recorded, "found": str(found.page.total)}
            await self._desk.record_reading(visitor, "log", facts)
        told = log_words(self._desk, arrival.language)
        content = {
            **_search_content(asked, found),
            "choices": choices_of(hub, told, asked),
            "closed": CLOSED,
            "unknown": unknown,
            "several": () if unknown is None else several.get(unknown.term, ()),
        }
        return self._desk.page("log", arrival, visitor, problem=problem, found=found, told=told, **content)

    async def find_value(self, _: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Search for a person, a case or a value that a form names: it goes on as its digests."""
        term, text = form.get("term", ""), form.get("text", "")
        if term not in ASKED:
            raise PageRefused("choice", name="term")
        await self._desk.spend_named(visitor)
        try:
            found = await self._desk.beside(Lane.LOG, lambda: digests_of(self._desk.hub, term, text))
        except QueryRefused:
            raise PageRefused("value") from None
        # Recorded, though nothing of the log is shown yet: a digest tells whether a guess at a person is right.
        await self._desk.record_reading(visitor, "log value", {term: found[0]})
        return go_to(address_of({term: ",".join(f"#{each}" for each in found)}))


def _search_content(asked: Mapping[str, str], found: Found | None) -> dict[str, Any]:
    """What the page of a search shows beside its records; every link is a search of its own."""
    counts = {} if found is None else found.counts
    facets = {
        name: [(word, count, address_of({**asked, name: word})) for word, count in _most(counts[name])]
        for name in FACETS
        if counts.get(name) and name not in asked
    }
    bars = bars_of(counts.get("day", {}))
    older = None if found is None else found.page.before
    return {
        "terms": {name: asked.get(name, "") for name in TERMS},
        "digests": {name: text for name, text in asked.items() if name in SECRET},
        "without": [(name, text, address_of(_but(asked, name))) for name, text in asked.items()],
        "facets": facets,
        "bars": [(bar, address_of({**asked, "since": bar.since, "until": bar.until})) for bar in bars],
        "size": (WIDTH, HEIGHT),
        "older": None if older is None else address_of({**asked, "before": str(older)}),
        "record": HOME + RECORD,
        "live": address_of(_but(asked, "until"), LIVE),
        "saved": address_of(asked, SAVED),
        "asked": ASKED,
        "instead": lambda term, word: address_of({**asked, term: word}),
        "value": HOME + DIGEST,
        "search": address_of(_but(asked, "kind")),
        "quick": [address_of({**asked, "kind": kind}) for kind in ("query", "refusal")],
    }


def _most(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    return list(counted.items())[:MOST_WORDS]


def _but(asked: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: text for each, text in asked.items() if each != name}
