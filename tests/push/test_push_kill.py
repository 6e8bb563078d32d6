"""A hub is killed while events are delivered until each is acknowledged: the graph of a clean delivery (L36)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpx
import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.push.pushing import APP, BATCHED, building, clear, data_of, dwelling, sources_in
from tests.support.forked_hubs import Forks, Moment, forks
from tests.support.ports import free_port
from tests.support.pulling import ask, one

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

KILLS = 10


def known_events() -> list[dict[str, Any]]:
    """Versions of a hundred buildings, each with a dwelling, and some that are refused."""
    return [
        each
        for at in range(100)
        for each in (
            building(f"B{at}", 1, floors=at % 10),
            building(f"B{at}", 2, name=f"楼{at}"),
            dwelling(f"D{at}", 1, f"B{at}"),
        )
    ]


@pytest.fixture(scope="module")
def forked(empty_graph: GraphAddress) -> Iterator[Forks]:
    with forks(empty_graph) as running:
        yield running


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = sources_in(tmp_path_factory.mktemp("kill-sources"))
    made = Settings.load(
        home=tmp_path_factory.mktemp("push-kill"), port=free_port(), audit_deadline=20.0, sources=folder
    )
    made.prepare_home()
    return made


class Sender(threading.Thread):
    """Sends each batch until the hub has acknowledged all of it."""

    def __init__(self, settings: Settings, batches: Sequence[Sequence[dict[str, Any]]]) -> None:
        super().__init__()
        token = Issuer(settings).issue(APP, "machine-1")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": BATCHED}
        self._url = f"http://127.0.0.1:{settings.port}/ingest/desk"
        self._left = [list(each) for each in batches]
        self.acknowledged: list[str] = []

    def run(self) -> None:
        deadline = time.monotonic() + 300
        with httpx.Client(trust_env=False, timeout=60) as client:
            while self._left and time.monotonic() < deadline:
                batch = self._left.pop(0)
                waits = batch
                with suppress(httpx.HTTPError, ValueError):
                    response = client.post(self._url, json=batch, headers=self._headers)
                    if response.status_code == 200:
                        told = zip(batch, response.json()["results"], strict=True)
                        waits = [each for each, result in told if result["status"] == "waits"]
                        self.acknowledged += [each["id"] for each in batch if each not in waits]
                if waits:
                    self._left.append(waits)

    @property
    def done(self) -> bool:
        return not self._left


def batches(rng: random.Random) -> list[list[dict[str, Any]]]:
    events = known_events()
    rng.shuffle(events)
    return [events[at : at + 6] for at in range(0, len(events), 6)]


@pytest.fixture(scope="module")
def clean(forked: Forks, settings: Settings, graph_driver: neo4j.Driver) -> tuple[list[str], list[str]]:
    """The graph of one clean delivery."""
    hub = forked.start(settings)
    try:
        sender = Sender(settings, [known_events()[at : at + 6] for at in range(0, 300, 6)])
        sender.start()
        sender.join()
        assert sender.done
    finally:
        hub.kill()
    found = data_of(graph_driver)
    assert len(found[0]) >= 400
    return found


def test_l36_killed_at_random_while_events_come(
    forked: Forks,
    settings: Settings,
    clean: tuple[list[str], list[str]],
    graph_driver: neo4j.Driver,
    rng: random.Random,
) -> None:
    clear(graph_driver)
    sender = Sender(settings, batches(rng))
    hub = forked.start(settings)
    sender.start()
    try:
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.05, 0.6))
            hub.kill()
            hub = forked.start(settings)
        sender.join()
        assert sender.done
    finally:
        hub.kill()
    assert data_of(graph_driver) == clean
    kept = {each["body"] for each in ask(graph_driver, "MATCH (d:DeliveredEvent) RETURN d.body AS body")}
    assert len(kept) == len(set(sender.acknowledged)) == len(known_events())


@pytest.mark.parametrize(
    "moment",
    [
        Moment("hub.push.event_write", "EventWrite._note"),
        Moment("hub.push.event_write", "EventWrite.write", after=True, nth=2),
        Moment("hub.push.endpoint", "end_record"),
    ],
    ids=["before it is noted", "before the commit", "before the record"],
)
def test_l36_killed_at_each_step(forked: Forks, settings: Settings, graph_driver: neo4j.Driver, moment: Moment) -> None:
    """What was written and not acknowledged is sent again, and found; of half a transaction nothing is there."""
    clear(graph_driver)
    sender = Sender(settings, [[building("B1", 1)], [building("B2", 1)]])
    hub = forked.start(settings, moment=moment)
    sender.start()
    try:
        hub.await_end()
        written, noted = (
            one(graph_driver, f"MATCH (n:{label}) RETURN count(n)") for label in ("Building", "DeliveredEvent")
        )
        assert written == noted
        hub = forked.start(settings)
        sender.join()
    finally:
        hub.kill()
    assert sender.done
    assert one(graph_driver, "MATCH (b:Building) RETURN count(b)") == 2
