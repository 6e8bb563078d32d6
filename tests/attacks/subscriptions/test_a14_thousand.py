"""A14 at its full size: a thousand connections that never begin, and a thousand subscriptions on one connection.

The hub is a process of its own, so that its memory is its own. Each bound is far above what was measured
(docs/subscriptions.md), and far below what it would cost to keep what a client sends.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from hub.request import floods
from hub.subscriptions import socket as bounds
from tests.support.county import HubProcess, hub_before
from tests.support.subscribing.client import PROTOCOL, subscriber
from tests.support.subscribing.scene import DOCUMENT, POLICY, Scene
from tests.support.waiting import until

pytestmark = [pytest.mark.attack, pytest.mark.slow, pytest.mark.wide]

THOUSAND, MOST = 1_000, 900
"""How many connections come, and how many of them the hub lets one address have."""
KIB_OF_A_CONNECTION, KIB_OF_A_SUBSCRIPTION = 100, 100


@pytest.fixture
def hub(scene: Scene, tmp_path: Path) -> Iterator[HubProcess]:
    with hub_before(scene.address, POLICY, tmp_path, connections_per_address=MOST) as running:
        yield running


def memory(hub: HubProcess) -> float:
    """KiB that the hub holds."""
    assert hub.process is not None
    held: int = psutil.Process(hub.process.pid).memory_info().rss
    return held / 1_024


async def _come(url: str) -> list[ClientConnection]:
    """A thousand connections at once, without those that are refused."""

    async def one() -> ClientConnection | None:
        # The client raises the last one itself where it is refused in the middle of its handshake.
        with suppress(OSError, WebSocketException, AssertionError):
            async with gate:
                return await connect(url, subprotocols=[Subprotocol(PROTOCOL)], proxy=None, ping_interval=None)
        return None

    gate = asyncio.Semaphore(50)
    return [each for each in await asyncio.gather(*(one() for _ in range(THOUSAND))) if each is not None]


async def _idle(hub: HubProcess) -> tuple[Counter[int], float]:
    """The codes with which a thousand connections that never begin are closed, and the memory while they are open."""
    opened = await _come(hub.url.replace("http", "ws", 1) + "/graphql")
    held = memory(hub)
    async with asyncio.timeout(60):
        await asyncio.gather(*(each.wait_closed() for each in opened))
    return Counter(each.close_code or 0 for each in opened), held


def test_a14_a_thousand_connections_that_never_begin_are_refused_or_closed(hub: HubProcess) -> None:
    hub.client.close()
    hub.client = type(hub.client)(base_url=hub.url, trust_env=False, timeout=60)
    before = memory(hub)
    codes, held = asyncio.run(_idle(hub))
    after = memory(hub)
    print(
        f"\n{codes[4408]} of {THOUSAND} connections were open: hub {before / 1_024:.0f} MiB, with them"
        f" {held / 1_024:.0f}, after them {after / 1_024:.0f}; load {os.getloadavg()[0]:.1f}"
    )
    assert codes.keys() == {4408}
    assert MOST / 2 < codes[4408] <= MOST, "those that only began may be closed for others"
    assert held - before < MOST * KIB_OF_A_CONNECTION
    assert hub.client.get("/healthz").status_code == 200
    client = subscriber(hub.settings.port)
    client.begin(hub.token("desk"), "event")
    client.close()


def test_a14_a_thousand_subscriptions_are_refused_at_the_limit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal beyond a burst waits for the record of its second, which is shorter here."""
    monkeypatch.setattr(floods, "SECOND", 0.001)
    desk = scene.subscribe()
    for at in range(THOUSAND):
        desk.subscribe(str(at), DOCUMENT)
    codes = Counter(desk.code_of_error() for _ in range(THOUSAND - bounds.OPERATIONS))
    assert codes == {"TOO_MANY_REQUESTS": THOUSAND - bounds.OPERATIONS}
    scene.write([("K1", "RECEIVED", "001")])
    told = [desk.receive() for _ in range(bounds.OPERATIONS)]
    assert {each["id"] for each in told} == {str(at) for at in range(bounds.OPERATIONS)}
    assert {each["type"] for each in told} == {"next"}
    assert desk.is_silent()
    desk.close()


def test_a14_a_thousand_subscriptions_that_are_not_read_cost_a_bounded_amount(hub: HubProcess) -> None:
    """A client that sends faster than its refusals are recorded waits; others do not wait for it."""
    quiet = subscriber(hub.settings.port)
    quiet.begin(hub.token("next-desk", "clerk-2"), "event")
    loud = subscriber(hub.settings.port)
    loud.begin(hub.token("desk", "clerk-1"), "event")
    before = memory(hub)
    for at in range(THOUSAND):
        loud.subscribe(str(at), DOCUMENT)
    codes = Counter(loud.code_of_error() for _ in range(floods.BURST + 20))
    held = memory(hub)
    quiet.subscribe("1", "subscription { nothingChanged { id } }")
    assert quiet.code_of_error() == "VALIDATION"
    print(f"\n{THOUSAND} subscriptions: hub {before / 1_024:.0f} MiB, then {held / 1_024:.0f}")
    assert codes.keys() == {"TOO_MANY_REQUESTS"}
    assert held - before < THOUSAND * KIB_OF_A_SUBSCRIPTION
    loud.close()
    quiet.close()
    until(lambda: hub.client.get("/healthz").status_code == 200)
