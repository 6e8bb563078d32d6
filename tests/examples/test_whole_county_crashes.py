"""A whole county delivered in any order, in parts twice, through crashes: the graph is that of a clean delivery.

Ten are pulled by processes that kill themselves at random moments, one is pushed meanwhile to a hub that is killed at
random moments. `COUNTY_CRASHES` says how many kills there are.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.push.pushing import BATCHED, data_of
from tests.support.forked_hubs import Forked, Forks, Moment, forks
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.pulling import empty, end_leases
from tests.support.sources.whole_county import POLICIES, SLICES, SOURCES, WholeCounty, another_order

pytestmark = [pytest.mark.examples, pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

CRASHES = int(os.environ.get("COUNTY_CRASHES", "3"))
PEOPLE = 300
AT_ONCE = 5
"""Sources that one process pulls."""
TRIES = 400
MOMENTS = (
    ("hub.push.event_write", "EventWrite._note", False),
    ("hub.push.event_write", "EventWrite.write", True),
    ("hub.push.endpoint", "end_record", False),
)
"""Where a hub kills itself: before an event is noted, before the commit, before the answer is recorded."""
CHILD = """
import json, sys
from pathlib import Path
import connectors.run
from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from tests.support.pulling import die_in_write

given = json.loads(sys.stdin.readline())
connectors.run.BATCH_ROWS = 100
if given["writes"] is not None:
    die_in_write(given["writes"], given["statements"])
settings = Settings.load(home=Path(given["home"]), slices=Path(given["slices"]))
address = GraphAddress(*given["graph"])
for name in given["names"]:
    try:
        run_pull(
            settings, Path(given["sources"]), [name], Path(given["data"]), given["variables"], lambda *_: None,
            address=address,
        )
    except ConnectorError:
        # Before the divisions are there, so many rows would be refused that nothing is written.
        print(name)
"""


@dataclass
class Deliveries:
    """Delivers a county to one graph; `pull_kills` and `hub_kills` are those that are still to come."""

    county: WholeCounty
    settings: Settings
    address: GraphAddress
    driver: neo4j.Driver
    forked: Forks
    events: Sequence[dict[str, Any]]
    rng: random.Random
    pull_kills: int = 0
    hub_kills: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    _hub: Forked | None = None
    _armed: int = 0

    def pull(self, names: Sequence[str], variables: dict[str, str]) -> list[str]:
        """Pull sources one by one in a process, and all again if it was killed; push meanwhile.

        Returns the sources that came too early: of which nothing was written, because too much would be refused.
        """
        while True:
            moment = {"writes": None, "statements": 0}
            if self.pull_kills and self.rng.random() < 0.7:
                moment = {"writes": self.rng.randrange(8), "statements": self.rng.randrange(1, 6)}
            child = self._start(names, variables, moment)
            while child.poll() is None:
                self.push(self.rng.choices(self.events, k=self.rng.randint(1, 4)))
                # The two have one machine; what is pushed is to come between what is pulled, not instead of it.
                time.sleep(self.rng.uniform(0, 0.3))
            early, said = child.communicate()
            if child.returncode == 0:
                return early.split()
            assert (child.returncode, said) == (-signal.SIGKILL, "")
            self.pull_kills -= 1
            self.killed["pull"] += 1
            end_leases(self.driver)

    def _start(
        self, names: Sequence[str], variables: dict[str, str], moment: dict[str, int | None]
    ) -> subprocess.Popen[str]:
        given = {
            "names": names, "variables": variables,
            "graph": [self.address.url, self.address.user, self.address.password],
            "home": str(self.settings.home), "slices": str(SLICES), "sources": str(SOURCES),
            "data": str(self.county.data), **moment,
        }  # fmt: skip
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert child.stdin is not None
        child.stdin.write(json.dumps(given) + "\n")
        child.stdin.flush()
        return child

    def push(self, events: Sequence[dict[str, Any]]) -> list[str] | None:
        """Deliver events as one batch; what became of each, or None if there was no answer: it has to be sent again."""
        hub = self._running()
        token = Issuer(self.settings).issue("fire-centre", "machine-1")
        with suppress(httpx.TransportError):
            response = httpx.post(
                f"http://127.0.0.1:{hub.settings.port}/ingest/alarms",
                json=list(events),
                headers={"Authorization": f"Bearer {token}", "Content-Type": BATCHED},
                trust_env=False,
                timeout=60,
            )
            if response.status_code == 200:
                return [each["status"] for each in response.json()["results"]]
            assert response.status_code == 503, response.text
            return None
        hub.await_end()
        self._hub = None
        self.hub_kills -= 1
        self.killed["hub"] += 1
        return None

    def push_all(self) -> None:
        """Deliver until each event has its answer; those that name a grid which nobody has go on waiting."""
        left = list(self.events)
        for _ in range(TRIES):
            if not left:
                return
            batch, left = left[:4], left[4:]
            if self.push(batch) is None:
                left += batch
        raise AssertionError(f"{len(left)} events have no answer")

    def stop(self) -> None:
        """Kill the hub, if one runs."""
        if self._hub is not None:
            self._hub.kill()
            self._hub = None

    def _running(self) -> Forked:
        if self._hub is None:
            moment = None
            if self.hub_kills:
                module, function, after = self.rng.choice(MOMENTS)
                moment = Moment(module, function, after=after, nth=self.rng.randint(1, 3))
            self._hub = self.forked.start(self.settings, moment=moment)
        return self._hub


@contextmanager
def delivering(
    county: WholeCounty, address: GraphAddress, driver: neo4j.Driver, forked: Forks, rng: random.Random
) -> Iterator[Deliveries]:
    settings = Settings.load(
        home=county.settings.home, slices=SLICES, policies=POLICIES, sources=SOURCES, port=free_port(),
        audit_deadline=20.0,
    )  # fmt: skip
    # Of two events with one id the first counts, whichever it is: their order is theirs to keep.
    events = [event for flaw, event in county.alarms() if flaw != "id_reused"]
    made = Deliveries(county, settings, address, driver, forked, events, rng)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress, server: Postgres) -> WholeCounty:
    return WholeCounty(tmp_path_factory.mktemp("crashes"), empty_graph, server, PEOPLE)


@pytest.fixture(scope="module")
def forked(empty_graph: GraphAddress) -> Iterator[Forks]:
    with forks(empty_graph) as running:
        yield running


def test_l33_l36_any_order_and_any_crash_give_the_graph_of_a_clean_delivery(
    county: WholeCounty, empty_graph: GraphAddress, graph_driver: neo4j.Driver, forked: Forks, rng: random.Random
) -> None:
    """TEST_SEED in the header repeats order and moments."""
    assert county.first
    with delivering(county, empty_graph, graph_driver, forked, rng) as clean:
        clean.push_all()
    expected = data_of(graph_driver)
    assert len(expected[0]) > 1_500
    empty(graph_driver)
    shutil.rmtree(county.settings.kept_rows)

    names = another_order()
    order = [*rng.sample(names, len(names)), *rng.choices(names, k=5)]
    with (
        delivering(county, empty_graph, graph_driver, forked, rng) as torn,
        county.interfaces() as variables,
    ):
        torn.pull_kills, torn.hub_kills = CRASHES // 2, CRASHES - CRASHES // 2
        for start in range(0, len(order), AT_ONCE):
            torn.pull(order[start : start + AT_ONCE], variables)
        # What was refused or waited for want of another register comes in when it is delivered again.
        assert torn.pull(names, variables) == []
        for _ in range(TRIES):
            if not torn.pull_kills:
                break
            torn.pull(rng.sample(names, AT_ONCE), variables)
        for _ in range(TRIES):
            if not torn.hub_kills:
                break
            torn.push(rng.choices(torn.events, k=3))
        assert torn.killed == {"pull": CRASHES // 2, "hub": CRASHES - CRASHES // 2}
        torn.push_all()
    found = data_of(graph_driver)
    assert found[0] == expected[0]
    assert found[1] == expected[1]
    assert {name: each.changes for name, each in county.pull().items()} == dict.fromkeys(county.first, 0)
