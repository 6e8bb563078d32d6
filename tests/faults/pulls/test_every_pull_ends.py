"""Every pull that began has one end in the audit log, with its result, however it fails; one that is killed is told."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo4j
import pytest
from typer.testing import CliRunner

import connectors.run
from audit.log import read
from audit.record import Record
from audit.verify import verify
from hub.cli.main import app
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.ingest.lease import Lease
from hub.ingest.recorded_pull import recorded_pull
from schema import SPINE
from tests.support.pulling import empty, end_leases, silent
from tests.support.serving import NOWHERE
from tests.support.sources.other_catalogues import replace_note, with_field
from tests.support.sources.small_sources import SmallSource

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

ROOT = Path(__file__).parents[3]
ROWS = [[f"E{i}", f"东街{i}号", f"赵{i % 10}", f"1990321{i:04}"] for i in range(40)]
Report = Callable[[str, int], None]


@dataclass
class World:
    """A small source, and what a way to fail may change before its pull or in it."""

    small: SmallSource
    graph: GraphAddress
    driver: neo4j.Driver
    names: Sequence[str] = ()
    address: GraphAddress | None = None
    report: Report = silent

    def connect(self) -> GraphWriter:
        """A writer of the test's own."""
        return GraphWriter(self.graph.url, self.graph.user, self.graph.password)

    def pull(self) -> None:
        """Pull, recorded."""
        settings, folder = self.small.settings, self.small.folder
        recorded_pull(
            settings, folder / "sources", self.names, folder, {}, self.report, self.address or self.graph
        )  # fmt: skip

    def records(self) -> list[Record]:
        """All records of the log."""
        return [each.record for each in read(self.small.settings.audit_log)]


def nothing(_: World) -> None:
    """The pull ends well."""


def unknown_source(world: World) -> None:
    world.names = ["nobody"]


def unknown_field(world: World) -> None:
    world.small.declare(stream={"fields": {"number": {"column": "k", "as": "code"}, "nickname": "n"}})


def bad_yaml(world: World) -> None:
    (world.small.folder / "sources" / "small.yaml").write_text("name: [small\n", "utf-8")


def bad_rows(world: World) -> None:
    world.small.write([["E#", *row[1:]] for row in ROWS])


def source_away(world: World) -> None:
    (world.small.folder / "data.csv").unlink()


def interface_away(world: World) -> None:
    world.small.declare(kind="rest", where="http://127.0.0.1:9/events")


def bad_words(world: World) -> None:
    (world.small.settings.home / "words.yaml").write_text("words: [\n", "utf-8")


def other_catalogue(world: World) -> None:
    world.small.pull()
    with world.connect() as writer:
        replace_note(writer, with_field(), before=None)


def unfinished_change(world: World) -> None:
    world.small.pull()
    with world.connect() as writer:
        replace_note(writer, with_field(), before=SPINE.outline)


def lost_key(world: World) -> None:
    world.small.pull()
    world.small.settings.graph_key.unlink()


def held(world: World) -> None:
    world.small.pull()
    with world.connect() as writer:
        Lease(writer, "small", 600).take()


def lost_lease(world: World) -> None:
    def report(_stream: str, _rows: int) -> None:
        world.driver.execute_query("MATCH (s:SourceRun) SET s.token = 'of another'")

    world.report = report


def graph_away(world: World) -> None:
    world.address = NOWHERE


def raises(fault: BaseException) -> Callable[[World], None]:
    def way(world: World) -> None:
        def report(_stream: str, _rows: int) -> None:
            raise fault

        world.report = report

    return way


WAYS: dict[str, tuple[Callable[[World], None], str]] = {
    "ends well": (nothing, "OK"),
    "unknown source": (unknown_source, "FAILED"),
    "unknown field": (unknown_field, "FAILED"),
    "bad YAML": (bad_yaml, "FAILED"),
    "bad rows": (bad_rows, "FAILED"),
    "source away": (source_away, "FAILED"),
    "interface away": (interface_away, "FAILED"),
    "bad word list": (bad_words, "FAILED"),
    "another catalogue": (other_catalogue, "FAILED"),
    "a change that is not finished": (unfinished_change, "FAILED"),
    "lost key": (lost_key, "FAILED"),
    "held by another pull": (held, "REFUSED"),
    "lost lease": (lost_lease, "FAILED"),
    "graph away": (graph_away, "FAILED"),
    "Ctrl-C": (raises(KeyboardInterrupt()), "INTERRUPTED"),
    "told to exit": (raises(SystemExit(1)), "INTERRUPTED"),
    "internal fault": (raises(ZeroDivisionError()), "FAILED"),
}


@pytest.fixture
def world(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> World:
    empty(graph_driver)
    # So that something happens between two batches.
    monkeypatch.setattr(connectors.run, "BATCH_ROWS", 20)
    small = SmallSource(tmp_path, empty_graph)
    small.write(ROWS)
    small.settings.prepare_home()
    return World(small, empty_graph, graph_driver)


def ended(world: World) -> BaseException | None:
    """What a pull raised."""
    try:
        world.pull()
    except BaseException as fault:
        return fault
    return None


@pytest.mark.parametrize("name", WAYS)
def test_each_way_has_one_beginning_and_one_end(world: World, name: str) -> None:
    way, result = WAYS[name]
    way(world)
    before = len(world.records()) if world.small.settings.audit_file.exists() else 0
    fault = ended(world)
    assert (fault is None) == (result == "OK")
    begun, *of_sources, end = world.records()[before:]
    assert (begun.operation_name, begun.result) == ("pull begin", "BEGUN")
    assert (end.operation_name, end.result, end.request_id) == ("pull end", result, begun.request_id)
    assert begun.catalogue_version == end.catalogue_version == SPINE.version
    assert {(each.operation_name, each.result) for each in of_sources} <= {("pull", result)}
    # A name that was typed is no record's, until it is known to be a source.
    assert "nobody" not in repr([begun, end])
    assert verify(world.small.settings.audit_file).open == ()


def test_any_order_of_them_leaves_as_many_ends_as_beginnings(world: World, rng: random.Random) -> None:
    names = [each for each in WAYS if each not in {"graph away", "lost key"}] * 2
    rng.shuffle(names)
    # After it nothing goes on in this home.
    names.append("lost key")
    for name in names:
        empty(world.driver)
        world.small.declare()
        world.small.write(ROWS)
        (world.small.settings.home / "words.yaml").unlink(missing_ok=True)
        world.names, world.report = (), silent
        WAYS[name][0](world)
        ended(world)
    found = [each for each in world.records() if each.operation_name in {"pull begin", "pull end"}]
    pairs = [(found[at], found[at + 1]) for at in range(0, len(found), 2)]
    assert [(a.operation_name, b.operation_name) for a, b in pairs] == [("pull begin", "pull end")] * len(names)
    assert [b.result for _, b in pairs] == [WAYS[name][1] for name in names]
    assert all(a.request_id == b.request_id for a, b in pairs)
    assert Counter(a.request_id for a, _ in pairs).most_common(1)[0][1] == 1


CHILD = """
import json, os, signal, sys
from pathlib import Path
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.recorded_pull import recorded_pull

given = json.loads(sys.stdin.readline())

def report(stream, rows):
    os.kill(os.getpid(), signal.SIGKILL)

settings = Settings.load(home=Path(given["home"]))
address = GraphAddress(*given["address"])
folder = Path(given["folder"])
recorded_pull(settings, folder / "sources", [], folder, {}, report, address)
"""


def kill_a_pull(world: World) -> None:
    import json

    given: dict[str, Any] = {
        "home": str(world.small.settings.home), "folder": str(world.small.folder),
        "address": [world.graph.url, world.graph.user, world.graph.password],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(given) + "\n", text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")


def test_one_that_was_killed_stays_open_and_the_verification_tells_it(world: World) -> None:
    kill_a_pull(world)
    world.pull()
    kill_a_pull(world)
    end_leases(world.driver)
    world.pull()
    begun = [at for at, each in enumerate(world.records()) if each.operation_name == "pull begin"]
    assert len(begun) == 4
    verdict = verify(world.small.settings.audit_file)
    assert verdict.ok
    assert [each.index for each in verdict.open] == [begun[0], begun[2]]
    told = CliRunner().invoke(app, ["audit", "verify", "--home", str(world.small.settings.home)])
    assert told.exit_code == 0, told.output
    for each in verdict.open:
        assert (
            f"without an end: record {each.index}, pull begin, {each.time}: it runs still, or was killed" in told.stdout
        )
