"""Measures where the time of one request goes: microseconds of each stage, cold, plain and warm, one request at a time,
and warm with several at a time, as a hub that is busy.

Cold is the first request of its document under a new hub; plain is each with everything made anew
(`SLUICEGATE_PLAIN=1`); warm is with what is kept of documents, plans, decisions and tokens. Medians of several hubs for
cold, means for the others. The stages are those of `sluicegate_stage_seconds`; what is left is the way between them.

`python bench/stages.py [--people N] [--requests N] [--questions point,page] [--together N]`
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.questions import QUESTIONS, Question, Values
from bench.peers.world import HERE, open_county, values_of
from hub.app import open_hub
from hub.graph.driver import Graph
from hub.graph.local import GraphAddress
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.request.endpoint import Arrival
from hub.request.pipeline import answer
from hub.request.running import Hub
from hub.steward.changes import steward_session, store_of
from policies.language import load_files
from schema import SPINE

PREPARING = ("head", "identify", "read", "purpose", "validate", "decide", "plan", "compile")
"""Stages 1 to 7 of the design."""
COLD = 5
Times = dict[str, float]


class NotAnswered(Exception):
    """What the hub answered instead of data."""


class Bench:
    """A county in a graph, and hubs over it in this process."""

    def __init__(self, settings: Settings, address: GraphAddress, question: Question, values: Values) -> None:
        self._settings, self._address, self._question, self._values = settings, address, question, values
        with steward_session(settings, SPINE):
            pass
        self._token = Issuer(settings).issue("bench", "bench-1", 3_600)

    async def measure(self, plain: bool, warm_up: int, count: int, together: int = 1) -> Times:
        """Microseconds of each stage of a request, the mean of `count` after `warm_up` others, so many at a time."""
        settings = self._settings.model_copy(update={"plain": plain})
        graph = Graph(self._address.url, self._address.user, self._address.password, database=settings.graph_database)
        await graph.ready()
        store = store_of(settings, SPINE)
        hub = open_hub(settings, graph, load_files(store.in_force().files, SPINE), SPINE, store=store)
        try:
            for number in range(warm_up):
                await self._ask(hub, number)
            before, began, own = _sums(hub), time.perf_counter(), time.thread_time()
            numbers = iter(range(warm_up, warm_up + count))
            await asyncio.gather(*(self._ask_each(hub, numbers) for _ in range(together)))
            whole, own = time.perf_counter() - began, time.thread_time() - own
            after = _sums(hub)
        finally:
            await hub.floods.close()
            await graph.close()
            hub.log.close()
            store.close()
        times = {name: (after[name] - before.get(name, 0.0)) / count * 1e6 for name in after}
        times["whole"], times["processor"] = whole / count * 1e6, own / count * 1e6
        return times

    async def _ask_each(self, hub: Hub, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self._ask(hub, number)

    async def _ask(self, hub: Hub, number: int) -> None:
        body = json.dumps(self._question.body("hub", self._values, number)).encode()
        headers = {
            "authorization": f"Bearer {self._token}",
            "access-purpose": self._question.purpose,
            "content-type": "application/json",
            "content-length": str(len(body)),
        }
        came, started = dt.datetime.now(dt.UTC), time.monotonic_ns()
        head = Arrival(f"{number:032x}", came, started, "POST", "/graphql", tuple(headers.items()))
        response = await answer(hub, head, receive_body=_body(body))
        if response.status_code != 200:
            raise NotAnswered(bytes(response.body).decode())


def _body(body: bytes) -> Callable[[Arrival], Awaitable[Arrival]]:
    async def receive(arrival: Arrival) -> Arrival:
        return replace(arrival, body=body)

    return receive


def _sums(hub: Hub) -> Times:
    (family,) = [each for each in hub.telemetry.registry.collect() if each.name == "sluicegate_stage_seconds"]
    return {each.labels["stage"]: each.value for each in family.samples if each.name.endswith("_sum")}


def _median(each: list[Times]) -> Times:
    return {name: statistics.median(times[name] for times in each) for name in each[0]}


def told(name: str, columns: Mapping[str, Times]) -> None:
    """Print a table, a row for each stage."""
    print(f"\n{name}, microseconds{''.join(f'{column:>10}' for column in columns)}")
    stages = [each for each in next(iter(columns.values())) if each not in {"whole", "processor"}]
    stages.sort(key=lambda each: PREPARING.index(each) if each in PREPARING else len(PREPARING))

    def row(label: str, value: Callable[[Times], float]) -> None:
        print(f"{label:<{len(name) + 14}}" + "".join(f"{value(times):>10,.0f}" for times in columns.values()))

    for stage in stages:
        row(stage, lambda times, stage=stage: times[stage])  # type: ignore[misc]
    row("stages 1 to 7", lambda times: sum(times[each] for each in PREPARING))
    row("all stages", lambda times: sum(times[each] for each in stages))
    row("whole request", lambda times: times["whole"])
    row("processor of the loop", lambda times: times["processor"])


async def run(bench: Bench, name: str, requests: int, together: int) -> None:
    """Measure one question; the graph, which may have just been started, has planned and read it before."""
    for _ in range(20):
        with suppress(NotAnswered):
            await bench.measure(plain=False, warm_up=0, count=20)
            break
    cold = _median([await bench.measure(plain=False, warm_up=0, count=1) for _ in range(COLD)])
    plain = await bench.measure(plain=True, warm_up=50, count=requests)
    warm = await bench.measure(plain=False, warm_up=200, count=requests)
    busy = await bench.measure(plain=False, warm_up=200, count=requests, together=together)
    told(name, {"cold": cold, "plain": plain, "warm": warm, f"warm, {together}": busy})


def main() -> None:
    """Print all figures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--people", type=int, default=3_000)
    given.add_argument("--requests", type=int, default=1_000)
    given.add_argument("--questions", default="point,page", help="of bench/peers/questions.py")
    given.add_argument("--together", type=int, default=16, help="requests at a time in the last column")
    given.add_argument("--folder", type=Path, help="keeps the county for the next run")
    chosen = given.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {chosen.people:,} people")
    with open_county(chosen.folder, chosen.people, policies=HERE / "policies") as county:
        values: Any = values_of(county.address)
        for question in QUESTIONS:
            if question.name in chosen.questions.split(","):
                bench = Bench(county.settings, county.address, question, values)
                asyncio.run(run(bench, question.name, chosen.requests, chosen.together))


if __name__ == "__main__":
    main()
