"""Caps: obligations that limit how much is asked in a day, or shown in one answer.

A cap is met before anything is shown; otherwise nothing is shown. Each is one small function that says what an
operation uses. Daily caps are counted in the version store before the graph is asked, by one atomic statement, so that
they are right across processes; if no store answers, capped operations are refused. An obligation that nobody here
meets refuses the request. Source: semantics 13 of the design's section 4.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping

from hub.errors import Code, HubError
from hub.request.plan_model import Accesses, Page, Planned
from policies.daily_counts import Use, add, forget
from policies.model import Decision
from policies.obligations import CASE, DAILY_CAP, MATCH_DAILY_CAP, NODE_CAP, Cap, StandingCap
from policies.store import PolicyStore
from policies.versions import StoreUnavailable


def operations(planned: Planned) -> int:
    """1 if the operation asks the graph at all, else 0."""
    return 1 if planned.fetched else 0


def matches(planned: Planned) -> int:
    """How many root fields look for one person by a complete value."""
    return sum(isinstance(root, Page | Accesses) and root.match is not None for root in planned.fetched)


COUNTED: Mapping[str, Callable[[Planned], int]] = {DAILY_CAP: operations, MATCH_DAILY_CAP: matches}
"""Obligations counted by application (or person), grant and day."""

MET_ELSEWHERE = frozenset({CASE, NODE_CAP})
"""`case` is a condition of the statement's rows; `check_nodes` meets `nodeCap` when the answer is shaped."""

_WORDS = {DAILY_CAP: "operations", MATCH_DAILY_CAP: "matches"}


class DailyCaps:
    """The daily caps of one hub; without a store every capped operation is refused."""

    def __init__(self, store: PolicyStore | None = None) -> None:
        self._store = store
        self._day: dt.date | None = None

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
        caps = [(cap, more) for cap in planned.decision.caps if (more := COUNTED[cap.kind](planned))]
        if caps:
            uses = [self._use(each, more, planned.decision.subject.sub) for each, more in caps]
            exceeded = await self._add(planned.decision, now.date(), uses)
            if exceeded is not None:
                raise _over_cap(min((use for use in uses if use.kind == exceeded), key=lambda use: use.limit), now)

    def _use(self, standing: StandingCap, more: int, sub: str) -> Use:
        if self._store is None:
            raise _not_countable()
        person = self._store.person_digest(sub) if standing.cap.personal else ""
        return Use(standing.kind, more, standing.cap.limit, standing.grant, person)

    async def _add(self, decision: Decision, day: dt.date, uses: list[Use]) -> str | None:
        if self._store is None:
            raise _not_countable()
        engine, application = self._store.engine, decision.subject.application
        try:
            if self._day != day:
                await asyncio.to_thread(forget, engine, day)
                self._day = day
            return await asyncio.to_thread(add, engine, day, application, decision.purpose, uses)
        except StoreUnavailable:
            raise _not_countable() from None


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
        f"{'each person' if use.person else 'this application'} may make {use.limit} {_WORDS[use.kind]} a day for this "
        "purpose and those that share its grant; go on after midnight",
        retry_after=max(1, int((midnight - now.astimezone(dt.UTC)).total_seconds()) + 1),
    )


def _not_countable() -> HubError:
    return HubError(
        Code.POLICY_UNAVAILABLE, "this purpose has a daily cap, which cannot be counted now; try again shortly"
    )
