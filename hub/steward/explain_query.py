"""Explains a query for `query --explain`, without a hub: the decision on what it reads, and its statement.

The query is prepared as the hub prepares a request, and never sent. The policy is the version in force, or the policy
folder if there is no version store yet. The graph is read for merged grids only; if no graph runs, the explanation says
that they are not followed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from hub.graph.merged_grids import successors_now
from hub.home.catalogue import catalogue_of
from hub.home.seals import seals_of
from hub.home.settings import Settings
from hub.ingest.annotate import detector_version
from hub.request.answers.preferences import JSON
from hub.request.auth import Identified, registered, unauthenticated
from hub.request.decision_cache import DecisionCache
from hub.request.endpoint import Arrival, read
from hub.request.prepared.prepare import Parts, prepare
from hub.request.record import Trail
from hub.steward.changes import policy_of
from hub.steward.explain import Explanation, explain
from schema.graphql import build

NOT_FOLLOWED = "the graph does not run, so grants on merged grids are shown with the old paths of the grids"


def explain_query(
    settings: Settings, app: str, person: str | None, purpose: str, body: dict[str, Any], case: str | None = None
) -> Explanation:
    """What the hub would decide and send for `body` (`query`, `variables`); raises the HubError of its refusal."""
    detector = detector_version(settings)
    catalogue = catalogue_of(settings)
    policy = policy_of(settings, catalogue)
    application = policy.applications.get(app)
    subject = registered(policy, app, person or next(iter(application.staff), "local")) if application else None
    if subject is None:
        raise unauthenticated()
    now = settings.now()
    headers = (("content-type", JSON), ("access-purpose", purpose), *((("case-reference", case),) if case else ()))
    arrival = Arrival("local", now, 0, "POST", "/graphql", headers, orjson.dumps(body))
    settings.prepare_home()
    seals = seals_of(settings)
    successors = successors_now(settings)
    parts = Parts(settings, catalogue, build(catalogue), seals, DecisionCache(), successors or {}, detector)
    prepared = prepare(parts, Trail(arrival, policy), Identified(read(arrival, settings), policy, subject), now)
    explanation = explain(prepared.planned, prepared.statement)
    return explanation if successors is not None else replace(explanation, notes=(*explanation.notes, NOT_FOLLOWED))
