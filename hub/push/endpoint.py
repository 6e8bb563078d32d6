"""The way of one delivery, from its arrival at `POST /ingest/{source}` to its recorded answer.

Who delivers is known before the body is read, and that they may before anything of it is parsed. What came is in the
log before anything is written, and what became of it before the first byte of the answer leaves. Nothing of an event
stands in an answer. Source: CloudEvents 1.0.2, HTTP binding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import orjson
from opentelemetry.trace import Span
from starlette.responses import Response

from audit.log import AuditUnavailable, Receipt
from connectors.readers.pushed import PushSource
from hub.errors import Code, HubError, internal_error
from hub.fair_share import Client
from hub.push.cloud_events import BATCHED, Event, Invalid, mode_of, read_events
from hub.push.deliveries import Deliveries
from hub.push.outcomes import Outcome, Status
from hub.push.record import begin_record, end_record
from hub.request import auth, endpoint
from hub.request.answers.preferences import JSON
from hub.request.record import Trail, flood_source
from hub.request.running import Hub
from policies.collecting.endings import ended

ReceiveBody = Callable[[endpoint.Arrival, int], Awaitable[endpoint.Arrival]]
WAIT_SECONDS = 60
"""When an event that waits for something may be sent again: a pull may bring it."""


@dataclass(slots=True)
class _Delivery:
    """What the stages have made of one delivery so far."""

    trail: Trail
    source: PushSource | None = None
    outcomes: Sequence[Outcome] = field(default_factory=tuple)


async def answer_delivery(
    hub: Hub, deliveries: Deliveries, name: str, arrival: endpoint.Arrival, receive_body: ReceiveBody
) -> Response:
    """The answer to one delivery to the source of this name, already recorded; 503 if it cannot be recorded."""
    delivery = _Delivery(Trail(arrival, hub.policy, hub.catalogue.version))
    trail = delivery.trail
    with hub.telemetry.request(None) as span:
        try:
            single = await _run_stages(hub, deliveries, name, delivery, receive_body)
            reply = _reply(trail, delivery.outcomes, single)
        except HubError as refusal:
            reply = endpoint.compose(trail.arrival, trail.policy.version, None, (refusal,))
        except AuditUnavailable:
            reply = _unrecorded(trail)
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = endpoint.compose(trail.arrival, trail.policy.version, None, (internal_error(),))
        return await _record_and_render(hub, delivery, reply, span)


async def _run_stages(
    hub: Hub, deliveries: Deliveries, name: str, delivery: _Delivery, receive_body: ReceiveBody
) -> bool:
    """Take a delivery to the graph; whether it was a single event."""
    trail = delivery.trail
    trail.stage = "head"
    with hub.telemetry.stage("head"):
        head = _read_head(hub, trail.arrival)
    trail.stage = "identify"
    with hub.telemetry.stage("identify"):
        if hub.policy_follower is not None:
            hub.policy_follower.check()
        trail.subject = subject = auth.identify(head, trail.policy, hub.verifier, hub.senders, hub.now().timestamp())
        if subject.purposes is not None:
            text = "this token is bound to purposes of queries; deliver with one that is not"
            raise HubError(Code.DELIVERY_DENIED, text)
        auth.check_delegation(trail.policy, subject)
        if subject.actor is not None:
            raise HubError(Code.DELIVERY_DENIED, "an application delivers its own events only: send its own token")
        source = deliveries.source(name, subject.application)
        delivery.source = source
        if ended(trail.policy.purposes, source.collected_for, hub.now().date()):
            text = "the purpose for which these events were collected has ended; nothing is taken any more"
            raise HubError(Code.DELIVERY_DENIED, text)
    client = (subject.application, subject.sub, trail.arrival.source)
    trail.stage = "read"
    with hub.telemetry.stage("read"):
        items = await _read(hub, source, trail, client, receive_body)
    trail.stage = "audit"
    with hub.telemetry.stage("audit"):
        await hub.log.append(begin_record(trail, hub.digester, source.name, items))
    trail.stage = "deliver"
    with hub.telemetry.stage("deliver"):
        delivery.outcomes = await deliveries.deliver(hub.processor, client, source, items)
    return mode_of(trail.arrival) != BATCHED


def _read_head(hub: Hub, arrival: endpoint.Arrival) -> endpoint.Head:
    if arrival.method != "POST":
        raise HubError(Code.METHOD, "deliver events by POST")
    endpoint.check_headers(arrival, hub.settings.body_limit)
    mode_of(arrival)
    return endpoint.head_of(arrival)


async def _read(
    hub: Hub, source: PushSource, trail: Trail, client: Client, receive_body: ReceiveBody
) -> list[Event | Invalid]:
    """The events in the body, at their sender's turn if it takes long to parse."""
    limit = min(source.limits.bytes, hub.settings.body_limit)
    trail.arrival = await receive_body(trail.arrival, limit)
    endpoint.check_complete(trail.arrival, limit)

    def work() -> list[Event | Invalid]:
        return read_events(trail.arrival, source.limits.events)

    is_small = len(trail.arrival.body) <= endpoint.SMALL_BODY
    return work() if is_small else await hub.processor.do(client, work, long=True)


def _reply(trail: Trail, outcomes: Sequence[Outcome], single: bool) -> endpoint.Reply:
    """The answer: what became of each event, and of a single one that was not taken the refusal too."""
    refusal = _refusal(outcomes[0]) if single else None
    errors = () if refusal is None else (refusal,)
    reply = endpoint.compose(trail.arrival, trail.policy.version, {}, errors)
    results = {"results": [each.told(index) for index, each in enumerate(outcomes)]}
    told = orjson.loads(reply.content).get("errors")
    content = orjson.dumps(results if told is None else {**results, "errors": told})
    return replace(reply, content=content, media_type=JSON)


def _refusal(outcome: Outcome) -> HubError | None:
    text = f"{outcome.field}: {outcome.reason}"
    match outcome.status:
        case Status.REFUSED | Status.INVALID:
            return HubError(Code.EVENT_REFUSED, text)
        case Status.WAITS:
            return HubError(Code.EVENT_WAITS, f"{text}; send the event again later", retry_after=WAIT_SECONDS)
        case Status.REUSED:
            return HubError(Code.EVENT_REUSED, text)
    return None


async def _record_and_render(hub: Hub, delivery: _Delivery, reply: endpoint.Reply, span: Span) -> Response:
    trail, receipt = delivery.trail, None
    with hub.telemetry.stage("audit"):
        try:
            receipt = await _append(hub, delivery, reply)
        except AuditUnavailable:
            reply = _unrecorded(trail)
        except Exception as fault:
            hub.telemetry.fault("audit", fault)
            reply = _unrecorded(trail)
    known: dict[str, str | int] = {"policy_version": trail.policy.version, "http_status": reply.status}
    if trail.subject is not None:
        known["application"] = trail.subject.application
    hub.telemetry.ended(span, reply.code, known)
    return endpoint.render(reply, hub.catalogue.version, hub.settings.audit_origin, receipt)


async def _append(hub: Hub, delivery: _Delivery, reply: endpoint.Reply) -> Receipt:
    source = flood_source(delivery.trail, reply, hub.digester)
    if source is not None and hub.floods.needs_counting(source):
        return await hub.floods.count(source, Code(reply.code))
    name = delivery.source.name if delivery.source else None
    return await hub.log.append(end_record(delivery.trail, hub.digester, name, delivery.outcomes, reply))


def _unrecorded(trail: Trail) -> endpoint.Reply:
    text = "the delivery cannot be recorded now, so it is not acknowledged; send it again"
    refusal = HubError(Code.AUDIT_UNAVAILABLE, text, retry_after=1)
    return endpoint.compose(trail.arrival, trail.policy.version, None, (refusal,))
