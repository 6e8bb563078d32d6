"""Makes the audit record of a request, whatever stage it reached.

It holds no personal value: `sub`, case, body, variables, literals, data subjects and a purpose that is no known id
stand in it as keyed digests only. It is made from the trail of the stages: who asked, for which purpose, which
operation, what was decided, and how it ended.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.record import Coordinates, Digester, Record
from hub.errors import Code
from hub.request.auth import Identified
from hub.request.endpoint import Arrival, Reply, Request
from hub.request.floods import Source
from hub.request.limits import Validated
from hub.request.plan_model import Planned
from hub.request.purpose import Purposed
from hub.request.respond import Answer
from policies.model import PolicySet

MAX_VALUES = 256
"""Variables and literals that are digested one by one; the request's own digest covers the rest."""


@dataclass(slots=True)
class Trail:
    """What the stages have made of one request so far; each is set when its stage is done."""

    arrival: Arrival
    policy: PolicySet
    stage: str = "arrive"
    request: Request | None = None
    identified: Identified | None = None
    purposed: Purposed | None = None
    validated: Validated | None = None
    planned: Planned | None = None
    answer: Answer | None = None


def make_record(trail: Trail, reply: Reply, digester: Digester) -> tuple[Record, str | None]:
    """The record of a request that ends with `reply`, and the normalised text of its operation if it got that far."""
    request, validated, answer = trail.request, trail.validated, trail.answer
    subject = trail.identified.subject if trail.identified else None
    text = validated.operation_text if validated else None
    ended = time.monotonic_ns()
    record = Record(
        kind="query" if reply.code == "OK" else "refusal",
        request_id=trail.arrival.request_id,
        result=reply.code,
        http_status=reply.status,
        time=trail.arrival.received.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        application=subject.application if subject else None,
        department=subject.department if subject else None,
        region=subject.jurisdiction if subject else None,
        subject=digester.digest("subject", subject.sub) if subject else None,
        purpose=_purpose(trail, digester),
        case=digester.digest("case", request.case_header) if request and request.case_header else None,
        policy_version=trail.policy.version,
        operation=hashlib.sha256(text.encode()).hexdigest() if text is not None else None,
        operation_name=_operation_name(validated, digester),
        request_digest=digester.digest("request", hashlib.sha256(trail.arrival.body).hexdigest()),
        variables=dict(_variables(request, validated, digester)) if request else {},
        decision=_coordinates(trail.planned),
        nodes=answer.nodes if answer else 0,
        subjects=tuple(digester.digest("person", sid) for sid in answer.subjects) if answer else (),
        duration_us=max(0, ended - trail.arrival.started) // 1_000,
    )
    return record, text


def flood_source(trail: Trail, reply: Reply, digester: Digester) -> Source | None:
    """Whose refusal this is, if it may be one of a flood: the sender is not known, or the subject is over a cap."""
    if trail.identified is None:
        return Source(digester.digest("source", trail.arrival.source))
    if reply.code != Code.DAILY_CAP:
        return None
    subject = trail.identified.subject
    digest = digester.digest("subject", subject.sub)
    return Source(digest, subject.application, subject.department, subject.jurisdiction)


def _purpose(trail: Trail, digester: Digester) -> str | None:
    stated = trail.request.purpose_header if trail.request else None
    if not stated:
        return None
    # A header that is not a known purpose may hold anything, even a name or a phone number.
    return stated if stated in trail.policy.purposes else f"#{digester.digest('purpose', stated)}"


def _operation_name(validated: Validated | None, digester: Digester) -> str | None:
    """The digest of the operation's name: the application chose the name, so it may hold anything."""
    name = validated.operation_name if validated else None
    return f"#{digester.digest('operation', name)}" if name else None


def _coordinates(planned: Planned | None) -> Coordinates:
    if planned is None:
        return Coordinates()
    used = planned.coordinates
    return Coordinates(
        clear=used.clear,
        masked=used.masked,
        aggregated=used.aggregated,
        matched=used.matched,
        denied=used.denied,
    )


def _variables(request: Request, validated: Validated | None, digester: Digester) -> Iterator[tuple[str, str]]:
    """Declared variables by path (`$v1.phone.eq`) and literals by position (`#0`), as classes or digests."""
    if validated is None:
        return
    left = MAX_VALUES
    declared = [each.variable.name.value for each in validated.operation.variable_definitions or ()]
    stack: list[tuple[str, Any]] = [
        (f"${validated.normalised.variables[name]}", request.variables[name])
        for name in reversed(declared)
        if name in request.variables
    ]
    while stack and left:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((f"{path}.{name}", each) for name, each in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((f"{path}.{at}", each) for at, each in reversed(list(enumerate(value))))
        else:
            left -= 1
            yield path, _digest_value(value, digester)
    for at, literal in enumerate(validated.normalised.literals[:left]):
        yield f"#{at}", digester.digest("value", literal)


def _digest_value(value: object, digester: Digester) -> str:
    # True, false and null identify nobody; any other value might.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return digester.digest("value", str(value))
