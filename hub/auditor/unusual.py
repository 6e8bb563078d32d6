"""Unusual use of the data: eight questions to the log, each with its arithmetic.

A finding is no accusation: it says where a number is over a threshold that the auditor chose, and which search shows
the records that were counted. Persons are digests. Requests are answered ones (kind `query`), unless it says otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from audit.index import Index
from audit.index_columns import CASE, SUBJECT, WHO
from audit.search import Query, QueryRefused
from audit.stores.reader import Reader
from audit.touched import Numbers, digest_at, touched
from hub.auditor.unusual_counts import Uses, group_by, newest_rows
from hub.auditor.unusual_spread import spread
from hub.auditor.working_hours import WorkingHours

MOST_SHOWN: Final = 20
"""Findings of one question, those with the largest numbers first."""
LONGEST_DAYS: Final = 92
QUERY, REFUSAL = "query", "refusal"
TERM_OF: Final = {WHO: "who", SUBJECT: "person", CASE: "case"}


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds of the questions, each at least; see BOUNDS."""

    opens: int = 8
    closes: int = 18
    night: int = 10
    walk: int = 200
    times: int = 5
    least: int = 50
    history: int = 60
    refused: int = 20
    askers: int = 5
    narrow: int = 3
    case: int = 50
    several: int = 4

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                text = f"{name} takes a number from {low} to {high}"
                raise QueryRefused(text, "bounds", limit=name, low=f"{low:,}", high=f"{high:,}")
        if self.opens >= self.closes:
            raise QueryRefused("working hours begin before they end", "hours")


BOUNDS: Final = {
    "opens": (0, 23),
    "closes": (1, 24),
    "night": (1, 100_000),
    "walk": (2, 1_000_000),
    "times": (2, 1_000),
    "least": (2, 1_000_000),
    "history": (1, 366),
    "refused": (1, 100_000),
    "askers": (2, 10_000),
    "narrow": (1, 1_000),
    "case": (2, 1_000_000),
    "several": (2, 1_000),
}
"""By threshold: the smallest and the largest number that it takes."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a finding, and the terms of the search that shows what was counted; no terms: it was computed."""

    value: float
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is unusual: `about` by the term of a search, `numbers` by their names, one record of those counted."""

    about: Mapping[str, str]
    numbers: Mapping[str, Number]
    record: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its findings; `total` counts those that are not shown too."""

    name: str
    total: int
    findings: Sequence[Finding]


def unusual(
    index: Index, reader: Reader, since: dt.date, until: dt.date, limits: Limits, zone: dt.tzinfo
) -> Sequence[Question]:
    """The findings of each question for the days from `since` to `until` (included), at most LONGEST_DAYS.

    QueryRefused for other days, or if there is too much to count.
    """
    if not since <= until < since + dt.timedelta(days=LONGEST_DAYS):
        text = f"choose at most {LONGEST_DAYS} days, the first before the last"
        raise QueryRefused(text, "days", most=str(LONGEST_DAYS))
    begin, end = _midnight(since, zone), _midnight(until + dt.timedelta(days=1), zone)
    window = Query(since=begin, until=end)
    before = Query(since=begin - dt.timedelta(days=limits.history), until=begin)
    asked = _Asked(
        reader,
        limits,
        zone,
        {"since": str(since), "until": str(until)},
        (before.since or begin, begin),
        Uses(touched(index, window, (QUERY,))),
        Uses(touched(index, before, (QUERY,), (WHO,))),
        Uses(touched(index, window, (REFUSAL,), (WHO,))),
    )
    return [Question(name, *question(asked)) for name, question in QUESTIONS.items()]


@dataclass(frozen=True, slots=True)
class _Asked:
    reader: Reader
    limits: Limits
    zone: dt.tzinfo
    window: Mapping[str, str]
    earlier: tuple[dt.datetime, dt.datetime]
    uses: Uses
    past: Uses
    refusals: Uses

    def digest(self, place: str, head: int, record: int) -> str:
        return digest_at(self.reader, record, place, head) or ""

    def found(self, values: Numbers, least: float, make: Callable[[int], Finding | None]) -> tuple[int, list[Finding]]:
        """How many values are at least `least`, and the findings of the largest of these."""
        over = np.flatnonzero(values >= least)
        order = over[np.argsort(-values[over], kind="stable")][:MOST_SHOWN]
        return len(over), [each for each in map(make, order.tolist()) if each is not None]


def _off_hours(asked: _Asked) -> tuple[int, list[Finding]]:
    """Requests of one person while the office is closed, in one night or weekend."""
    uses, hours = asked.uses, WorkingHours(asked.limits.opens, asked.limits.closes, asked.zone)
    closings = hours.closings(uses.rows.times)
    rows, who = uses.who_rows()
    closed = closings[rows] >= 0
    rows, who = rows[closed], who[closed]
    groups, keys = group_by(who, closings[rows])
    counts, all_of = np.bincount(groups, minlength=len(keys)), uses.requests_of_each()
    refused = _refused_by_closing(asked.refusals, hours)
    first = newest_rows(groups, rows, len(keys))

    def make(at: int) -> Finding | None:
        code, closing = keys[at]
        begin = dt.datetime.fromtimestamp(closing / 1000, asked.zone)
        record = int(uses.rows.indexes[first[at]])
        person = asked.digest(WHO, int(uses.heads[code]), record)
        span = {"since": begin.isoformat(), "until": hours.next_opening(begin).isoformat()}
        named = {"who": f"#{person}"}
        numbers = {
            "answered": Number(int(counts[at]), {**named, **span, "kind": QUERY}),
            "refused": Number(refused.get((int(uses.heads[code]), closing), 0), {**named, **span, "kind": REFUSAL}),
            "all_days": Number(int(all_of[code]), {**named, **asked.window, "kind": QUERY}),
        }
        return Finding({"who": person, **span}, numbers, record) if person else None

    return asked.found(counts, asked.limits.night, make)


def _refused_by_closing(refusals: Uses, hours: WorkingHours) -> Mapping[tuple[int, int], int]:
    """By the head of a person and the beginning of a night or weekend: how often they were refused in it."""
    closings = hours.closings(refusals.rows.times)
    rows, who = refusals.who_rows()
    closed = closings[rows] >= 0
    groups, keys = group_by(who[closed], closings[rows[closed]])
    counts = np.bincount(groups, minlength=len(keys)).tolist()
    return {(int(refusals.heads[code]), closing): counts[at] for at, (code, closing) in enumerate(keys)}


def _walks(asked: _Asked) -> tuple[int, list[Finding]]:
    """Different persons whom one person's requests touched on one day."""
    uses = asked.uses
    days, names = uses.days(asked.zone)
    rows, who = uses.who_rows()
    groups, keys = group_by(who, days[rows])
    most = np.bincount(groups, uses.persons_of_row()[rows], minlength=len(keys))
    # Only who could be over the threshold is counted exactly.
    persons = uses.persons(rows, groups, len(keys), most >= asked.limits.walk)
    requests, first = np.bincount(groups, minlength=len(keys)), newest_rows(groups, rows, len(keys))

    def make(at: int) -> Finding | None:
        code, day = keys[at]
        record = int(uses.rows.indexes[first[at]])
        person = asked.digest(WHO, int(uses.heads[code]), record)
        terms = {"who": f"#{person}", "since": names[day], "until": names[day], "kind": QUERY}
        numbers = {"persons": Number(int(persons[at]), terms), "requests": Number(int(requests[at]), terms)}
        return Finding({"who": person, "since": names[day], "until": names[day]}, numbers, record) if person else None

    return asked.found(persons, asked.limits.walk, make)


def _many_people(asked: _Asked) -> tuple[int, list[Finding]]:
    """Persons whom one touched, against the median of all who use the same application for the same purpose."""
    uses, limits = asked.uses, asked.limits
    of_shape, words = uses.works()
    rows, who = uses.who_rows()
    groups, keys = group_by(who, of_shape[rows])
    persons = uses.persons(rows, groups, len(keys))
    works = np.array([work for _, work in keys], np.int64)
    medians = {work: float(np.median(persons[works == work])) for work in np.unique(works).tolist()}
    colleagues = np.bincount(works, minlength=len(words))
    usual = np.array([max(medians[work], 1.0) for work in works.tolist()])
    over = (persons >= limits.least) & (persons >= limits.times * usual) & (colleagues[works] >= 3)
    first = newest_rows(groups, rows, len(keys))

    def make(at: int) -> Finding | None:
        code, work = keys[at]
        record = int(uses.rows.indexes[first[at]])
        person = asked.digest(WHO, int(uses.heads[code]), record)
        named = dict(zip(("application", "purpose"), words[work], strict=True))
        terms = {**{name: text for name, text in named.items() if text}, **asked.window, "kind": QUERY}
        numbers = {
            "persons": Number(int(persons[at]), {"who": f"#{person}", **terms}),
            "median": Number(medians[work]),
            "times": Number(round(float(persons[at] / usual[at]), 1)),
            "colleagues": Number(int(colleagues[work]), terms),
        }
        return Finding({"who": person, **named}, numbers, record) if person else None

    return asked.found(np.where(over, persons, 0), limits.least, make)


def _new_purposes(asked: _Asked) -> tuple[int, list[Finding]]:
    """Purposes that a person uses now and did not before, though they made requests before."""
    now, past = asked.uses, asked.past
    _, words = now.works()
    purposes = {purpose: number for number, purpose in enumerate(sorted({purpose for _, purpose in words}))}
    by_purpose, earlier = now.by_purpose(purposes), past.by_purpose(purposes)
    rows, who = now.who_rows()
    groups, keys = group_by(who, by_purpose[rows])
    counts, first = np.bincount(groups, minlength=len(keys)), newest_rows(groups, rows, len(keys))
    old_rows, old_who = past.who_rows()
    heads, before = past.heads[old_who], past.requests_of_each()
    used = set(zip(heads.tolist(), earlier[old_rows].tolist(), strict=True))
    seen = dict(zip(past.heads.tolist(), before.tolist(), strict=True))
    names = list(purposes)
    new = [
        int(now.heads[code]) in seen and (int(now.heads[code]), purpose) not in used and bool(names[purpose])
        for code, purpose in keys
    ]

    def make(at: int) -> Finding | None:
        code, purpose = keys[at]
        record, head = int(now.rows.indexes[first[at]]), int(now.heads[code])
        person = asked.digest(WHO, head, record)
        named = {"who": f"#{person}", "kind": QUERY}
        since, until = (each.isoformat() for each in asked.earlier)
        numbers = {
            "requests": Number(int(counts[at]), {**named, "purpose": names[purpose], **asked.window}),
            "before": Number(seen[head], {**named, "since": since, "until": until}),
        }
        return Finding({"who": person, "purpose": names[purpose]}, numbers, record) if person else None

    return asked.found(np.where(new, counts, 0), 1, make)


def _refusals(asked: _Asked) -> tuple[int, list[Finding]]:
    """Refused requests of one person."""
    refused, answered = asked.refusals, asked.uses
    rows, who = refused.who_rows()
    counts, first = refused.requests_of_each(), newest_rows(who, rows, len(refused.heads))
    answers = dict(zip(answered.heads.tolist(), answered.requests_of_each().tolist(), strict=True))

    def make(at: int) -> Finding | None:
        record, head = int(refused.rows.indexes[first[at]]), int(refused.heads[at])
        person = asked.digest(WHO, head, record)
        terms = {"who": f"#{person}", **asked.window}
        numbers = {
            "refused": Number(int(counts[at]), {**terms, "kind": REFUSAL}),
            "answered": Number(answers.get(head, 0), {**terms, "kind": QUERY}),
        }
        return Finding({"who": person}, numbers, record) if person else None

    return asked.found(counts, asked.limits.refused, make)


def _one_person(asked: _Asked) -> tuple[int, list[Finding]]:
    """Different people who looked up one person, by requests that touched few."""
    uses = asked.uses
    narrow = uses.persons_of_row() <= asked.limits.narrow
    about = uses.rows.subjects
    rows, heads = about.rows[narrow[about.rows]], about.heads[narrow[about.rows]]
    persons, codes = np.unique(heads, return_inverse=True)
    askers = np.zeros(len(persons), np.int64)
    joined = [(codes[who[rows] >= 0], who[rows][who[rows] >= 0]) for who in uses.who_by_row()]
    if joined and len(persons):
        groups, who = (np.concatenate(each) for each in zip(*joined, strict=True))
        pairs = np.unique(groups.astype(np.int64) * max(len(uses.heads), 1) + who)
        askers = np.bincount(pairs // max(len(uses.heads), 1), minlength=len(persons))
    requests, first = np.bincount(codes, minlength=len(persons)), newest_rows(codes, rows, len(persons))

    def make(at: int) -> Finding | None:
        record = int(uses.rows.indexes[first[at]])
        person = asked.digest(SUBJECT, int(persons[at]), record)
        terms = {"person": f"#{person}", **asked.window, "kind": QUERY}
        numbers = {"askers": Number(int(askers[at]), terms), "requests": Number(int(requests[at]), terms)}
        return Finding({"person": person}, numbers, record) if person else None

    return asked.found(askers, asked.limits.askers, make)


def _one_case(asked: _Asked) -> tuple[int, list[Finding]]:
    """Different persons who were touched under one case reference."""
    uses, cases = asked.uses, asked.uses.rows.cases
    codes, heads = cases.codes()
    persons = uses.persons(cases.rows, codes, len(heads))
    requests, first = np.bincount(codes, minlength=len(heads)), newest_rows(codes, cases.rows, len(heads))

    def make(at: int) -> Finding | None:
        record = int(uses.rows.indexes[first[at]])
        case = asked.digest(CASE, int(heads[at]), record)
        terms = {"case": f"#{case}", **asked.window, "kind": QUERY}
        numbers = {"persons": Number(int(persons[at]), terms), "requests": Number(int(requests[at]), terms)}
        return Finding({"case": case}, numbers, record) if case else None

    return asked.found(persons, asked.limits.case, make)


def _several(asked: _Asked) -> tuple[int, list[Finding]]:
    """Applications, or departments, through which one person asked on one day; refused requests count too."""
    found = spread((asked.uses, asked.refusals), asked.zone)
    answered, refused = found.requests

    def make(at: int) -> Finding | None:
        record, day = int(found.records[at]), dt.date.fromordinal(int(found.days[at])).isoformat()
        person = asked.digest(WHO, int(found.heads[at]), record)
        terms = {"who": f"#{person}", "since": day, "until": day}
        numbers = {
            "applications": Number(int(found.applications[at]), terms),
            "departments": Number(int(found.departments[at]), terms),
            "answered": Number(int(answered[at]), {**terms, "kind": QUERY}),
            "refused": Number(int(refused[at]), {**terms, "kind": REFUSAL}),
        }
        return Finding({"who": person, "since": day, "until": day}, numbers, record) if person else None

    return asked.found(np.maximum(found.applications, found.departments), asked.limits.several, make)


QUESTIONS: Final[Mapping[str, Callable[[_Asked], tuple[int, list[Finding]]]]] = {
    "off_hours": _off_hours,
    "walks": _walks,
    "many_people": _many_people,
    "new_purposes": _new_purposes,
    "refusals": _refusals,
    "one_person": _one_person,
    "one_case": _one_case,
    "several": _several,
}
"""Each question by its name, in the order in which a page shows them."""


def _midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone)
