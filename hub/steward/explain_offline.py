"""An explanation on the command line takes the same stages as a request does, up to the statement, and stops there.

It reads the version in force, or the policy folder where there is no store yet, and asks neither the hub nor the
graph, so it can be had before anything runs.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import orjson

from hub.home.seals import Seals, load_key
from hub.home.settings import Settings
from hub.ingest.annotate import detector_version
from hub.request.auth import Identified, registered, unauthenticated
from hub.request.compile import compile_plan
from hub.request.endpoint import JSON, Arrival, read
from hub.request.limits import validate
from hub.request.plan import plan
from hub.request.purpose import state
from hub.steward.changes import policy_of
from hub.steward.explain import Explanation, explain
from policies.decide import decide
from schema import CATALOGUE
from schema.graphql import build


def explain_locally(
    settings: Settings, app: str, person: str | None, purpose: str, body: dict[str, Any], case: str | None = None
) -> Explanation:
    """What the hub would decide and send for `body` (`query`, `variables`); HubError as the hub would refuse."""
    detector = detector_version(settings)
    policy = policy_of(settings, CATALOGUE)
    application = policy.applications.get(app)
    subject = registered(policy, app, person or next(iter(application.staff), "local")) if application else None
    if subject is None:
        raise unauthenticated()
    now = dt.datetime.now().astimezone()
    headers = (("content-type", JSON), ("access-purpose", purpose), *((("case-reference", case),) if case else ()))
    arrival = Arrival("local", now, 0, "POST", "/graphql", headers, orjson.dumps(body))
    purposed = state(Identified(read(arrival, settings), policy, subject), now.date())
    schema = build(CATALOGUE)
    validated = validate(purposed, schema)
    decision = dataclasses.replace(decide(CATALOGUE, policy, subject, purpose, now.date()), case=purposed.case)
    settings.prepare_home()
    seals = Seals(load_key(settings.keys_folder / "seal.key"))
    planned = plan(
        validated.operation,
        dict(validated.fragments),
        validated.variables,
        decision,
        schema,
        CATALOGUE,
        seals,
    )
    return explain(planned, compile_plan(planned, CATALOGUE, detector))
