"""Measures durable appends to the audit log in a second, on SQLite and on a PostgreSQL server of its own.

Goal: at least 3,000 a second with 32 writers, and an added p99 of at most 15 ms. The time of a bare fdatasync on the
same disk stands beside the figures. Both stores publish checkpoints meanwhile, as a hub does.

`python bench/audit_append.py [--folder DIR] [--seconds S]`: DIR is on the disk to measure.
"""

import argparse
import asyncio
import os
import platform
import sqlite3
import tempfile
import time
from pathlib import Path

from audit.checkpoint import Signer
from audit.log import AuditLog
from audit.record import Coordinates, Digester, Record, encode
from audit.stores.base import Where
from tests.support.postgres import postgres
from tests.support.postgres_log import server_log

DIGESTER = Digester(os.urandom(32))
DECISION = Coordinates(
    clear=tuple(f"Dwelling.field{number}" for number in range(8)), masked=("Person.name", "Person.phone")
)


def record(number: int) -> Record:
    """A record of the usual size: ten coordinates, four variables, twenty data subjects."""
    return Record(
        kind="query",
        request_id=f"request-{number:012}",
        result="OK",
        http_status=200,
        application="fire-inspection",
        department="fire",
        subject=DIGESTER.digest("sub", "inspector"),
        purpose="safety.fire.rental",
        policy_version="0" * 64,
        operation="0" * 64,
        variables={f"$where.{n}": DIGESTER.digest("variable", str(n)) for n in range(4)},
        decision=DECISION,
        nodes=20,
        subjects=tuple(DIGESTER.digest("person", str(number + n)) for n in range(20)),
        duration_us=4_200,
    )


async def append_for(where: Where, folder: Path, writers: int, seconds: float) -> tuple[float, list[float]]:
    """Appends a second and the milliseconds that each took, sorted; each writer waits for its own receipt."""
    signer = Signer.load(folder / "audit.key", "bench.test/audit")
    log = AuditLog.open(where, 10, signer=signer, recorded_head=folder / "audit.head")
    taken: list[float] = []
    ready = [record(number) for number in range(1_000)]
    start = time.perf_counter()

    async def write(first: int) -> None:
        number = first
        while (before := time.perf_counter()) < start + seconds:
            await log.append(ready[number % len(ready)])
            taken.append((time.perf_counter() - before) * 1_000)
            number += writers

    await asyncio.gather(*(write(number) for number in range(writers)))
    rate = len(taken) / (time.perf_counter() - start)
    log.close()
    return rate, sorted(taken)


def sync_alone(folder: Path, rounds: int) -> list[float]:
    """Milliseconds of a 16 KiB write and its fdatasync, sorted: the least that any durable commit costs here."""
    taken = []
    page = os.urandom(16_384)
    with tempfile.TemporaryFile(dir=folder) as file:
        for number in range(rounds):
            before = time.perf_counter()
            os.pwrite(file.fileno(), page, number % 64 * len(page))
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - before) * 1_000)
    return sorted(taken)


def at(taken: list[float], share: float) -> float:
    """The value below which `share` of the sorted `taken` lie."""
    return taken[min(len(taken) - 1, int(len(taken) * share))]


def line(name: str, taken: list[float], more: str = "") -> None:
    """One row of the result."""
    print(f"{name:<28} p50 {at(taken, 0.5):7.2f} ms   p99 {at(taken, 0.99):7.2f} ms   {more}")


def measure(name: str, where: Where, folder: Path, writers: int, seconds: float) -> None:
    """One writer, then many, on one store."""
    rate, alone = asyncio.run(append_for(where, folder, 1, seconds / 4))
    line(f"{name}, 1 writer", alone, f"{rate:,.0f} durable appends/s")
    rate, taken = asyncio.run(append_for(where, folder, writers, seconds))
    line(f"{name}, {writers} writers", taken, f"{rate:,.0f} durable appends/s")


def main() -> None:
    """Measure, and print the conditions first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, default=Path.cwd(), help="a folder on the disk to measure")
    options.add_argument("--writers", type=int, default=32)
    options.add_argument("--seconds", type=float, default=8.0)
    given = options.parse_args()
    load = os.getloadavg()[0]
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, load {load:.1f};"
        f" {given.writers} writers in one event loop, {len(encode(record(0)))} bytes a record,"
        f" WAL, synchronous=FULL; PostgreSQL on this machine, fsync on; {given.seconds:g} s each, two checkpoints/s"
    )
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="audit-bench-") as name:
        folder = Path(name)
        line("write + fdatasync, alone", sync_alone(folder, 500))
        measure("SQLite", folder / "audit.db", folder, given.writers, given.seconds)
        other = folder / "server"
        other.mkdir()
        with postgres(durable=True, parent=given.folder) as server:
            measure("PostgreSQL", server_log(server, "bench").append, other, given.writers, given.seconds)


if __name__ == "__main__":
    main()
