"""Makes the audit record of a `GET /access`: who asked what they may see, for which purpose, and how it ended.

It holds no personal value: the address stands in it as a keyed digest, and a coordinate only if the schema has it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from audit.record import Digester, Record
from hub.request.endpoint import Reply
from hub.request.record import Trail, make_record

KIND: Final = "access"


def access_record(trail: Trail, reply: Reply, digester: Digester, query: bytes, coordinate: str | None) -> Record:
    """The record of a request with this query string that ends with `reply`; a refusal is one of kind `refusal`."""
    record, _ = make_record(trail, reply, digester)
    facts = {} if coordinate is None else {"coordinate": coordinate}
    kind = KIND if record.kind == "query" else record.kind
    digest = digester.digest("request", hashlib.sha256(query).hexdigest())
    return replace(record, kind=kind, request_digest=digest, variables=facts)
