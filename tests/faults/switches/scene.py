"""Two policies of which each revokes what the other grants, a source of events, and a hub between in its own processes.

Five applications subscribe and ask. Of `field-a` and `field-b` one policy takes a field, of `whole-a` and `whole-b` all
they may see; `a` and `b` are the sides, of which one is granted at a time. `steady` loses nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from hub.graph.local import GraphAddress
from hub.steward.changes import store_of
from policies.store import PolicyStore
from policies.versions import Version
from schema import SPINE
from tests.push.pushing import BATCHED
from tests.support.county import HubProcess
from tests.support.policy_stores import STEWARDS
from tests.support.ports import free_port

FIELDS, WHOLES = ("field-a", "field-b"), ("whole-a", "whole-b")
APPS: Final = (*FIELDS, *WHOLES, "steady")
PURPOSE, REVOKED = "event", "Event.reporterPhone"
_UNLIMITED = 1_000_000_000
_SOURCE = """
name: tickets
kind: push
accepts: [pusher]
collectedFor: event
trust: 2
records:
  - name: tickets
    event: desk.ticket
    entity: Event
    key: number
    identity: number
    updated: ce:time
    fields:
      number: {column: number, as: code}
      status: {column: status, values: {RECEIVED: RECEIVED, CLOSED: CLOSED}}
      reporterPhone: {column: phone, as: phone}
"""
_HEAD = f"""
purposes: [{{id: {PURPOSE}, zh: 事件, en: Events}}]
applications:
""" + "".join(
    f"  - {{id: {app}, zh: 应用, en: App, department: {app}, jurisdiction: 14/03/21/, role: clerk}}\n"
    for app in (*APPS, "pusher")
)


def policy_of(side: str, mark: int) -> Mapping[str, bytes]:
    """The policy that grants all to this side, and to the other what is left to it; each mark is another content."""
    lost = "b" if side == "a" else "a"
    full = ", ".join((f"field-{side}", f"whole-{side}", "steady"))
    grants = [_grant("full", full, {REVOKED: "clear"}), _grant("narrow", f"field-{lost}", {})]
    text = f"{_HEAD}grants:\n{''.join(grants)}# {mark}\n"
    return {"policy.yaml": text.encode(), "stewards.yaml": STEWARDS.encode()}


def _grant(name: str, apps: str, more: Mapping[str, str]) -> str:
    fields = {"Event.number": "clear", "Event.status": "clear", **more}
    shown = "".join(f"      {coordinate}: {effect}\n" for coordinate, effect in fields.items())
    return (
        f"  - id: {name}\n    to: {{application: [{apps}]}}\n    for: [{PURPOSE}]\n    basis: law\n"
        f"    rows: {{Event: {{}}}}\n    fields:\n{shown}"
    )


def is_granted(app: str, side: str) -> bool:
    """Whether an application sees the revoked field while this side is granted all."""
    return app == "steady" or app.endswith(f"-{side}")


@dataclass(frozen=True)
class Switch:
    """One policy in force: `began` and `done` are the client's clock just before and after it was activated."""

    side: str
    hash: str
    began: float
    done: float


@dataclass
class World:
    """The hub, its store of policies, and what was switched so far."""

    hub: HubProcess
    store: PolicyStore
    switches: list[Switch] = field(default_factory=list)

    def draft(self, side: str) -> Version:
        """A version that grants this side, approved and not yet in force."""
        version = self.store.draft(policy_of(side, len(self.switches)), "zhang")
        self.store.approve(version.number, version.hash, "li")
        return version

    def switch(self, version: Version, side: str) -> Switch:
        """Put a version in force."""
        began = time.monotonic()
        self.store.activate(version.number, "li")
        made = Switch(side, version.hash, began, time.monotonic())
        self.switches.append(made)
        return made

    def memory(self) -> float:
        """MiB that all processes of the hub hold."""
        assert self.hub.process is not None
        first = psutil.Process(self.hub.process.pid)
        held: int = sum(each.memory_info().rss for each in (first, *first.children(recursive=True)))
        return held / 2**20

    def headers(self, app: str, person: str) -> dict[str, str]:
        """Who asks, and for what; the token lasts as long as any dose."""
        token = self.hub.issuer.issue(app, person, seconds=3_600)
        return {"Authorization": f"Bearer {token}", "Access-Purpose": PURPOSE}

    def pushed(self) -> dict[str, str]:
        """The headers of a delivery of events."""
        token = self.hub.issuer.issue("pusher", "machine-1", seconds=3_600)
        return {"Authorization": f"Bearer {token}", "Content-Type": BATCHED}


def ticket(number: str, at: int, status: str = "RECEIVED") -> dict[str, Any]:
    """An event about a ticket, the `at`-th of all that are sent."""
    when = dt.datetime(2026, 6, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=at)
    return {
        "specversion": "1.0",
        "id": f"{number}-{at}",
        "source": "/desk",
        "type": "desk.ticket",
        "time": when.isoformat().replace("+00:00", "Z"),
        "data": {"number": number, "status": status, "phone": f"139{at:08}"},
    }


@contextmanager
def world_of(address: GraphAddress, folder: Path, workers: int) -> Iterator[World]:
    """Serve a hub of so many workers over an empty graph, under the policy that grants side `a`."""
    sources, policies = folder / "sources", folder / "policies"
    for each in (sources, policies):
        each.mkdir(parents=True)
    (sources / "tickets.yaml").write_text(_SOURCE, "utf-8")
    for name, content in policy_of("a", 0).items():
        (policies / name).write_bytes(content)
    given = {
        "home": folder / "home",
        "port": free_port(),
        "policies": policies,
        "sources": sources,
        "graph_url": address.url,
        "graph_password": address.password,
        "workers": workers,
        "connections_per_address": 1_000,
        # A busy machine may take long for a record or a statement, which is not what is tried here.
        "audit_deadline": 30.0,
        "graph_deadline": 30.0,
        **dict.fromkeys(
            ("rate_of_application", "burst_of_application", "rate_of_person", "burst_of_person"), _UNLIMITED
        ),
    }
    hub = HubProcess(given, folder)
    try:
        hub.start()
        with closing(store_of(hub.settings, SPINE)) as store:
            hash_ = store.in_force().activation.hash
            yield World(hub, store, [Switch("a", hash_, time.monotonic(), time.monotonic())])
    finally:
        hub.stop()
        hub.client.close()


def body_of(document: str) -> bytes:
    """The body of a query."""
    return json.dumps({"query": document}).encode()
