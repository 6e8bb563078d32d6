"""The pipeline: every stage of one request, from its arrival to its recorded response.

No stage can be skipped, and every request is recorded before the first byte of its response leaves, refusals included.
Each stage is a function from one frozen dataclass to the next. The head is read and its sender identified before the
body is received and parsed. Then purpose to compile are `prepared/prepare.py`; caps, fetch, respond, audit are below.
A refusal at any stage leaves by the one exit at the end. Source: the design's section 1.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from opentelemetry.trace import Span
from starlette.responses import Response

from audit.log import AuditUnavailable, Receipt
from hub.errors import Code, HubError, internal_error
from hub.fair_share import Client
from hub.processor import LONG_BODY
from hub.request import auth, endpoint
from hub.request.accesses import answer_accesses
from hub.request.answers.access import tell_hidden
from hub.request.answers.compression import LARGE, SMALL, compress
from hub.request.answers.languages import descriptions_in
from hub.request.caps.daily_caps import check_nodes, failed_matches
from hub.request.decision_cache import DecisionCache
from hub.request.introspection import introspect
from hub.request.own_access.table import AccessTable, Asker, caps_of, table_of
from hub.request.own_access.told import Told, answer_my_access
from hub.request.plan_model import Accesses, Introspection, MyAccess, Planned
from hub.request.prepared.prepare import Prepared, Stage, denial_errors, no_stage, prepare
from hub.request.prepared.registered import with_text
from hub.request.rates.price import told_price
from hub.request.record import Trail, flood_source, make_record
from hub.request.respond import Answer, respond
from hub.request.running import Hub
from hub.request.template import Statement
from policies.model import PolicySet
from policies.rules import Subject


async def _still_there() -> bool:
    return False


async def _with_body(arrival: endpoint.Arrival) -> endpoint.Arrival:
    return arrival


async def answer(
    hub: Hub,
    arrival: endpoint.Arrival,
    gone: Callable[[], Awaitable[bool]] = _still_there,
    receive_body: Callable[[endpoint.Arrival], Awaitable[endpoint.Arrival]] = _with_body,
) -> Response:
    """The response to one arrival, already recorded; 503 without data if it cannot be recorded.

    `receive_body` gives the arrival its body; it is called only once the sender is known. `gone` says, before an answer
    is recorded, whether the client has closed the connection; a refusal keeps its reason.
    """
    trail, now = Trail(arrival, hub.policy, hub.catalogue.version), hub.now()
    head = _head_or_failure(hub, trail, now)
    # Whose trace it is, is believed of a known sender only.
    with hub.telemetry.request(head.traceparent if isinstance(head, endpoint.Head) else None) as span:
        try:
            if isinstance(head, Exception):
                raise head
            answered = await run_stages(hub, trail, head, now, receive_body)
            reply = endpoint.compose(arrival, trail.policy.version, answered.data, answered.errors, answered.access)
        except HubError as refusal:
            reply = endpoint.compose(arrival, trail.policy.version, None, (refusal,))
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = endpoint.compose(arrival, trail.policy.version, None, (internal_error(),))
        if reply.code == "OK" and await gone():
            reply = endpoint.compose(arrival, trail.policy.version, None, (endpoint.client_gone(),))
        return await record_and_render(hub, trail, reply, span)


def _head_or_failure(hub: Hub, trail: Trail, now: dt.datetime) -> endpoint.Head | Exception:
    def stage(name: str) -> AbstractContextManager[object]:
        trail.stage = name
        return hub.telemetry.before_request(name)

    try:
        head = identify_sender(hub, trail, now, stage)
        hub.rates.enter(trail.account)
        return head
    except Exception as failure:
        return failure


async def run_stages(
    hub: Hub,
    trail: Trail,
    head: endpoint.Head,
    now: dt.datetime,
    receive_body: Callable[[endpoint.Arrival], Awaitable[endpoint.Arrival]] = _with_body,
) -> Answer:
    """The answer to a request whose sender `trail` names, by all the other stages but the record; raises HubError."""
    stage = partial(_stage, hub, trail)
    with stage("read"):
        trail.arrival = await receive_body(trail.arrival)
        trail.request = await read_request(hub, trail, head)
    client, long = client_of(trail), _is_long(hub, trail)
    prepared = await hub.processor.do(client, lambda: prepare_request(hub, trail, now, stage), long=long)
    with stage("caps"):
        hub.rates.spend(trail.account, prepared.validated.cost)
        await hub.caps.spend(prepared.planned, now)
    with stage("fetch"):
        row = await fetch_row(hub, trail, prepared.statement)
        await hub.caps.note_failed(prepared.planned, failed_matches(prepared.planned, row), now)
        accesses = await _read_accesses(hub, prepared.planned, row, trail.policy)
        told = await _read_own_access(hub, client, prepared)
    long = long or any(isinstance(root, Introspection | MyAccess) for root in prepared.planned.roots)
    with stage("respond"):
        answered = await hub.processor.do(client, partial(respond_to, hub, prepared, row, accesses, told), long=long)
        await hub.caps.note_answers(prepared.planned, answered.answers, now)
    trail.answer = answered
    return answered


async def read_request(hub: Hub, trail: Trail, head: endpoint.Head) -> endpoint.Request:
    """The request in the body, at its sender's turn if it takes long to parse."""
    work = partial(endpoint.read_body, trail.arrival, head, hub.settings)
    is_small = len(trail.arrival.body) <= endpoint.SMALL_BODY
    return work() if is_small else await hub.processor.do(client_of(trail), work, long=True)


def _is_long(hub: Hub, trail: Trail) -> bool:
    """Whether preparing a request takes long: a document that is not kept, or variables, of more than a kilobyte."""
    length, request = len(trail.arrival.body), trail.request
    if request is not None and request.document_id is not None and trail.subject is not None:
        request = with_text(request, trail.policy, trail.subject.application)
        length += len(request.query)
    if length > LONG_BODY and hub.kept is not None and request is not None and hub.kept.find(request):
        length -= len(request.query)
    return length > LONG_BODY


def identify_sender(hub: Hub, trail: Trail, now: dt.datetime, stage: Stage = no_stage) -> endpoint.Head:
    """The head of the request, whose sender its token proves and `trail` then names; raises HubError."""
    with stage("head"):
        trail.head = head = endpoint.read_head(trail.arrival, hub.settings)
    with stage("identify"):
        know_sender(hub, trail, head, now)
    return head


def know_sender(hub: Hub, trail: Trail, head: endpoint.Head, now: dt.datetime) -> Subject:
    """The sender of a request with this head, whom `trail` names with what they have left; raises HubError."""
    if hub.policy_follower is not None:
        hub.policy_follower.check()
    trail.subject = subject = auth.identify(head, trail.policy, hub.verifier, hub.senders, now.timestamp())
    auth.check_delegation(trail.policy, subject)
    trail.account = hub.rates.open(subject, trail.policy.applications[subject.application])
    return subject


def prepare_request(hub: Hub, trail: Trail, now: dt.datetime, stage: Stage = no_stage) -> Prepared:
    """What the stages after the body make of the request of `trail`, for its sender; raises HubError."""
    if trail.request is None or trail.subject is None:
        raise ValueError("the request was not read, or its sender is not known")
    return prepare(hub.parts, trail, auth.Identified(trail.request, trail.policy, trail.subject), now, stage)


def _stage(hub: Hub, trail: Trail, name: str) -> AbstractContextManager[object]:
    trail.stage = name
    return hub.telemetry.stage(name)


async def fetch_row(hub: Hub, trail: Trail, statement: Statement | None) -> Mapping[str, Any]:
    """The row of the statement, at its sender's turn; waiting for it counts towards the deadline.

    A graph that was loaded for another catalogue is not asked; raises HubError.
    """
    if statement is None:
        return {}
    await hub.catalogue_fit.check()
    return await hub.round_trips.fetch(client_of(trail), statement)


def client_of(trail: Trail) -> Client:
    """Whose turn a request of `trail` takes."""
    application, person = (trail.subject.application, trail.subject.sub) if trail.subject else ("", "")
    return application, person, trail.arrival.source


async def _read_accesses(hub: Hub, planned: Planned, row: Mapping[str, Any], policy: PolicySet) -> Mapping[str, Any]:
    """The rows of each `accessesOf` of the operation, by response name; the log is read in a thread."""
    if not any(isinstance(root, Accesses) for root in planned.fetched):
        return {}

    digests = partial(hub.digester.every, "person")
    return await asyncio.to_thread(answer_accesses, hub.settings, planned, row, digests, policy, hub.catalogue)


async def _read_own_access(hub: Hub, client: Client, prepared: Prepared) -> Told | None:
    """What the sender of an operation may see, if it asks for that."""
    if not any(isinstance(root, MyAccess) for root in prepared.planned.roots):
        return None
    purposed = prepared.validated.purposed
    identified = purposed.identified
    asker = Asker(identified.policy, identified.subject, purposed.today, purposed.case is not None)
    return await tell_access(hub, client, asker, identified.request.arrival.preferences.language)


async def tell_access(hub: Hub, client: Client, asker: Asker, language: str | None) -> Told:
    """What an asker may see, decided at the turn of a client; no statement goes to the graph."""
    successors = hub.merged_grids.successors
    work = partial(table_of, hub.catalogue, hub.decisions, successors, asker)
    table = await hub.processor.do(client, work, long=True)
    subject = asker.subject
    left = await hub.caps.left(caps_of(table), subject.application, subject.sub, hub.now())

    def decide(other: Asker) -> AccessTable:
        # Decisions for nobody do not push out those that requests are made with.
        return table_of(hub.catalogue, DecisionCache(), successors, other)

    return Told(table, decide, left, language)


def respond_to(
    hub: Hub, prepared: Prepared, row: Mapping[str, Any], accesses: Mapping[str, Any], told: Told | None
) -> Answer:
    planned, cap = prepared.planned, hub.settings.result_byte_cap
    preferences = prepared.validated.purposed.identified.request.arrival.preferences
    introspected = introspect(prepared.validated, planned, hub.schema)
    answered_elsewhere = {**descriptions_in(preferences.language, introspected), **accesses}
    if told is not None:
        answered_elsewhere |= answer_my_access(prepared.validated, planned, hub.schema, told, cap)
    errors = denial_errors(hub.parts, prepared)
    answer = respond(planned, row, answered_elsewhere, hub.catalogue, prepared.seals, errors, cap)
    check_nodes(planned.decision, answer.nodes, hub.settings.result_node_cap)
    return tell_hidden(planned, answer, errors, preferences, cap)


async def record_and_render(hub: Hub, trail: Trail, reply: endpoint.Reply, span: Span) -> Response:
    """The one exit of every request: record it, then render the response."""
    receipt: Receipt | None = None
    with _stage(hub, trail, "audit"):
        try:
            receipt = await _append_record(hub, trail, reply)
        except AuditUnavailable:
            reply = _unrecorded(trail)
        except Exception as fault:
            hub.telemetry.fault(trail.stage, fault)
            reply = _unrecorded(trail)
    known: dict[str, str | int] = {"policy_version": trail.policy.version, "http_status": reply.status}
    if trail.subject is not None:
        known["application"] = trail.subject.application
    if trail.purposed is not None:
        known["purpose"] = trail.purposed.purpose
    if trail.answer is not None:
        known["nodes"] = trail.answer.nodes
    hub.telemetry.ended(span, reply.code, known)
    return await render_recorded(hub, trail, reply, receipt)


async def render_recorded(hub: Hub, trail: Trail, reply: endpoint.Reply, receipt: Receipt | None) -> Response:
    """The HTTP response of a reply that is recorded, compressed for a client that accepts it."""
    response = endpoint.render(
        reply, hub.catalogue.version, hub.settings.audit_origin, receipt, *_told_of_limits(trail, reply)
    )
    if reply.preferences.gzip and hub.settings.compress_answers and len(response.body) > SMALL:
        await _compress(hub, client_of(trail), response)
    return response


def _told_of_limits(trail: Trail, reply: endpoint.Reply) -> tuple[Mapping[str, str], Mapping[str, int] | None]:
    """Headers that tell the sender of a request, if it is known, what it has left; and what it cost, if it asks."""
    cost = told_price(trail.validated.cost) if trail.validated is not None and reply.preferences.tells_cost else None
    return (trail.account.headers() if trail.account is not None else {}), cost


async def _compress(hub: Hub, client: Client, response: Response) -> None:
    """Compress an answer, at its client's turn if it is long; without a turn it stays as it is."""
    work = partial(compress, bytes(response.body))
    try:
        response.body = await hub.processor.do(client, work, long=len(response.body) > LARGE)
    except HubError:
        return
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))


async def _append_record(hub: Hub, trail: Trail, reply: endpoint.Reply) -> Receipt:
    source = flood_source(trail, reply, hub.digester)
    if source is not None and hub.floods.needs_counting(source):
        return await hub.floods.count(source, Code(reply.code))
    return await hub.log.append(*make_record(trail, reply, hub.digester))


def _unrecorded(trail: Trail) -> endpoint.Reply:
    text = "the query cannot be recorded now, so it is not answered; try again shortly"
    return endpoint.compose(trail.arrival, trail.policy.version, None, (HubError(Code.AUDIT_UNAVAILABLE, text),))
