"""Serves the GraphQL schema as a text, `GET /schema.graphql`, to applications that the hub knows.

The text holds the catalogue and nothing of data or policies: whoever may ask an operation may read it, and states no
purpose. Each reading is recorded before its first byte leaves, refusals included. Source: GraphQL specification,
section 3 (the language); RFC 9110, sections 8.8.3 and 13.1.2 (entity tags).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from audit.log import AuditUnavailable, Receipt
from audit.record import Digester, Record
from hub.errors import Code, HubError, internal_error
from hub.request import endpoint
from hub.request.pipeline import know_sender
from hub.request.record import Trail, asker_of, flood_source
from hub.request.running import Hub
from hub.request.validation.closed_schema import check_open
from schema.interface.sdl import sdl_of

PATH: Final = "/schema.graphql"
READ_BY: Final = ("GET", "HEAD")
KIND: Final = "schema"
VARY: Final = "Accept-Language, Authorization"
MOST_TAG: Final = 1_000
"""Characters of `If-None-Match` that are read."""


class SchemaPage:
    """The page of one hub; what it serves is made once for each language."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._texts: dict[str | None, bytes] = {}

    def route(self) -> Route:
        """The route of the page; it takes every method, and refuses all but GET and HEAD."""
        return Route(PATH, _Page(self.answer))

    async def answer(self, request: Request) -> Response:
        """The response to one reading, already recorded; 503 without the schema if it cannot be recorded."""
        arrival = endpoint.arrive(request)
        trail = Trail(arrival, self._hub.policy, self._hub.catalogue.version)
        with self._hub.telemetry.request(None) as span:
            try:
                content = await self._read(trail, request)
                reply = endpoint.compose(arrival, trail.policy.version, {}, ())
                reply = replace(reply, status=304 if _tag(content) in _tags(arrival) else 200)
            except HubError as refusal:
                content, reply = b"", endpoint.compose(arrival, trail.policy.version, None, (refusal,))
            except Exception as fault:
                self._hub.telemetry.fault(trail.stage, fault)
                content, reply = b"", endpoint.compose(arrival, trail.policy.version, None, (internal_error(),))
            receipt = None
            try:
                receipt = await self._record(trail, reply)
            except AuditUnavailable:
                reply = _unrecorded(trail)
            except Exception as fault:
                self._hub.telemetry.fault("audit", fault)
                reply = _unrecorded(trail)
            known: dict[str, str | int] = {"policy_version": trail.policy.version, "http_status": reply.status}
            self._hub.telemetry.ended(span, reply.code, known)
        origin = self._hub.settings.audit_origin
        if reply.code == "OK":
            response = _served(arrival, reply.status, content, origin, receipt)
        else:
            response = endpoint.render(reply, self._hub.catalogue.version, origin, receipt)
        if reply.code == Code.METHOD:
            response.headers["Allow"] = ", ".join(READ_BY)
        if trail.account is not None:
            response.headers.update(trail.account.headers())
        return response

    async def _read(self, trail: Trail, request: Request) -> bytes:
        """The schema for the sender that the token proves; raises HubError."""
        hub, arrival = self._hub, trail.arrival
        if arrival.method not in READ_BY:
            raise HubError(Code.METHOD, "the schema is read with GET")
        endpoint.check_headers(arrival, hub.settings.body_limit)
        if request.scope["query_string"]:
            raise HubError(Code.BAD_REQUEST, "this page takes no parameters; Accept-Language chooses the language")
        trail.head = head = endpoint.head_of(arrival)
        trail.stage = "identify"
        subject = know_sender(hub, trail, head, hub.now())
        hub.rates.enter(trail.account)
        check_open(hub.settings)
        trail.stage = "respond"
        language = arrival.preferences.language
        if language not in self._texts:
            client = (subject.application, subject.sub, arrival.source)
            made = await hub.processor.do(client, lambda: sdl_of(hub.schema, language).encode(), long=True)
            self._texts[language] = made
        return self._texts[language]

    async def _record(self, trail: Trail, reply: endpoint.Reply) -> Receipt:
        source = flood_source(trail, reply, self._hub.digester)
        if source is not None and self._hub.floods.needs_counting(source):
            return await self._hub.floods.count(source, Code(reply.code))
        return await self._hub.log.append(_record(trail, reply, self._hub.digester))


class _Page:
    """The page as an ASGI application, so that it receives every method."""

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


def _served(arrival: endpoint.Arrival, status: int, content: bytes, log: str, receipt: Receipt | None) -> Response:
    """The schema, or that it is still the one that the client has (304)."""
    response = Response(content if status == 200 else b"", status, _headers(arrival, _tag(content)))
    if receipt is not None:
        response.headers["Audit-Receipt"] = f"log={log}, index={receipt.index}, leafHash={receipt.leaf_hash}"
    return response


def _headers(arrival: endpoint.Arrival, tag: str) -> Mapping[str, str]:
    language = arrival.preferences.language
    return {
        # A client may keep its copy, and asks each time whether it is still good; nothing between may keep one.
        "Cache-Control": "private, no-cache",
        "Content-Language": language or "zh, en",
        "Content-Type": "text/plain; charset=utf-8",
        "ETag": tag,
        "Vary": VARY,
        "X-Content-Type-Options": "nosniff",
    }


def _tag(content: bytes) -> str:
    """The entity tag of a text."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _tags(arrival: endpoint.Arrival) -> frozenset[str]:
    """The entity tags of the copies that a client has; whether they are called weak does not matter here."""
    given = ",".join(arrival.header("if-none-match"))[:MOST_TAG]
    return frozenset(each.strip().removeprefix("W/") for each in given.split(","))


def _record(trail: Trail, reply: endpoint.Reply, digester: Digester) -> Record:
    arrival = trail.arrival
    return Record(
        kind=KIND if reply.code == "OK" else "refusal",
        request_id=arrival.request_id,
        result=reply.code,
        http_status=reply.status,
        **asker_of(trail.subject, digester),
        policy_version=trail.policy.version,
        catalogue_version=trail.catalogue_version,
        operation_name="schema",
        duration_us=max(0, time.monotonic_ns() - arrival.started) // 1_000,
    )


def _unrecorded(trail: Trail) -> endpoint.Reply:
    text = "the reading cannot be recorded now, so it is not answered; try again shortly"
    return endpoint.compose(trail.arrival, trail.policy.version, None, (HubError(Code.AUDIT_UNAVAILABLE, text),))
