"""The page of unusual use: eight questions, with thresholds that stand in the address and can be changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Final

from starlette.responses import Response

from audit.search import QueryRefused
from hub.auditor.unusual import BOUNDS, LONGEST_DAYS, MOST_SHOWN, Limits, Question, unusual
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.log_words import log_words
from hub.console.oversight.asking import AUDITORS, counted, day_of, number_of, opened, search_address, words_asked
from hub.console.page import Page, Way
from hub.console.visitor import Visitor

UNUSUAL: Final = "unusual"
DAYS: Final = 30
"""How many days are looked at without another choice."""


class UnusualPages:
    """The page of unusual use of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (Page(UNUSUAL, self.show, AUDITORS, "over_unusual"),)

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The findings of each question for the days of the address."""
        settings = self._desk.hub.settings
        asked = words_asked(arrival, ("since", "until", *BOUNDS))
        today = settings.now().date()
        problem: QueryRefused | None = None
        questions, limits = list[Question](), Limits()
        since, until = today - dt.timedelta(days=DAYS - 1), today
        try:
            until = day_of(asked.get("until", str(until)))
            since = day_of(asked.get("since", str(until - dt.timedelta(days=DAYS - 1))))
            limits = Limits(**{name: number_of(asked[name]) for name in BOUNDS if name in asked})

            def work() -> list[Question]:
                with opened(settings) as (index, reader):
                    return list(unusual(index, reader, since, until, limits, settings.zone))

            questions = await counted(self._desk, work)
            await self._desk.record_reading(visitor, "unusual", {"since": str(since), "until": str(until)})
        except QueryRefused as refused:
            problem = refused
        return self._desk.page(
            "over_unusual",
            arrival,
            visitor,
            problem=problem,
            questions=questions,
            thresholds=[(name, getattr(limits, name), *BOUNDS[name]) for name in BOUNDS],
            limits={name: str(value) for name, value in asdict(limits).items()},
            days=(str(since), str(until)),
            longest=str(LONGEST_DAYS),
            most=MOST_SHOWN,
            link=search_address,
            told=log_words(self._desk, arrival.language),
            record=f"{HOME}log/record",
        )
