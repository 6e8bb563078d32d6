"""Measures the hub beside what people use without it: the same data, questions and load, interleaved in one run.

Peers: `@neo4j/graphql` with row authorization in graphql-yoga, the official driver alone in Starlette, and Strawberry
with data loaders. Needs `wrk` and Node; `make bench-peers` makes the rest. Every figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx
import psutil

from bench.peers.questions import MIXED, QUESTIONS, Question, Values, rows
from bench.peers.report import write_report
from bench.peers.world import HERE, ROOT, Peer, open_county, peers, values_of

REQUESTS = 2_000
"""Different requests that are sent in turn."""
REST_SECONDS = 0.5
"""For so long a graph must be idle before the next run begins."""


@dataclass(frozen=True)
class Measured:
    """One run of one peer: requests a second, milliseconds, seconds of processor a thousand requests, and MiB."""

    peer: str
    question: str
    connections: int
    rate: float
    p50: float
    p99: float
    failed: int
    processor: float
    graph_processor: float
    memory: float


def requests_of(peer: Peer, question: str, values: Values) -> Iterator[str]:
    """The lines for the load tool: a path, a purpose and a body."""
    asked = MIXED if question == "mixed" else tuple(each for each in QUESTIONS if each.name == question)
    for number in range(REQUESTS):
        each = asked[number * 7 % len(asked)]
        path = f"/{each.name}" if peer.name == "driver" else "/graphql"
        yield f"{path}\t{each.purpose}\t{json.dumps(each.body(peer.name, values, number))}"


def answered(peer: Peer, question: Question, values: Values) -> int:
    """How many values the first ten answers hold; raises ValueError for an error, but for those while it warms up."""
    for _ in range(20):
        with suppress(ValueError):
            return _answered(peer, question, values)
        time.sleep(1)
    return _answered(peer, question, values)


def _answered(peer: Peer, question: Question, values: Values) -> int:
    url = f"{peer.url}/{question.name}" if peer.name == "driver" else peer.url
    headers = {**peer.headers, "Access-Purpose": question.purpose}
    with httpx.Client(trust_env=False, timeout=120, headers=headers) as client:
        found = [rows(client.post(url, json=question.body(peer.name, values, n)).json()) for n in range(10)]
    return sum(found)


def processor_seconds(process: psutil.Process) -> float:
    """What a process and its children have used."""
    return sum(sum(each.cpu_times()[:2]) for each in _all_of(process))


def _all_of(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def await_rest(graph: psutil.Process, longest: float = 90.0) -> None:
    """Return when the graph has ended what it was asked for: statements outlive the clients that went away."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        before = processor_seconds(graph)
        time.sleep(REST_SECONDS)
        if processor_seconds(graph) - before < 0.1 * REST_SECONDS:
            return


def load(peer: Peer, graph: psutil.Process, question: str, file: Path, connections: int, seconds: float) -> Measured:
    """One run of the load tool against one peer."""
    process = psutil.Process(peer.process.pid)
    environment = {**os.environ, "REQUESTS": str(file), "AUTHORIZATION": peer.headers["Authorization"]}
    address = peer.url.removesuffix("/graphql")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s"]
    command += ["-s", str(HERE / "load.lua"), address]
    await_rest(graph)
    before, graph_before = processor_seconds(process), processor_seconds(graph)
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    used, graph_used = processor_seconds(process) - before, processor_seconds(graph) - graph_before
    told = json.loads(ran.stdout.splitlines()[-1])
    thousands = max(told["requests"], 1) / 1_000
    return Measured(
        peer.name,
        question,
        connections,
        told["requests"] / told["seconds"],
        told["p50"],
        told["p99"],
        told["failed"],
        used / thousands,
        graph_used / thousands,
        sum(each.memory_info().rss for each in _all_of(process)) / 2**20,
    )


def measure(running: list[Peer], graph: psutil.Process, values: Values, given: argparse.Namespace,
            folder: Path) -> Iterator[Measured]:  # fmt: skip
    """Every run, interleaved: each round asks each question of each peer, in another order of peers."""
    names = given.questions.split(",")
    for number in range(given.rounds):
        turned = running[number % len(running) :] + running[: number % len(running)]
        for question in names:
            for connections in map(int, given.connections.split(",")):
                for peer in turned:
                    file = folder / f"{peer.name}-{question}.requests"
                    file.write_text("\n".join(requests_of(peer, question, values)))
                    yield load(peer, graph, question, file, connections, given.seconds)


def line_of(run: Measured) -> str:
    """What is printed of one run."""
    figures = f"{run.rate:8.0f}/s  p50 {run.p50:8.1f} ms  p99 {run.p99:8.1f} ms  failed {run.failed}"
    return f"{run.question:9} {run.connections:3} {run.peer:14} {figures}"


def medians(runs: Sequence[Measured]) -> list[Measured]:
    """The median of each figure over the rounds."""
    groups: dict[tuple[str, int, str], list[Measured]] = {}
    for each in runs:
        groups.setdefault((each.question, each.connections, each.peer), []).append(each)
    return [_median(group) for group in groups.values()]


def _median(group: Sequence[Measured]) -> Measured:
    figures = {
        name: statistics.median(asdict(each)[name] for each in group)
        for name in ("rate", "p50", "p99", "processor", "graph_processor", "memory")
    }
    first = group[0]
    return Measured(first.peer, first.question, first.connections, failed=sum(each.failed for each in group), **figures)


def conditions(given: argparse.Namespace) -> dict[str, str | float]:
    """What the figures depend on."""
    command = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load before": round(os.getloadavg()[0], 1),
        "people": given.people,
        "processes of each": given.workers,
        "rounds": given.rounds,
        "seconds": given.seconds,
    }


def parse() -> argparse.Namespace:
    """What was given on the command line."""
    every = ",".join([*(each.name for each in QUESTIONS), "mixed"])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", default="1,8,32,64")
    parser.add_argument("--workers", type=int, default=1, help="processes of each peer")
    parser.add_argument("--questions", default=every)
    parser.add_argument("--folder", type=Path, help="keeps the county for the next run")
    parser.add_argument("--out", type=Path, default=ROOT / "bench-peers", help="for the JSON and the page")
    parser.add_argument("--note", action="store_true", help="adds the medians to bench/peers/history.jsonl")
    return parser.parse_args()


def main() -> None:
    """Make the world, measure, and write what was measured."""
    given = parse()
    told = conditions(given)
    with open_county(given.folder, given.people) as county:
        values = values_of(county.address)
        with peers(county.folder, county.settings, county.address, given.workers) as running:
            for question in QUESTIONS:
                held = {peer.name: answered(peer, question, values) for peer in running}
                print(f"{question.name}: values in ten answers: {held}", flush=True)
            runs = []
            for run in measure(running, county.graph, values, given, county.folder):
                runs.append(run)
                print(line_of(run), flush=True)
    write_report(given.out, told, [asdict(each) for each in medians(runs)], [asdict(each) for each in runs], given.note)


if __name__ == "__main__":
    main()
