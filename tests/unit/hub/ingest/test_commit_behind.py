"""A batch is committed while the next one's statements are run: in order, and with the same graph in the end."""

from __future__ import annotations

import random
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import neo4j
import pytest

import connectors.run
from connectors.base import Batch, ConnectorError, EdgePlan, Position, Record, StreamPlan
from hub.graph.driver import GraphWriteError, GraphWriter, Transaction
from hub.graph.local import GraphAddress
from hub.ingest.commit_behind import CommitBehind
from hub.ingest.known_plans import KnownPlans
from tests.support.pulling import SOURCES, canonical, county, empty, one, pull

pytestmark = pytest.mark.unit

PLAN = StreamPlan("s/t", "s", "Event", "event", 1, (), {}, (), None, True)
LATE = EdgePlan("parent", "Event", "FOLLOWS", True, "Event", False)
Commit = Callable[[], None]
Wrap = Callable[[int, Commit], Commit]


def record(number: str, **also: Any) -> Record:
    return Record(f"s/t:{number}", number, number, {}, (), None, "0" * 32, **also)


def batch(*records: Record, **also: Any) -> Batch:
    return Batch(PLAN, "run", records, first=True, **also)


BESIDE = batch(record("2"))
ALONE = {
    "of a stream that is there": replace(BESIDE, first=False),
    "with a record of the last one that is repeated": batch(replace(record("2", repeated=True), key="s/t:1")),
    "that moves the cursor": replace(BESIDE, cursor=Position()),
    "that ends a full read": replace(BESIDE, seen_refused=frozenset()),
    "of a stream that events meet": replace(BESIDE, plan=replace(PLAN, beside_events=True)),
    "with edges within the entity": replace(BESIDE, plan=replace(PLAN, edges=(LATE,))),
    "about a node of the last one": batch(record("2"), record("1")),
}


def test_a_batch_begins_beside_one_of_which_it_needs_nothing() -> None:
    commits = CommitBehind(KnownPlans({}, b"k" * 32), lambda _: None)
    first = batch(record("1"))
    assert commits.may_begin(first)
    commits.begin(first, lambda: None)
    assert commits.may_begin(BESIDE)
    assert commits.may_begin(batch(record("2", repeated=True)))
    assert [each for each in ALONE if commits.may_begin(ALONE[each])] == []
    commits.wait()
    assert commits.may_begin(first)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("commit-behind") / "data", 200)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def wrapped(monkeypatch: pytest.MonkeyPatch) -> Callable[[Wrap], list[int]]:
    """Small batches, of which each commit, by its number, is as `wrap` makes it; the list is of those begun."""
    monkeypatch.setattr(connectors.run, "BATCH_ROWS", 11)

    def wrapping(wrap: Wrap) -> list[int]:
        begun: list[int] = []
        plain = GraphWriter.begin

        def begin(self: GraphWriter, work: Callable[[Transaction], Any], *, plan_once: bool = False) -> Any:
            done, commit = plain(self, work, plan_once=plan_once)
            begun.append(len(begun))
            return done, wrap(begun[-1], commit)

        monkeypatch.setattr(GraphWriter, "begin", begin)
        return begun

    return wrapping


Fault = Callable[[neo4j.Driver, Commit], None]
OPEN = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery AS text WHERE NOT text STARTS WITH 'SHOW' RETURN id"


def no_fault(_: neo4j.Driver, commit: Commit) -> None:
    commit()


def undone(driver: neo4j.Driver, commit: Commit) -> None:
    """The server ends whatever is open: what was to be committed is not in."""
    ids = [row["id"] for row in driver.execute_query(OPEN).records]
    driver.execute_query("TERMINATE TRANSACTIONS $ids", ids=ids)
    commit()


def not_told(_: neo4j.Driver, commit: Commit) -> None:
    """As where the connection breaks after the commit, and before the server's word has come."""
    commit()
    raise GraphWriteError("IncompleteCommit")


@pytest.mark.parametrize("fault", [no_fault, undone, not_told])
def test_the_graph_is_the_same_whatever_becomes_of_a_commit(
    fault: Fault,
    wrapped: Callable[[Wrap], list[int]],
    folder: Path,
    home: Path,
    empty_graph: GraphAddress,
    graph_driver: neo4j.Driver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty(graph_driver)
    with monkeypatch.context() as plain:
        plain.setattr(connectors.run, "BATCH_ROWS", 2_000)
        whole = {name: each.inserted for name, each in pull(home, empty_graph, folder).items()}
    expected = canonical(graph_driver)
    empty(graph_driver)
    begun = wrapped(lambda number, commit: partial(fault, graph_driver, commit) if number % 3 == 1 else commit)
    assert {name: each.inserted for name, each in pull(home, empty_graph, folder).items()} == whole
    assert len(begun) > 20
    assert canonical(graph_driver) == expected


def test_statements_are_run_while_the_batch_before_is_committed_and_commits_are_in_order(
    wrapped: Callable[[Wrap], list[int]],
    folder: Path,
    home: Path,
    empty_graph: GraphAddress,
    graph_driver: neo4j.Driver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty(graph_driver)
    pull(home, empty_graph, folder, "divisions")
    waited = threading.Event()
    wait = CommitBehind.wait

    def waiting(self: CommitBehind) -> None:
        if self._last is not None:
            waited.set()
        wait(self)

    monkeypatch.setattr(CommitBehind, "wait", waiting)
    order: list[str] = []

    def wrap(number: int, commit: Commit) -> Commit:
        def committing() -> None:
            if number == 0:
                # The statements of the next batch are done when it waits for this one.
                assert waited.wait(60)
            order.append(f"begin {number}")
            commit()
            order.append(f"end {number}")

        return committing

    begun = wrapped(wrap)
    pull(home, empty_graph, folder, "police")
    assert len(begun) > 5
    assert order == [f"{what} {number}" for number in begun for what in ("begin", "end")]


def test_who_loses_the_lease_meanwhile_commits_no_further_batch(
    wrapped: Callable[[Wrap], list[int]],
    folder: Path,
    home: Path,
    empty_graph: GraphAddress,
    graph_driver: neo4j.Driver,
) -> None:
    empty(graph_driver)
    pull(home, empty_graph, folder, "divisions")

    def wrap(number: int, commit: Commit) -> Commit:
        def stolen() -> None:
            commit()
            if number == 2:
                graph_driver.execute_query("MATCH (s:SourceRun {source: 'police'}) SET s.token = 'another'")

        return stolen

    begun = wrapped(wrap)
    with pytest.raises(ConnectorError, match="lease ended"):
        pull(home, empty_graph, folder, "police")
    assert begun == [0, 1, 2]
    assert one(graph_driver, "MATCH (r:SourceRecord {source: 'police'}) RETURN count(r)") > 11


LODGERS = """
name: lodgers
kind: csv
where: ${DATA}/lodgers.csv
collectedFor: pop
trust: 4
after: [divisions]
records:
  - name: lodgers
    entity: Person
    key: number
    identity: idNumber
    fields: {idNumber: {column: id, as: resident_id}, name: name}
"""
PEOPLE = ("110101199003070011", "110101199003070038", "110101199003070054", "110101199003070070", "110101199003070097")


@pytest.mark.parametrize("seed", range(6))
def test_records_that_come_again_and_turn_to_others_end_as_without_the_thread(
    seed: int,
    folder: Path,
    home: Path,
    tmp_path: Path,
    empty_graph: GraphAddress,
    graph_driver: neo4j.Driver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws = random.Random(seed)
    data, sources = tmp_path / "data", tmp_path / "sources"
    shutil.copytree(folder, data)
    shutil.copytree(SOURCES, sources)
    (sources / "lodgers.yaml").write_text(LODGERS, "utf-8")
    rows = [f"L{draws.randrange(15)},{draws.choice('甲乙丙')},{draws.choice(PEOPLE)}" for _ in range(60)]
    (data / "lodgers.csv").write_text("\n".join(["number,name,id", *rows, ""]), "utf-8")
    found, ahead = [], Counter[bool]()
    may_begin = CommitBehind.may_begin

    def counted(self: CommitBehind, given: Batch) -> bool:
        ahead[may := may_begin(self, given)] += 1
        return may

    monkeypatch.setattr(connectors.run, "BATCH_ROWS", 2)
    for allowed in (lambda *_: False, counted):
        empty(graph_driver)
        monkeypatch.setattr(CommitBehind, "may_begin", allowed)
        pull(home, empty_graph, data, "divisions", "lodgers", sources=sources)
        # Of a node that no record describes any more it is known when it was taken back.
        found.append(re.sub(r"'deletedAt', '[^']+'", "'deletedAt'", str(canonical(graph_driver))))
    assert found[0] == found[1]
    assert ahead[True] > 5
    assert one(graph_driver, "MATCH (p:Person) WHERE p.deletedAt IS NULL RETURN count(p)") > 1
