"""Caps: obligations that limit how much is asked in a day, or shown in one answer.

A cap is met before anything is shown; otherwise nothing is shown. Each is one small function that says what an
operation uses. Daily caps are counted in the version store before the graph is asked, so that they are right across
processes; operations that come at once share a transaction. If no store answers, capped operations are refused. An
obligation that nobody here meets refuses the request. Matches that find nobody have a limit of their own, whatever the
grant: they are counted before anything is told, and from the limit on no match is answered, found or not, so that a
refusal tells nothing and requests at once win nothing. Source: semantics 11 and 13 of the design's section 4.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from hub.errors import Code, HubError
from hub.recently_used import RecentlyUsed
from hub.request.plan_model import Match, Planned
from hub.request.verifying.root import Verification, agreement
from policies.daily_counts import Counted, Use, count_uses, forget, uses_today
from policies.model import Decision
from policies.obligations import ANSWER_DAILY_CAP, CASE, DAILY_CAP, MATCH_DAILY_CAP, NODE_CAP, Cap, StandingCap
from policies.store import PolicyStore
from policies.versions import StoreUnavailable
from schema.answers.agreement import AGREES


def operations(planned: Planned) -> int:
    """1 if the operation asks the graph at all, else 0."""
    return 1 if planned.fetched else 0


def matches(planned: Planned) -> int:
    """How many root fields look for one person by a complete value."""
    return len(planned.matches)


def failed_matches(planned: Planned, row: Mapping[str, Any]) -> int:
    """How many of them found nobody, or verified nobody, by the row of the statement."""
    return sum(_fails(root, planned.result(root, row)) for root in planned.matches)


def _fails(root: Match, result: Any) -> bool:
    return agreement(result) != AGREES if isinstance(root, Verification) else not result


COUNTED: Mapping[str, Callable[[Planned], int]] = {DAILY_CAP: operations, MATCH_DAILY_CAP: matches}
"""Obligations counted by application (or person), grant and day."""

MET_ELSEWHERE = frozenset({CASE, NODE_CAP, ANSWER_DAILY_CAP})
"""`case` is a condition of the statement's rows; `nodeCap` and `answerDailyCap` are met when the answer is shaped."""

PERSONS = 1_000
"""Of how many persons the digest is kept: each request asks for it three times."""

BATCH = 100
"""How many operations are counted in one transaction at most."""

FAILED_MATCH = "failedMatch"
"""What counts matches that find nobody; it is no obligation of a grant, it holds for every match."""

_WORDS = {
    DAILY_CAP: "make {} operations a day for this purpose and those that share its grant",
    MATCH_DAILY_CAP: "make {} matches a day for this purpose and those that share its grant",
    ANSWER_DAILY_CAP: "be given {} answers a day for this purpose and those that share its grant",
    FAILED_MATCH: "name {} people a day, over all purposes, who are not found; check each number before you send it",
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An operation that waits to be counted; `over` will be the use that its limit does not allow, or None."""

    day: dt.date
    counted: Counted
    over: asyncio.Future[Use | None]


class DailyCaps:
    """The daily caps of one hub; without a store every capped operation, and every match, is refused.

    `failed_of_person` and `failed_of_application` are how many matches may find nobody in a day, over all purposes.
    """

    def __init__(
        self,
        store: PolicyStore | None = None,
        failed_of_person: int = 0,
        failed_of_application: int = 0,
    ) -> None:
        self._store = store
        self._failed_limits = failed_of_person, failed_of_application
        self._day: dt.date | None = None
        self._persons: RecentlyUsed[str, str] = RecentlyUsed(PERSONS)
        self._waiting: list[_Waiting] = []
        self._counting: asyncio.Task[None] | None = None

    async def spend(self, planned: Planned, now: dt.datetime) -> None:
        """Count what an operation uses; raises HubError DAILY_CAP, or POLICY_UNAVAILABLE if it cannot be counted.

        `now` is in the zone of the installation. What was counted stays counted, even if the operation fails later.
        """
        obligations = planned.decision.obligations
        if unmet := obligations.keys() - COUNTED.keys() - MET_ELSEWHERE:
            raise HubError(
                Code.INTERNAL,
                f"the hub cannot meet the obligation {min(unmet)}; report this request id to its operator",
            )
        counted = [each for each in planned.decision.caps if each.kind in COUNTED]
        caps = [(cap, more) for cap in counted if (more := COUNTED[cap.kind](planned))]
        uses = [self._use(each, more, planned.decision.subject.sub) for each, more in caps]
        await self._count(planned.decision, uses, self._failed(planned, 0), now)

    async def note_failed(self, planned: Planned, failed: int, now: dt.datetime) -> None:
        """Count matches that found nobody; raises as `spend` if there are too many, or were before.

        Called before anything is told, also if none failed: those that did meanwhile may have reached the limit.
        """
        await self._count(planned.decision, [], self._failed(planned, failed), now)

    async def note_answers(self, planned: Planned, given: int, now: dt.datetime) -> None:
        """Count answers of nodes; raises as `spend` if they are too many: then none of them is told."""
        caps = [each for each in planned.decision.caps if given and each.kind == ANSWER_DAILY_CAP]
        uses = [self._use(each, given, planned.decision.subject.sub) for each in caps]
        await self._count(planned.decision, uses, [], now)

    def _failed(self, planned: Planned, failed: int) -> list[Use]:
        """What failed matches count, of the person and of the application; nothing for an operation without a match."""
        if not planned.matches:
            return []
        of_person, of_application = self._failed_limits
        person = self._digest_of(planned.decision.subject.sub)
        return [
            Use(FAILED_MATCH, failed, of_person, person=person, everywhere=True),
            Use(FAILED_MATCH, failed, of_application, everywhere=True),
        ]

    async def left(
        self, caps: Sequence[StandingCap], application: str, sub: str, now: dt.datetime
    ) -> Mapping[StandingCap, int]:
        """How much of each cap is left today for a person of an application; without those that cannot be told now."""
        if self._store is None:
            return {}
        engine = self._store.engine
        try:
            uses = [self._use(each, 0, sub) for each in caps]
            used = await asyncio.to_thread(uses_today, engine, now.date(), application, uses)
        except StoreUnavailable:
            return {}
        return {each: max(0, each.cap.limit - count) for each, count in zip(caps, used, strict=True)}

    @property
    def _known_store(self) -> PolicyStore:
        if self._store is None:
            raise _not_countable()
        return self._store

    def _digest_of(self, sub: str) -> str:
        return self._persons.find(sub) or self._persons.keep(sub, self._known_store.person_digest(sub))

    def _use(self, standing: StandingCap, more: int, sub: str) -> Use:
        person = self._digest_of(sub) if standing.cap.personal else ""
        return Use(standing.kind, more, standing.cap.limit, standing.grant, person)

    async def _count(self, decision: Decision, caps: list[Use], noted: list[Use], now: dt.datetime) -> None:
        """Count together with whatever else is to be counted now; raises as `spend`."""
        if not caps and not noted:
            return
        counted = Counted(decision.subject.application, decision.purpose, caps, noted)
        waiting = _Waiting(now.date(), counted, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._counting is None:
            self._counting = asyncio.create_task(self._count_waiting())
        try:
            over = await waiting.over
        except StoreUnavailable:
            raise _not_countable() from None
        if over is not None:
            raise _over_cap(over, now)

    async def _count_waiting(self) -> None:
        """Count what waits, in one transaction as long as it is of one day, until nothing waits."""
        try:
            while self._waiting:
                _, together = next(groupby(self._waiting[:BATCH], key=lambda each: each.day))
                batch = list(together)
                del self._waiting[: len(batch)]
                await self._count_batch(batch[0].day, batch)
        finally:
            self._counting = None

    async def _count_batch(self, day: dt.date, batch: list[_Waiting]) -> None:
        try:
            engine = self._known_store.engine
            if self._day != day:
                await asyncio.to_thread(forget, engine, day)
                self._day = day
            found = await asyncio.to_thread(count_uses, engine, day, [each.counted for each in batch])
        except Exception as failure:
            for each in batch:
                if not each.over.done():
                    each.over.set_exception(failure)
            return
        for each, over in zip(batch, found, strict=True):
            if not each.over.done():
                each.over.set_result(over)


def check_nodes(decision: Decision, nodes: int, most: int) -> None:
    """Raises HubError RESULT_LIMIT for an answer of more nodes than the hub, or an obligation, allows."""
    cap = decision.obligations.get(NODE_CAP)
    limit = min(most, cap.limit) if isinstance(cap, Cap) else most
    if nodes > limit:
        raise HubError(Code.RESULT_LIMIT, f"the answer has more than {limit} nodes; ask for a smaller page")


def _over_cap(use: Use, now: dt.datetime) -> HubError:
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), now.tzinfo)
    return HubError(
        Code.DAILY_CAP,
        f"{'each person' if use.person else 'this application'} may {_WORDS[use.kind].format(use.limit)}; go on after "
        "midnight",
        retry_after=max(1, int((midnight - now.astimezone(dt.UTC)).total_seconds()) + 1),
    )


def _not_countable() -> HubError:
    return HubError(
        Code.POLICY_UNAVAILABLE,
        "this purpose has a daily cap, or the query names people, and that cannot be counted now; try again shortly",
    )
