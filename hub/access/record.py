"""Makes the audit record of a `GET /access`: who asked what they may see, for which purpose, and how it ended.

It holds no personal value: the address stands in it as a keyed digest, a coordinate only if the schema has it, and a
role or level only if an application has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from audit.record import Digester, Record
from hub.request.endpoint import Reply
from hub.request.own_access.table import Asker
from hub.request.record import Trail, make_record

KIND: Final = "access"


def facts_of(asker: Asker, digester: Digester, coordinate: str | None) -> dict[str, str]:
    """What a record says of what was asked: the coordinate, and for a developer the role and level that they named.

    A role or level that no application of the policy has may be anything, so that its keyed digest stands there.
    """
    facts = {} if coordinate is None else {"coordinate": coordinate}
    if not asker.hypothetical:
        return facts
    applications = asker.policy.applications.values()
    for name in ("role", "level"):
        value = getattr(asker.subject, name)
        is_known = not value or value in {getattr(each, name) for each in applications}
        facts[name] = value if is_known else f"#{digester.digest('value', value)}"
    return facts


def access_record(trail: Trail, reply: Reply, digester: Digester, query: bytes, facts: Mapping[str, str]) -> Record:
    """The record of a request with this query string that ends with `reply`; a refusal is one of kind `refusal`."""
    record, _ = make_record(trail, reply, digester)
    kind = KIND if record.kind == "query" else record.kind
    digest = digester.digest("request", hashlib.sha256(query).hexdigest())
    return replace(record, kind=kind, request_digest=digest, variables=facts)
