"""Measures how long a replay of the audit log under a draft takes, and how much memory it needs.

Goal: 100,000 audited operations in at most 10 minutes. A log of the example county's applications is written (twenty
people for each operation) and replayed under a draft that masks, opens and refuses some of them.

`python bench/replay.py [--operations N] [--folder DIR] [--seed S]`
"""

import argparse
import asyncio
import datetime as dt
import hashlib
import os
import platform
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from graphql import parse

from audit.log import AuditLog
from audit.record import Coordinates, Digester, Record
from hub.home.settings import Settings
from hub.request.normalise import normalise
from hub.steward.compare_decisions import ReplayInputs
from hub.steward.replay import replay
from policies.language import load_files, read_folder
from schema import SPINE
from schema.graphql import build

COUNTY = Path(__file__).parents[1] / "examples" / "county" / "policies"
DIGESTER = Digester(os.urandom(32))
PEOPLE = 50_000
FIELDS = ("name", "phone", "gender", "birthDate", "residency", "region", "idNumber")
ASKERS = (
    ("fire-inspection", "safety.fire.rental"),
    ("grid-desk", "event.dispatch"),
    ("grid-desk", "event.callback"),
    ("welfare-visits", "welfare.elder"),
)


def operations(rng: random.Random) -> list[tuple[str, Coordinates, str]]:
    """Two hundred operations: their text, the coordinates of their records, and the path of a variable."""
    made = []
    for number in range(200):
        fields = rng.sample(FIELDS, rng.randint(2, len(FIELDS)))
        query = (
            f"query q{number}($w: PersonWhere) {{ people(first: 20, where: $w) {{ edges {{ node {{ {' '.join(fields)} "
            "dwellings { code roomNo } } } } }"
        )
        names = tuple(sorted(f"Person.{each}" for each in fields))
        made.append((normalise(parse(query)).text, Coordinates(clear=names[:2], masked=names[2:]), "$w.region.eq"))
    return made


def record(
    number: int, rng: random.Random, made: list[tuple[str, Coordinates, str]], version: str
) -> tuple[Record, str]:
    """One record of the last week, and the text of its operation."""
    text, decision, path = rng.choice(made)
    application, purpose = rng.choice(ASKERS)
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=6) + dt.timedelta(seconds=number)
    found = Record(
        kind="query",
        request_id=f"request-{number:012}",
        result="OK",
        http_status=200,
        time=moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        application=application,
        subject=DIGESTER.digest("subject", str(number % 40)),
        purpose=purpose,
        policy_version=version,
        operation=hashlib.sha256(text.encode()).hexdigest(),
        operation_name=text.split("(")[0].removeprefix("query ").strip(),
        variables={path: DIGESTER.digest("value", str(number))},
        decision=decision,
        nodes=20,
        subjects=tuple(DIGESTER.digest("person", str(rng.randrange(PEOPLE))) for _ in range(20)),
    )
    return found, text


async def write(path: Path, count: int, seed: int, version: str) -> None:
    """A log of `count` operations."""
    rng = random.Random(seed)
    made = operations(rng)
    log = AuditLog.open(path, 60)
    for first in range(0, count, 500):
        batch = [record(number, rng, made, version) for number in range(first, min(first + 500, count))]
        await asyncio.gather(*(log.append(*each) for each in batch))
    log.close()


def main() -> None:
    """Measure, and print the conditions first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, default=Path.cwd(), help="where the log is written")
    options.add_argument("--operations", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    files = read_folder(COUNTY)
    text = files["fire.yaml"].decode().replace('Person.phone: {mask: "partial(3,4)"}', "Person.phone: clear")
    text = text.replace("Person.name: {mask: surname}", "Person.name: {mask: initial}")
    grid = files["grid.yaml"].decode().replace("for: [event.dispatch, event.callback]", "for: [event.dispatch]")
    current = load_files(files, SPINE)
    draft = load_files({**files, "fire.yaml": text.encode(), "grid.yaml": grid.encode()}, SPINE)
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; seed {given.seed};"
        f" {given.operations:,} operations of 200 kinds, 4 askers, 20 of {PEOPLE:,} people each"
    )
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="replay-bench-") as folder:
        path = Path(folder) / "audit.db"
        asyncio.run(write(path, given.operations, given.seed, current.version))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        now = Settings.load().now()
        versions, zone = (lambda _: None), now.tzinfo or dt.UTC
        setting = ReplayInputs(SPINE, build(SPINE), draft, current, versions, DIGESTER, now.date(), zone)
        since = now - dt.timedelta(days=7)
        started, cpu = time.perf_counter(), time.process_time()
        found = replay(path, setting, since)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    pairs = sum(sum(group.pairs.values()) for group in found.groups)
    print(f"replayed {found.operations:,} operations in {seconds:.1f} s ({cpu:.1f} s of CPU):", end=" ")
    print(
        f"{found.operations / seconds:,.0f} a second, {seconds / found.operations * 100_000:.1f} s for 100,000;",
        end=" ",
    )
    print(f"{pairs:,} persons × fields; {grown / 1024:.0f} MiB more at most")
    if found.operations != given.operations or seconds / found.operations * 100_000 > 600:
        sys.exit(1)


if __name__ == "__main__":
    main()
