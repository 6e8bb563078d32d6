"""The bounded cache of decisions (stage 5), and the one place where a decision is brought up to today's grids.

A kept decision holds nothing of one person or case. Its key is everything that a decision depends on: policy version,
subject attributes, the purposes that it is bound to, purpose and day. So nothing has to be removed when a version
changes or a grant begins or ends.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from hub.recently_used import RecentlyUsed
from hub.request.purpose import Purposed
from policies.decide import applicable, decide
from policies.model import NOTHING, Decision, FieldDecision, PolicySet, RowSet, TypeDecision
from policies.rules import Grant, Subject
from policies.succession import Successors, follow
from schema.catalogue import Catalogue
from schema.predicate import has_case

KEPT = 512
"""Most decisions kept; the least recently used goes first."""

_Key = tuple[str, tuple[str, ...], frozenset[str] | None, str, dt.date]


class _Kept:
    """What was decided with a case and without one, and both in the grids that were asked for last."""

    __slots__ = ("_decided", "_followed")

    def __init__(self, decided: tuple[Decision, Decision]) -> None:
        self._decided = decided
        self._followed: tuple[Successors, tuple[Decision, ...]] = ({}, decided)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All that is kept here."""
        return (*self._decided, *self._followed[1])

    def of(self, subject: Subject, successors: Successors, *, with_case: bool) -> Decision:
        """The decision for a subject of these attributes."""
        # Read and replaced as a whole, because threads share it.
        followed = self._followed
        if followed[0] is not successors:
            followed = self._followed = (successors, tuple(follow(each, successors) for each in self._decided))
        decision = followed[1][0 if with_case else 1]
        return dataclasses.replace(
            decision, subject=dataclasses.replace(decision.subject, sub=subject.sub, actor=subject.actor)
        )


class DecisionCache:
    """Decisions of one hub or one replay."""

    def __init__(self, limit: int = KEPT) -> None:
        self._kept: RecentlyUsed[_Key, _Kept] = RecentlyUsed(limit)
        self._grants: RecentlyUsed[_Key, tuple[Grant, ...]] = RecentlyUsed(limit)

    def __len__(self) -> int:
        return len(self._kept)

    def applicable(self, policy: PolicySet, subject: Subject, purpose: str, today: dt.date) -> tuple[Grant, ...]:
        """As `policies.decide.applicable`."""
        key = (policy.version, subject.attributes, subject.purposes, purpose, today)
        kept = self._grants.find(key)
        if kept is None:
            kept = applicable(policy, subject, purpose, today)
            # Of purposes without a grant there may be any number.
            return self._grants.keep(key, kept) if kept else ()
        return kept

    def of_request(self, catalogue: Catalogue, purposed: Purposed, successors: Successors) -> Decision:
        """The decision on a request, with its own subject and case; without a case, grants for a case do not apply."""
        return self._of_purposed(catalogue, purposed, successors, with_case=purposed.case is not None)

    def with_case(self, catalogue: Catalogue, purposed: Purposed, successors: Successors) -> Decision:
        """The decision on a request with what its grants would open for a case, whether it names one or not."""
        return self._of_purposed(catalogue, purposed, successors, with_case=True)

    def _of_purposed(
        self, catalogue: Catalogue, purposed: Purposed, successors: Successors, *, with_case: bool
    ) -> Decision:
        policy, subject = purposed.identified.policy, purposed.identified.subject
        purpose, today = purposed.purpose, purposed.today
        decision = self.decide(catalogue, policy, subject, purpose, today, successors, with_case=with_case)
        return decision if purposed.case is None else dataclasses.replace(decision, case=purposed.case)

    def decide(
        self,
        catalogue: Catalogue,
        policy: PolicySet,
        subject: Subject,
        purpose: str,
        today: dt.date,
        successors: Successors,
        *,
        with_case: bool = True,
    ) -> Decision:
        """What a subject may see for a purpose on a day, in the grids that took the place of merged ones.

        Without a case, the rows that only a case opens are not among them: the answer then says what it lacks.
        """
        key = (policy.version, subject.attributes, subject.purposes, purpose, today)
        kept = self._kept.find(key)
        if kept is None:
            made = decide(catalogue, policy, dataclasses.replace(subject, sub=""), purpose, today)
            kept = self._kept.keep(key, _Kept((made, _without_case(made))))
        return kept.of(subject, successors, with_case=with_case)


def _without_case(decision: Decision) -> Decision:
    types = {name: _table_without_case(table) for name, table in decision.types.items()}
    return dataclasses.replace(decision, types=types)


def _table_without_case(table: TypeDecision) -> TypeDecision:
    case = frozenset(index for index, rows in enumerate(table.rows) if has_case(rows))
    if not case:
        return table
    fields = {name: _field_without(each, case) for name, each in table.fields.items()}
    return dataclasses.replace(
        table,
        visible=table.visible - case,
        contributing=table.contributing - case,
        accesses=table.accesses - case,
        verified={names: left for names, rows in table.verified.items() if (left := rows - case)},
        fields={name: each for name, each in fields.items() if each != NOTHING},
    )


def _field_without(effects: FieldDecision, rows: RowSet) -> FieldDecision:
    return FieldDecision(
        effects.clear - rows,
        tuple((rung, left) for rung, granted in effects.masks if (left := granted - rows)),
        effects.aggregate - rows,
        effects.match - rows,
        tuple((asked, left) for asked, granted in effects.answers if (left := granted - rows)),
    )
