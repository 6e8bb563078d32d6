"""A served hub whose desk may subscribe to the events of its street, and a register of events that is pulled for it."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.record import Record
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from policies.store import PolicyStore
from tests.support.policy_stores import STEWARDS, a_store, in_file, publish
from tests.support.pulling import SOURCES, county, silent
from tests.support.serving import Served, serving
from tests.support.subscribing.client import Subscriber, subscriber
from tests.support.subscribing.stream import Stream, stream

DOCUMENT = "subscription { eventChanged { number status reporterPhone reporterName } }"
PHONE, NAME = "13811119999", "CANARY"
POLICY = """
purposes:
  - {id: event, zh: 事件, en: Events}
  - {id: stat, zh: 统计, en: Statistics}
applications:
  - {id: desk, zh: 街道, en: Desk, department: street-1, jurisdiction: 14/03/21/001/, role: clerk}
  - {id: next-desk, zh: 邻街, en: Next, department: street-2, jurisdiction: 14/03/21/100/, role: clerk}
  - {id: counter, zh: 统计, en: Counter, department: statistics, jurisdiction: 14/03/21/, role: analyst}
grants:
  - id: events
    to: {application: [desk, next-desk]}
    for: [event]
    basis: law
    rows: {Event: {region: {startsWith: $subject.jurisdiction}}}
    fields:
      Event.number: clear
      Event.status: clear
      Event.reporterPhone: {mask: "partial(0,4)"}
  - id: counts
    to: {application: [counter]}
    for: [stat]
    basis: law
    rows: {Event: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Event.kind: aggregate}
"""
EVENTS = """
name: tickets
kind: csv
where: ${DATA}/tickets.csv
encoding: utf-8
collectedFor: event
assertedBy: a hotline of this test
trust: 3
after: [divisions]
records:
  - name: tickets
    entity: Event
    key: number
    identity: number
    fields:
      number: {column: number, as: code}
      status: {column: status, values: {RECEIVED: RECEIVED, CLOSED: CLOSED, HANDLING: HANDLING}}
      reporterName: name
      reporterPhone: phone
      region: {column: grid, as: region_of_grid}
"""


@dataclass(frozen=True)
class Scene:
    """The hub, its store of policies, and the register."""

    served: Served
    store: PolicyStore
    address: GraphAddress
    folder: Path
    grids: Mapping[str, str]
    """The code of a grid of each street."""

    def write(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Pull a register of these events: number, status, street."""
        with (self.folder / "data" / "tickets.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "status", "name", "phone", "grid"])
            writer.writerows(
                [number, status, f"{NAME} {number}", PHONE, self.grids[street]] for number, status, street in rows
            )
        self.pull("tickets")

    def pull(self, *names: str) -> None:
        """Pull some sources."""
        settings = Settings.load(home=self.folder / "pulling")
        run_pull(settings, self.folder / "sources", list(names), self.folder / "data", {}, silent, address=self.address)

    def subscribe(self, application: str = "desk", purpose: str | None = "event", **named: str) -> Subscriber:
        """A connection of an application that has begun."""
        made = subscriber(self.served.port)
        token = named.pop("token", None) or self.served.issuer.issue(application, "clerk-1")
        made.begin(token, purpose)
        return made

    def stream(
        self,
        application: str = "desk",
        purpose: str | None = "event",
        document: str = DOCUMENT,
        token: str | None = None,
        **headers: str,
    ) -> Stream:
        """A stream of an application; the hub follows when its head is there."""
        return stream(self.served.port, self.stated(application, purpose, token, **headers), {"query": document})

    def stated(self, application: str, purpose: str | None, token: str | None = None, **headers: str) -> dict[str, str]:
        """The headers of a request of an application; `_` in a name stands for `-`."""
        bearer = token if token is not None else self.served.issuer.issue(application, "clerk-1")
        purposes = {"Access-Purpose": purpose} if purpose else {}
        others = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {bearer}", **purposes, **others}

    def opened(self, connection: Subscriber, document: str = DOCUMENT, name: str = "1") -> None:
        """Subscribe, and wait until the hub follows."""
        before = len(self.records("query"))
        connection.subscribe(name, document)
        self.await_query(before)

    def await_query(self, before: int) -> None:
        """Wait until a subscription is recorded after so many records, and then until the hub follows."""
        end = time.monotonic() + 10
        while len(self.records("query")) == before and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)

    def records(self, kind: str | None = None) -> list[Record]:
        """The records of this kind so far."""
        return [each for each in self.served.records() if kind in {None, each.kind}]

    def grant(self, policy: str = POLICY) -> None:
        """Put a policy in force, and wait until the hub has it."""
        version = publish(self.store, _files(policy))
        end = time.monotonic() + 10
        while self.served.hub.policy.version != version.hash and time.monotonic() < end:
            time.sleep(0.02)
        assert self.served.hub.policy.version == version.hash


def check_one_delivery(scene: Scene, desk: Subscriber | Stream, number: str) -> None:
    """A change of this event, which was there before, is one statement and one record, with what was shown."""
    before, statements = scene.records("query"), scene.served.hub.graph.statements
    scene.write([(number, "CLOSED", "001")])
    told = desk.next()
    event = told["data"]["eventChanged"]
    assert event == {"number": number, "status": "CLOSED", "reporterPhone": "****9999", "reporterName": None}
    assert {each["coordinate"] for each in told["extensions"]["access"]["denied"]} == {"Event.reporterName"}
    assert PHONE not in str(told)
    assert NAME not in str(told)
    assert desk.is_silent()
    assert scene.served.hub.graph.statements == statements + 1
    (record,) = scene.records("query")[len(before) :]
    assert (record.result, record.nodes, record.application, record.purpose) == ("OK", 1, "desk", "event")
    assert record.decision.clear == ("Event.number", "Event.status")
    assert record.decision.masked == ("Event.reporterPhone",)
    assert record.decision.denied == ("Event.reporterName",)
    assert record.policy_version == scene.served.hub.policy.version == told["extensions"]["policyVersion"]
    assert told["extensions"]["receipt"]["index"] >= 0


def _files(policy: str) -> Mapping[str, bytes]:
    # A comment that differs: the same files are no new version.
    return {"policy.yaml": f"{policy}\n# {time.monotonic_ns()}\n".encode(), "stewards.yaml": STEWARDS.encode()}


@contextmanager
def scene_of(address: GraphAddress, folder: Path) -> Iterator[Scene]:
    """Serve a hub over an empty graph, with divisions and no event."""
    county(folder / "data", 100)
    sources = folder / "sources"
    sources.mkdir()
    (sources / "divisions.yaml").write_bytes((SOURCES / "divisions.yaml").read_bytes())
    (sources / "tickets.yaml").write_text(EVENTS, encoding="utf-8")
    store = a_store(in_file(folder), files=_files(POLICY))
    with serving(folder / "home", address, store=store) as served:
        scene = Scene(served, store, address, folder, _grids(folder))
        scene.pull("divisions")
        yield scene


def _grids(folder: Path) -> Mapping[str, str]:
    with (folder / "data" / "divisions" / "regions.csv").open(encoding="utf-8") as file:
        codes = [row["代码"] for row in csv.DictReader(file) if row["级别"] == "网格"]
    return {street: next(each for each in codes if each.startswith(f"140321{street}")) for street in ("001", "100")}
