"""The review queue: a sample of a day's records, and what auditors found in them.

A mark is in the audit log, with the digest of its reason, before it counts. Nobody marks a record of their own acts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from audit.log import Logged
from audit.record import Digester
from audit.search import QueryRefused, records
from hub.auditor.review_marks import LONGEST_REASON, Marks, Meanwhile, Verdict
from hub.auditor.review_sample import Sample, newest_day, sample_of, samples_so_far
from hub.auditor.search_terms import ACTORS
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.log_words import log_words
from hub.console.oversight.asking import AUDITORS, counted, day_of, number_of, opened, words_asked
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.home.zone import day_of as day_of_time
from hub.request.running import Hub
from hub.steward.changes import reading_record
from policies.stewards import Steward

REVIEW: Final = "review"
MARKED: Final = "review/marked"
MARK: Final = "review/mark"
DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn from a day: the sample that counts; by record the stratum in which it was drawn, now or earlier.

    `over` is false for a day from which nothing is drawn yet, and `so_far` is true for one from which something is
    although it is not over.
    """

    day: dt.date
    sample: Sample | None = None
    logged: Sequence[Logged] = ()
    stratum_of: Mapping[int, str] = field(default_factory=dict)
    over: bool = True
    so_far: bool = False


class ReviewPages:
    """The review queue of one console."""

    def __init__(self, desk: Desk, marks: Marks) -> None:
        self._desk, self._marks = desk, marks

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            Page(REVIEW, self.show, AUDITORS, "over_review"),
            Page(MARKED, self.show_marked, AUDITORS),
            Change(MARK, self.mark, AUDITORS),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The sample of a day, what of it is still open, and how it was drawn; without a day, the last one."""
        hub = self._desk.hub
        problem: QueryRefused | None = None
        asked, today = words_asked(arrival, ("day", "judged")), hub.settings.now().date()
        drawn = Drawn(today)
        try:
            day = day_of(asked["day"]) if "day" in asked else None
            drawn = await counted(self._desk, lambda: _drawn(hub, day))
        except QueryRefused as refused:
            problem = refused
        day, indexes = drawn.day, list(drawn.stratum_of)
        marks = await self._desk.beside(Lane.SESSIONS, lambda: self._marks.of(indexes)) if indexes else {}
        if not problem:
            await self._desk.record_reading(visitor, "review", {"since": str(day), "until": str(day)})
        own = _own_digests(hub, visitor)
        current = drawn.sample.stratum_of if drawn.sample else {}
        return self._desk.page(
            "over_review",
            arrival,
            visitor,
            problem=problem,
            day=str(day),
            before=str(day - DAY),
            after=str(day + DAY) if day + DAY < today else "",
            newest=HOME + REVIEW,
            drawn=drawn,
            sample=drawn.sample,
            judged=asked.get("judged", "") in {str(each) for each in marks} and asked["judged"],
            open=[each for each in drawn.logged if each.index not in marks and each.index in current],
            done=[each for each in drawn.logged if each.index in marks],
            marks=marks,
            own={each.index for each in drawn.logged if _is_of(each, own)},
            verdicts=list(Verdict),
            longest=LONGEST_REASON,
            record=f"{HOME}log/record",
            mark=HOME + MARK,
            marked=HOME + MARKED,
            told=log_words(self._desk, arrival.language),
        )

    async def show_marked(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The marks that were made last."""
        words_asked(arrival, ())
        marks = await self._desk.beside(Lane.SESSIONS, self._marks.newest)
        await self._desk.record_reading(visitor, "review marked", {"found": str(len(marks))})
        return self._desk.page(
            "over_marked", arrival, visitor, marks=marks, record=f"{HOME}log/record", review=HOME + REVIEW
        )

    async def mark(self, _: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Add a mark to a record of a sample, once it is recorded."""
        hub, reason = self._desk.hub, form.get("reason", "").strip()
        try:
            index, seen = number_of(form.get("index", "")), number_of(form.get("seen", ""))
            verdict = Verdict(form.get("verdict", ""))
        except (QueryRefused, ValueError):
            raise PageRefused("choice", name="index, seen, verdict") from None
        if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
            raise PageRefused("over_mark", most=str(LONGEST_REASON))
        await self._desk.refuse_personal(reason)
        logged, day = await counted(self._desk, lambda: _sampled(hub, index))
        if _is_of(logged, _own_digests(hub, visitor)):
            raise PageRefused("over_own")
        marks = await self._desk.beside(Lane.SESSIONS, lambda: self._marks.of([index]))
        if len(marks.get(index, ())) != seen:
            raise PageRefused("over_marked")
        facts = {
            "index": str(index),
            "leafHash": logged.leaf_hash,
            "verdict": str(verdict),
            "number": str(seen + 1),
            "reason": hub.digester.digest("value", reason),
        }
        await hub.log.append(reading_record(hub.digester, "admin", "console review mark", visitor.actor, facts))

        def add() -> None:
            self._marks.add(index, logged.leaf_hash, verdict, reason, visitor.account, seen)

        try:
            await self._desk.beside(Lane.SESSIONS, add)
        except Meanwhile:
            raise PageRefused("over_marked") from None
        return go_to(f"{HOME}{REVIEW}?day={day}&judged={index}")


def _drawn(hub: Hub, asked: dt.date | None) -> Drawn:
    """What was drawn from a day, those records first that exposed most; without a day, from the last that has any.

    Today is drawn from so far if nobody asked anything before. What was drawn then still counts when the day is over.
    """
    today, zone = hub.settings.now().date(), hub.settings.zone
    with opened(hub.settings) as (index, reader):
        newest = newest_day(index, reader, today, zone)
        day = asked or newest or today
        if day > today or (day == today and newest is not None):
            return Drawn(day, over=False)
        first = day == today or newest_day(index, reader, day, zone) is None
        early = samples_so_far(index, reader, hub.catalogue, day, zone) if first else ()
        so_far = early[-1] if early else None
        sample = so_far if day == today else sample_of(index, reader, hub.catalogue, day, zone)
        stratum_of = {at: stratum for each in (sample, *early) if each for at, stratum in each.stratum_of.items()}
        return Drawn(day, sample, list(records(reader, tuple(stratum_of))), stratum_of, so_far=day == today)


def _sampled(hub: Hub, at: int) -> tuple[Logged, dt.date]:
    """The record at an index and its day; PageRefused if it is in no sample."""
    with opened(hub.settings) as (_, reader):
        if at >= reader.size:
            raise PageRefused("over_unsampled")
        (logged,) = records(reader, (at,))
    day = day_of_time(logged.record.time, hub.settings.zone)
    if at not in _drawn(hub, day).stratum_of:
        raise PageRefused("over_unsampled")
    return logged, day


def _own_digests(hub: Hub, visitor: Visitor) -> frozenset[str]:
    subject = visitor.session.subject
    return digests_of_person(hub.digester, visitor.steward, subject, hub.policy.stewards)


def digests_of_person(
    digester: Digester, steward: Steward, subject: str, stewards: Mapping[str, Steward]
) -> frozenset[str]:
    """Every digest under which a record may name whoever signed in as `subject`: all accounts of the person."""
    theirs = [steward, *(each for each in stewards.values() if steward.same_person(each.person))]
    names = {subject} | {name for each in theirs for name in (each.account, each.subject) if name}
    return frozenset(digest for domain in ACTORS.values() for name in names for digest in digester.every(domain, name))


def _is_of(logged: Logged, digests: frozenset[str]) -> bool:
    return bool({logged.record.subject, logged.record.actor} & digests)
