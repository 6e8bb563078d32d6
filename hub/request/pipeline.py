"""No stage can be skipped, and every request, whatever became of it, is recorded before its first byte leaves.

The stages of the design's section 1, top to bottom. Each is a function from one frozen dataclass to the next;
a refusal at any of them leaves by the one exit at the end.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema
from opentelemetry.trace import Span
from starlette.responses import Response

from audit.log import AuditLog, AuditUnavailable, Receipt
from audit.record import Digester, Record
from hub.errors import Code, HubError
from hub.graph.driver import Graph
from hub.graph.merged_grids import Succession
from hub.home.seals import Seals
from hub.home.settings import Settings
from hub.request import auth, endpoint, limits, purpose
from hub.request.accesses import answers
from hub.request.compile import compile_plan
from hub.request.daily_caps import Caps, check_nodes
from hub.request.decision_cache import Decisions
from hub.request.denials import Access
from hub.request.floods import Floods
from hub.request.introspection import introspect
from hub.request.plan import plan
from hub.request.plan_model import Accesses, Planned
from hub.request.policy_follower import Reloader
from hub.request.record import Trail, make_record, source_of
from hub.request.respond import Answer, respond
from hub.telemetry import Telemetry
from policies.model import Decision, PolicySet
from policies.succession import follow
from schema.catalogue import Catalogue


def local_now() -> dt.datetime:
    """The present in the local time zone, in which grants say their days."""
    return dt.datetime.now().astimezone()


@dataclass(slots=True)
class Hub:
    """The parts of one running hub. `policy` is swapped whole; a request reads it once and keeps it."""

    settings: Settings
    catalogue: Catalogue
    schema: GraphQLSchema
    policy: PolicySet
    verifier: auth.Verifier
    seals: Seals = field(repr=False)
    digester: Digester = field(repr=False)
    graph: Graph
    log: AuditLog
    telemetry: Telemetry
    decisions: Decisions = field(default_factory=Decisions, repr=False)
    caps: Caps = field(default_factory=Caps)
    succession: Succession = field(default_factory=Succession)
    reloader: Reloader | None = None
    detector: str = ""
    """Version of the detector whose spans of free text are trusted; with none, every free text is redacted whole."""
    now: Callable[[], dt.datetime] = local_now
    floods: Floods = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.floods = Floods(self._append)

    async def _append(self, record: Record) -> Receipt:
        return await self.log.append(record)


async def _there() -> bool:
    return False


async def answer(hub: Hub, arrival: endpoint.Arrival, gone: Callable[[], Awaitable[bool]] = _there) -> Response:
    """The response to one arrival, already recorded; 503 without data where it cannot be recorded.

    `gone` tells whether the client has left. It is asked before an answer is recorded, so that the record can say so;
    a refusal keeps its reason.
    """
    trail = Trail(arrival, hub.policy)
    with hub.telemetry.request() as span:
        try:
            found = await _stages(hub, trail)
            reply = endpoint.compose(arrival, trail.policy.version, found.data, found.errors)
        except HubError as refusal:
            reply = endpoint.compose(arrival, trail.policy.version, None, (refusal,))
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = endpoint.compose(arrival, trail.policy.version, None, (_internal(),))
        if reply.code == "OK" and await gone():
            reply = endpoint.compose(arrival, trail.policy.version, None, (endpoint.client_gone(),))
        return await _leave(hub, trail, reply, span)


async def _stages(hub: Hub, trail: Trail) -> Answer:
    policy, now = trail.policy, hub.now()
    with _stage(hub, trail, "read"):
        trail.request = request = endpoint.read(trail.arrival, hub.settings)
    if hub.reloader is not None:
        hub.reloader.check()
    with _stage(hub, trail, "identify"):
        trail.identified = identified = auth.identify(request, policy, hub.verifier, now.timestamp())
    with _stage(hub, trail, "purpose"):
        trail.purposed = purposed = purpose.state(identified, now.date())
    with _stage(hub, trail, "validate"):
        trail.validated = validated = limits.validate(purposed, hub.schema)
    with _stage(hub, trail, "decide"):
        decision = follow(hub.decisions.of(hub.catalogue, purposed), hub.succession.successors)
    with _stage(hub, trail, "plan"):
        trail.planned = planned = _plan(hub, validated, decision)
    with _stage(hub, trail, "caps"):
        await hub.caps.spend(planned, now)
    with _stage(hub, trail, "compile"):
        statement = compile_plan(planned, hub.catalogue, hub.detector)
    with _stage(hub, trail, "fetch"):
        row = await _fetch(hub, statement.text, statement.parameters) if statement else {}
        seen = await _seen(hub, planned, row, policy)
    with _stage(hub, trail, "respond"):
        trail.answer = found = _respond(hub, validated, planned, row, seen, policy)
    return found


def _stage(hub: Hub, trail: Trail, name: str) -> Any:
    trail.stage = name
    return hub.telemetry.stage(name)


def _plan(hub: Hub, validated: limits.Validated, decision: Decision) -> Planned:
    fragments = dict(validated.fragments)
    return plan(validated.operation, fragments, validated.variables, decision, hub.schema, hub.catalogue, hub.seals)


async def _fetch(hub: Hub, text: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    rows = await hub.graph.fetch(
        text,
        parameters,
        deadline_seconds=hub.settings.graph_deadline,
        byte_cap=hub.settings.result_byte_cap,
    )
    if len(rows) != 1:
        raise _internal()
    return rows[0]


async def _seen(hub: Hub, planned: Planned, row: Mapping[str, Any], policy: PolicySet) -> Mapping[str, Any]:
    """Who saw the data of the people that the operation asks it of; the log is read beside the loop."""
    if not any(isinstance(root, Accesses) for root in planned.fetched):
        return {}

    def digest(sid: str) -> str:
        return hub.digester.digest("person", sid)

    return await asyncio.to_thread(answers, hub.settings, planned, row, digest, policy, hub.catalogue)


def _respond(
    hub: Hub,
    validated: limits.Validated,
    planned: Planned,
    row: Mapping[str, Any],
    seen: Mapping[str, Any],
    policy: PolicySet,
) -> Answer:
    access = Access(hub.catalogue, policy, planned.decision)
    beside = {**introspect(validated, planned, hub.schema), **seen}
    found = respond(planned, row, beside, hub.catalogue, hub.seals, access)
    check_nodes(planned.decision, found.nodes, hub.settings.result_node_cap)
    return found


async def _leave(hub: Hub, trail: Trail, reply: endpoint.Reply, span: Span) -> Response:
    """The one exit: record, then render."""
    receipt: Receipt | None = None
    with _stage(hub, trail, "audit"):
        try:
            receipt = await _recorded(hub, trail, reply)
        except AuditUnavailable:
            reply = _unlogged(trail)
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = _unlogged(trail)
    known: dict[str, str | int] = {"policy_version": trail.policy.version, "http_status": reply.status}
    if trail.identified is not None:
        known["application"] = trail.identified.subject.application
    if trail.purposed is not None:
        known["purpose"] = trail.purposed.purpose
    if trail.answer is not None:
        known["nodes"] = trail.answer.nodes
    hub.telemetry.ended(span, reply.code, known)
    return endpoint.render(reply, hub.settings.audit_origin, receipt)


async def _recorded(hub: Hub, trail: Trail, reply: endpoint.Reply) -> Receipt:
    source = source_of(trail, reply, hub.digester)
    if source is not None and hub.floods.counts(source):
        return await hub.floods.count(source, Code(reply.code))
    record, text = make_record(trail, reply, hub.digester)
    return await hub.log.append(record, text)


def _unlogged(trail: Trail) -> endpoint.Reply:
    refusal = HubError(
        Code.AUDIT_UNAVAILABLE, "the query cannot be recorded now, so it is not answered; try again shortly"
    )
    return endpoint.compose(trail.arrival, trail.policy.version, None, (refusal,))


def _internal() -> HubError:
    return HubError(Code.INTERNAL, "the hub failed; the fault is recorded under this request id")
