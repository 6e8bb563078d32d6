"""The log as it grows: the newest records of a search, and those that came since, by a link or by a script.

A person who begins to follow is recorded, and so is each later reading that shows something; nothing else is, or
following would fill the log. The script asks as long as the page is looked at, and its asking keeps no session alive.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from audit.index import IndexFault
from audit.search import QueryRefused
from audit.stores.base import StoreFault
from hub.console.arrival import Arrival
from hub.console.auditor.following import Newer, newer
from hub.console.auditor.terms import LOG, address_of, asked_terms, number_of
from hub.console.desk import HOME, Desk
from hub.console.lanes import Lane
from hub.console.log_words import LogWords, log_words
from hub.console.page import Page, Way
from hub.console.pages import HEADERS
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from policies.stewards import Role

LIVE: Final = "log/live"
EVERY_SECONDS: Final = 5
LONGEST_SECONDS: Final = 1_800
"""How long the script of one page follows the log; then a person has to ask again."""
SHORT: Final = 8
"""Signs of a digest in a table; the record has all of it."""
MOST_ROWS: Final = 500
"""Rows that the script keeps in the page."""


class FollowPages:
    """The page that follows the log."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The page, by its path."""
        return (Page(LIVE, self.show, frozenset({Role.AUDITOR})),)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What came after the record `after`, or the newest records; for a script, as JSON."""
        asked = asked_terms(arrival.request.query_params.items(), ("after",))
        after = number_of(asked.pop("after", ""))
        try:
            terms = [f"{name}={text}" for name, text in asked.items()]
            found = await self._desk.beside(Lane.LOG, lambda: newer(self._desk.hub, terms, after))
        except QueryRefused:
            raise PageRefused("choice", name=", ".join(sorted(asked))) from None
        except (IndexFault, StoreFault):
            raise PageRefused("store") from None
        if found.records or not arrival.asked_by_script:
            facts = {**found.recorded, "found": str(len(found.records))}
            await self._desk.record_reading(visitor, "log live", facts)
        if arrival.asked_by_script:
            return JSONResponse(self._rows(found, log_words(self._desk, arrival.language)), headers=HEADERS)
        return self._desk.page(
            "live",
            arrival,
            visitor,
            found=found,
            search=address_of(asked),
            follow=address_of(asked, LIVE),
            newer=address_of({**asked, "after": str(found.last)}, LIVE),
            record=f"{HOME}{LOG}/record",
            every=EVERY_SECONDS,
            longest=LONGEST_SECONDS,
            most=MOST_ROWS,
            terms=asked,
            told=log_words(self._desk, arrival.language),
        )

    def _rows(self, found: Newer, told: LogWords) -> dict[str, Any]:
        """What the script puts into the page, newest first: by column a text, or a word and its code."""
        rows = []
        for each in found.records:
            utc, local = self._desk.pages.told(each.record.time)
            record = each.record
            codes = {"department": record.department, "application": record.application, "purpose": record.purpose}
            codes["result"] = record.result
            what = told.what(record)
            cells: list[str | list[str]] = [[told.word("what", what), what], (record.subject or "–")[:SHORT]]
            cells += [[told.word(term, code), code] if code else "–" for term, code in codes.items()]
            rows.append([str(each.index), utc, local, *cells, str(record.nodes)])
        return {"rows": rows, "last": found.last, "leftOut": found.left_out}
