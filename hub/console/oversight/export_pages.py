"""The export of a search as a download: records with their proofs, as `audit verify-export` checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from audit.checkpoint import NoteRefused
from audit.export import ExportRefused
from audit.search import QueryRefused, matching_indexes
from hub.auditor.downloads import MOST_RECORDS, zipped_export
from hub.auditor.known_words import check_words
from hub.auditor.search_terms import PLAIN, SECRET, TIMES, ParsedSearch, read_filters, selection_of, surrogate_of
from hub.console.arrival import Arrival
from hub.console.desk import Desk
from hub.console.oversight.asking import AUDITORS, counted, opened
from hub.console.page import Change, Way
from hub.console.pages import HEADERS
from hub.console.refusals import PageRefused
from hub.console.sessions.same_site import FIELD
from hub.console.visitor import Visitor

EXPORT: Final = "log/export"
FILE: Final = "sluicegate-audit-export-{:%Y%m%d-%H%M%S}.zip"
"""The name of a download: when it was made, in the zone of the hub, so that the next is another file."""


class ExportPages:
    """The download of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (Change(EXPORT, self.export, AUDITORS),)

    async def export(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """The records of a search, whose terms a form names, with their proofs."""
        terms = {name: text for name, text in form.items() if name != FIELD and text.strip()}
        if terms.keys() - {*PLAIN, *TIMES, *SECRET}:
            raise PageRefused("choice", name="term")
        if any(not text.startswith("#") for name, text in terms.items() if name in SECRET):
            raise PageRefused("clear")
        settings = self._desk.hub.settings
        try:
            wanted, indexes = await counted(self._desk, lambda: self._found(terms))
            if len(indexes) > MOST_RECORDS:
                raise QueryRefused(f"more than {MOST_RECORDS:,} records", "records")
            # Recorded first, as the command does.
            facts = {**wanted.recorded, "found": str(len(indexes))}
            await self._desk.record_reading(visitor, "export", facts, "export")
            selection = selection_of(wanted.query)
            packed = await counted(self._desk, lambda: zipped_export(settings, indexes, selection))
        except QueryRefused as refused:
            page = self._desk.page("over_export", arrival, visitor, problem=refused, most=f"{MOST_RECORDS:,}")
            page.status_code = 400
            return page
        except (ExportRefused, NoteRefused):
            raise PageRefused("store") from None
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{FILE.format(settings.now())}"'}
        return Response(packed, headers=headers, media_type="application/zip")

    def _found(self, terms: Mapping[str, str]) -> tuple[ParsedSearch, list[int]]:
        hub = self._desk.hub
        given = [f"{name}={text}" for name, text in terms.items()]
        wanted = read_filters(given, hub.digester, surrogate_of(hub.settings), _nobody_to_ask, hub.settings.zone)
        with opened(hub.settings) as (index, _):
            check_words(wanted.query, index, hub.policy, hub.catalogue)
            return wanted, list(matching_indexes(index, wanted.query))


def _nobody_to_ask(what: str) -> str:
    raise QueryRefused(f"an export takes no {what} in clear")
