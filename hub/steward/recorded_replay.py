"""A replay that is recorded in the audit log before its result is shown, and the estimates on today's graph.

It brings together what a replay reads: the log and the digest key of a home, the draft, the version in force, and the
versions that the records name.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from audit.record import Digester, Record
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress
from hub.graph.merged_grids import read_successors
from hub.home.audit_log import append_record, digester_of
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.request.decision_cache import DecisionCache
from hub.steward.actor import Actor
from hub.steward.changes import reading_record
from hub.steward.compare_decisions import ReplayInputs
from hub.steward.estimate import Estimate, estimate
from hub.steward.policy_lookup import CURRENT, versions_of
from hub.steward.replay import Replay, replay
from policies.model import Application, Decision, PolicySet
from policies.review.check import subject_of
from policies.succession import Successors
from schema.catalogue import Catalogue
from schema.graphql import build

KIND = "replay"
DEADLINE_SECONDS = 60.0
"""Long, because an estimate reads all nodes of a type."""


@dataclass(frozen=True, slots=True)
class RecordedReplay:
    """A replay, and the two policies that it compared."""

    result: Replay
    draft: PolicySet
    current: PolicySet


def recorded_replay(
    settings: Settings, draft: str, actor: Actor, since: dt.datetime, day: dt.date, progress: Callable[[int], None]
) -> RecordedReplay:
    """Replay the log of a home under the policy named `draft`, and record that `actor` did.

    Raises what finding a policy, reading the log and writing to it raise.
    """
    found = replay_of(settings, draft, since, day, progress)
    append_record(settings, replay_record(digester_of(settings), actor, found.result))
    return found


def replay_of(
    settings: Settings, draft: str, since: dt.datetime, day: dt.date, progress: Callable[[int], None] | None = None
) -> RecordedReplay:
    """Replay the log of a home under the policy named `draft`; it is for the caller to record that."""
    digester, catalogue = digester_of(settings), catalogue_of(settings)
    with versions_of(settings, catalogue) as versions:
        draft_policy, current = versions.find(draft), versions.find(CURRENT)
        schema, zone = build(catalogue), settings.zone
        inputs = ReplayInputs(catalogue, schema, draft_policy, current, versions.of_hash, digester, day, zone)
        result = replay(settings.audit_log, inputs, since, progress)
    return RecordedReplay(result, draft_policy, current)


def replay_record(digester: Digester, actor: Actor, result: Replay) -> Record:
    """The record that `actor` replayed the log, with what they replayed."""
    details = {"since": result.since.isoformat(timespec="seconds"), "operations": str(result.operations)}
    return replace(reading_record(digester, KIND, "policy replay", actor, details), policy_version=result.draft)


def estimates_of(
    settings: Settings, address: GraphAddress, current: PolicySet, draft: PolicySet, day: dt.date
) -> list[Estimate]:
    """Rows that would appear or vanish on today's graph, for every application and purpose of either policy."""

    catalogue = catalogue_of(settings)

    async def gather() -> list[Estimate]:
        graph = Graph(address.url, address.user, address.password, database=settings.graph_database)
        try:
            found: list[Estimate] = []
            successors = await read_successors(graph, DEADLINE_SECONDS)
            for before, after in _decisions(catalogue, current, draft, day, successors):
                found += await estimate(graph, catalogue, before, after, DEADLINE_SECONDS)
            return found
        finally:
            await graph.close()

    return asyncio.run(gather())


def _decisions(
    catalogue: Catalogue, current: PolicySet, draft: PolicySet, day: dt.date, successors: Successors
) -> Iterator[tuple[Decision, Decision]]:
    """For each application and purpose, the decisions of the two policies."""
    cache = DecisionCache()

    def decision(policy: PolicySet, own: Application | None, other: Application | None, purpose: str) -> Decision:
        application = own or other
        assert application is not None  # noqa: S101 - the name comes from one of the two registries
        decided = cache.decide(catalogue, policy, subject_of(application), purpose, day, successors)
        # An application that is not registered sees nothing, whatever the selectors of the grants say.
        return decided if own is not None else replace(decided, types={}, grants=())

    for name in dict.fromkeys([*current.applications, *draft.applications]):
        old, new = current.applications.get(name), draft.applications.get(name)
        for purpose in dict.fromkeys([*current.purposes, *draft.purposes]):
            yield decision(current, old, new, purpose), decision(draft, new, old, purpose)
