"""Makes the audit record of a request, whatever stage it reached.

It holds no personal value: `sub`, case, body, variables, literals, data subjects and a purpose that is no known id
stand in it as keyed digests only. Every value that an answered request compares with is one of them, so that a search
of the log finds it: a request with more values than a record keeps is refused. It is made from the trail of the stages:
who asked, for which purpose, which operation, what was decided, and how it ended.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audit.record import DIGEST_LENGTH, MAX_VARIABLES, Coordinates, Digester, Record
from hub.errors import Code, HubError
from hub.request.endpoint import Arrival, Head, Reply, Request
from hub.request.floods import Source
from hub.request.limits import Validated
from hub.request.plan_model import Accesses, Aggregate, Page, Planned
from hub.request.purpose import Purposed
from hub.request.rates.rates import Account
from hub.request.respond import Answer
from hub.request.template import stored
from hub.request.verifying.root import Verification
from policies.model import PolicySet
from policies.operations.registered import Operation
from policies.rules import Subject
from schema.predicate import All, Any_, Compare, Predicate, Related

CHEAP_REFUSALS = frozenset(
    {
        Code.BAD_REQUEST,
        Code.TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.BATCHING_DISABLED,
        Code.PURPOSE_REQUIRED,
        Code.PURPOSE_DENIED,
        Code.CASE_REQUIRED,
        Code.OPERATION_NOT_REGISTERED,
        Code.VALIDATION,
        Code.DEPTH_LIMIT,
        Code.COST_LIMIT,
        Code.FIELD_NOT_FILTERABLE,
        Code.BAD_CURSOR,
        Code.DAILY_CAP,
        Code.POLICY_UNAVAILABLE,
        Code.RATE_LIMIT,
        Code.TOO_MANY_REQUESTS,
        Code.OVERLOADED,
        Code.ASKER_DENIED,
        Code.DELEGATION_DENIED,
        Code.DELIVERY_DENIED,
    }
)
"""Refusals that cost the hub little, so that an application could fill the log with them; a flood is counted."""


@dataclass(slots=True)
class Trail:
    """What the stages have made of one request so far; each is set when its stage is done."""

    arrival: Arrival
    policy: PolicySet
    catalogue_version: str | None = None
    stage: str = "arrive"
    head: Head | None = None
    subject: Subject | None = None
    request: Request | None = None
    registered: Operation | None = None
    """The registered operation that it asks, if it is one."""
    purposed: Purposed | None = None
    validated: Validated | None = None
    planned: Planned | None = None
    answer: Answer | None = None
    account: Account | None = None


def make_record(trail: Trail, reply: Reply, digester: Digester) -> tuple[Record, str | None]:
    """The record of a request that ends with `reply`, and the normalised text of its operation if it got that far."""
    validated, answer = trail.validated, trail.answer
    head, subject = trail.head, trail.subject
    text = validated.operation_text if validated else None
    ended = time.monotonic_ns()
    record = Record(
        kind="query" if reply.code == "OK" else "refusal",
        request_id=trail.arrival.request_id,
        result=reply.code,
        http_status=reply.status,
        time=trail.arrival.received.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        **asker_of(subject, digester),
        purpose=_purpose(trail, digester),
        case=digester.digest("case", head.case_header) if head and head.case_header else None,
        policy_version=trail.policy.version,
        catalogue_version=trail.catalogue_version,
        operation=hashlib.sha256(text.encode()).hexdigest() if text is not None else None,
        operation_name=_operation_name(trail, digester),
        request_digest=digester.digest("request", hashlib.sha256(trail.arrival.body).hexdigest()),
        variables=dict(_recorded_values(trail, digester)),
        decision=trail.planned.coordinates if trail.planned else Coordinates(),
        nodes=answer.nodes if answer else 0,
        subjects=digester.digests("person", answer.subjects) if answer else (),
        duration_us=max(0, ended - trail.arrival.started) // 1_000,
    )
    return record, text


def asker_of(subject: Subject | None, digester: Digester) -> dict[str, Any]:
    """What a record says of who asked, and of the application that acts for a subject of another one."""
    if subject is None:
        return {}
    actor = subject.actor
    return {
        "application": subject.application,
        "department": subject.department,
        "region": subject.jurisdiction,
        "subject": digester.digest("subject", subject.sub),
        "actor_application": actor.application if actor else None,
        "actor": digester.digest("subject", actor.sub) if actor and actor.sub is not None else None,
    }


def flood_source(trail: Trail, reply: Reply, digester: Digester) -> Source | None:
    """Whose refusal this is, if it may be one of a flood: whatever is refused before the graph is asked."""
    if trail.subject is None:
        return Source(digester.digest("source", trail.arrival.source))
    if reply.code not in CHEAP_REFUSALS:
        return None
    subject = trail.subject
    digest = digester.digest("subject", subject.sub)
    return Source(digest, subject.application, subject.department, subject.jurisdiction)


def _purpose(trail: Trail, digester: Digester) -> str | None:
    # A request by a document id has the purpose of its operation once that is found.
    stated = trail.request.purpose_header if trail.request else trail.head.purpose_header if trail.head else None
    if not stated:
        return None
    # A header that is not a known purpose may hold anything, even a name or a phone number.
    return stated if stated in trail.policy.purposes else f"#{digester.digest('purpose', stated)}"


def _operation_name(trail: Trail, digester: Digester) -> str | None:
    """The id of a registered operation, else a digest of its name: the application chose it, it may hold anything."""
    if trail.registered is not None:
        return trail.registered.id
    validated = trail.validated
    name = validated.document.operation_name if validated else None
    return f"#{digester.digest('operation', name)}" if name else None


def check_values(trail: Trail) -> None:
    """Refuse a planned request whose values do not all fit into its record; raises COST_LIMIT."""
    if sum(_size(path, value) for path, value in _values(trail)) > MAX_VARIABLES:
        text = "the request holds more values than its audit record can keep; compare with fewer in one request"
        raise HubError(Code.COST_LIMIT, text)


def _recorded_values(trail: Trail, digester: Digester) -> Iterator[tuple[str, str]]:
    """By path: a digest of each value, or the class of one that identifies nobody; as many as a record keeps."""
    left = MAX_VARIABLES
    for path, value in _values(trail):
        left -= _size(path, value)
        if left < 0:
            return  # the request was refused; its own digest covers the rest
        yield path, _word(value) or digester.digest("value", str(value))


def _size(path: str, value: object) -> int:
    """Bytes of JSON that a record takes for a path and the digest or class of its value."""
    return len(path) + len(_word(value) or "#" * DIGEST_LENGTH) + len('"":"",')


def _word(value: object) -> str | None:
    # True, false and null identify nobody; any other value might.
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else None


def _values(trail: Trail) -> Iterator[tuple[str, Any]]:
    """Declared variables by path (`$v1.phone.eq`), literals by position (`#0`), and what was compared (`=0`).

    The last are values that the hub compares in another spelling than the request's, such as a date; they are there
    once a request is planned. Nothing is there of a request that was refused before it was valid.
    """
    request, validated = trail.request, trail.validated
    if request is None or validated is None:
        return
    seen: set[str] = set()
    for path, value in (*_sent_variables(request, validated), *_literals(validated)):
        seen.add(str(value))
        yield path, value
    compared = dict.fromkeys(each for each in _compared(trail.planned) if each not in seen)
    yield from ((f"={at}", each) for at, each in enumerate(compared))


def _sent_variables(request: Request, validated: Validated) -> Iterator[tuple[str, Any]]:
    declared = [each.variable.name.value for each in validated.document.operation.variable_definitions or ()]
    stack: list[tuple[str, Any]] = [
        (f"${validated.document.normalised.variables[name]}", request.variables[name])
        for name in reversed(declared)
        if name in request.variables
    ]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((f"{path}.{name}", each) for name, each in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((f"{path}.{at}", each) for at, each in reversed(list(enumerate(value))))
        else:
            yield path, value


def _literals(validated: Validated) -> Iterator[tuple[str, str]]:
    return ((f"#{at}", literal) for at, literal in enumerate(validated.document.normalised.literals))


def _compared(planned: Planned | None) -> Iterator[str]:
    """The texts of the values that the conditions of a plan compare with, as the graph stores them."""
    for root in planned.roots if planned else ():
        if isinstance(root, Page | Aggregate):
            yield from _operands(root.where)
        if isinstance(root, Page | Accesses) and root.match is not None:
            yield from _operands(root.match)
        if isinstance(root, Verification):
            yield from _operands(All(root.compared))


def _operands(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _operands(part)
        case Related(_, _, where):
            yield from _operands(where)
        case Compare(_, _, value) if not isinstance(value, bool):
            for each in value if isinstance(value, tuple) else (value,):
                yield _text(stored(each))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)
