"""Rate limits of a hub of two workers hold for both together, and a worker that is started again gives nothing anew."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.county import POLICIES, Answer, County, HubProcess
from tests.support.ports import free_port
from tests.support.serving import NOWHERE
from tests.support.waiting import until

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]
APP, PURPOSE = "grid-desk", "event.dispatch"
BURST = 4_000
LIMITS = {"rate_of_application": 20, "burst_of_application": 10 * BURST, "rate_of_person": 10, "burst_of_person": BURST}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of two workers over a graph that is not there: what is asked here needs none."""
    given = {"home": tmp_path / "home", "port": free_port(), "policies": POLICIES, "workers": 2, **LIMITS}
    running = HubProcess({**given, "graph_url": NOWHERE.url, "graph_password": NOWHERE.password}, tmp_path)
    try:
        running.start("/healthz")
        yield running
    finally:
        running.stop()
        running.client.close()


def ask_anew(hub: HubProcess, query: str = "{ __typename }") -> httpx.Response:
    """One query over a connection of its own, which any worker may take."""
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=60) as client:
        headers = {**hub.headers(APP, PURPOSE), "Access-Cost": "tell"}
        return client.post("/graphql", content=json.dumps({"query": query}), headers=headers)


def ask_side_by_side(hub: HubProcess, threads: int, each: int) -> list[httpx.Response]:
    """So many queries over new connections."""
    found: list[httpx.Response] = []

    def ask() -> None:
        found.extend(ask_anew(hub) for _ in range(each))

    running = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return found


def workers(hub: HubProcess) -> list[int]:
    """The processes of a hub that serve."""
    assert hub.process is not None
    found = []
    for each in psutil.Process(hub.process.pid).children():
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(each.cmdline()):
                found.append(each.pid)
    return found


def answered(hub: HubProcess) -> dict[str, float]:
    """How many requests each worker answered with RATE_LIMIT."""
    text = hub.client.get("/metrics").text
    rows = re.findall(r'sluicegate_requests_total\{code="RATE_LIMIT",worker="(\d)"\} ([\d.]+)', text)
    return {worker: float(number) for worker, number in rows}


def test_two_workers_give_no_more_than_one(hub: HubProcess) -> None:
    began = time.monotonic()
    found = ask_side_by_side(hub, threads=8, each=12)
    statuses = Counter(each.status_code for each in found)
    passed = time.monotonic() - began
    assert set(statuses) == {200, 429}
    assert BURST // 100 <= statuses[200] <= (BURST + 10 * (passed + 1)) / 100
    over = [each for each in found if each.status_code == 429]
    assert all(1 <= int(each.headers["Retry-After"]) <= 10 for each in over)
    until(lambda: bool(ask_side_by_side(hub, 4, 4)) and len(answered(hub)) == 2, "one worker refused nobody")


def test_a_worker_that_is_started_again_finds_what_was_spent(hub: HubProcess) -> None:
    until(lambda: ask_anew(hub).status_code == 429)
    before = workers(hub)
    for each in before:
        os.kill(each, signal.SIGKILL)
    until(lambda: len(workers(hub)) == 2 and not set(workers(hub)) & set(before), "no workers came in their place")
    hub.await_status("/healthz", 200)
    response = ask_anew(hub)
    # What was filled meanwhile, ten units a second, and no more.
    assert int(re.findall(r'"person";r=(\d+)', response.headers["RateLimit"])[0]) < BURST // 2
    hub.stop()
    hub.start("/healthz")
    response = ask_anew(hub)
    assert response.status_code == 200
    assert f'"person";r={BURST - 100};t=1' in response.headers["RateLimit"], "a hub that is started again is full"


def test_what_is_hidden_shows_in_no_cost_and_no_limit(county: County, tmp_path: Path) -> None:
    """D09: a person who is hidden from the asker, and a number that nobody has, cost the same."""
    query = "query($n: String!) { people(where: {idNumber: {eq: $n}}) { edges { node { name phone } } } }"
    grid = "14/03/21/001/"
    hidden, *_ = county.cypher(
        "MATCH (p:Person) WHERE p.idNumber IS NOT NULL AND NOT p.region STARTS WITH $grid "
        "RETURN p.idNumber AS n LIMIT 1",
        grid=grid,
    )
    told = []
    with county.another_hub(tmp_path, rate_of_person=1, burst_of_person=100_000) as hub:
        for number in (hidden["n"], "340322199001010018"):
            content = json.dumps({"query": query, "variables": {"n": number}}).encode()
            answer: Answer = hub.send("POST", {**hub.headers(APP, PURPOSE), "Access-Cost": "tell"}, content)
            told.append((answer.status, answer.body["extensions"]["cost"], answer.headers["RateLimit-Policy"]))
            left = int(re.findall(r'"person";r=(\d+)', answer.headers["RateLimit"])[0])
            spent = 100_000 - left
            assert abs(spent - len(told) * answer.body["extensions"]["cost"]["total"]) <= 3
    assert told[0] == told[1]
