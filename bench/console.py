"""Measures the console's pages over HTTP, and what ten people who click cost the hub's queries.

Goals: the matrix with 60 purposes x 300 fields and a search over 1,000,000 records in at most 1 s, any other page in
at most 300 ms, and queries as fast as before while ten people open a page every two seconds each. The hub is a process
of its own, with a real graph, the county's policies and purposes more up to 60; its log is that of `audit_search.py`.
Every page that the tests open is opened, and those that cost more: versions that differ in a large file, and days on
which the log has records.

`python bench/console.py [--records N] [--rounds N] [--seconds S]`
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import yaml

from bench.audit_search import START, fill
from bench.peers.world import unlimited
from hub.demo.provider import demo_provider
from hub.graph.local import LocalGraph
from hub.home.catalogue import catalogue_of
from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from hub.sample.generate import generate
from hub.steward.actor import Actor
from hub.steward.changes import steward_session
from policies.editing.rules import GRANTS, change, rules_in
from policies.language import load
from schema.catalogue import Catalogue
from tests.support.console.browsing import PEOPLE, Browser
from tests.support.ports import free_port
from tests.support.sources.large_catalogue import write_large_catalogue
from tests.ui.test_console import PATHS

ROOT = Path(__file__).parents[1]
COUNTY = ROOT / "examples" / "county"
PURPOSES, COORDINATES = 60, 300
CLICKERS, PAUSE = 10, 2.0
QUESTION = "{ people(first: 5) { edges { node { name } } } }"
ASKER = ("fire-inspection", "inspector-1", "safety.fire.rental")
OPENED = {
    account: tuple(path for path in paths if "{" not in path)
    for account, paths in PATHS.items()
    if account is not None and "." not in account
}
"""By account of those who keep the policy, the hub and applications: the pages that the tests open too."""
SLOW = {"/console/matrix": 1_000, "/console/log": 1_000, "/console/unusual": 1_000}
"""Goals in milliseconds; of every other page 300. *Unusual use* counts millions of digests anew (performance.md)."""
LARGE = "large.yaml"


def write_policies(folder: Path, slices: Path) -> None:
    """The county's policies, and purposes with a grant each over all types of the slices, up to 60."""
    shutil.copytree(COUNTY / "policies", folder)
    known = len(yaml.safe_load((folder / "purposes.yaml").read_text("utf-8"))["purposes"])
    catalogue = catalogue_of(Settings(slices=slices))
    fields = {}
    for each in catalogue:
        if each.name.startswith("Kind"):
            for field in each.fields:
                masks = [mask for mask in field.masks if mask != "redact"]
                fields[f"{each.name}.{field.name}"] = {"mask": masks[0]} if masks else "clear"
    rng, names = random.Random(1), [f"bench.p{number}" for number in range(PURPOSES - known - 1)]
    purposes = [{"id": name, "zh": f"目的{name}", "en": f"Purpose {name}", "dpv": "RightsFulfilment"} for name in names]
    grants = [
        {
            "id": f"grant-{name.removeprefix('bench.')}",
            "to": {"application": ["fire-inspection"]},
            "for": [name],
            "basis": "示例",
            "rows": {name.partition(".")[0]: {} for name in seen},
            "fields": seen,
        }
        for name in names
        for seen in [dict(rng.sample(sorted(fields.items()), len(fields) // 2))]
    ]
    root = {"id": "bench", "zh": "测量", "en": "Measuring", "dpv": "RightsFulfilment"}
    content = {"purposes": [root, *purposes], "grants": grants}
    plain = json.loads(json.dumps(content))  # without what would become an alias
    (folder / LARGE).write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), "utf-8")


def types_needed() -> int:
    """How many types of eight fields, beside the spine, make up the 300 coordinates."""
    with tempfile.TemporaryDirectory() as folder:
        slices = write_large_catalogue(Path(folder) / "slices", 10, 8)
        spine = sum(1 for _ in catalogue_of(Settings()).coordinates())
        each = (sum(1 for _ in catalogue_of(Settings(slices=slices)).coordinates()) - spine) / 10
    return max(1, round((COORDINATES - spine) / each))


def took_of(browser: Browser, path: str) -> float:
    """Milliseconds until a page is there; it has to be there."""
    began = time.perf_counter()
    page = browser.get(path)
    took = (time.perf_counter() - began) * 1_000
    assert page.status_code == 200, f"{path}: {page.status_code}"
    return took


def make_versions(settings: Settings, catalogue: Catalogue) -> None:
    """Versions that differ in the large file: 2 is in force, and 3 was drafted from 1 as 2 was."""
    with steward_session(settings, catalogue) as changes:
        files = changes.store.files(1)
        rules = [each for each in rules_in(LARGE, files[LARGE]) if each.section == GRANTS]
        made = []
        for rule in (rules[0], rules[-1]):
            fields = dict(list(rule.content["fields"].items())[:-3])
            changed = change(files[LARGE], rule, {**rule.content, "basis": "另一依据", "fields": fields})
            made.append(changes.draft({**files, LARGE: changed}, Actor("zhang"), 1, "measuring"))
        changes.approve(made[0].number, made[0].hash, Actor("li"))
        changes.activate(made[0].number, Actor("zhang"), None)


def further_pages(records: int) -> dict[str, tuple[str, ...]]:
    """Pages that cost more than those that the tests open: versions that differ, and days that the log has."""
    until = (START + dt.timedelta(seconds=20 * records)).date()
    since = [until - dt.timedelta(days=days - 1) for days in (30, 92)]
    versions = [f"/console/versions/{name}?number=3" for name in ("version", "rollback", "schedule", "conflict")]
    return {
        "zhang": ("/console/rules/rule?rule=grant-p1",),
        "li": tuple(versions),
        "wu": (
            "/console/log?purpose=safety&since=2026-02-01",
            *(f"/console/unusual?since={each}&until={until}" for each in since),
            f"/console/balance?last={until:%Y-%m}",
        ),
    }


def show_pages(browsers: dict[str, Browser], rounds: int, further: dict[str, tuple[str, ...]]) -> None:
    """Print of each page how long it took first, the median and the worst."""
    matrix = ("/console/matrix", "/console/matrix?department=fire")
    paths = {account: (*paths, *matrix, *further.get(account, ())) for account, paths in OPENED.items()}
    seen = set()
    for account, browser in browsers.items():
        for path in paths[account]:
            if path in seen or (account not in {"zhang", "wu"} and "matrix" in path):
                continue
            seen.add(path)
            took = [took_of(browser, path) for _ in range(rounds)]
            goal = SLOW.get(path.partition("?")[0], 300)
            over = "" if statistics.median(took) <= goal else "  OVER"
            print(
                f"{path:<76} first {took[0]:7.1f} ms  median {statistics.median(took):7.1f}  worst {max(took):7.1f}"
                f"  goal {goal}{over}",
                flush=True,
            )


def ask_for(port: int, token: str, seconds: float) -> list[float]:
    """Ask a query again and again for some seconds; how many milliseconds each answer took."""
    took, ends = [], time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": ASKER[2]}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        while time.monotonic() < ends:
            began = time.perf_counter()
            answer = client.post("/graphql", headers=headers, json={"query": QUESTION})
            took.append((time.perf_counter() - began) * 1_000)
            assert answer.status_code == 200, answer.text
    return took


def show_clicks(settings: Settings, browsers: dict[str, Browser], seconds: float) -> None:
    """Print the rate of queries without and with ten people who click, in turns."""
    token = Issuer(settings).issue(*ASKER[:2], 3_600)
    ask_for(settings.port, token, 5)
    quiet, busy, clicks = [], [], 0
    for _ in range(3):
        quiet += ask_for(settings.port, token, seconds)
        stop = threading.Event()
        done: list[int] = []

        def click(number: int, stop: threading.Event = stop, done: list[int] = done) -> None:
            account = ("zhang", "wu", "sun")[number % 3]
            rng = random.Random(number)
            while not stop.wait(PAUSE * rng.uniform(0.5, 1.5)):
                browsers[account].get(rng.choice(OPENED[account]))
                done.append(1)

        clickers = [threading.Thread(target=click, args=(number,)) for number in range(CLICKERS)]
        for each in clickers:
            each.start()
        busy += ask_for(settings.port, token, seconds)
        stop.set()
        for each in clickers:
            each.join()
        clicks += len(done)
    for name, took in (("quiet", quiet), (f"while ten people click ({clicks} pages)", busy)):
        rate, ends = len(took) / (3 * seconds), statistics.quantiles(took, n=100)
        figures = f"p50 {ends[49]:.1f} ms, p95 {ends[94]:.1f}, p99 {ends[98]:.1f}"
        print(f"{name}: {rate:.0f} queries a second by one client, {figures}")


def measure(home: Path, given: argparse.Namespace) -> None:
    """Make county, catalogue, policies, log and hub, and print the figures."""
    slices = write_large_catalogue(home / "slices", types_needed(), 8)
    write_policies(home / "policies", slices)
    settings = Settings.load(home=home / "home", port=free_port(), slices=slices, policies=home / "policies")
    catalogue = catalogue_of(settings)
    shown = load(home / "policies", catalogue)
    coordinates = sum(1 for _ in catalogue.coordinates())
    print(f"{len(shown.purposes)} purposes x {coordinates} coordinates; {given.records} records")
    make_versions(settings, catalogue)  # makes the keys and the log too
    began = time.perf_counter()
    fill(settings.audit_file, given.records, random.Random(1))
    print(f"the log is made: {time.perf_counter() - began:.1f} s", flush=True)
    generate(home / "county", 300, 7)
    environment = {**os.environ, **unlimited(), "SLUICEGATE_HOME": str(settings.home)}
    environment |= {"SLUICEGATE_SLICES": str(slices), "SLUICEGATE_POLICIES": str(home / "policies")}
    environment["SLUICEGATE_SOURCES"] = str(COUNTY / "sources")
    with LocalGraph(settings), demo_provider(settings, PEOPLE):
        run_pull(settings, COUNTY / "sources", ("divisions", "police", "housing"), home / "county", {}, lambda *_: None)
        command = [sys.executable, "-m", "hub", "serve", "--port", str(settings.port)]
        with subprocess.Popen(command, cwd=ROOT, env=environment) as hub:
            try:
                report(settings, given)
            finally:
                hub.terminate()


def report(settings: Settings, given: argparse.Namespace) -> None:
    """Sign people in, and measure."""
    origin = f"http://127.0.0.1:{settings.port}"
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{origin}/readyz", trust_env=False, timeout=5).status_code == 200:
                break
        time.sleep(0.2)
    browsers = {account: Browser(origin) for account in OPENED}
    for account, browser in browsers.items():
        assert browser.sign_in(account).status_code == 200
    began = time.perf_counter()
    browsers["wu"].get("/console/log")
    print(f"the first search, which makes the index: {time.perf_counter() - began:.1f} s", flush=True)
    show_pages(browsers, given.rounds, further_pages(given.records))
    show_clicks(settings, browsers, given.seconds)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{platform.platform()}; Python {platform.python_version()}; {machine}")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given)


if __name__ == "__main__":
    main()
