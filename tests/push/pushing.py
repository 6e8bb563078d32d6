"""A push source of an invented housing desk, its events, and their delivery to a hub that is served."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import neo4j

from tests.support.pulling import canonical
from tests.support.serving import Served

APP = "grid-desk"
ALSO = "fire-inspection"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
MANIFEST = f"""
name: desk
kind: push
accepts: [{APP}, {ALSO}]
collectedFor: housing
trust: 2
limits: {{events: 60, bytes: 65536}}
records:
  - name: buildings
    event: desk.building
    entity: Building
    key: number
    identity: code
    updated: ce:time
    fields:
      code: {{column: number, as: code}}
      name: name
      address: {{column: address, required: true}}
      floors: {{column: floors, min: 1, max: 200}}
  - name: dwellings
    event: desk.dwelling
    entity: Dwelling
    key: ce:subject
    identity: code
    updated: ce:time
    fields:
      code: {{column: ce:subject, as: code}}
      roomNo: room
    edges:
      building: {{entity: Building, column: building, required: true}}
  - name: people
    event: desk.person
    entity: Person
    key: idNo
    identity: idNumber
    updated: ce:time
    fields:
      idNumber: {{column: idNo, as: resident_id}}
      name: name
      phone: {{column: phone, as: phone}}
    edges:
      dwellings: {{entity: Dwelling, column: home}}
"""
CLINICS = f"""
name: desk
kind: push
accepts: [{APP}]
collectedFor: population
trust: 2
records:
  - {{name: clinics, event: desk.clinic, entity: Clinic, key: number, identity: code, updated: ce:time,
     fields: {{code: {{column: number, as: code}}, name: name}}}}
"""
"""A push source of a type that a slice brings (`tests.support.sources.slices.HEALTH`)."""


def sources_in(folder: Path, text: str = MANIFEST) -> Path:
    """A folder with the source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "desk.yaml").write_text(text, "utf-8")
    return folder


def event(kind: str, number: str, second: int, data: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    """An event about a record, which changed at this second; it has the id that its record, time and data give it."""
    body = {
        "specversion": "1.0",
        "id": f"{kind}-{number}-{second}-{json.dumps(data, sort_keys=True)}",
        "source": "/housing/desk",
        "type": f"desk.{kind}",
        "time": f"2026-06-01T08:00:{second:02}Z",
        "data": dict(data),
    }
    return body | attributes


def building(number: str, second: int, **changes: Any) -> dict[str, Any]:
    """An event of a building."""
    return event("building", number, second, {"number": number, "name": "楼", "address": "路 1", "floors": 6} | changes)


def dwelling(number: str, second: int, of: str, room: Any = "101") -> dict[str, Any]:
    """An event of a dwelling, which goes in once its building is there."""
    return event("dwelling", number, second, {"building": of, "room": room}, subject=number)


def person(number: str, second: int, home: str | None, **changes: Any) -> dict[str, Any]:
    """An event of a person."""
    data = {"idNo": number, "name": "王某", "phone": "13900000000", "home": home} | changes
    return event("person", number, second, data)


def deliver(
    served: Served, *events: Any, app: str = APP, source: str = "desk", one: bool = False, **headers: str
) -> httpx.Response:
    """Deliver events as one batch, or one event alone."""
    sent = {
        "Authorization": f"Bearer {served.issuer.issue(app, 'machine-1')}",
        "Content-Type": STRUCTURED if one else BATCHED,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    body = json.dumps(events[0] if one else list(events), ensure_ascii=False)
    return served.client.post(f"/ingest/{source}", content=body.encode(), headers=sent)


def deliver_binary(served: Served, given: Mapping[str, Any], **headers: str) -> httpx.Response:
    """Deliver one event with its attributes in headers."""
    attributes = {f"ce-{name}": quote(str(value), safe="/:-.") for name, value in given.items() if name != "data"}
    sent = {"Authorization": f"Bearer {served.issuer.issue(APP, 'machine-1')}", "Content-Type": "application/json"}
    body = json.dumps(given["data"], ensure_ascii=False).encode()
    return served.client.post("/ingest/desk", content=body, headers={**sent, **attributes, **headers})


def statuses(response: httpx.Response) -> list[str]:
    """What became of each event."""
    return [each["status"] for each in response.json()["results"]]


def clear(driver: neo4j.Driver) -> None:
    """Remove all data; the graph still knows its key, as after a first delivery."""
    driver.execute_query("MATCH (n) WHERE NOT n:SurrogateKey DETACH DELETE n")


def data_of(driver: neo4j.Driver) -> tuple[list[str], list[str]]:
    """All nodes and edges but for those that say which events came."""
    nodes, edges = canonical(driver)
    return [each for each in nodes if not each.startswith("['DeliveredEvent']")], edges


def batches(events: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[list[dict[str, Any]]]:
    """The events in some order, some of them twice, in deliveries of some size."""
    some = [*events, *rng.choices(events, k=len(events) // 3)]
    rng.shuffle(some)
    while some:
        size = rng.choice([1, 1, 2, 5, 30])
        yield some[:size]
        some = some[size:]


def until_acknowledged(served: Served, given: Sequence[Sequence[dict[str, Any]]], app: str = APP) -> None:
    """Deliver batches, and again whatever waits, until nothing does."""
    left: list[Sequence[dict[str, Any]]] = list(given)
    for _ in range(20):
        waiting: list[Sequence[dict[str, Any]]] = []
        for batch in left:
            response = deliver(served, *batch, app=app)
            assert response.status_code == 200, response.text
            found = zip(batch, statuses(response), strict=True)
            waiting += [[each] for each, status in found if status == "waits"]
        left = waiting
        if not left:
            return
    raise AssertionError(f"{len(left)} events wait for ever")
