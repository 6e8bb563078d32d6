"""Measures how long after an answer the proof of its receipt is there.

Clients ask a hub over HTTP and wait for the checkpoint that covers the receipt of their answer; then they fetch its
proof as COSE receipt. The time runs from the answer until the proof has arrived. Beside them other clients ask without
a pause, so that there are always new records. Hub and clients share one process, which makes both slower. Goal: p99 of
at most one second.

`python bench/audit_receipts.py [--provers N] [--askers N] [--seconds S]`
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from audit.checkpoint import open_checkpoint
from audit.stores.open import open_reader
from hub.home.audit_log import verifier_of
from tests.support.postgres import postgres
from tests.support.postgres_log import server_log
from tests.support.serving import Served, serving

LOOK_SECONDS, PAUSE_SECONDS = 0.005, 1.0


def prove(served: Served, ended: float, rng: random.Random) -> list[float]:
    """Milliseconds from each answer to its proof, until `ended`."""
    taken: list[float] = []
    verifier = verifier_of(served.hub.settings)
    while time.perf_counter() < ended:
        receipt = served.ask().json()["extensions"]["receipt"]
        answered = time.perf_counter()
        with closing(open_reader(served.hub.settings.audit_log)) as reader:
            while open_checkpoint(reader.checkpoint() or b"", verifier).size <= receipt["index"]:
                time.sleep(LOOK_SECONDS)
        asked = {"index": receipt["index"], "leafHash": receipt["leafHash"], "form": "cose"}
        served.client.get("/audit/proof", params=asked).raise_for_status()
        taken.append((time.perf_counter() - answered) * 1_000)
        time.sleep(rng.random() * PAUSE_SECONDS)  # so that clients do not ask in step with the checkpoints
    return taken


def ask(served: Served, stopped: threading.Event) -> int:
    """How many requests were answered until `stopped`."""
    answered = 0
    while not stopped.is_set():
        served.ask().raise_for_status()
        answered += 1
    return answered


def measure(name: str, given: argparse.Namespace, **settings: Any) -> None:
    """One row of the result, on one store."""
    stopped = threading.Event()
    with (
        tempfile.TemporaryDirectory(dir=given.folder, prefix="receipts-bench-") as home,
        serving(Path(home), **settings) as served,
        ThreadPoolExecutor(given.provers + given.askers) as pool,
    ):
        served.ask().raise_for_status()
        others = [pool.submit(ask, served, stopped) for _ in range(given.askers)]
        ended = time.perf_counter() + given.seconds
        seeds = [random.Random(f"{given.seed} {number}") for number in range(given.provers)]
        proving = [pool.submit(prove, served, ended, rng) for rng in seeds]
        taken = sorted(one for each in proving for one in each.result())
        stopped.set()
        rate = sum(each.result() for each in others) / given.seconds
    p50, p99 = (taken[int((len(taken) - 1) * share)] for share in (0.5, 0.99))
    print(
        f"{name:<12} p50 {p50:6.0f} ms   p99 {p99:6.0f} ms   longest {taken[-1]:6.0f} ms   "
        f"{len(taken)} proofs, {rate:,.0f} other requests/s"
    )


def main() -> None:
    """Measure, and print the conditions first."""
    options = argparse.ArgumentParser(description="Measure how long after an answer its proof is there.")
    options.add_argument("--folder", type=Path, default=Path.cwd(), help="a folder on the disk to measure")
    options.add_argument("--provers", type=int, default=8)
    options.add_argument("--askers", type=int, default=4)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = options.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {given.seed};"
        f" {given.provers} clients that prove, {given.askers} that only ask, one process, {given.seconds:g} s each"
    )
    measure("SQLite", given)
    with postgres(durable=True, parent=given.folder) as server:
        measure("PostgreSQL", given, audit_store=server_log(server, "bench").append)


if __name__ == "__main__":
    main()
