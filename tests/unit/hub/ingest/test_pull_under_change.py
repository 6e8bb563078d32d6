"""A pull ends before its next batch when the graph's catalogue is changed under it, and no batch is in flight then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import neo4j
import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter, Transaction
from hub.graph.loaded_catalogue import CatalogueMisfit, note_catalogue, require_note
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.graph_key import key_of_graph
from hub.ingest.lease import Lease, take_turn
from hub.ingest.pull import run_pull
from schema import SPINE
from tests.support.pulling import SOURCES, county, empty, one
from tests.support.sources.other_catalogues import replace_note, with_field
from tests.support.waiting import until

pytestmark = pytest.mark.unit

ROWS = "MATCH (r:SourceRecord) RETURN count(r)"


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_pull_ends_when_the_catalogue_is_changed_under_it(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, *, unfinished: bool
) -> None:
    graph_driver.execute_query("MATCH (n) DETACH DELETE n")
    county(tmp_path / "data", 100)
    written: list[int] = []

    def change(stream: str, rows: int) -> None:
        """Report the first rows of housing, and change the note."""
        if not stream.startswith("housing") or written:
            return
        written.append(one(graph_driver, ROWS))
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            replace_note(writer, with_field(), before=SPINE.outline if unfinished else None)

    settings, variables = Settings.load(home=tmp_path / "home"), {"HOTLINE_URL": "http://127.0.0.1:9"}
    with pytest.raises(CatalogueMisfit, match="changed meanwhile"):
        run_pull(settings, SOURCES, ["divisions", "housing"], tmp_path / "data", variables, change, address=empty_graph)
    assert written[0] > 0
    assert one(graph_driver, "MATCH (n:Dwelling) RETURN count(n)") == 0


SECONDS = 60.0
WAITS = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN count(*)"


@pytest.fixture
def writers(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> Iterator[tuple[GraphWriter, GraphWriter]]:
    """Two connections to a graph that was made ready for the spine."""
    empty(graph_driver)
    where = (empty_graph.url, empty_graph.user, empty_graph.password)
    with GraphWriter(*where) as one_writer, GraphWriter(*where) as other:
        ensure_constraints(one_writer, SPINE)
        note_catalogue(one_writer, SPINE)
        key_of_graph(Settings.load(home=tmp_path / "key-home"), one_writer)
        yield one_writer, other
    empty(graph_driver)


@pytest.mark.parametrize("way", ["lease", "turn"])
def test_a_change_of_the_catalogue_waits_for_what_is_being_written(
    writers: tuple[GraphWriter, GraphWriter], graph_driver: neo4j.Driver, way: str
) -> None:
    """Of a batch under its lease, or of events in their turn: what was begun under the note ends before it changes."""
    writing, changing = writers
    lease, seen = Lease(writing, "small", SECONDS), threading.Event()
    lease.take()

    def batch(transaction: Transaction) -> None:
        if way == "lease":
            lease.guard(transaction, SPINE.version)
        else:
            take_turn(transaction)
            require_note(transaction, SPINE.version)
        seen.set()
        # The change has come, and waits; without its wait it would be in by now, and this would end by the patience.
        until(lambda: one(graph_driver, WAITS) == 1)
        transaction.run("CREATE (:Building {sid: 'old'})")
        require_note(transaction, SPINE.version)

    with ThreadPoolExecutor(2) as threads:
        written = threads.submit(writing.write, batch)
        assert seen.wait(SECONDS)
        changed = threads.submit(replace_note, changing, with_field(), before=SPINE.outline)
        written.result()
        changed.result()
    assert one(graph_driver, "MATCH (b:Building {sid: 'old'}) RETURN count(b)") == 1
    with pytest.raises(CatalogueMisfit, match="changed meanwhile"):
        writing.write(lambda transaction: require_note(transaction, SPINE.version))


def test_a_pull_that_begins_while_the_catalogue_is_changed_waits_and_finds_the_new_one(
    writers: tuple[GraphWriter, GraphWriter], graph_driver: neo4j.Driver
) -> None:
    """Its lease is new, so the change has not locked it."""
    writing, changing = writers
    locked, taken = threading.Event(), threading.Event()

    def change(transaction: Transaction) -> None:
        transaction.run("MATCH (c:LoadedCatalogue) SET c.lock = true REMOVE c.lock")
        locked.set()
        until(lambda: one(graph_driver, WAITS) == 1)
        assert not taken.is_set()
        transaction.run("MATCH (c:LoadedCatalogue) SET c.version = 'another'")

    lease = Lease(writing, "new", SECONDS)

    def take() -> None:
        lease.take()
        taken.set()

    with ThreadPoolExecutor(2) as threads:
        changed = threads.submit(changing.write, change)
        assert locked.wait(SECONDS)
        threads.submit(take).result()
        changed.result()

    def batch(transaction: Transaction) -> None:
        lease.guard(transaction, SPINE.version)

    with pytest.raises(CatalogueMisfit, match="changed meanwhile"):
        writing.write(batch)
