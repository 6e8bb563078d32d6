"""The way of a subscription: how it is let in, and how each delivery is decided, fetched, masked and recorded.

Each delivery is a query of one node by id: token, registry, purpose and policy are looked at again, one statement goes
to the graph, and one record is in the log before the answer leaves. A node that the subscriber may not see leaves
nothing: no message, no record, and no price, so that neither tells how much changes out of their sight. Records of
deliveries have the HTTP status 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from hub.errors import Code, HubError, internal_error
from hub.request import endpoint
from hub.request.pipeline import (
    Hub,
    fetch_row,
    identify_sender,
    prepare_request,
    record_and_render,
    respond_to,
)
from hub.request.plan_model import Lookup
from hub.request.prepared.prepare import Prepared, denial_errors
from hub.request.record import Trail
from hub.request.respond import Answer
from hub.request.validation import closed_schema
from hub.subscriptions.as_query import AsQuery, as_query
from hub.subscriptions.operation import Operation, policy_changed
from hub.subscriptions.stated import Stated

_NOBODY = "0" * 32


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
        opened.append(await _open(hub, trail, stated))
        return Answer({}, (), 0, ())

    told = await _recorded(hub, trail, work)
    return opened[0] if opened and told is not None and told.code == "OK" else told or Told(str(Code.INTERNAL), b"{}")


async def _open(hub: Hub, trail: Trail, stated: Stated) -> Operation:
    now = hub.now()
    head = identify_sender(hub, trail, now)
    hub.rates.enter(trail.account)
    request = endpoint.read_body(trail.arrival, head, hub.settings)
    query = _as_query(hub, request)
    variables = {**request.variables, query.variable: _nobody(hub)}
    trail.request = replace(request, query=query.text, operation_name=query.operation_name, variables=variables)
    prepared = await _prepare(hub, trail, now)
    if not isinstance(prepared.planned.roots[0], Lookup):
        raise denial_errors(hub.parts, prepared).denied(prepared.planned.denials[0])
    hub.rates.spend(trail.account, prepared.validated.cost)
    decision = prepared.planned.decision
    return Operation(stated, query, request.variables, decision.subject, decision.types, trail.policy, now.date())


def _as_query(hub: Hub, request: endpoint.Request) -> AsQuery:
    try:
        return as_query(request.query, request.operation_name, hub.catalogue)
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
    """What is told of a changed node, which was recorded; None for one that the subscriber does not see."""
    now = hub.now()
    trail = Trail(operation.stated.arrival(), hub.policy, hub.catalogue.version)
    return await _recorded(hub, trail, partial(_find, hub, trail, operation, sid, now))


async def _find(hub: Hub, trail: Trail, operation: Operation, sid: str, now: dt.datetime) -> Answer | None:
    try:
        head = identify_sender(hub, trail, now)
        subject, purpose = trail.subject, head.purpose_header
        node = hub.seals.seal_id(subject.department if subject else "", purpose or "", operation.query.entity.tag, sid)
        trail.request = operation.request(trail.arrival, head, node)
        prepared = await _prepare(hub, trail, now)
        operation.require_same(prepared.planned.decision)
    except HubError as refusal:
        raise _told(refusal, trail.policy is operation.policy) from None
    row = await fetch_row(hub, trail, prepared.statement)
    answer = await hub.processor.do(_client(trail), partial(respond_to, hub, prepared, row, {}, None), long=False)
    if answer.data.get(operation.query.name) is None:
        return None
    hub.rates.enter(trail.account)
    hub.rates.spend(trail.account, prepared.validated.cost)
    await hub.caps.spend(prepared.planned, now)
    trail.answer = answer
    return answer


async def tell_end(hub: Hub, operation: Operation) -> Told:
    """Record the end of an operation, and what is told of it."""
    trail = Trail(operation.stated.arrival(), hub.policy, hub.catalogue.version)

    async def work() -> Answer | None:
        trail.head = endpoint.head_of(trail.arrival)
        trail.subject = operation.subject
        raise operation.ended or internal_error()

    return await _recorded(hub, trail, work) or Told(str(Code.INTERNAL), b"{}")


async def refuse(hub: Hub, stated: Stated, why: HubError) -> Told:
    """Record a refusal that does not depend on what is asked."""
    trail = Trail(stated.arrival(), hub.policy, hub.catalogue.version)

    async def work() -> Answer | None:
        identify_sender(hub, trail, hub.now())
        raise why

    return await _recorded(hub, trail, work) or Told(str(Code.INTERNAL), b"{}")


async def _prepare(hub: Hub, trail: Trail, now: dt.datetime) -> Prepared:
    return await hub.processor.do(_client(trail), lambda: prepare_request(hub, trail, now), long=False)


def _client(trail: Trail) -> tuple[str, str, str]:
    subject = trail.subject
    return (subject.application, subject.sub, trail.arrival.source) if subject else ("", "", trail.arrival.source)


def _nobody(hub: Hub) -> str:
    """An id as the hub seals them, which opens for nobody."""
    return hub.seals.seal_id("", "", 0, _NOBODY)


async def _recorded(hub: Hub, trail: Trail, work: Callable[[], Awaitable[Answer | None]]) -> Told | None:
    """The one exit: what became of `work` is recorded, and then told; nothing where it found nothing to tell."""
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
        response = await record_and_render(hub, trail, replace(reply, status=0), span)
    # Where the record could not be written, the answer says so by a status of its own, and holds nothing else.
    code = reply.code if response.status_code == 0 else str(Code.AUDIT_UNAVAILABLE)
    return Told(code, bytes(response.body))
