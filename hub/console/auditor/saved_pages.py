"""The page of an auditor's saved searches: to keep the one that they come from, to open one, to remove one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.auditor.saved import MOST, SavedSearches
from hub.console.auditor.terms import LOG, address_of, asked_terms
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.log_words import log_words
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from policies.stewards import Role

SAVED: Final = "log/saved"
LONGEST_NAME: Final = 60
LONGEST_TERMS: Final = 4_000
_NUMBER: Final = re.compile(r"\d(?:[\s-]?\d){6}")
"""Seven digits: no telephone of a county either, which the detector would not take for one without its area."""


class SavedPages:
    """The page of saved searches, and its two forms."""

    def __init__(self, desk: Desk, saved: SavedSearches) -> None:
        self._desk, self._saved = desk, saved

    def ways(self) -> tuple[Way, ...]:
        """The page and what its forms do, by their paths."""
        auditors = frozenset({Role.AUDITOR})
        return (
            Page(SAVED, self.show, auditors),
            Change(f"{SAVED}/keep", self.keep, auditors),
            Change(f"{SAVED}/remove", self.remove, auditors),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The searches of a visitor; the terms in the address are those of a search that they may keep."""
        asked = asked_terms(arrival.request.query_params.items(), ())
        found = await self._desk.beside(Lane.SESSIONS, lambda: self._saved.of(visitor.session.identity))
        return self._desk.page(
            "saved",
            arrival,
            visitor,
            terms=asked,
            kept_terms=urlencode(asked),
            search=address_of(asked),
            saved=[(each, f"{HOME}{LOG}?{each.terms}", parse_qsl(each.terms)) for each in found],
            keep=f"{HOME}{SAVED}/keep",
            remove=f"{HOME}{SAVED}/remove",
            longest=LONGEST_NAME,
            told=log_words(self._desk, arrival.language),
        )

    async def keep(self, _: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Keep the terms of a form under its name; the name is not recorded."""
        name, terms = form.get("name", "").strip(), form.get("terms", "")
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise PageRefused("saved_name", most=str(LONGEST_NAME))
        if _NUMBER.search(name):
            raise PageRefused("personal")
        try:
            given = parse_qsl(terms, strict_parsing=True, max_num_fields=30)
        except ValueError:
            raise PageRefused("choice", name="terms") from None
        asked = asked_terms(given, ())
        if not asked or len(terms) > LONGEST_TERMS or len(dict(given)) != len(given):
            raise PageRefused("choice", name="terms")
        person = visitor.session.identity
        await self._desk.refuse_personal(name)
        await self._desk.record(visitor.actor, "log saved keep")
        if not await self._desk.beside(Lane.SESSIONS, lambda: self._saved.keep(person, name, urlencode(asked))):
            raise PageRefused("saved_many", most=str(MOST))
        return go_to(HOME + SAVED)

    async def remove(self, _: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Remove a search of the visitor."""
        person, saved = visitor.session.identity, form.get("saved", "")
        await self._desk.record(visitor.actor, "log saved remove")
        if not await self._desk.beside(Lane.SESSIONS, lambda: self._saved.remove(person, saved)):
            raise PageRefused("choice", name="saved")
        return go_to(HOME + SAVED)
