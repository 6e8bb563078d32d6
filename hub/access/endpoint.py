"""The way of one `GET /access`, from its arrival to its recorded answer: what its sender may see.

It tells of all purposes of the sender, or of the one that they state. No personal value stands in its address: purpose
and case are headers, and the address takes a name of the schema only. No statement goes to the graph, and what is told
is in the log before its first byte leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl

from opentelemetry.trace import Span
from starlette.responses import Response

from audit.log import AuditUnavailable, Receipt
from hub.access.record import access_record, facts_of
from hub.errors import Code, HubError, internal_error
from hub.request import endpoint
from hub.request.answers.preferences import JSON
from hub.request.own_access.table import Asker
from hub.request.own_access.told import Told, check_size
from hub.request.own_access.why import check_coordinate
from hub.request.pipeline import know_sender, render_recorded, tell_access
from hub.request.purpose import MAX_PURPOSE, purpose_denied, stated_case
from hub.request.record import Trail, flood_source
from hub.request.running import Hub
from hub.request.validation.closed_schema import check_open
from schema.own_access.types import MY_ACCESS

WHY: Final = "why"
"""The one key of the address: a coordinate of which the reasons are told too."""
ACCESS_AS: Final = "access-as"
"""The header by which a developer asks as another: `role=…`, `level=…`, or both with a comma between them."""
MAX_QUERY: Final = 256
"""Bytes of the address after the question mark."""


@dataclass(slots=True)
class _Asked:
    """What the stages have made of one request so far; `facts` are what its record says of what was asked."""

    trail: Trail
    query: bytes = field(repr=False)
    facts: Mapping[str, str] = field(default_factory=dict)


async def answer_access(hub: Hub, arrival: endpoint.Arrival, query: bytes) -> Response:
    """The answer to one request with this query string, already recorded; 503 if it cannot be recorded."""
    asked = _Asked(Trail(arrival, hub.policy, hub.catalogue.version), query)
    trail = asked.trail
    with hub.telemetry.request(None) as span:
        try:
            reply = _reply(trail, await _run_stages(hub, asked), None)
        except HubError as refusal:
            reply = _reply(trail, None, refusal)
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = _reply(trail, None, internal_error())
        return await _record_and_render(hub, asked, reply, span)


async def _run_stages(hub: Hub, asked: _Asked) -> Mapping[str, Any]:
    """What is told; raises HubError."""
    trail, now = asked.trail, hub.now()
    trail.stage = "head"
    with hub.telemetry.stage("head"):
        trail.head = head = _read_head(hub, trail.arrival)
    trail.stage = "identify"
    with hub.telemetry.stage("identify"):
        subject = know_sender(hub, trail, head, now)
        hub.rates.enter(trail.account)
        check_open(hub.settings)
    client = (subject.application, subject.sub, trail.arrival.source)
    trail.stage = "decide"
    with hub.telemetry.stage("decide"):
        coordinate, other = _coordinate(asked.query), _other_asker(trail.arrival.header(ACCESS_AS))
        asker = Asker(trail.policy, subject, now.date(), stated_case(head.case_header) is not None)
        told = await tell_access(hub, client, asker, trail.arrival.preferences.language)
        if other is not None:
            own = told
            told = await hub.processor.do(
                client, lambda: own.as_another(other.get("role"), other.get("level")), long=True
            )
        purposes = _purposes(told, head.purpose_header)
        if coordinate is not None:
            check_coordinate(told.table, coordinate)
        asked.facts = facts_of(told.table.asker, hub.digester, coordinate)
    trail.stage = "respond"
    with hub.telemetry.stage("respond"):

        def work() -> Mapping[str, Any]:
            whole = {MY_ACCESS: told.whole(purposes, coordinate)}
            check_size(whole, hub.settings.result_byte_cap)
            return whole

        return await hub.processor.do(client, work, long=True)


def _purposes(told: Told, stated: str | None) -> tuple[str, ...]:
    """The purposes that are told: all of the asker's, or the stated one; raises PURPOSE_DENIED for another."""
    purposes, asker = tuple(told.table.decisions), told.table.asker
    if stated is None:
        return purposes
    if len(stated) > MAX_PURPOSE or stated not in purposes:
        raise purpose_denied(asker.policy, asker.subject, asker.today)
    return (stated,)


def _read_head(hub: Hub, arrival: endpoint.Arrival) -> endpoint.Head:
    if arrival.method != "GET":
        raise HubError(Code.METHOD, "ask what you may see by GET; its answer holds no data")
    endpoint.check_headers(arrival, hub.settings.body_limit)
    return endpoint.head_of(arrival)


def _coordinate(query: bytes) -> str | None:
    """The coordinate that the address names; raises BAD_REQUEST for anything else in it, which is not repeated."""
    if not query:
        return None
    try:
        pairs = parse_qsl(query[: MAX_QUERY + 1].decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        pairs = []
    if len(query) > MAX_QUERY or [name for name, _ in pairs] != [WHY]:
        text = "the address takes ?why=Type.field and nothing else; purpose and case are headers, never in the address"
        raise HubError(Code.BAD_REQUEST, text)
    return pairs[0][1]


def _other_asker(stated: tuple[str, ...]) -> Mapping[str, str] | None:
    """What the header states of another asker; raises BAD_REQUEST for another form of it."""
    if not stated:
        return None
    pairs = [each.strip().partition("=") for each in stated[0].split(",")]
    named = {name: value for name, equals, value in pairs if equals and name in {"role", "level"}}
    if len(stated) > 1 or len(named) != len(pairs):
        raise HubError(
            Code.BAD_REQUEST, "the header Access-As takes role=…, level=…, or both with a comma between them"
        )
    return named


def _reply(trail: Trail, data: Mapping[str, Any] | None, refusal: HubError | None) -> endpoint.Reply:
    """The answer; its status is that of the refusal, whatever media type is asked for."""
    errors = () if refusal is None else (refusal,)
    reply = endpoint.compose(trail.arrival, trail.policy.version, data, errors)
    return replace(reply, status=200 if refusal is None else refusal.http_status, media_type=JSON)


async def _record_and_render(hub: Hub, asked: _Asked, reply: endpoint.Reply, span: Span) -> Response:
    trail, receipt = asked.trail, None
    with hub.telemetry.stage("audit"):
        try:
            receipt = await _append(hub, asked, reply)
        except AuditUnavailable:
            reply = _unrecorded(trail)
        except Exception as fault:
            hub.telemetry.fault("audit", fault)
            reply = _unrecorded(trail)
    known: dict[str, str | int] = {"policy_version": trail.policy.version, "http_status": reply.status}
    if trail.subject is not None:
        known["application"] = trail.subject.application
    hub.telemetry.ended(span, reply.code, known)
    response = await render_recorded(hub, trail, reply, receipt)
    if reply.code == Code.METHOD:
        response.headers["Allow"] = "GET"
    return response


async def _append(hub: Hub, asked: _Asked, reply: endpoint.Reply) -> Receipt:
    source = flood_source(asked.trail, reply, hub.digester)
    if source is not None and hub.floods.needs_counting(source):
        return await hub.floods.count(source, Code(reply.code))
    return await hub.log.append(access_record(asked.trail, reply, hub.digester, asked.query, asked.facts))


def _unrecorded(trail: Trail) -> endpoint.Reply:
    text = "the request cannot be recorded now, so it is not answered; try again shortly"
    return _reply(trail, None, HubError(Code.AUDIT_UNAVAILABLE, text))
