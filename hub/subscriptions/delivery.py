"""The way of a subscription: how it is let in, and how each delivery is decided, fetched, masked and recorded.

Each delivery is a query of one node by id: token, registry, purpose and policy are looked at again, one statement goes
to the graph, and one record is in the log before the answer leaves. A node that the subscriber may not see leaves
nothing: no message, no record, and no price, so that neither tells how much changes out of their sight. An evaluation
of an alert is a query of an aggregate, counted and recorded whether or not it finds something to tell, because silence
tells as much. Records of deliveries have the HTTP status 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import orjson
from starlette.responses import Response

from hub.errors import Code, HubError, internal_error
from hub.request import endpoint
from hub.request.auth import Identified
from hub.request.pipeline import (
    client_of,
    fetch_row,
    identify_sender,
    prepare_request,
    record_and_render,
    respond_to,
)
from hub.request.plan_model import Aggregate, Lookup
from hub.request.prepared.prepare import Prepared, denial_errors
from hub.request.prepared.registered import find_operation
from hub.request.record import Trail
from hub.request.respond import Answer
from hub.request.running import Hub
from hub.request.validation import closed_schema
from hub.subscriptions.alert import Alert, Evaluated, evaluate, require_number
from hub.subscriptions.as_query import AsQuery, as_query
from hub.subscriptions.operation import Operation, policy_changed, values_for
from hub.subscriptions.stated import Stated

_NOBODY = "0" * 32
NOTHING_YET = Answer({}, (), 0, ())
"""What is told when an operation is opened."""

Work = Callable[[], Awaitable[Answer | None]]
"""Finds an answer, or nothing that is to be told; raises HubError."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an operation, recorded already: the whole answer as JSON. `code` is OK for a delivery."""

    code: str
    answer: bytes = field(repr=False)

    @property
    def errors(self) -> bytes:
        """The errors of the answer, as JSON."""
        return orjson.dumps(orjson.loads(self.answer).get("errors", []))


async def identify(hub: Hub, stated: Stated) -> str | Told:
    """The application that connects, by its token; or why it is not let in."""
    trail = Trail(stated.arrival(), hub.policy, hub.catalogue.version)

    async def work() -> Answer | None:
        identify_sender(hub, trail, hub.now())
        hub.rates.enter(trail.account)
        return None

    refused = await _recorded(hub, trail, work)
    if refused is not None or trail.subject is None:
        return refused or Told(str(Code.INTERNAL), b"{}")
    return trail.subject.application


async def subscribe(hub: Hub, stated: Stated, body: bytes) -> Operation | Told:
    """Let an operation in, which is recorded; `body` is what a query would have as its body. Or why it is not."""
    trail = Trail(stated.arrival(body), hub.policy, hub.catalogue.version)
    opened: list[Operation] = []

    async def work() -> Answer | None:
        now = hub.now()
        head = identify_sender(hub, trail, now)
        hub.rates.enter(trail.account)
        opened.append(await let_in(hub, trail, endpoint.read_body(trail.arrival, head, hub.settings), stated, now))
        return NOTHING_YET

    told = await _recorded(hub, trail, work)
    return opened[0] if opened and told is not None and told.code == "OK" else told or Told(str(Code.INTERNAL), b"{}")


async def let_in(hub: Hub, trail: Trail, request: endpoint.Request, stated: Stated, now: dt.datetime) -> Operation:
    """The operation of a request whose sender `trail` names, decided and paid for; raises HubError."""
    _refuse_registered(trail, request)
    query = _as_query(hub, request)
    variables = values_for(query, request.variables, _nobody(hub))
    trail.request = replace(request, query=query.text, operation_name=query.operation_name, variables=variables)
    prepared = await _prepare(hub, trail, now)
    if not isinstance(prepared.planned.roots[0], Lookup | Aggregate):
        raise denial_errors(hub.parts, prepared).denied(prepared.planned.denials[0])
    if query.at_least is not None:
        require_number(prepared, query.at_least)
    hub.rates.spend(trail.account, prepared.validated.cost)
    decision = prepared.planned.decision
    made = Operation if query.at_least is None else Alert
    return made(stated, query, request.variables, decision.subject, decision.types, trail.policy, now.date())


def _refuse_registered(trail: Trail, request: endpoint.Request) -> None:
    """Refuse a subscription by a document id, and that of an application that asks its registered operations alone."""
    if trail.subject is None or find_operation(Identified(request, trail.policy, trail.subject)) is None:
        return
    text = "a subscription is not registered: send its text as `query`, and ask the registered operation by POST"
    raise HubError(Code.VALIDATION, text)


def _as_query(hub: Hub, request: endpoint.Request) -> AsQuery:
    try:
        return as_query(request.query, request.operation_name, hub.catalogue, request.variables)
    except closed_schema.SchemaFault as fault:
        raise closed_schema.told(fault, hub.settings) from None


def check(hub: Hub, operation: Operation) -> None:
    """Raise HubError where an operation that was let in would not be let in now, or would be shown something else."""
    now = hub.now()
    trail = Trail(operation.stated.arrival(), hub.policy, hub.catalogue.version)
    is_same_policy = trail.policy is operation.policy
    try:
        head = identify_sender(hub, trail, now)
        if is_same_policy and now.date() == operation.day:
            return
        trail.request = operation.request(trail.arrival, head, _nobody(hub))
        operation.require_same(prepare_request(hub, trail, now).planned.decision)
    except HubError as refusal:
        raise _told(refusal, is_same_policy) from None
    operation.policy, operation.day = trail.policy, now.date()


def _told(refusal: HubError, is_same_policy: bool) -> HubError:
    """A refusal as it is told: what another policy refuses is told as its change."""
    return refusal if is_same_policy or refusal.code is Code.POLICY_UNAVAILABLE else policy_changed()


async def deliver(hub: Hub, operation: Operation, sid: str) -> Told | None:
    """What is told of a changed node, which was recorded; None for one that the subscriber does not see.

    Of an alert, what is told of the counts, or None where no other group has reached the number; both are recorded.
    """
    now = hub.now()
    trail = Trail(operation.stated.arrival(), hub.policy, hub.catalogue.version)
    if isinstance(operation, Alert):
        return await _deliver_counts(hub, trail, operation, now)
    return await _recorded(hub, trail, partial(_find, hub, trail, operation, sid, now))


async def _deliver_counts(hub: Hub, trail: Trail, alert: Alert, now: dt.datetime) -> Told | None:
    found: list[Evaluated] = []

    async def work() -> Answer | None:
        found.append(await _count(hub, trail, alert, now))
        trail.answer = found[0].answer
        return trail.answer

    told = await _recorded(hub, trail, work)
    if told is None or told.code != "OK":
        return told
    # The first one is told even if no group has reached the number.
    is_silent = alert.reached is not None and not found[0].answer.data[alert.query.name]
    alert.reached = found[0].reached
    return None if is_silent else told


async def _count(hub: Hub, trail: Trail, alert: Alert, now: dt.datetime) -> Evaluated:
    """The counts of an alert, asked as a query asks for them, in the order of the pipeline."""
    prepared = await _decide_again(hub, trail, alert, _NOBODY, now)
    hub.rates.enter(trail.account)
    hub.rates.spend(trail.account, prepared.validated.cost)
    await hub.caps.spend(prepared.planned, now)
    row = await fetch_row(hub, trail, prepared.statement)
    errors = denial_errors(hub.parts, prepared)
    work = partial(evaluate, prepared, row, alert, hub.catalogue, errors, hub.settings)
    return await hub.processor.do(client_of(trail), work, long=False)


async def _find(hub: Hub, trail: Trail, operation: Operation, sid: str, now: dt.datetime) -> Answer | None:
    prepared = await _decide_again(hub, trail, operation, sid, now)
    row = await fetch_row(hub, trail, prepared.statement)
    answer = await hub.processor.do(client_of(trail), partial(respond_to, hub, prepared, row, {}, None), long=False)
    if answer.data.get(operation.query.name) is None:
        return None
    hub.rates.enter(trail.account)
    hub.rates.spend(trail.account, prepared.validated.cost)
    await hub.caps.spend(prepared.planned, now)
    await hub.caps.note_answers(prepared.planned, answer.answers, now)
    trail.answer = answer
    return answer


async def _decide_again(hub: Hub, trail: Trail, operation: Operation, sid: str, now: dt.datetime) -> Prepared:
    """The query of a delivery, decided now; raises HubError where it would not be let in, or not as it was."""
    try:
        head = identify_sender(hub, trail, now)
        subject, purpose = trail.subject, head.purpose_header
        node = hub.seals.seal_id(subject.department if subject else "", purpose or "", operation.query.entity.tag, sid)
        trail.request = operation.request(trail.arrival, head, node)
        prepared = await _prepare(hub, trail, now)
        operation.require_same(prepared.planned.decision)
    except HubError as refusal:
        raise _told(refusal, trail.policy is operation.policy) from None
    return prepared


async def tell_end(hub: Hub, operation: Operation) -> Told:
    """Record the end of an operation, and what is told of it."""
    trail = Trail(operation.stated.arrival(), hub.policy, hub.catalogue.version)

    async def work() -> Answer | None:
        trail.head = endpoint.head_of(trail.arrival)
        trail.subject = operation.subject
        raise operation.ended or internal_error()

    return await _recorded(hub, trail, work) or Told(str(Code.INTERNAL), b"{}")


async def refuse(hub: Hub, stated: Stated, why: HubError, body: bytes = b"") -> Told:
    """Record a refusal that does not depend on what is asked, with a digest of what was sent (`body`).

    Whoever is not known is refused for that.
    """
    trail = Trail(stated.arrival(body), hub.policy, hub.catalogue.version)

    async def work() -> Answer | None:
        identify_sender(hub, trail, hub.now())
        hub.rates.enter(trail.account)
        raise why

    return await _recorded(hub, trail, work) or Told(str(Code.INTERNAL), b"{}")


async def _prepare(hub: Hub, trail: Trail, now: dt.datetime) -> Prepared:
    return await hub.processor.do(client_of(trail), lambda: prepare_request(hub, trail, now), long=False)


def _nobody(hub: Hub) -> str:
    """An id as the hub seals them, which opens for nobody."""
    return hub.seals.seal_id("", "", 0, _NOBODY)


async def _recorded(hub: Hub, trail: Trail, work: Work) -> Told | None:
    """What became of `work`, for one who is not answered by HTTP."""
    left = await recorded(hub, trail, work, lambda reply: replace(reply, status=0))
    return None if left is None else Told(left[0], bytes(left[1].body))


async def recorded(
    hub: Hub, trail: Trail, work: Work, settled: Callable[[endpoint.Reply], endpoint.Reply]
) -> tuple[str, Response] | None:
    """The one exit: what became of `work` is recorded, and then told; nothing where it found nothing to tell.

    It gives the code, which is OK if there is an answer, and the response. `settled` has the last word on the reply.
    """
    arrival, version = trail.arrival, trail.policy.version
    with hub.telemetry.request(None) as span:
        try:
            answer = await work()
            if answer is None:
                return None
            reply = endpoint.compose(arrival, version, answer.data, answer.errors, answer.access)
        except HubError as refusal:
            reply = endpoint.compose(arrival, version, None, (refusal,))
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = endpoint.compose(arrival, version, None, (internal_error(),))
        reply = settled(reply)
        response = await record_and_render(hub, trail, reply, span)
    # Where the record could not be written, the answer says so by a status of its own, and holds nothing else.
    return reply.code if response.status_code == reply.status else str(Code.AUDIT_UNAVAILABLE), response
