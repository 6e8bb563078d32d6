"""Pulls beside deliveries: a stream that meets events writes when it is its turn, and any other is not held up."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import neo4j
import pytest

from connectors.results import PullResult
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter, Transaction
from hub.graph.local import GraphAddress
from hub.ingest.graph_key import key_of_graph
from hub.ingest.lease import take_turn
from schema import SPINE
from tests.support.pulling import empty, one
from tests.support.sources.small_sources import SmallSource

pytestmark = pytest.mark.conformance

HELD_SECONDS = 3.0
COUNT = "MATCH (n:Event) WHERE n.deletedAt IS NULL RETURN count(n)"
ROWS = [[f"E{at}", "东街1号", "赵某", "13900000000"] for at in range(9)]


def pushed(entity: str) -> str:
    """A push source of one kind of record."""
    name = "number" if entity == "Event" else "code"
    return f"""
name: desk
kind: push
accepts: [grid-desk]
collectedFor: housing
trust: 2
records:
  - name: records
    event: e
    entity: {entity}
    key: k
    identity: {name}
    updated: ce:time
    fields: {{{name}: {{column: k, as: code}}}}
"""


@pytest.mark.parametrize(("entity", "waits"), [("Event", True), ("Building", False)])
@pytest.mark.parametrize("gone", [False, True])
def test_a_pull_waits_for_its_turn_only_where_it_meets_events(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, entity: str, waits: bool, gone: bool
) -> None:
    """Rows that are new, and rows that are gone, while the transaction of a delivery is held open."""
    empty(graph_driver)
    source = SmallSource(tmp_path, empty_graph, stream={"full": True}, limits={"vanished": 1.0})
    (tmp_path / "sources" / "desk.yaml").write_text(pushed(entity), "utf-8")
    source.write(ROWS)
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer, ThreadPoolExecutor(1) as other:
        key_of_graph(source.settings, writer)
        ensure_constraints(writer, SPINE)
        if gone:
            source.pull()
            source.write(ROWS[:6])
        expected = 6 if gone else 9

        def hold(transaction: Transaction) -> None:
            take_turn(transaction)
            running.append(other.submit(source.pull))
            time.sleep(HELD_SECONDS)
            done.append(running[0].done())

        running: list[Future[PullResult]] = []
        done: list[bool] = []
        writer.write(hold)
        running[0].result()
        assert done == [not waits]
    assert one(graph_driver, COUNT) == expected
