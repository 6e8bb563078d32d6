"""One pull of a source at a time: a second skips, a dead one blocks nobody, one without its lease writes nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import neo4j
import pytest
from typer.testing import CliRunner

import connectors.run
from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.cli.main import app
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriteError, GraphWriter, Transaction
from hub.graph.local import GraphAddress
from hub.ingest.lease import Lease, LeaseLost, SourceBusy, SourcesBusy
from hub.ingest.pull import run_pull
from schema import SPINE
from tests.support.pulling import ask, empty, end_leases, one
from tests.support.sources.small_sources import SmallSource
from tests.support.waiting import until

pytestmark = pytest.mark.fault

ROOT = Path(__file__).parents[4]

ROWS = [[f"E{i}", f"东街{i}号", f"赵{i % 10}", f"1990321{i:04}"] for i in range(40)]
RUN = "MATCH (s:SourceRun {source: 'small'}) RETURN s.result AS result, s.until AS until, s.problem AS problem"


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    source = SmallSource(tmp_path, empty_graph)
    source.write(ROWS)
    return source


@pytest.fixture
def writer(empty_graph: GraphAddress) -> Iterator[GraphWriter]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as open_writer:
        ensure_constraints(open_writer, SPINE)
        yield open_writer


def inserted_unless_busy(small: SmallSource) -> int | None:
    """How many rows a pull inserts; None while another one holds the source."""
    try:
        return small.pull().inserted
    except SourcesBusy:
        return None


@contextmanager
def halted_pull(
    small: SmallSource, graph: GraphAddress, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Callable[[], None], Future[list[PullResult]]]]:
    """A pull that stands still after its first batch of ten rows, until the yielded function is called."""
    monkeypatch.setattr(connectors.run, "BATCH_ROWS", 10)
    halted, go_on = threading.Event(), threading.Event()

    def report(stream: str, rows: int) -> None:
        halted.set()
        assert go_on.wait(60)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(
            run_pull, small.settings, small.folder / "sources", [], small.folder, {}, report, address=graph
        )
        try:
            assert halted.wait(60)
            yield go_on.set, running
        finally:
            go_on.set()


def test_l37_the_second_of_two_schedulers_skips(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with halted_pull(small, empty_graph, monkeypatch) as (go_on, running):
        with pytest.raises(SourcesBusy, match="small: another pull of this source is running"):
            small.pull()
        told = CliRunner().invoke(
            app, ["pull", "--sources", str(small.folder / "sources"), "--home", str(small.settings.home), "--json"],
            env={"SLUICEGATE_GRAPH_URL": empty_graph.url, "SLUICEGATE_GRAPH_PASSWORD": empty_graph.password},
        )  # fmt: skip
        assert (told.exit_code, told.stdout.strip()) == (3, "[]")
        assert told.stderr.startswith("skipped: small: ")
        go_on()
        assert running.result()[0].inserted == 40
    assert [each["result"] for each in ask(graph_driver, RUN)] == ["OK"]
    assert small.pull().unchanged == 40


def test_l37_sources_that_nobody_holds_are_pulled_beside_one_that_is_skipped(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, writer: GraphWriter
) -> None:
    block = (small.folder / "sources" / "small.yaml").read_text("utf-8")
    (small.folder / "sources" / "zother.yaml").write_text(block.replace('"small"', '"zother"'), "utf-8")
    Lease(writer, "small", 60).take()
    with pytest.raises(SourcesBusy) as skipped:
        small.pull()
    assert skipped.value.source == "small"
    assert one(graph_driver, "MATCH (r:SourceRecord) RETURN collect(DISTINCT r.source)") == ["zother"]


def test_l37_of_many_at_once_one_gets_the_lease(writer: GraphWriter, graph_driver: neo4j.Driver) -> None:
    for source in ("new", "new again"):
        together = threading.Barrier(8)

        def take(_: int, source: str = source, together: threading.Barrier = together) -> bool:
            together.wait(60)
            try:
                Lease(writer, source, 60).take()
            except SourceBusy:
                return False
            return True

        with ThreadPoolExecutor(8) as several:
            assert sum(several.map(take, range(8))) == 1
    empty(graph_driver)


def test_l37_a_pull_that_died_holds_nobody_up_for_longer_than_its_lease(
    small: SmallSource, writer: GraphWriter
) -> None:
    Lease(writer, "small", 1).take()
    with pytest.raises(SourceBusy):
        Lease(writer, "small", 1).take()
    time.sleep(1.2)
    assert small.pull().inserted == 40


def test_l37_a_source_that_is_slow_keeps_its_lease(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(graph_driver)
    monkeypatch.setenv("SLUICEGATE_PULL_LEASE", "1")
    small = SmallSource(tmp_path, empty_graph)
    assert small.settings.pull_lease == 1.0
    small.write(ROWS)
    with halted_pull(small, empty_graph, monkeypatch) as (go_on, running):
        time.sleep(2.5)
        with pytest.raises(SourcesBusy):
            small.pull()
        go_on()
        assert running.result()[0].inserted == 40


def test_l37_who_lost_the_lease_writes_nothing_more(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with halted_pull(small, empty_graph, monkeypatch) as (go_on, running):
        # The first batch is written beside the reading, and each write renews the lease.
        until(lambda: one(graph_driver, "MATCH (e:Event) RETURN count(e)") == 10)
        end_leases(graph_driver)
        small.write([[row[0], "西街1号", *row[2:]] for row in ROWS])
        assert small.pull().read == 40
        go_on()
        with pytest.raises(LeaseLost, match="small: the pull was stopped for so long that its lease ended"):
            running.result()
    # The older pull had read rows of the old file, and would have written them over the new ones.
    assert one(graph_driver, "MATCH (e:Event) RETURN collect(DISTINCT e.address)") == ["西街1号"]
    assert [(each["result"], each["until"]) for each in ask(graph_driver, RUN)] == [("OK", None)]


def test_l37_who_is_halted_within_a_write_holds_nobody_up_for_longer_than_a_write_may_take(
    small: SmallSource, writer: GraphWriter, empty_graph: GraphAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of an open transaction is no lease: it has no end of its own."""
    monkeypatch.setattr("hub.graph.driver.LONGEST_WRITE", 6.0)
    monkeypatch.setattr("hub.ingest.lease.TAKE_SECONDS", 1.0)
    lease, locked, go_on = Lease(writer, "small", 1), threading.Event(), threading.Event()
    lease.take()

    def halted(transaction: Transaction) -> None:
        lease._renew(transaction)
        locked.set()
        assert go_on.wait(60)
        transaction.run("CREATE (:Unit {code: 'late'})")

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(writer.write, halted)
        try:
            assert locked.wait(60)
            began = time.monotonic()
            with pytest.raises(SourcesBusy, match="in the middle of a write"):
                small.pull()
            assert time.monotonic() - began < 6
            until(lambda: inserted_unless_busy(small) == 40)
        finally:
            go_on.set()
        with pytest.raises((GraphWriteError, LeaseLost)):
            running.result()
    assert writer.read("MATCH (u:Unit) RETURN count(u) AS n") == [{"n": 0}]


def holds(small: SmallSource, graph: GraphAddress) -> subprocess.Popen[str]:
    """A process of this machine that holds the lease of the source, until it ends."""
    code = f"""
from hub.graph.driver import GraphWriter
from hub.ingest.lease import Lease
with GraphWriter({graph.url!r}, {graph.user!r}, {graph.password!r}) as writer:
    Lease(writer, "small", 3600).take()
    print("held", flush=True)
    input()
"""
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_a_refusal_tells_who_holds_the_source_and_until_when(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, writer: GraphWriter
) -> None:
    with holds(small, empty_graph) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(SourcesBusy) as busy:
            small.pull()
        (until_when,) = [str(each["until"]) for each in ask(graph_driver, "MATCH (s:SourceRun) "
            "RETURN toString(s.until) AS until")]  # fmt: skip
        told = str(busy.value)
        assert f"(process {other.pid} on {socket.gethostname()}, since 2" in told
        assert f"its lease ends at {until_when} by the graph's clock" in told
        other.kill()


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_pull_that_died_on_this_machine_is_taken_over_at_once_and_writes_no_more(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver, how: str
) -> None:
    with holds(small, empty_graph) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        token = one(graph_driver, "MATCH (s:SourceRun) RETURN s.token")
        if how == "killed":
            other.kill()
        else:
            other.communicate("\n")
        other.wait()
    assert small.pull().inserted == 40
    assert one(graph_driver, "MATCH (s:SourceRun) WHERE s.token = $token RETURN count(s)", token=token) == 0


def test_a_pull_that_died_elsewhere_holds_its_source_until_its_lease_ends(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    with holds(small, empty_graph) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        other.kill()
    elsewhere = "MATCH (s:SourceRun) SET s.holder = replace(s.holder, ' pid:', ' another:')"
    graph_driver.execute_query(elsewhere)
    with pytest.raises(SourcesBusy):
        small.pull()
    end_leases(graph_driver)
    assert small.pull().inserted == 40


def test_a_run_that_fails_gives_its_lease_back_and_is_kept(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    (small.folder / "data.csv").unlink()
    with pytest.raises(ConnectorError) as failed:
        small.pull()
    (run,) = ask(graph_driver, RUN)
    assert run == {"result": "FAILED", "until": None, "problem": str(failed.value)}
    small.write(ROWS)
    assert small.pull().inserted == 40
    assert [each["result"] for each in ask(graph_driver, RUN)] == ["OK"]


def test_a_watch_that_is_told_to_end_gives_its_lease_back(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    """It pulls what is due, waits, and ends at SIGTERM as at Ctrl-C; a run in the middle of it is INTERRUPTED."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        # Whoever connects to it waits for an answer, so that the run does not end.
        where = f"http://127.0.0.1:{mute.getsockname()[1]}/events"
        small.declare(kind="rest", where=where, schedule={"every": "1h"})
        command = [sys.executable, "-m", "hub", "pull", "--scheduled", "--watch", "--home", str(small.settings.home)]
        with subprocess.Popen(
            [*command, "--sources", str(small.folder / "sources")], cwd=ROOT, stderr=subprocess.PIPE, text=True,
            env={
                **os.environ, "SLUICEGATE_GRAPH_URL": empty_graph.url, "SLUICEGATE_GRAPH_PASSWORD": empty_graph.password
            },
        ) as watching:  # fmt: skip
            try:
                mute.settimeout(60)
                with mute.accept()[0]:
                    until(lambda: [each["result"] for each in ask(graph_driver, RUN)] == ["RUNNING"])
                    watching.terminate()
                    assert watching.wait(60) == 130
            finally:
                watching.kill()
    assert [(each["result"], each["until"]) for each in ask(graph_driver, RUN)] == [("INTERRUPTED", None)]
