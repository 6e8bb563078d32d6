"""Measures one honest client beside 200 hostile ones of ten kinds, against a hub process with a real graph.

Goal: the honest p99 within three times that of the quiet hub, the hub's memory flat, and no transaction of the hub in
the graph once its deadline has passed. Each hostile client tries again half a second after it was refused or answered,
with another document each time; the known ones are of another application. They run at the lowest priority, because
elsewhere they would not take the hub's processors.

`python bench/hostile_load.py [SECONDS] [--singly]`; `--singly` measures beside each kind alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import neo4j
import psutil

from bench.peers.world import unlimited
from hub.graph.local import LocalGraph
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.generate import generate

ROOT = Path(__file__).parents[1]
CLIENTS, PAUSE, PATIENCE = 200, 0.5, 30.0
QUESTION = "{ people(first: 5) { edges { node { name } } } }"
START = b"POST /graphql HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
HONEST, HOSTILE = ("fire-inspection", "safety.fire.rental"), ("grid-desk", "event.dispatch")
"""Application and purpose."""
Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]


def request(body: bytes, token: str) -> bytes:
    """A request with this body, by a known sender if there is a token."""
    known = f"Authorization: Bearer {token}\r\nAccess-Purpose: {HOSTILE[1]}\r\n" if token else ""
    return START + f"{known}Content-Length: {len(body)}\r\n\r\n".encode() + body


def query(text: str, variables: Mapping[str, Any] | None = None) -> bytes:
    """The body of a query."""
    return json.dumps({"query": text, "variables": dict(variables or {})}).encode()


def filters(depth: int) -> dict[str, Any]:
    """A filter that goes back and forth between dwellings and residents."""
    return {"dwellings": {"some": {"residents": {"some": filters(depth - 1)}}}} if depth else {}


MANY = b'{"query":"{__typename}","variables":{"x":[' + b"{}," * 86_000 + b"{}]}}"
DEEP = query("query ($w: PersonWhere) { people(first: 1, where: $w) { edges { node { id } } } }", {"w": filters(25)})


def many_aliases() -> bytes:
    """A query for one field under 390 names."""
    first = random.randrange(10**6)
    return query(
        f"{{ people(first: 1) {{ edges {{ node {{ {' '.join(f'a{first + n}: phone' for n in range(390))} }} }} }} }}"
    )


def many_introspections() -> bytes:
    """A query for the names of all types, thirty times."""
    first = random.randrange(10**6)
    return query(" ".join(["{", *(f"s{first + n}: __schema {{ types {{ name }} }}" for n in range(30)), "}"]))


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> None:
    """Send a request and read what comes back, up to a bound."""
    writer.write(content)
    await writer.drain()
    await reader.read(65_536)


async def endless_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: str) -> None:
    """A header that never ends."""
    writer.write(START + b"X: ")
    while True:
        writer.write(b"x" * 16_384)
        await writer.drain()
        await asyncio.sleep(0.01)


async def slow_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: str) -> None:
    """A head of which a byte comes now and then."""
    for at in START + b"X: " + b"x" * 1_000:
        writer.write(bytes((at,)))
        await writer.drain()
        await asyncio.sleep(0.2)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter, __: str) -> None:
    """A connection on which nothing is sent."""
    await reader.read(1)


async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
    """The body of a known sender that does not come."""
    writer.write(request(b"", token).replace(b"Length: 0", b"Length: 9000"))
    await reader.read(1)


async def unread(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: str) -> None:
    """Many requests at once, whose answers are not read."""
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: hub\r\n\r\n" * 50)
    await writer.drain()
    await asyncio.sleep(5)


def sending(make: Callable[[], bytes], *, known: bool) -> Attack:
    """An attack that sends one request, whose body is made anew."""

    async def attack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        await send(reader, writer, request(make(), token if known else ""))

    return attack


ATTACKS: Mapping[str, Attack] = {
    "endless head": endless_head,
    "slow head": slow_head,
    "silent": silent,
    "slow body": slow_body,
    "answers not read": unread,
    "86,000 objects, no token": sending(lambda: MANY, known=False),
    "86,000 objects, known": sending(lambda: MANY, known=True),
    "filter 25 deep": sending(lambda: DEEP, known=True),
    "390 aliases of one field": sending(many_aliases, known=True),
    "30 introspections": sending(many_introspections, known=True),
}


async def attack_for(port: int, token: str, seconds: float, clients: int, kinds: list[str]) -> Counter[str]:
    """Attack for some seconds, from an address for each ten clients; how often each kind was tried."""
    ends, tried = time.monotonic() + seconds, Counter[str]()

    async def client(number: int) -> None:
        name = kinds[number % len(kinds)]
        attack = ATTACKS[name]
        while (left := ends - time.monotonic()) > 0:
            tried[name] += 1
            with suppress(OSError, TimeoutError):
                source = (f"127.0.1.{1 + number // 10}", 0)
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
                try:
                    await asyncio.wait_for(attack(reader, writer, token), min(PATIENCE, left))
                finally:
                    writer.transport.abort()
            await asyncio.sleep(min(PAUSE, max(0.0, left)))

    await asyncio.gather(*(client(number) for number in range(clients)))
    return tried


def ask_for(port: int, token: str, seconds: float) -> tuple[list[float], Counter[int]]:
    """Ask honestly for some seconds; how long each answer took, and the statuses."""
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": HONEST[1]}
    took: list[float] = []
    statuses = Counter[int]()
    ends = time.monotonic() + seconds
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        while time.monotonic() < ends:
            began = time.monotonic()
            with suppress(httpx.HTTPError):
                statuses[client.post("/graphql", headers=headers, json={"query": QUESTION}).status_code] += 1
            took.append(time.monotonic() - began)
            time.sleep(0.02)
    return took, statuses


def transactions(address: Any) -> int:
    """How many transactions run in the graph, besides this question."""
    with neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password)) as driver:
        rows, _, _ = driver.execute_query("SHOW TRANSACTIONS YIELD currentQuery RETURN currentQuery AS text")
    return sum("SHOW TRANSACTIONS" not in (row["text"] or "") for row in rows)


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def measure(home: Path, seconds: float, singly: bool) -> None:
    """Make a county and a hub, and print the figures of a quiet and of a hostile time."""
    settings = Settings.load(home=home / "home", port=free_port())
    generate(home / "county", 300, 7)
    with LocalGraph(settings) as graph:
        address = graph.address()
        names = ("divisions", "police", "housing")
        run_pull(settings, ROOT / "examples/county/sources", names, home / "county", {}, lambda *_: None)
        environment = {**os.environ, **unlimited(), "SLUICEGATE_HOME": str(settings.home)}
        command = [sys.executable, "-m", "hub", "serve", "--port", str(settings.port)]
        with subprocess.Popen(command, cwd=ROOT, env=environment) as hub:
            try:
                report(settings, address, psutil.Process(hub.pid), seconds, singly)
            finally:
                hub.terminate()


def report(settings: Settings, address: Any, hub: psutil.Process, seconds: float, singly: bool) -> None:
    """Measure and print."""
    issuer, port = Issuer(settings), settings.port
    token, hostile_token = (issuer.issue(each[0], "local-1", 3_600) for each in (HONEST, HOSTILE))
    while not is_ready(port):
        time.sleep(0.2)
    ask_for(port, token, 10)
    quiet, statuses = ask_for(port, token, seconds)
    show("quiet", quiet, statuses)
    for kinds in [[kind] for kind in ATTACKS] if singly else [list(ATTACKS)]:
        before = hub.memory_info().rss
        clients = CLIENTS * len(kinds) // len(ATTACKS)
        command = [sys.executable, __file__, "attack", str(port), hostile_token, str(seconds + 5), str(clients), *kinds]
        with subprocess.Popen(command) as attackers:
            time.sleep(5)
            first, spent = hub.memory_info().rss, hub.cpu_times()
            hostile, statuses = ask_for(port, token, seconds)
            busy = sum(hub.cpu_times()[:2]) - sum(spent[:2])
            attackers.wait()
        show(f"beside {clients} of {', '.join(kinds) if singly else 'all kinds'}", hostile, statuses)
        print(f"honest p99: {p99(hostile) / p99(quiet):.1f} times the quiet one (goal: 3)")
        sizes = [before, first, hub.memory_info().rss]
        print(f"memory of the hub before, 5 s into and after it: {[round(size / 2**20) for size in sizes]} MiB")
        print(f"processor of the hub: {100 * busy / seconds:.0f} % of one core")
        time.sleep(settings.graph_deadline)
        late = transactions(address)
        print(f"transactions in the graph {settings.graph_deadline:.0f} s later: {late} (goal: 0)", flush=True)


def is_ready(port: int) -> bool:
    """Whether the hub is ready."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5).status_code == 200
    return False


def p99(took: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(took, n=100)[98]


def show(name: str, took: list[float], statuses: Counter[int]) -> None:
    """Print one line of figures."""
    middle = statistics.median(took) * 1_000
    print(f"{name}: p50 {middle:.1f} ms, p99 {p99(took) * 1_000:.1f} ms, {dict(statuses)}", flush=True)


def main() -> None:
    """Measure, or be the process that attacks."""
    if sys.argv[1:2] == ["attack"]:
        port, token, duration, clients, *kinds = sys.argv[2:]
        os.nice(19)
        print(dict(asyncio.run(attack_for(int(port), token, float(duration), int(clients), kinds or list(ATTACKS)))))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=30.0)
    parser.add_argument("--singly", action="store_true")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {CLIENTS} hostile clients of")
    print(
        f"{len(ATTACKS)} kinds, each again {PAUSE} s after its last try, for {given.seconds:.0f} s; hub, Neo4j and all"
    )
    print("clients share the cores, the hostile ones at the lowest priority (nice 19)")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.seconds, given.singly)


if __name__ == "__main__":
    main()
