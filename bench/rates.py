"""Measures what rate limits add to a request: microseconds of the processor, and of each piece alone.

Requests that need no graph are answered by one hub in turns without limits, with buckets of its own and with buckets
that workers share. The difference is the median over pairs of turns, so that a busy machine slows both sides.

`python bench/rates.py [--rounds N]`
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import platform
import secrets
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.world import UNLIMITED
from hub.app import open_hub
from hub.buckets import Buckets
from hub.graph.driver import Graph
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.request.cost import Cost
from hub.request.endpoint import Arrival
from hub.request.pipeline import answer
from hub.request.rates.rates import Rates
from hub.request.running import Hub
from policies.language import load
from policies.model import Application
from policies.rules import Subject
from schema import SPINE

ROOT = Path(__file__).parents[1]
BODY = b'{"query": "{ __typename }"}'
TOGETHER, EACH = 16, 15
"""Requests at a time, and how many of each come one after the other in a turn."""


class Unlimited:
    """Rates that spend nothing."""

    def open(self, *_: Any) -> None:
        """No account."""

    def enter(self, *_: Any) -> None:
        """Nothing is spent."""

    def spend(self, *_: Any) -> None:
        """Nothing is spent."""


async def ask(hub: Hub, headers: tuple[tuple[str, str], ...], count: int) -> None:
    """So many requests, one after the other."""

    async def receive(arrival: Arrival) -> Arrival:
        return replace(arrival, body=BODY)

    for _ in range(count):
        now = dt.datetime.now(dt.UTC)
        arrival = Arrival(secrets.token_hex(16), now, time.monotonic_ns(), "POST", "/graphql", headers)
        response = await answer(hub, arrival, receive_body=receive)
        if response.status_code != 200:
            raise RuntimeError(bytes(response.body).decode())


async def compare(settings: Settings, rounds: int) -> None:
    """Print what a request takes of the processor, with each kind of limits."""
    policy = load(ROOT / "examples" / "county" / "policies", SPINE)
    hub = open_hub(settings, Graph("bolt://127.0.0.1:9", "neo4j", "unused"), policy, SPINE)
    token = Issuer(settings).issue("grid-desk", "bench-1", 3_600)
    headers = (
        ("authorization", f"Bearer {token}"),
        ("access-purpose", "event.dispatch"),
        ("content-type", "application/json"),
    )
    kinds: dict[str, Any] = {
        "without limits": Unlimited(),
        "of one process": Rates(settings, Buckets()),
        "shared by workers": Rates(settings, Buckets.shared()),
    }
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, rates in kinds.items():
            hub.rates = rates
            await ask(hub, headers, 4)
            began = time.thread_time()
            await asyncio.gather(*(ask(hub, headers, EACH) for _ in range(TOGETHER)))
            took[kind].append((time.thread_time() - began) / TOGETHER / EACH * 1e6)
    plain = took["without limits"]
    for kind, each in took.items():
        more = statistics.median(one - other for one, other in zip(each, plain, strict=True))
        print(f"{kind:<20}{statistics.median(each):>8.1f} us of a request{more:>+8.1f}")
    await hub.graph.close()
    hub.log.close()


def pieces(settings: Settings) -> None:
    """Print what each piece takes, the best of seven runs."""
    desk = Application("grid-desk", "台", "Desk", "grid-centre", "14/")
    subject = Subject("grid-desk", "grid-centre", "", "", "14/", "bench-1")
    for kind, buckets in (("of one process", Buckets()), ("shared by workers", Buckets.shared())):
        rates = Rates(settings, buckets)
        account = rates.open(subject, desk)
        work: dict[str, Callable[[], object]] = {
            "open": partial(rates.open, subject, desk),
            "enter": partial(rates.enter, account),
            "spend": partial(rates.spend, account, Cost(nodes=840)),
            "headers": account.headers,
        }
        told = (f"{name} {min(timeit.repeat(each, number=10_000, repeat=7)) * 100:.1f}" for name, each in work.items())
        print(f"{kind:<20}{', '.join(told)} us")


def main() -> None:
    """Print all figures."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--rounds", type=int, default=40)
    chosen = given.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=Path(folder) / "home", **UNLIMITED)
        pieces(settings)
        asyncio.run(compare(settings, chosen.rounds))


if __name__ == "__main__":
    main()
