"""Measures the verification of a whole audit log, on SQLite and on a PostgreSQL server of its own.

Goal: 1,000,000 records in at most 60 s on each. The logs are first written in large commits, which is not measured.

`python bench/audit_verify.py [--records N] [--folder DIR]`
"""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from audit.checkpoint import Signer, sign_checkpoint
from audit.record import encode
from audit.stores.base import Where
from audit.stores.open import open_store
from audit.tree import leaf_hash
from audit.verify import verify
from bench.audit_append import record
from tests.support.postgres import postgres
from tests.support.postgres_log import server_log

COMMIT = 5_000
PLAIN = 1_000


def write(where: Where, count: int, signer: Signer) -> None:
    """Write `count` records with a checkpoint after each commit."""
    plain = [record(number) for number in range(PLAIN)]
    store = open_store(where)
    for start in range(0, count, COMMIT):
        bodies = [
            encode(replace(plain[number % PLAIN], request_id=f"request-{number:012}"))
            for number in range(start, min(start + COMMIT, count))
        ]
        store.begin(time.monotonic() + 60)
        placed = store.append([[(leaf_hash(body), body)] for body in bodies])[-1]
        store.publish(placed.size, sign_checkpoint(signer, placed.size, placed.root))
        store.commit()
        store.tidy()
    store.drop()


def measure(name: str, where: Where, read: Where, count: int, signer: Signer) -> bool:
    """Write, verify, print; whether the log was sound."""
    write(where, count, signer)
    before, busy = time.perf_counter(), time.process_time()
    verdict = verify(read, verifier=signer.verifier)
    seconds, busy = time.perf_counter() - before, time.process_time() - busy
    print(
        f"{name:<12} verify {verdict.size:,} records: {seconds:6.1f} s, {busy:.1f} s of them on the processor here,"
        f" ok {verdict.ok}"
    )
    return verdict.ok


def main() -> None:
    """Measure, and print the conditions first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, default=Path.cwd(), help="a folder on the disk to measure")
    options.add_argument("--records", type=int, default=1_000_000)
    given = options.parse_args()
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}; {len(encode(record(0)))} bytes a record, a checkpoint each {COMMIT:,}"
    )
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="audit-bench-") as name:
        folder = Path(name)
        signer = Signer.load(folder / "audit.key", "bench.test/audit")
        path = folder / "audit.db"
        sound = measure("SQLite", path, path, given.records, signer)
        path.unlink()
        with postgres(durable=True, parent=given.folder) as server:
            log = server_log(server, "bench")
            sound &= measure("PostgreSQL", log.append, log.read, given.records, signer)
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
