"""Who saw a person: by day, department and purpose, with the fields that were seen, and links to the records.

The id number comes by a form, becomes a digest at once, and stands in no address and no record.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from audit.record import DIGEST_LENGTH
from audit.search import Day, Query, QueryRefused, search
from hub.auditor.search_terms import person_digests, surrogate_of
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.log_words import log_words
from hub.console.oversight.asking import AUDITORS, counted, day_of, opened, search_address, words_asked
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.request.accesses import days_in_log
from hub.request.running import Hub
from policies.decide import told_to_residents

PERSON: Final = "person"
FIND: Final = "person/find"
MOST_ROWS: Final = 1_000
_DIGESTS: Final = re.compile(rf"#[A-Za-z0-9_-]{{{DIGEST_LENGTH}}}(,#[A-Za-z0-9_-]{{{DIGEST_LENGTH}}}){{0,9}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """That a department saw fields of a person for a purpose on a day; `told`: whether the person is told of it."""

    day: str
    department: str
    purpose: str
    clear: Sequence[str]
    masked: Sequence[str]
    told: bool


class PersonPages:
    """The pages about one person of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (Page(PERSON, self.show, AUDITORS, "over_person"), Change(FIND, self.find, AUDITORS))

    async def find(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Go on with the digests of the person whose id number a form names."""
        hub, number = self._desk.hub, form.get("number", "").strip()
        try:
            given = {name: form.get(name, "").strip() for name in ("since", "until")}
            days = urlencode({name: str(day_of(text)) for name, text in given.items() if text})
            await self._desk.spend_named(visitor)
            digests = await self._desk.beside(
                Lane.LOG, lambda: person_digests(hub.digester, surrogate_of(hub.settings)(number))
            )
        except QueryRefused:
            return self._wrong(arrival, visitor)
        # Requests that were refused touched nobody; they are found by the number that they named.
        values = tuple(
            dict.fromkeys(each for text in (number, number.upper()) for each in hub.digester.every("value", text))
        )
        # Recorded, though nothing is shown yet: a digest tells whether a guess at a person is right.
        facts = {"subject": digests[0], "value": values[0]}
        await self._desk.record_reading(visitor, "person find", facts, "subject")
        named = {"person": digests, "value": values}
        person = urlencode({name: ",".join(f"#{each}" for each in found) for name, found in named.items()})
        return go_to(f"{HOME}{PERSON}?{person}&{days}".removesuffix("&"))

    def _wrong(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The form again, without what was written into it, and what may be wrong."""
        said = {"wrong": True, "problem": "", "person": "", "days": ("", ""), "find": HOME + FIND}
        page = self._desk.page("over_person", arrival, visitor, **said)
        page.status_code = 400
        return page

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """Who saw the person with the digests of the address; a form without any."""
        asked = words_asked(arrival, ("person", "value", "since", "until"))
        person, value, rows, in_vain = asked.get("person", ""), asked.get("value", ""), list[Seen](), 0
        problem: QueryRefused | None = None
        if any(text and not _DIGESTS.fullmatch(text) for text in (person, value)):
            raise PageRefused("clear")
        hub = self._desk.hub
        try:
            since, until = (day_of(asked[name]) if name in asked else None for name in ("since", "until"))
            if since and until and until < since:
                raise QueryRefused("until lies before since, so nothing can be found; exchange them", "order")
            if person:
                digests, values = _digests(person), _digests(value)
                rows = await counted(self._desk, lambda: seen_by(hub, digests, since, until))
                if value:
                    in_vain = await counted(self._desk, lambda: refused_about(hub, values, since, until))
                days = {name: asked[name] for name in ("since", "until") if name in asked}
                facts = {"subject": digests[0]} | ({"value": values[0]} if value else {}) | days
                await self._desk.record_reading(visitor, "person", facts, "subject")
        except QueryRefused as refused:
            problem = refused
        return self._desk.page(
            "over_person",
            arrival,
            visitor,
            wrong=False,
            problem=problem,
            person=person,
            days=(asked.get("since", ""), asked.get("until", "")),
            rows=rows[:MOST_ROWS],
            total=len(rows),
            find=HOME + FIND,
            told=log_words(self._desk, arrival.language),
            link=lambda row: search_address(_terms(person, row)),
            asked_by_number=bool(value),
            in_vain=in_vain,
            refusals=search_address(_but_person(asked)),
        )


def seen_by(hub: Hub, person: tuple[str, ...], since: dt.date | None, until: dt.date | None) -> list[Seen]:
    """Who saw the person with these digests, newest day first; blocks."""
    today = hub.settings.now().date()
    found: dict[tuple[dt.date, str, str], list[Day]] = {}
    for each in days_in_log(hub.settings, person, since, until):
        found.setdefault((each.day, each.department or "", each.purpose or ""), []).append(each)
    personal = {name for name, each in hub.catalogue.coordinates() if each.personal}

    def fields(days: Sequence[Day], effect: str) -> Sequence[str]:
        return sorted({name for each in days for name in getattr(each.decision, effect) if name in personal})

    return [
        Seen(
            str(day),
            department,
            purpose,
            fields(days, "clear"),
            fields(days, "masked"),
            told_to_residents(hub.policy, purpose, day, today),
        )
        for (day, department, purpose), days in sorted(
            found.items(), key=lambda each: (-each[0][0].toordinal(), each[0][1], each[0][2])
        )
    ]


def refused_about(hub: Hub, values: tuple[str, ...], since: dt.date | None, until: dt.date | None) -> int:
    """How many requests with one of these values were refused, from day to day, both included; blocks."""
    first = dt.datetime.combine(since, dt.time(), hub.settings.zone) if since else None
    after = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), hub.settings.zone) if until else None
    with opened(hub.settings) as (index, _):
        return search(index, Query(kind="refusal", value=values, since=first, until=after), limit=1).total


def _digests(text: str) -> tuple[str, ...]:
    return tuple(each.removeprefix("#") for each in text.split(","))


def _but_person(asked: Mapping[str, str]) -> Mapping[str, str]:
    """The search for refused requests that named the person's number."""
    return {"kind": "refusal"} | {name: text for name, text in asked.items() if name != "person"}


def _terms(person: str, row: Seen) -> Mapping[str, str]:
    named = {"department": row.department, "purpose": row.purpose}
    terms = {"person": person, "since": row.day, "until": row.day} | named
    return {name: text for name, text in terms.items() if text}
