"""Measures a hub under ten minutes of mixed load while pulls and changes of the policy go on.

The peak is what 32 connections get without a pause. Then every connection pauses between its requests so that the load
is 70 % of that: first on the quiet hub, then with a pull of the whole county after the other and a policy put in force
every twenty seconds. Goal: no failed request, flat memory, a p99 within three times the quiet one. Needs `wrk`.

`python bench/steady.py [--people N] [--minutes N] [--workers N] [--folder DIR]`; the folder keeps the county.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import psutil

from bench.peers.questions import Values
from bench.peers.run import load, requests_of
from bench.peers.world import HERE, ROOT, Peer, hub_command, hub_token, open_county, values_of
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.hotline import serve_hotline
from hub.steward.changes import store_of
from policies.language import read_folder
from policies.store import PolicyStore
from schema import SPINE

CONNECTIONS, SHARE, POLICY_SECONDS, SAMPLE_SECONDS = 32, 0.7, 20.0, 5.0
WARM_SECONDS, QUIET_SECONDS = 20.0, 60.0


@dataclass
class Disturbed:
    """What went on beside the load: pulls and changes of the policy that ended, and the hub's memory in MiB."""

    pulls: int = 0
    policies: int = 0
    memory: list[float] = field(default_factory=list)


def again(ended: threading.Event, every: float, work: Callable[[], None]) -> None:
    """Do the work again and again, at most every so many seconds, until `ended`."""
    while not ended.wait(every):
        work()


@contextmanager
def disturbed(folder: Path, hub: psutil.Process, settings: Settings, address: GraphAddress) -> Iterator[Disturbed]:
    """Inside this context registers are pulled, policies are put in force, and memory is noted."""
    found, ended, key = Disturbed(), threading.Event(), os.environ.setdefault("HOTLINE_KEY", "bench")
    sources, data = ROOT / "examples" / "county" / "sources", folder / "county"

    def pull() -> None:
        with serve_hotline(data / "hotline", key) as url:
            run_pull(settings, sources, (), data, {"HOTLINE_URL": url}, lambda *_: None, address=address)
        found.pulls += 1

    def change(store: PolicyStore) -> None:
        files = dict(read_folder(HERE / "policies"))
        files["bench.yaml"] += f"\n# {found.policies}\n".encode()
        version = store.draft(files, "first")
        store.approve(version.number, version.hash, "second")
        store.activate(version.number, "second")
        found.policies += 1

    def sample() -> None:
        found.memory.append(sum(each.memory_info().rss for each in [hub, *hub.children()]) / 2**20)

    with closing(store_of(settings, SPINE)) as store, ThreadPoolExecutor() as threads:
        going = [
            threads.submit(again, ended, every, work)
            for every, work in ((1.0, pull), (POLICY_SECONDS, lambda: change(store)), (SAMPLE_SECONDS, sample))
        ]
        try:
            yield found
        finally:
            ended.set()
        for each in going:
            each.result()  # raises what ended one of them early


@contextmanager
def serving(settings: Settings, workers: int) -> Iterator[Peer]:
    """The hub in processes of its own, ready to be asked."""
    command, given = hub_command(settings, settings.port, HERE / "policies", workers)
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{settings.port}"
        try:
            while process.poll() is None and not _is_ready(url):
                time.sleep(0.2)
            yield Peer("hub", f"{url}/graphql", {"Authorization": hub_token(settings)}, process)
        finally:
            process.terminate()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def measure(
    peer: Peer,
    graph: psutil.Process,
    values: Values,
    folder: Path,
    beside: Callable[[], AbstractContextManager[Disturbed]],
    seconds: float,
) -> None:
    """Find the peak, then measure the quiet hub and the disturbed one at a share of it, and print both."""
    file = folder / "mixed.requests"
    file.write_text("\n".join(requests_of(peer, "mixed", values)))

    def run(seconds: float) -> tuple[float, float, float, int]:
        ran = load(peer, graph, "mixed", file, CONNECTIONS, seconds)
        return ran.rate, ran.p50, ran.p99, ran.failed

    os.environ["PAUSE"] = "0"
    run(WARM_SECONDS)
    peak, *_ = run(WARM_SECONDS)
    wanted, pause = SHARE * peak, 0.0
    for _ in range(3):  # what a pause makes of the rate is found by trying
        rate, *_ = run(WARM_SECONDS / 2)
        pause = max(0.0, pause + 1_000 * CONNECTIONS * (1 / wanted - 1 / rate))
        os.environ["PAUSE"] = f"{pause:.0f}"
    quiet = run(QUIET_SECONDS)
    print(f"peak {peak:.0f} requests/s; a pause of {pause:.0f} ms")
    print(
        f"quiet: {quiet[0]:.0f}/s ({quiet[0] / peak:.0%}), p50 {quiet[1]:.1f}, p99 {quiet[2]:.1f} ms, {quiet[3]} failed"
    )
    with beside() as found:
        rate, p50, p99, failed = run(seconds)
    print(f"disturbed, {seconds / 60:.0f} minutes: {rate:.0f}/s ({rate / peak:.0%}), p50 {p50:.1f}, p99 {p99:.1f} ms")
    print(f"{failed} failed; p99 {p99 / quiet[2]:.1f} times the quiet one (goal 3)")
    quarter = max(1, len(found.memory) // 4)
    first, last = statistics.median(found.memory[:quarter]), statistics.median(found.memory[-quarter:])
    print(f"memory {first:.0f} MiB in the first quarter, {last:.0f} in the last, {max(found.memory):.0f} at most")
    print(f"{found.pulls} pulls and {found.policies} policies meanwhile")


def main() -> None:
    """Make the world, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before, {given.people} people, "
          f"{given.workers} workers")  # fmt: skip
    with (
        open_county(given.folder, given.people) as county,
        serving(county.settings, given.workers) as peer,
    ):
        process = psutil.Process(peer.process.pid)
        measure(
            peer,
            county.graph,
            values_of(county.address),
            county.folder,
            lambda: disturbed(county.folder, process, county.settings, county.address),
            60 * given.minutes,
        )


if __name__ == "__main__":
    main()
