"""What sharing achieved and what it exposed, by month and purpose: a picture, the numbers, and these as a download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from audit.search import Query, QueryRefused
from hub.auditor.balance import (
    COUNTED,
    MOST_MONTHS,
    Row,
    as_csv,
    balance,
    month_before,
    month_of,
    sensitive_of,
    terms_of,
)
from hub.auditor.known_words import check_words
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.log_words import log_words
from hub.console.oversight.asking import AUDITORS, counted, number_of, opened, search_address, words_asked
from hub.console.oversight.stacks import HEIGHT, WIDTH, Part, stacks
from hub.console.page import Page, Way
from hub.console.pages import HEADERS
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.console.words import all_words

BALANCE: Final = "balance"
TABLE: Final = "balance/table"
MONTHS: Final = 6
ADDED: Final = tuple(name for name in COUNTED if name not in {"departments", "persons"})
"""The numbers that have a sum; a department or a resident may stand in several rows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The months that are shown, `last` as `2026-06`, and the purpose; empty for all."""

    last: str
    months: int
    purpose: str

    @property
    def terms(self) -> Mapping[str, str]:
        """The choice as the words of an address."""
        chosen = {"last": self.last, "months": str(self.months), "purpose": self.purpose}
        return {name: text for name, text in chosen.items() if text}


class BalancePages:
    """The pages of the balance of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (Page(BALANCE, self.show, AUDITORS, "over_balance"), Page(TABLE, self.download, AUDITORS))

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The picture and the numbers."""
        problem: QueryRefused | None = None
        rows = list[Row]()
        choice = Choice(self._this_month(), MONTHS, "")
        try:
            choice = self._choice(arrival)
            rows = await self._rows(visitor, choice)
        except QueryRefused as refused:
            problem = refused
        return self._desk.page(
            "over_balance",
            arrival,
            visitor,
            problem=problem,
            rows=rows,
            choice=choice,
            most=MOST_MONTHS,
            names=COUNTED,
            totals={name: sum(getattr(row, name) for row in rows) for name in ADDED},
            sensitive=sorted(sensitive_of(self._desk.hub.catalogue)),
            told=log_words(self._desk, arrival.language),
            pictures=_pictures(rows, choice),
            size=(WIDTH, HEIGHT),
            link=lambda row, name: search_address(terms_of(row, name)),
            table=f"{HOME}{TABLE}?{urlencode(choice.terms)}",
        )

    async def download(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The numbers as a file for spreadsheets."""
        try:
            choice = self._choice(arrival)
            rows = await self._rows(visitor, choice)
        except QueryRefused:
            raise PageRefused("choice", name="last, months, purpose") from None
        words = all_words()[arrival.language]
        titles = [words[f"over_column_{name}"] for name in ("month", "purpose", *COUNTED)]
        disposition = f'attachment; filename="sluicegate-balance-{choice.last}.csv"'
        headers = {**HEADERS, "Content-Disposition": disposition}
        return Response(as_csv(rows, titles), headers=headers, media_type="text/csv; charset=utf-8")

    def _this_month(self) -> str:
        return f"{self._desk.hub.settings.now():%Y-%m}"

    def _choice(self, arrival: Arrival) -> Choice:
        asked = words_asked(arrival, ("last", "months", "purpose"))
        choice = Choice(
            asked.get("last", self._this_month()), number_of(asked.get("months", str(MONTHS))), asked.get("purpose", "")
        )
        month_of(choice.last)
        return choice

    async def _rows(self, visitor: Visitor, choice: Choice) -> list[Row]:
        hub = self._desk.hub
        purpose = choice.purpose or None

        def work() -> list[Row]:
            with opened(hub.settings) as (index, reader):
                check_words(Query(purpose=purpose), index, hub.policy, hub.catalogue)
                last = month_of(choice.last)
                return list(balance(index, reader, hub.catalogue, last, choice.months, purpose, hub.settings.zone))

        rows = await counted(self._desk, work)
        facts = {"until": choice.last, "months": str(choice.months)}
        if purpose:
            facts["purpose"] = hub.digester.digest("value", purpose)
        await self._desk.record_reading(visitor, "balance", facts)
        return rows


def _pictures(rows: Sequence[Row], choice: Choice) -> Mapping[str, Sequence[Part]]:
    """By picture its parts: what was achieved, and what was exposed, a bar a month, the oldest first."""
    if not rows:
        return {}
    last = month_of(choice.last)
    months = [f"{month_before(last, before):%Y-%m}" for before in reversed(range(choice.months))]
    achieved = {month: {"without": 0, "with": 0} for month in months}
    exposed = {month: {"masked": 0, "clear": 0} for month in months}
    for row in rows:
        achieved[row.month]["without"] += row.without
        achieved[row.month]["with"] += row.operations - row.without
        exposed[row.month]["masked"] += row.masked
        exposed[row.month]["clear"] += row.clear
    return {"achieved": stacks(achieved), "exposed": stacks(exposed)}
