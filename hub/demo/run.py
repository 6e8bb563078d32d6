"""Sets up the demo, takes the tour, and leaves nothing running behind it.

Makes the sample county, starts a real Neo4j, serves two of its registers over HTTP, pulls ten, starts the hub as its
users would, delivers the eleventh to it, compares the graph with the county's manifest, and takes the tour. Runs in the
foreground until Ctrl-C; with `check` it ends after the tour.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from hub.demo.alarms import NotDelivered, deliver_alarms
from hub.demo.doors import doors_table
from hub.demo.interfaces import served_interfaces
from hub.demo.manifest import counts_of, counts_table, differences
from hub.demo.provider import demo_provider, residents_provider, settings_for_residents
from hub.demo.tour import Tour
from hub.demo.tour_alarm import show_alarm
from hub.demo.tour_client import TourFailed
from hub.graph.local import GraphAddress, LocalGraph
from hub.home.catalogue import catalogue_of
from hub.home.running_hub import only_demo
from hub.home.settings import Settings
from hub.ingest.pull import pull_table
from hub.ingest.recorded_pull import recorded_pull
from hub.ingest.redetect import recorded_redetect
from hub.ingest.source_locations import published_source_locations
from hub.sample.generate import SampleSummary, generate, read_summary
from hub.steward.actor import Actor
from hub.steward.changes import steward_session
from hub.terminal import progress_bar, row_counter, text_console
from policies.language import load, read_folder, version_of
from policies.stewards import Steward
from policies.versions import ChangeRefused

ROOT = Path(__file__).parents[2]
COUNTY, WHOLE = ROOT / "examples" / "county", ROOT / "examples" / "whole-county"
START_SECONDS = 60.0


class DemoFailed(RuntimeError):
    """The demo could not be set up. The text says what to do."""


def run(people: int, seed: int, port: int | None, check: bool) -> int:
    """Set up, pull, serve and take the tour; returns the exit code, 1 if an answer of the tour is wrong."""
    # Where there is no terminal, wide enough for the tables.
    console = text_console(120)
    # A signal to stop ends the demo in the same way as Ctrl-C, so that nothing is left running.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    settings = _demo_settings(port)
    if not (COUNTY.is_dir() and WHOLE.is_dir()):
        raise DemoFailed("the demo needs a checkout of the repository: there is no examples/ beside the program")
    _refuse_taken_port(settings)
    with only_demo(settings):
        return _run(console, settings, people, seed, check)


def _demo_settings(port: int | None) -> Settings:
    """The settings of the environment, with slices and sources of the whole county; its policies if none are set."""
    settings = Settings.load(**({} if port is None else {"port": port}))
    given = {"slices": settings.home.absolute() / "slices", "sources": WHOLE / "sources"}
    if "policies" not in settings.model_fields_set:
        given["policies"] = WHOLE / "policies"
    return settings.model_copy(update=given)


def _run(console: Console, settings: Settings, people: int, seed: int, check: bool) -> int:
    """As `run`, in a home that nobody else uses."""
    folder = settings.home.absolute() / "county"
    began = time.monotonic()
    summary = _make_county(folder, people, seed)
    _prepare(settings)
    graph = LocalGraph(settings)
    try:
        address = graph.start(owned=True)
        console.print(f"Neo4j runs at {address.url}")
        sources = WHOLE / "sources"
        with served_interfaces(sources, folder) as locations:
            with row_counter() as report:
                results = recorded_pull(settings, sources, (), folder, locations.variables, report, address)
            console.print(pull_table(results))
            _recheck_texts(console, settings, address)
            _publish_policies(console, settings)
            with (
                published_source_locations(settings, locations),
                residents_provider() as residents,
                _hub(settings, settings_for_residents(residents)),
                demo_provider(settings, _people(settings)),
            ):
                code = _push_and_compare(console, settings, address, folder, summary)
                code = _take_tour(console, settings) or code
                seconds = time.monotonic() - began
                console.print(f"\nDone after {seconds:.0f} s. The hub is at http://{settings.host}:{settings.port}")
                console.print(doors_table(settings, _stewards(settings)))
                if not check:
                    _wait_for_interrupt(console)
        return code
    finally:
        graph.stop()


def _refuse_taken_port(settings: Settings) -> None:
    """Refuse a port that is in use: another hub there would answer in our place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise DemoFailed(
                f"port {settings.port} is in use; choose another: make demo PORT=8700; beside another demo, also "
                "another home: SLUICEGATE_HOME=.sluicegate-2 make demo PORT=8700"
            ) from None


def _prepare(settings: Settings) -> None:
    """Put word list and slices into the home, so that every command of this home finds the same."""
    shutil.copyfile(COUNTY / "words.yaml", settings.home.absolute() / "words.yaml")
    slices = settings.home.absolute() / "slices"
    if slices.exists():
        shutil.rmtree(slices)
    shutil.copytree(WHOLE / "slices", slices)


def _make_county(folder: Path, people: int, seed: int) -> SampleSummary:
    """Write the sample county, unless the folder holds this one already."""
    if folder.exists():
        summary = read_summary(folder)
        if (summary.people, summary.seed) == (people, seed) and summary.defects:
            return summary
        raise DemoFailed(f"{folder.parent} holds another county; remove it, or set SLUICEGATE_HOME to a new folder")
    with progress_bar() as progress:
        return generate(folder, people, seed, progress, whole=True)


def _push_and_compare(
    console: Console, settings: Settings, address: GraphAddress, folder: Path, summary: SampleSummary
) -> int:
    """Deliver the alarms, and compare the graph with the manifest; 1 if a count differs."""
    try:
        with progress_bar() as progress:
            answers = deliver_alarms(settings, folder / "alarms" / "alarms.jsonl", progress)
    except NotDelivered as failed:
        raise DemoFailed(str(failed)) from None
    told = ", ".join(f"{count} {status}" for status, count in sorted(answers.items()))
    console.print(f"Fire alarms, delivered to the hub: {told}")
    found = counts_of(address, settings.graph_database)
    console.print(counts_table(summary, found))
    wrong = list(differences(summary, found, answers))
    for line in wrong:
        console.print(line, style="red")
    return 1 if wrong else 0


def _recheck_texts(console: Console, settings: Settings, address: GraphAddress) -> None:
    """Check again the texts of an older home that an older detector checked: until then they are redacted whole."""
    with progress_bar() as show:
        done = recorded_redetect(settings, address, catalogue_of(settings), lambda at, of: show("texts 文本", at, of))
    if summary := done.tally.summary():
        console.print(f"The detector has changed: {summary}")


def _publish_policies(console: Console, settings: Settings) -> None:
    """Put the policies of the folder in force, if an older home holds others, in the steps that stewards take."""
    files = read_folder(settings.policies)
    with steward_session(settings, catalogue_of(settings)) as changes:
        if changes.store.in_force().version.hash == version_of(files):
            return
        try:
            # Names alone: the demo acts for its invented stewards, and the records say so.
            version = changes.draft(files, Actor("zhang"), None, "the policies of the examples")
            changes.approve(version.number, version.hash, Actor("li"))
            changes.activate(version.number, Actor("li"), None)
        except ChangeRefused as refused:
            raise DemoFailed(
                f"this home holds other policies, and the demo's stewards may not replace them ({refused}); remove it,"
                " or set SLUICEGATE_HOME to a new folder"
            ) from None
    console.print(
        f"The policies have changed: version {version.number}, drafted by zhang, approved and activated by li"
    )


def _people(settings: Settings) -> list[tuple[str, str]]:
    """Who may be chosen at the demo's sign-in: the stewards of the example, with their roles."""
    return [(each.subject, f"{each.person}, {', '.join(each.roles)}") for each in _stewards(settings) if each.subject]


def _stewards(settings: Settings) -> Sequence[Steward]:
    return list(load(WHOLE / "policies", catalogue_of(settings)).stewards.values())


@contextmanager
def _hub(settings: Settings, more: Mapping[str, str]) -> Iterator[None]:
    """The hub as a process of its own, as `sluicegate serve` starts it, with `more` settings."""
    environment = {**os.environ, "SLUICEGATE_HOME": str(settings.home.absolute())}
    # A graph that has just started plans its first statements slowly; on a small machine this takes seconds.
    environment.setdefault("SLUICEGATE_GRAPH_DEADLINE", "20")
    for name in ("policies", "sources", "slices"):
        environment[f"SLUICEGATE_{name.upper()}"] = str(getattr(settings, name).absolute())
    environment |= {f"SLUICEGATE_{name.upper()}": text for name, text in more.items()}
    command = [sys.executable, "-m", "hub", "serve", "--port", str(settings.port)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        _await_ready(settings, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _await_ready(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    url = f"http://{settings.host}:{settings.port}/readyz"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"the hub ended at once; if port {settings.port} is in use, choose another with --port")
        try:
            if httpx.get(url, trust_env=False, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise DemoFailed(f"the hub was not ready within {START_SECONDS:.0f} s; its messages are above")


def _take_tour(console: Console, settings: Settings) -> int:
    try:
        Tour(settings, console, settings.now().date()).take(show_alarm)
    except TourFailed as failed:
        console.print(str(failed), style="red")
        return 1
    return 0


def _wait_for_interrupt(console: Console) -> None:
    console.print("Try it from another terminal (Ctrl-C here stops everything):")
    console.print(
        "  .venv/bin/sluicegate query --app grid-desk --purpose event.dispatch "
        "'{ events(first: 3) { edges { node { number kind status reporterPhone } } } }'",
        highlight=False,
        soft_wrap=True,
    )
    console.print("  .venv/bin/sluicegate login   # choose a steward or the auditor; then: audit tail, policy draft …")
    console.print(
        "  .venv/bin/sluicegate pull    # pulls the ten again: nothing is new, so nothing is written", highlight=False
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("stopping")
