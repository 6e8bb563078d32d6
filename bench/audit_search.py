"""Measures how fast the search index follows the audit log, and how fast it answers.

Goal, with 1,000,000 records: facets, unusual use and the balance in at most 1 s, "who saw my data" in at most 100 ms,
and at least 20,000 records followed in a second. The log is made in DIR and removed; its records have ten coordinates,
four values and twenty data subjects each.

`python bench/audit_search.py [--records N] [--folder DIR] [--seed S]`
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from audit.facets import facets
from audit.index import open_index
from audit.record import Coordinates, Digester, Record, encode
from audit.search import Query, days, search
from audit.stores.open import open_reader
from audit.stores.sqlite import SqliteStore
from audit.tree import leaf_hash
from hub.auditor.balance import balance
from hub.auditor.unusual import Limits, unusual
from schema import SPINE

DIGESTER = Digester(b"bench" * 8)
PURPOSES = ("safety.fire.rental", "safety.fire", "grid.patrol", "epidemic.trace", "voice.handle", "stat.count")
DEPARTMENTS = ("fire", "police", "health", "hotline", "statistics")
PEOPLE, VALUES = 300_000, 50_000
COMMIT = 5_000
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CHINA = ZoneInfo("Asia/Shanghai")


def decisions(rng: random.Random) -> list[Coordinates]:
    """Two hundred decisions, because applications repeat their queries."""
    names = [f"{entity}.field{number}" for entity in ("Person", "Dwelling", "Event") for number in range(10)]
    return [Coordinates(clear=tuple(rng.sample(names, 8)), masked=tuple(rng.sample(names, 2))) for _ in range(200)]


def fill(path: Path, count: int, rng: random.Random) -> str:
    """A log of `count` records; the digest of a person who was seen ten times a day."""
    people = [DIGESTER.digest("person", str(each)) for each in range(PEOPLE)]
    values = [DIGESTER.digest("value", str(each)) for each in range(VALUES)]
    decided, start = decisions(rng), START
    store = SqliteStore(path)
    for first in range(0, count, COMMIT):
        batch = []
        for number in range(first, min(first + COMMIT, count)):
            moment = start + dt.timedelta(seconds=20 * number)
            refused = number % 50 == 0
            seen = rng.sample(people, 20) if number % 432 else [people[0], *rng.sample(people, 19)]
            body = encode(
                Record(
                    kind="refusal" if refused else "query",
                    request_id=f"{number:032x}",
                    result="PURPOSE_DENIED" if refused else "OK",
                    http_status=403 if refused else 200,
                    time=moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
                    application=f"application-{number % 12}",
                    department=DEPARTMENTS[number % 5],
                    region=f"14/03/{number % 9:02}/",
                    subject=values[number % 300],
                    purpose=PURPOSES[number % 6],
                    policy_version=f"{number // 100_000:032x}",
                    operation="0" * 64,
                    variables={f"$v1.{each}": rng.choice(values) for each in range(4)},
                    decision=decided[rng.randrange(200)],
                    nodes=20,
                    subjects=tuple(seen),
                    duration_us=4_200,
                )
            )
            batch.append([(leaf_hash(body), body)])
        store.begin(time.monotonic() + 10)
        store.append(batch)
        store.commit()
    store.drop()
    return people[0]


def timed(name: str, goal_ms: int, run: Callable[[], object], rounds: int = 7) -> None:
    """Print median and worst milliseconds of `run`, and the goal."""
    taken, start = [], time.process_time()
    for _ in range(rounds):
        before = time.perf_counter()
        run()
        taken.append((time.perf_counter() - before) * 1_000)
    cpu = (time.process_time() - start) * 1_000 / rounds
    wall = f"median {statistics.median(taken):7.1f} ms  worst {max(taken):7.1f}"
    print(f"{name:<44} {wall}  cpu {cpu:7.1f}  goal {goal_ms}")


def main() -> None:
    """Fill a log, let the index follow it, and search."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    print(
        f"{platform.platform()}; Python {platform.python_version()}; SQLite {sqlite3.sqlite_version}; seed {given.seed}"
    )
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        log, path = Path(folder) / "audit.db", Path(folder) / "audit.index.db"
        person = fill(log, given.records, random.Random(given.seed))
        reader = open_reader(log)
        with open_index(path) as index:
            before, cpu = time.perf_counter(), time.process_time()
            index.follow(reader)
            took, cpu = time.perf_counter() - before, time.process_time() - cpu
            sizes = f"log {log.stat().st_size >> 20} MiB, index {path.stat().st_size >> 20} MiB"
            print(f"followed {given.records} records: {given.records / took:,.0f} a second (goal 20,000),")
            print(f"  {given.records / cpu:,.0f} a second of one core; {sizes}")
            timed("facets of everything", 1_000, lambda: facets(index, Query(), CHINA))
            some = Query(department="fire", purpose="safety", coordinate="Person.field3", effect="clear")
            timed("facets, department × purpose × coordinate", 1_000, lambda: facets(index, some, CHINA))
            timed("search, newest 50 of the same", 1_000, lambda: search(index, some))
            since = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
            ranged = replace(some, since=since, until=since + dt.timedelta(days=7))
            timed("facets of a week of the same", 1_000, lambda: facets(index, ranged, CHINA))
            who = Query(subject=person)
            seen = search(index, who).total
            timed(f"who saw my data ({seen} records)", 100, lambda: days(index, who, CHINA))
            timed("the same, index opened and followed anew", 100, lambda: answer_from_file(path, log, who))
            last = START + dt.timedelta(seconds=20 * given.records)
            for of in (7, 30, 92):
                span = ((last - dt.timedelta(days=of - 1)).date(), last.date())
                timed(
                    f"unusual use of {of} days",
                    1_000,
                    lambda span=span: unusual(index, reader, *span, Limits(), CHINA),  # type: ignore[misc, call-arg]
                    3,
                )
            month = last.date().replace(day=1)
            # The worst is counted anew; after that months are kept.
            exposed = partial(balance, index, reader, SPINE, month, 6, None, CHINA)
            timed("use and exposure of 6 months", 1_000, exposed, 3)
        reader.close()


def answer_from_file(path: Path, log: Path, who: Query) -> None:
    """Open the index, follow the log and answer, as one command does."""
    reader = open_reader(log)
    with open_index(path) as index:
        index.follow(reader)
        days(index, who, CHINA)
    reader.close()


if __name__ == "__main__":
    main()
