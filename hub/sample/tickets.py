"""Writes the hotline's tickets `hotline/tickets.jsonl`, specified in docs/sample-county.md, section 4.

A good ticket has a known kind and a grid in force, and is open or was closed after it was reported. `personal.jsonl`
beside it says what is personal in each text, as the truth for tests of the detector; the API does not serve it.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from string import Formatter
from typing import Any, Final

from hub.sample import words
from hub.sample.known_people import (
    CANARIES,
    COMPANION,
    PROTAGONIST,
    PROTAGONIST_HOME,
    PROTAGONIST_TICKET,
    REFERENCE_DATE,
    Person,
)
from hub.sample.people import PersonMaker
from hub.sample.register import Resident
from hub.sample.tally import Progress, Tally, dirty_rows

UNKNOWN_KIND: Final = "未分类"
OPEN: Final = ("受理", "交办", "处置")
CLOSED: Final = ("办结", "回访")
_KINDS: Final = tuple(words.TICKET_KINDS)
_KIND_WEIGHTS: Final = (22, 9, 14, 18, 13, 11, 13)
_CALLERS_WITH_ID: Final = 0.6
_STRANGERS: Final = 0.05
# The dirty tickets follow the good ones, one of each reason in turn; their numbers continue.
_REASONS: Final = ("unknown_kind", "closed_before_reported", "missing_grid")

_PERSONAL: Final = {
    "n": "PERSON",
    "o": "PERSON",
    "m": "PERSON",
    "p": "PHONE",
    "q": "PHONE",
    "i": "CN_ID",
    "a": "ADDRESS",
    "c": "PLATE",
}
"""The kind (`policies.text.spans.PiiKind`) of each field of a sentence in `words.TICKET_KINDS`."""
_PROTAGONIST_SENTENCE: Final = (
    "{n}反映{a}楼道堆满杂物,电动车入户充电,与儿子{m}(电话{q})多次劝说无果。来电人{n},身份证{i},电话{p}。"
)

Ticket = dict[str, Any]
PersonalSpans = list[tuple[int, int, str]]
"""Start, end and kind of what is personal in a text."""


def write_tickets(
    path: Path, residents: list[Resident], random: Random, maker: PersonMaker, tally: Tally, progress: Progress
) -> None:
    """Write `len(residents) // 10` good tickets, at least one for each known person, and the dirty ones."""
    desk = _Desk(random, maker, residents)
    tickets = list(desk.good())
    tally.good("tickets", len(tickets))
    registered = {resident.person.id_no for resident in residents}
    callers = [ticket["reporterIdNo"] for ticket in tickets if ticket["reporterIdNo"]]
    tally.facts["tickets_with_reporter_id"] = len(callers)
    tally.facts["reporters_not_in_register"] = sum(caller not in registered for caller in callers)
    tally.facts["tickets_open"] = sum(ticket["status"] in OPEN for ticket in tickets)
    for _ in range(dirty_rows(len(residents))):
        for reason in _REASONS:
            tickets.append(desk.dirty(reason))
            tally.dirty("tickets", reason)
    tickets.sort(key=lambda ticket: (ticket["updatedAt"], ticket["ticketNo"]))
    path.parent.mkdir()
    _write(path, tickets)
    personal = [{"ticketNo": each["ticketNo"], "personal": desk.personal[each["content"]]} for each in tickets]
    _write(path.with_name("personal.jsonl"), personal)
    progress("hotline tickets", len(tickets), len(tickets))


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


class _Desk:
    """Makes tickets; each gets the next number."""

    def __init__(self, random: Random, maker: PersonMaker, residents: list[Resident]) -> None:
        self._random = random
        self._maker = maker
        self._residents = residents
        self._callers = [home for home in residents if home.address and home.grid_code and home.person.phone]
        self._count = 0
        self.personal: dict[str, PersonalSpans] = {}
        """What is personal in each content."""

    def good(self) -> Iterator[Ticket]:
        """The ticket of the protagonist, those of the canaries, then those of random callers."""
        known = {resident.person.id_no: resident for resident in self._residents[: 2 + len(CANARIES)]}
        yield self._protagonist(known[PROTAGONIST.id_no])
        for canary in CANARIES:
            yield self._ticket(known[canary.id_no], canary.id_no, words.KNOWN_CLOSING)
        while self._count < len(self._residents) // 10:
            yield self._random_ticket()

    def dirty(self, reason: str) -> Ticket:
        """A ticket with one fault."""
        ticket = self._random_ticket()
        if reason == "unknown_kind":
            ticket["kind"] = UNKNOWN_KIND
        elif reason == "closed_before_reported":
            reported = datetime.fromisoformat(ticket["reportedAt"])
            ticket["closedAt"] = (reported - timedelta(hours=self._random.randint(1, 90))).isoformat()
            ticket["status"] = "办结"
        else:
            del ticket["gridCode"]
        return ticket

    def _protagonist(self, home: Resident) -> Ticket:
        ticket = self._ticket(home, PROTAGONIST.id_no, words.KNOWN_CLOSING)
        content = self._fill(
            _PROTAGONIST_SENTENCE,
            {
                "n": PROTAGONIST.name,
                "a": home.address,
                "m": COMPANION.name,
                "q": COMPANION.phone,
                "i": PROTAGONIST.id_no,
                "p": PROTAGONIST.phone,
            },
        )
        return ticket | {
            "ticketNo": PROTAGONIST_TICKET,
            "kind": "消防隐患",
            "status": "处置",
            "reportedAt": "2026-06-18T09:12:00+08:00",
            "closedAt": None,
            "updatedAt": "2026-06-19T14:30:00+08:00",
            "gridCode": PROTAGONIST_HOME.grid_code,
            "content": content,
            "handlingDept": "fire",
        }

    def _random_ticket(self) -> Ticket:
        home = self._random.choice(self._callers)
        caller = home.person
        if self._random.random() < _STRANGERS:
            caller = self._maker.stranger()
        id_no = caller.id_no if self._random.random() < _CALLERS_WITH_ID else None
        place = Resident(caller, home.address, home.grid_code, home.category)
        return self._ticket(place, id_no, self._random.choice(words.TICKET_CLOSINGS))

    def _ticket(self, home: Resident, id_no: str | None, closing: str) -> Ticket:
        self._count += 1
        draw = self._random
        kind = draw.choices(_KINDS, _KIND_WEIGHTS)[0]
        department, sentences = words.TICKET_KINDS[kind]
        status, reported, updated = self._times()
        return {
            "ticketNo": f"RX{reported:%Y%m%d}{self._count:06d}",
            "kind": kind,
            "status": status,
            "reportedAt": f"{reported.isoformat()}+08:00",
            "closedAt": f"{updated.isoformat()}+08:00" if status in CLOSED else None,
            "updatedAt": f"{updated.isoformat()}+08:00",
            "gridCode": home.grid_code,
            "address": home.address,
            "reporterName": home.person.name,
            "reporterPhone": home.person.phone,
            "reporterIdNo": id_no,
            "content": self._content(draw.choice(sentences) + closing, home),
            "handlingDept": department,
        }

    def _times(self) -> tuple[str, datetime, datetime]:
        """Status, time of report and of the last change; recent tickets are more often open."""
        draw = self._random
        age = draw.randint(1, 365)
        second = draw.randrange(6 * 3600, 23 * 3600)
        reported = datetime.combine(_before(age), time()) + timedelta(seconds=second)
        updated = reported + timedelta(minutes=draw.randint(20, min(age, 12) * 1440 - 1000))
        is_open = draw.random() < (0.7 if age <= 14 else 0.04)
        return draw.choice(OPEN if is_open else CLOSED), reported, updated

    def _content(self, sentence: str, home: Resident) -> str:
        draw = self._random
        other = draw.choice(self._callers).person
        plate = f"晋C{draw.choice('ABDEFGHK')}{draw.randint(0, 9999):04d}"
        caller: Person = home.person
        fields = {"n": caller.name, "p": caller.phone, "i": caller.id_no, "a": home.address, "c": plate}
        return self._fill(sentence, fields | {"o": self._not_known(other).name, "q": self._not_known(other).phone})

    def _fill(self, sentence: str, fields: dict[str, str]) -> str:
        text, personal = "", []
        for literal, name, _, _ in Formatter().parse(sentence):
            text += literal
            value = fields[name] if name else ""
            if name and value:
                personal.append((len(text), len(text) + len(value), _PERSONAL[name]))
            text += value
        self.personal[text] = personal
        return text

    def _not_known(self, person: Person) -> Person:
        """Another person if this is a known one: known people are named in their own tickets only."""
        return self._residents[-1].person if person.phone.startswith("1990321") else person


def _before(days: int) -> date:
    return REFERENCE_DATE - timedelta(days)
