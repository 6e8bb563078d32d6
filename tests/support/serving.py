"""Serves a real hub over HTTP on a free loopback port, with the example policies, for one test or module."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from audit.log import tail
from audit.record import Record
from hub.app import open_hub
from hub.console.front import Console
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.push.deliveries import Deliveries
from hub.push.push_sources import load_push_sources
from hub.request.caps.daily_caps import DailyCaps
from hub.request.plan_model import Planned
from hub.request.running import Hub
from hub.server import make_server
from policies.language import load, load_files
from policies.model import PolicySet
from policies.store import PolicyStore
from tests.support.ports import free_port

COUNTY = Path(__file__).parents[2] / "examples" / "county" / "policies"
NOWHERE = GraphAddress("bolt://127.0.0.1:9", "neo4j", "unused")
"""A graph that refuses connections: what must be refused earlier never gets there."""
TELLING = {"Accept": "application/graphql-response+json", "Access-Errors": "list"}
"""What a client sends that wants each refusal with its HTTP status, and each thing denied among the errors."""
FIRE = {"app": "fire-inspection", "purpose": "safety.fire.rental"}


@dataclass(frozen=True)
class Served:
    """A running hub: `ask` goes over HTTP, `records` reads the log behind it."""

    hub: Hub
    client: httpx.Client
    issuer: Issuer
    deliveries: Deliveries | None = None

    def ask(
        self,
        query: Any = "{ __typename }",
        *,
        app: str = "fire-inspection",
        person: str = "inspector-1",
        purpose: str | None = "safety.fire.rental",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {token or self.issuer.issue(app, person)}"}
        if purpose is not None:
            sent["Access-Purpose"] = purpose
        return self.client.post("/graphql", json={"query": query, **members}, headers={**sent, **(headers or {})})

    def records(self) -> list[Record]:
        return [each.record for each in tail(self.hub.settings.audit_file, 1_000)]

    @property
    def port(self) -> int:
        return self.hub.settings.port


class _Uncounted(DailyCaps):
    async def spend(self, planned: Planned, now: dt.datetime) -> None:
        return

    async def note_failed(self, planned: Planned, failed: int, now: dt.datetime) -> None:
        return


@contextmanager
def serving(
    home: Path,
    address: GraphAddress = NOWHERE,
    policy: PolicySet | None = None,
    store: PolicyStore | None = None,
    counted: bool = False,
    **settings: Any,
) -> Iterator[Served]:
    """Serve a hub from a thread until the block ends; it is stopped as a signal would stop it.

    With a `store` it starts under the version in force there, and follows it. Without one nothing is counted against
    daily caps, unless the test is about just that (`counted`).
    """
    known = Settings.load(home=home, **{"port": free_port(), **settings})
    graph = Graph(address.url, address.user, address.password)
    catalogue = catalogue_of(known)
    if store is not None:
        policy = load_files(store.in_force().files, catalogue)
    hub = open_hub(known, graph, policy or load(COUNTY, catalogue), catalogue, store=store)
    if store is None and not counted:
        hub.caps = _Uncounted()
    pushed = load_push_sources(known, catalogue)
    deliveries = Deliveries(known, address, pushed, catalogue) if pushed else None
    routes = Console(hub, store.engine).routes() if store is not None else ()
    running = make_server(hub, deliveries=deliveries, more=routes)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        while not running.started and thread.is_alive():
            time.sleep(0.01)
        url = f"http://127.0.0.1:{known.port}"
        with httpx.Client(base_url=url, headers=TELLING, trust_env=False, timeout=30) as client:
            yield Served(hub, client, Issuer(known), deliveries)
    finally:
        running.should_exit = True
        thread.join()


def code_of(response: httpx.Response) -> str:
    """The code of an answer: of its first error, or OK."""
    errors = response.json().get("errors")
    return errors[0]["extensions"]["code"] if errors else "OK"
