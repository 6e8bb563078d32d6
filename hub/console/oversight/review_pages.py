"""The review queue: a sample of a day's records, and what auditors found in them.

A mark is in the audit log, with the digest of its reason, before it counts. Nobody marks a record of their own acts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from audit.log import Logged
from audit.record import Digester
from audit.search import QueryRefused, records
from hub.auditor.review_marks import LONGEST_REASON, Marks, Meanwhile, Verdict
from hub.auditor.review_sample import Sample, sample_of
from hub.auditor.search_terms import ACTORS
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.oversight.asking import AUDITORS, counted, day_of, number_of, opened, words_asked
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.home.zone import day_of as day_of_time
from hub.request.pipeline import Hub
from hub.steward.changes import reading_record
from policies.stewards import Steward

REVIEW: Final = "review"
MARKED: Final = "review/marked"
MARK: Final = "review/mark"
DAY: Final = dt.timedelta(days=1)


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
        """The sample of a day that is over: what is still open, and how it was drawn."""
        hub, problem = self._desk.hub, ""
        asked = words_asked(arrival, ("day",))
        today = hub.settings.now().date()
        day, sample, logged = today - DAY, None, list[Logged]()
        try:
            day = day_of(asked.get("day", str(day)))
            if day >= today:
                raise QueryRefused("a day is drawn when it is over; choose an earlier one")
            sample, logged = await counted(self._desk, lambda: _drawn(hub, day))
        except QueryRefused as refused:
            problem = str(refused)
        indexes = [each.index for each in logged]
        marks = await self._desk.beside(Lane.SESSIONS, lambda: self._marks.of(indexes)) if indexes else {}
        if not problem:
            await self._desk.record_reading(visitor, "review", {"since": str(day), "until": str(day)})
        own = _own_digests(hub, visitor)
        return self._desk.page(
            "over_review",
            arrival,
            visitor,
            problem=problem,
            day=str(day),
            before=str(day - DAY),
            after=str(day + DAY) if day + DAY < today else "",
            sample=sample,
            open=[each for each in logged if each.index not in marks],
            done=[each for each in logged if each.index in marks],
            marks=marks,
            own={each.index for each in logged if _is_of(each, own)},
            verdicts=list(Verdict),
            longest=LONGEST_REASON,
            record=f"{HOME}log/record",
            mark=HOME + MARK,
            marked=HOME + MARKED,
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
        return go_to(f"{HOME}{REVIEW}?day={day}")


def _drawn(hub: Hub, day: dt.date) -> tuple[Sample | None, list[Logged]]:
    """The sample of a day and its records, those first that exposed most."""
    with opened(hub.settings) as (index, reader):
        sample = sample_of(index, reader, hub.catalogue, day, hub.settings.zone)
        return sample, [] if sample is None else list(records(reader, tuple(sample.stratum_of)))


def _sampled(hub: Hub, at: int) -> tuple[Logged, dt.date]:
    """The record at an index and its day; PageRefused if it is in no sample."""
    with opened(hub.settings) as (index, reader):
        if at >= reader.size:
            raise PageRefused("over_unsampled")
        (logged,) = records(reader, (at,))
        day = day_of_time(logged.record.time, hub.settings.zone)
        sample = None
        if day < hub.settings.now().date():
            sample = sample_of(index, reader, hub.catalogue, day, hub.settings.zone)
        if sample is None or at not in sample.stratum_of:
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
