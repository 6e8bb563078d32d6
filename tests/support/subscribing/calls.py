"""The scene of subscriptions with people in it, whose calls are counted: what alerts are asked about."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.subscriptions import alert, follower
from tests.support.pulling import SOURCES
from tests.support.subscribing.client import Subscriber
from tests.support.subscribing.scene import POLICY, Scene, scene_of

COUNTS = POLICY.replace(
    "    fields: {Event.kind: aggregate}\n",
    "    contributors: 3\n    rounding: 4\n    fields: {Event.kind: aggregate, Event.region: aggregate}\n",
).replace("      Event.status: clear\n", "      Event.status: clear\n      Event.kind: clear\n")
"""Counts of three callers or more, rounded to fours: 3, 4 and 5 are told as 4, and 6 as 8."""
THRESHOLD, BASE = 3, 4
QUIET_SECONDS = 2.0
"""Longer than the hub takes to read a change and evaluate an alert."""
CALLS = """
name: calls
kind: csv
where: ${DATA}/calls.csv
encoding: utf-8
collectedFor: event
assertedBy: a hotline of this test
trust: 3
after: [divisions, police]
limits: {vanished: 1}
records:
  - name: calls
    entity: Event
    key: number
    identity: number
    full: true
    fields:
      number: {column: number, as: code}
      kind: {column: kind, values: {NOISE: NOISE, LEAK: LEAK, DISPUTE: DISPUTE, OTHER: OTHER}}
      region: {column: grid, as: region_of_grid}
    edges:
      reporter: {entity: Person, column: caller, as: resident_id}
"""
Call = tuple[str, int]
"""What is called about, and the number of the caller."""


@dataclass(frozen=True)
class Calls:
    """The scene, the id numbers of people who may call, and the connections that a test has opened."""

    scene: Scene
    people: Sequence[str]
    opened: list[Subscriber]

    def write(self, *calls: Call, street: str = "001") -> None:
        """Pull a register of these calls, and of no others."""
        with (self.scene.folder / "data" / "calls.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "kind", "grid", "caller"])
            grid = self.scene.grids[street]
            writer.writerows([f"C{at}", kind, grid, self.people[by]] for at, (kind, by) in enumerate(calls))
        self.scene.pull("calls")

    def watch(self, arguments: str, cells: str = "kind count", **subscribed: Any) -> Subscriber:
        """A connection with an alert open."""
        counter = self.connect("counter", "stat")
        counter.subscribe("1", f"subscription {{ eventsAlert({arguments}) {{ {cells} }} }}", **subscribed)
        return counter

    def connect(self, application: str, purpose: str) -> Subscriber:
        """A connection that has begun."""
        self.opened.append(self.scene.subscribe(application, purpose))
        return self.opened[-1]

    def close(self) -> None:
        """Close what was opened, so that no alert of a test is evaluated in the next one."""
        while self.opened:
            self.opened.pop().close()

    def settled(self) -> int:
        """How many queries are recorded, when no more come: a pull is several changes, which may be read apart."""
        seen, since = -1, time.monotonic()
        while time.monotonic() < since + QUIET_SECONDS:
            if (now := len(self.scene.records("query"))) != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)
        return seen

    def published(self, arguments: str = "groupBy: [KIND]", cells: str = "kind count") -> list[dict[str, Any]]:
        """The rows of the aggregate, asked as a query."""
        token = self.scene.served.issuer.issue("counter", "clerk-1")
        query = f"{{ eventsAggregate({arguments}) {{ {cells} }} }}"
        answer = self.scene.served.ask(query, token=token, purpose="stat").json()
        rows: list[dict[str, Any]] = answer["data"]["eventsAggregate"]
        return rows


def calls(kind: str, number: int, people: int | None = None) -> list[Call]:
    """So many calls by as many people, or by the first few in turn."""
    return [(kind, at % (people or number)) for at in range(number)]


def told(payload: Mapping[str, Any]) -> dict[str, int]:
    """The count of each kind that a delivery tells."""
    return {each["kind"]: each["count"] for each in payload["data"]["eventsAlert"]}


@contextmanager
def calls_of(address: GraphAddress, folder: Path) -> Iterator[Calls]:
    """Serve a hub over a graph with divisions and people, and no call."""
    with scene_of(address, folder) as scene:
        (folder / "sources" / "police.yaml").write_bytes((SOURCES / "police.yaml").read_bytes())
        (folder / "sources" / "calls.yaml").write_text(CALLS, encoding="utf-8")
        scene.pull("police")
        scene.grant(COUNTS)
        with GraphWriter(address.url, address.user, address.password) as writer:
            rows = writer.read("MATCH (p:Person) RETURN p.idNumber AS id ORDER BY id LIMIT 30")
        yield Calls(scene, [each["id"] for each in rows], [])


@pytest.fixture(scope="module")
def county(
    graph_address: GraphAddress, wipe: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Calls]:
    """The scene of a module, over an empty graph."""
    wipe()
    with calls_of(graph_address, tmp_path_factory.mktemp("calls")) as made:
        yield made
    wipe()


@pytest.fixture
def often(county: Calls, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Evaluations may follow each other as soon as the hub looks, so that no test waits for ten seconds."""
    monkeypatch.setattr(alert, "SECONDS", 0.0)
    monkeypatch.setattr(follower, "CHECK_SECONDS", 0.1)
    yield
    county.close()
