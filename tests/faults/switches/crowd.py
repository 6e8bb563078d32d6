"""Many clients of one hub on one event loop: some subscribe, some ask, one pushes; all keep what they got, and when."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.faults.switches.scene import World, body_of, ticket
from tests.support.serving import TELLING
from tests.support.subscribing.client import PROTOCOL

SUBSCRIPTION: Final = "subscription { eventChanged { number status reporterPhone } }"
QUESTION: Final = "{ events(first: 1) { edges { node { number reporterPhone } } } }"
TICKETS: Final = 10
LAST: Final = "LAST"
"""The ticket that is pushed when nothing else is any more."""
AGAIN_SECONDS, PAUSE_SECONDS = 0.5, (0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Got:
    """One delivery or answer: when it was asked for (of a delivery: when it came) and received, by the client's clock.

    `shown` is the revoked field, `code` is OK or that of the first error, `told` are the extensions.
    """

    app: str
    asked: float
    received: float
    number: str | None
    shown: str | None
    code: str
    told: Mapping[str, Any]


@dataclass
class Crowd:
    """What all clients got. `ended` are (application, person, code, when) of the errors that ended a subscription."""

    world: World
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    deliveries: list[Got] = field(default_factory=list)
    answers: list[Got] = field(default_factory=list)
    ended: list[tuple[str, str, str, float]] = field(default_factory=list)
    pushed: int = 0
    seen: dict[str, float] = field(default_factory=dict)
    """When each subscriber was last shown the revoked field."""
    changed: dict[str, float] = field(default_factory=dict)
    """When each subscriber was last told that the policy has changed."""
    last: dict[str, float] = field(default_factory=dict)
    """When each subscriber was told of the last ticket."""

    async def subscribe(self, app: str, person: str) -> None:
        """Be told of events until all is done; whoever is told an end subscribes again."""
        url = self.world.hub.url.replace("http", "ws", 1) + "/graphql"
        protocols = [Subprotocol(PROTOCOL)]
        async with connect(url, subprotocols=protocols, proxy=None, open_timeout=60, ping_interval=None) as hub:
            await _say(hub, "connection_init", payload=self.world.headers(app, person))
            assert json.loads(await hub.recv())["type"] == "connection_ack"
            await _open(hub)
            closing = asyncio.create_task(self._close_at_end(hub))
            try:
                async for text in hub:
                    await self._hear(hub, app, person, json.loads(text))
            except ConnectionClosed:
                pass
            assert self.done.is_set(), f"the hub closed the connection of {person}: {hub.close_code}"
            await closing

    async def _close_at_end(self, hub: ClientConnection) -> None:
        await self.done.wait()
        await hub.close()

    async def _hear(self, hub: ClientConnection, app: str, person: str, message: Mapping[str, Any]) -> None:
        now: float = time.monotonic()
        payload: Any = message.get("payload")
        match message["type"]:
            case "ping":
                await _say(hub, "pong")
            case "next":
                event = payload["data"]["eventChanged"]
                number, shown = event["number"], event["reporterPhone"]
                self.deliveries.append(Got(app, now, now, number, shown, "OK", payload["extensions"]))
                self.seen.update({person: now} if shown else {})
                self.last.update({person: now} if number == LAST else {})
            case "error":
                code = payload[0]["extensions"]["code"]
                self.ended.append((app, person, code, now))
                if code == "POLICY_CHANGED":
                    self.changed[person] = now
                else:
                    await asyncio.sleep(AGAIN_SECONDS)
                await _open(hub)
            case other:
                raise AssertionError(other)

    async def ask(self, app: str, person: str, rng: random.Random) -> None:
        """Ask again and again until told to stop."""
        headers = {**self.world.headers(app, person), **TELLING, "Content-Type": "application/json"}
        async with _client(self.world) as client:
            while not self.stop.is_set():
                asked = time.monotonic()
                response = await client.post("/graphql", content=body_of(QUESTION), headers=headers)
                self.answers.append(_answer(app, asked, response.json()))
                await asyncio.sleep(rng.uniform(*PAUSE_SECONDS))

    async def push(self, every: float) -> None:
        """Push changes of some tickets in turn until told to stop, and one last."""
        async with _client(self.world) as client:
            while not self.stop.is_set():
                await self._push(client, f"N{self.pushed % TICKETS}")
                await asyncio.sleep(every)
            await self._push(client, LAST)

    async def _push(self, client: httpx.AsyncClient, number: str) -> None:
        self.pushed += 1
        status = "CLOSED" if self.pushed % 2 else "RECEIVED"
        event = ticket(number, self.pushed, status)
        response = await client.post("/ingest/tickets", json=[event], headers=self.world.pushed())
        assert response.status_code == 200, response.text
        assert [each["status"] for each in response.json()["results"]] == ["stored"], response.text


def _client(world: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=world.hub.url, trust_env=False, timeout=60)


def _answer(app: str, asked: float, body: Mapping[str, Any]) -> Got:
    errors = body.get("errors") or ()
    edges = ((body.get("data") or {}).get("events") or {}).get("edges") or [{"node": {}}]
    node = edges[0]["node"]
    code = errors[0]["extensions"]["code"] if errors and not node else "OK"
    return Got(app, asked, time.monotonic(), node.get("number"), node.get("reporterPhone"), code, body["extensions"])


async def _say(hub: ClientConnection, kind: str, **members: Any) -> None:
    await hub.send(json.dumps({"type": kind, **members}))


async def _open(hub: ClientConnection) -> None:
    await _say(hub, "subscribe", id="1", payload={"query": SUBSCRIPTION})
