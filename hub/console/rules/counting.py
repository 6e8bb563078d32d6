"""Counts on today's graph, for a steward who asks: what an edit would show, hide or show otherwise; no node is shown.

A count below the contributor threshold is not told (`hub/steward/estimate.py`). Only what the rule itself reaches is
counted, and only so much of it that the graph has other work left.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from typing import Final

from hub.request.running import Hub
from hub.steward.estimate import Estimate, estimate, estimate_fields
from policies.decide import decide
from policies.model import Decision, PolicySet
from policies.purposes import covered, prohibited_for
from policies.review.check import subject_of
from schema.catalogue import Catalogue

MOST_COUNTED: Final = 12
"""Pairs of an application and a purpose that are counted."""
DEADLINE_SECONDS: Final = 20.0
"""For all of them together."""


async def count(hub: Hub, before: PolicySet, after: PolicySet, name: str) -> list[Estimate]:
    """What would appear and vanish for those whom the rule reaches; HubError or TimeoutError from the graph."""
    found: list[Estimate] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        for old, new in _pairs(hub.catalogue, before, after, name, hub.now().date()):
            for counted in (estimate, estimate_fields):
                found += await counted(hub.graph, hub.catalogue, old, new, DEADLINE_SECONDS)
    return found


def _pairs(
    catalogue: Catalogue, before: PolicySet, after: PolicySet, name: str, today: dt.date
) -> Iterator[tuple[Decision, Decision]]:
    reached = dict.fromkeys([*_reached(before, name), *_reached(after, name)])
    known = [(app, purpose) for app, purpose in reached if all(app in each.applications for each in (before, after))]
    for app, purpose in known[:MOST_COUNTED]:
        yield tuple(
            decide(catalogue, each, subject_of(each.applications[app]), purpose, today) for each in (before, after)
        )  # type: ignore[misc]


def _reached(policy: PolicySet, name: str) -> Iterator[tuple[str, str]]:
    """The applications and purposes that a rule of this name reaches."""
    for grant in policy.grants:
        if grant.id == name:
            for each in policy.applications.values():
                if grant.to.selects(subject_of(each)):
                    yield from ((each.id, purpose) for purpose in policy.purposes if covered(grant.purposes, purpose))
    for rule in policy.prohibitions:
        if rule.id == name:
            purposes = [each for each in policy.purposes if prohibited_for(rule.purposes, each)]
            yield from ((each, purpose) for each in policy.applications for purpose in purposes)
