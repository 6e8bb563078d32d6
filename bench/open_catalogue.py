"""Measures what a large catalogue costs at the start: 60 types with 600 fields, in slices beside the spine.

Goal: a hub whose graph runs already is ready within 5 seconds. Figures are medians of rounds; a start is timed from the
command `sluicegate serve` to the first 200 of `/readyz`, in a new home and then in the same one again.

`python bench/open_catalogue.py [--types N] [--fields N] [--rounds N] [--parts]`; `--parts` starts no graph and no hub.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import psutil

from hub.graph.local import LocalGraph
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema.graphql import build
from schema.slices import compose, read_slices, read_spine
from tests.support.ports import free_port
from tests.support.sources.large_catalogue import FIELDS, TYPES, write_large_catalogue

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120.0


def seconds(rounds: int, work: Callable[[], object]) -> float:
    """The median time of `work`."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def print_parts(folder: Path, rounds: int) -> None:
    """Print how long each part of reading the catalogue takes."""
    slices = read_slices(folder)
    catalogue = catalogue_of(Settings(slices=folder))
    fields = sum(len(each.fields) for each in catalogue)
    print(f"{len(list(catalogue))} types, {fields} fields, {len(catalogue.edges)} edges, spine included")
    measured: dict[str, Callable[[], object]] = {
        "the spine alone: read and composed": lambda: compose(read_spine()),
        "the slices read": lambda: read_slices(folder),
        "composed with the spine": lambda: compose((*read_spine(), *slices)),
        "all of catalogue_of(settings)": lambda: catalogue_of(Settings(slices=folder)),
        "the GraphQL schema built": lambda: build(catalogue),
    }
    for what, work in measured.items():
        print(f"{what}: {seconds(rounds, work):.2f} s")


def print_starts(home: Path, slices: Path, rounds: int) -> None:
    """Print how long a hub takes to be ready, beside a graph that runs; the spine alone for comparison."""
    with LocalGraph(Settings.load(home=home / "with slices")):
        settings = {"SLUICEGATE_SLICES": str(slices)}
        first = until_ready(home / "with slices", settings)
        again = [until_ready(home / "with slices", settings) for _ in range(rounds)]
    with LocalGraph(Settings.load(home=home / "spine")):
        until_ready(home / "spine", {})
        spine = [until_ready(home / "spine", {}) for _ in range(rounds)]
    for what, taken in {
        "a hub until it is ready, in a new home": [first],
        "in the same home again": again,
        "the same with the spine alone": spine,
    }.items():
        took, worked = (statistics.median(each) for each in zip(*taken, strict=True))
        print(f"{what}: {took:.2f} s, of which it worked {worked:.2f} s (goal: 5)")


def until_ready(home: Path, settings: dict[str, str]) -> tuple[float, float]:
    """Seconds from the command to `/readyz`, and of its processor's time; the hub is stopped again."""
    port = free_port()
    environment = {**os.environ, "SLUICEGATE_HOME": str(home), **settings}
    command = [sys.executable, "-m", "hub", "serve", "--port", str(port)]
    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as hub:
        try:
            while not is_ready(port):
                if hub.poll() is not None or time.perf_counter() - begin > PATIENCE_SECONDS:
                    raise SystemExit("the hub did not become ready; its words stand above")
                time.sleep(0.02)
            return time.perf_counter() - begin, sum(psutil.Process(hub.pid).cpu_times()[:2])
        finally:
            hub.terminate()


def is_ready(port: int) -> bool:
    """Whether the hub can serve."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=5).status_code == 200
    return False


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--types", type=int, default=TYPES)
    parser.add_argument("--fields", type=int, default=FIELDS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", action="store_true", help="start no graph and no hub")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slices = write_large_catalogue(Path(folder) / "slices", options.types, options.fields)
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        print(f"{platform.machine()}, Python {platform.python_version()}, {load}, median of {options.rounds}")
        print_parts(slices, options.rounds)
        if not options.parts:
            print_starts(Path(folder), slices, options.rounds)


if __name__ == "__main__":
    main()
