"""Puts a hub together and makes its ASGI application.

It answers these paths only, and no answer names the server software: `POST /graphql` for data and for changes as they
come, and a WebSocket there for these, `GET /access` for what the asker may see, `POST /ingest/{source}` for events
where a push source is declared, `/schema.graphql` for the schema as a text, `/audit/…` for the log's checkpoint, tiles
and proofs, `/healthz` (the process lives), `/readyz` (it can serve; if not, which part is missing), `/metrics`
(Prometheus) and `/proof` (that this is the hub of its home, for its commands), and what it is given beside them: the
console, `/console/…`. No cross-origin header is ever sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from joserfc.jwk import KeySet
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from hub.access.endpoint import answer_access
from hub.auditor.pages import AuditPages
from hub.buckets import Buckets
from hub.connections import GONE, UPGRADED
from hub.errors import HubError
from hub.graph.driver import Graph
from hub.home.audit_log import digester_of, open_log
from hub.home.following import Follower, content_of
from hub.home.issuer import Issuer
from hub.home.key_ring import FILES, ring_of
from hub.home.revocations import list_of
from hub.home.running_hub import PROOF_PATH, hub_key, proof
from hub.home.seals import seals_of
from hub.home.settings import Settings
from hub.ingest.annotate import detector_version
from hub.push.deliveries import Deliveries
from hub.push.endpoint import answer_delivery
from hub.readiness import Readiness
from hub.request.auth import KEPT_TOKENS, SignedTokens, Verifier
from hub.request.caps.daily_caps import DailyCaps
from hub.request.endpoint import Arrival, arrive, receive_body
from hub.request.issuer.follower import ProviderFollower
from hub.request.issuer.revocations import RevocationFollower
from hub.request.pipeline import answer
from hub.request.policy_follower import PolicyFollower
from hub.request.running import Hub
from hub.schema_page import SchemaPage
from hub.siblings import ALONE, Siblings, WorkerState, metrics_of_all, readiness_of_all
from hub.subscriptions.follower import Subscriptions
from hub.subscriptions.socket import speak
from hub.subscriptions.stream import answer_stream
from hub.telemetry import Telemetry, otlp_exporter
from policies.model import PolicySet
from policies.store import PolicyStore
from schema.catalogue import Catalogue
from schema.graphql import build as build_schema


def open_hub(
    settings: Settings,
    graph: Graph,
    policy: PolicySet,
    catalogue: Catalogue,
    telemetry: Telemetry | None = None,
    store: PolicyStore | None = None,
    buckets: Buckets | None = None,
) -> Hub:
    """Put a hub together: keys and audit log come from the home, which is created if there is none.

    With a `store` the hub follows the store's version in force and counts daily caps; without one `policy` stays in
    force, and whatever has a daily cap is refused. `buckets` are those of all workers, or else its own. Raises
    KeyRefused, KeysRefused or AuditUnavailable if keys or log cannot be used, and YamlFileError for a broken word list.
    """
    detector = detector_version(settings)
    settings.prepare_home()
    digester = digester_of(settings)
    revocations = RevocationFollower(
        list_of(settings), partial(digester_of, settings), partial(_state_of_keys, settings, "digests")
    )
    hub = Hub(
        settings=settings,
        catalogue=catalogue,
        schema=build_schema(catalogue),
        policy=policy,
        verifier=_load_keys(settings, revocations),
        seals=seals_of(settings),
        digester=digester,
        revocations=revocations,
        graph=graph,
        log=open_log(settings),
        telemetry=telemetry or Telemetry(otlp_exporter(settings.otlp_endpoint)),
        caps=DailyCaps(store, settings.failed_matches, settings.failed_matches_of_application),
        detector=detector,
        buckets=buckets or Buckets(),
    )
    hub.key_follower = _follow_keys(hub, settings)
    hub.own_keys = _follow_own_keys(hub, settings)
    if store is not None:
        hub.policy_follower = PolicyFollower(store, hub, hub.telemetry.registry, settings.policy_max_age)
    return hub


def _follow_keys(hub: Hub, settings: Settings) -> Follower | ProviderFollower:
    """The follower of the issuer's keys."""
    if settings.issuer_discovery:
        return ProviderFollower(hub, settings.issuer, settings.issuer_keys_max_age, kept=_kept_tokens(settings))
    file = settings.issuer_jwks

    def state() -> Hashable:
        if file is not None:
            return content_of(file)
        return content_of(settings.keys_folder / FILES["issuer"]), _state_of_keys(settings, "issuer")

    def take() -> None:
        hub.verifier = _load_keys(settings, hub.revocations)

    return Follower(state, take, "the issuer's keys", "the issuer's keys of before stay")


def _follow_own_keys(hub: Hub, settings: Settings) -> Follower:
    """The follower of the keys of ids and digests; those of the log are followed where it is written and read."""

    def take() -> None:
        hub.seals, hub.digester = seals_of(settings), digester_of(settings)

    def state() -> Hashable:
        return tuple(_state_of_keys(settings, kind) for kind in ("ids", "digests"))

    return Follower(state, take, "the hub's keys", "the hub's keys of before stay")


def _state_of_keys(settings: Settings, kind: str) -> Hashable:
    return ring_of(settings.keys_folder, kind).state(time.time())


def _kept_tokens(settings: Settings) -> int:
    return 0 if settings.plain else KEPT_TOKENS


def _load_keys(settings: Settings, revocations: RevocationFollower) -> Verifier:
    """The verifier of a hub; of a provider's keys none is there before the first answer."""
    kept = _kept_tokens(settings)
    if settings.issuer_discovery:
        verifier = Verifier(settings.issuer, settings.audience, KeySet([]), SignedTokens(kept))
    else:
        jwks = settings.issuer_jwks or Issuer(settings).write_jwks()
        verifier = Verifier.load(jwks, settings.issuer, settings.audience, kept=kept)
    return replace(verifier, is_revoked=revocations.covers)


def build_app(
    hub: Hub, siblings: Siblings = ALONE, deliveries: Deliveries | None = None, more: Sequence[BaseRoute] = ()
) -> Starlette:
    """The ASGI application of a hub; it closes the hub's parts when it ends. It speaks for its `siblings` too.

    It takes events only with `deliveries`, and serves `more` beside its own routes: the console.
    """

    pages, readiness, subscriptions = AuditPages(hub), Readiness(hub), Subscriptions(hub)

    async def graphql(scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Request(scope, receive)
        connection = scope.get("extensions", {}).get(GONE)

        async def is_gone() -> bool:
            return connection["is_gone"]() if connection is not None else await incoming.is_disconnected()

        async def body_of(arrival: Arrival) -> Arrival:
            return await receive_body(arrival, incoming, hub.settings.body_limit)

        arrival = arrive(incoming, hub.settings.http_profile)
        answering = partial(answer_stream, subscriptions) if arrival.preferences.streams else answer
        response = await answering(hub, arrival, is_gone, body_of)
        await response(scope, receive, send)

    async def healthz(_: Request) -> Response:
        return _json_response({"alive": True})

    async def readyz(_: Request) -> Response:
        own, others = await asyncio.gather(readiness.now(), siblings.ask())
        found = readiness_of_all(own, others)
        return _json_response(found, 200 if found["ready"] else 503)

    own_key = hub_key(hub.settings)

    async def prove(request: Request) -> Response:
        given = proof(own_key, request.query_params.get("challenge", ""), hub.settings.port)
        if given is None:
            return _json_response({"error": "send ?challenge= with 64 hexadecimal digits"}, 400)
        return _json_response({"proof": given})

    routes = [
        Route("/graphql", _EveryMethod(graphql)),
        WebSocketRoute(UPGRADED, partial(speak, hub, subscriptions)),
        Route("/access", _EveryMethod(partial(_access, hub))),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", partial(_metrics, hub, siblings)),
        Route(PROOF_PATH, prove),
        *([Route("/ingest/{source}", _EveryMethod(partial(_ingest, hub, deliveries)))] if deliveries else []),
        SchemaPage(hub).route(),
        *pages.routes(),
        *more,
    ]
    app = Starlette(
        routes=routes,
        lifespan=lambda _: _lifespan(hub, pages, readiness, siblings, deliveries, subscriptions),
        exception_handlers={404: _not_found, 405: _method_not_allowed, 500: _failed},
    )
    app.router.redirect_slashes = False
    return app


async def _access(hub: Hub, scope: Scope, receive: Receive, send: Send) -> None:
    arrival = arrive(Request(scope, receive), hub.settings.http_profile)
    response = await answer_access(hub, arrival, scope["query_string"])
    await response(scope, receive, send)


async def _ingest(hub: Hub, deliveries: Deliveries, scope: Scope, receive: Receive, send: Send) -> None:
    incoming = Request(scope, receive)

    async def body_of(arrival: Arrival, limit: int) -> Arrival:
        return await receive_body(arrival, incoming, limit)

    response = await answer_delivery(hub, deliveries, scope["path_params"]["source"], arrive(incoming), body_of)
    await response(scope, receive, send)


async def _metrics(hub: Hub, siblings: Siblings, request: Request) -> Response:
    others = await siblings.ask()

    def read() -> bytes:
        return metrics_of_all(siblings.number, hub.telemetry.metrics(), others)

    try:
        text = await hub.processor.do(("", "", arrive(request).source), read, long=True)
    except HubError as busy:
        return _json_response({"error": busy.public_message}, busy.http_status)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def _lifespan(
    hub: Hub,
    pages: AuditPages,
    readiness: Readiness,
    siblings: Siblings,
    deliveries: Deliveries | None,
    subscriptions: Subscriptions,
) -> AsyncIterator[None]:
    """Inside this context the hub serves; at its end all its parts are closed."""
    async with _background_tasks(hub, readiness, siblings, deliveries, subscriptions):
        yield
    if deliveries is not None:
        deliveries.close()
    await hub.floods.close()
    pages.close()
    await hub.graph.close()
    hub.log.close()
    hub.telemetry.close()


@asynccontextmanager
async def _background_tasks(
    hub: Hub, readiness: Readiness, siblings: Siblings, deliveries: Deliveries | None, subscriptions: Subscriptions
) -> AsyncIterator[None]:
    """Inside this context the hub follows merges of grids, keys and policy, and watches what it needs."""
    tasks: dict[str, Callable[[], Awaitable[None]]] = {
        "merged grids": lambda: hub.merged_grids.keep_current(hub.graph, hub.settings.graph_deadline),
        "catalogue": hub.catalogue_fit.keep_current,
        "readiness": readiness.watch,
        "changes": subscriptions.follow_changes,
        "subscriptions": subscriptions.check_operations,
    }
    if siblings.addresses:
        tasks["siblings"] = partial(siblings.tell, partial(_state_of, hub, readiness))
    if deliveries is not None:
        tasks["delivered events"] = deliveries.forget
    if hub.key_follower is not None:
        tasks["issuer keys"] = hub.key_follower.run
    tasks["revoked tokens"] = hub.revocations.run
    if hub.own_keys is not None:
        tasks["own keys"] = hub.own_keys.run
    if hub.policy_follower is not None:
        tasks["policy"] = hub.policy_follower.run
    try:
        async with hub.upkeep.running(tasks):
            yield
    finally:
        if hub.policy_follower is not None:
            hub.policy_follower.store.close()


async def _state_of(hub: Hub, readiness: Readiness) -> WorkerState:
    metrics = await asyncio.to_thread(hub.telemetry.metrics)
    return {"readiness": await readiness.now(), "metrics": metrics.decode()}


class _EveryMethod:
    """An endpoint for every HTTP method: the pipeline refuses a wrong one, and records it like any request."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _json_response(content: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


def _not_found(_: Request, __: Exception) -> Response:
    return _json_response({"error": "nothing is served at this path; send queries by POST to /graphql"}, 404)


def _method_not_allowed(_: Request, __: Exception) -> Response:
    return _json_response({"error": "this path is read with GET"}, 405)


def _failed(_: Request, __: Exception) -> Response:
    return _json_response({"error": "the hub failed; try again, and tell its operator if it fails again"}, 500)
