"""A request that has stated its purpose, under the example policies: what the stages after `purpose` begin with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hub.request.auth import Identified, registered
from hub.request.endpoint import Arrival, Request
from hub.request.purpose import Purposed, check_purpose
from policies.language import load
from policies.model import PolicySet
from schema import SPINE
from tests.support.serving import COUNTY

POLICY = load(COUNTY, SPINE)


TODAY = dt.date(2026, 6, 30)


NOW = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)


def stated(
    purpose: str | None, app: str = "fire-inspection", policy: PolicySet = POLICY, case: str | None = None
) -> Purposed:
    subject = registered(policy, app, "someone")
    assert subject is not None
    arrival = Arrival("r", NOW, 0, "POST", str(Path("/graphql")), ())
    request = Request(arrival, "{ __typename }", None, {}, purpose, case, None)
    return check_purpose(Identified(request, policy, subject), TODAY)
