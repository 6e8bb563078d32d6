"""Notes of transactions that come at once: whoever reads up to a number has missed none before it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.graph.change_notes import Notes, note_changes, notes_since
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter, Transaction
from hub.graph.local import GraphAddress
from schema import SPINE

pytestmark = pytest.mark.unit
WRITERS, EACH = 4, 15
TOLD = frozenset({"Event"})


@pytest.fixture
def writer(empty_graph: GraphAddress) -> Iterator[GraphWriter]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
        yield writer


def test_notes_are_numbered_in_the_order_of_commits(writer: GraphWriter, empty_graph: GraphAddress) -> None:
    def write(name: int) -> None:
        for at in range(EACH):

            def work(transaction: Transaction, at: int = at) -> None:
                note_changes(transaction, {"Event": {f"{name}-{at}"}, "Person": {"never"}}, TOLD)

            writer.write(work)

    async def read() -> list[str]:
        graph, last = Graph(empty_graph.url, empty_graph.user, empty_graph.password), 0
        seen: list[str] = []
        try:
            while len(seen) < WRITERS * EACH:
                found: Notes = await notes_since(graph, last, 10)
                if not found.follow(last):
                    # A number may be seen a moment before its note.
                    assert not found.notes
                    await asyncio.sleep(0.5)
                    found = await notes_since(graph, last, 10)
                assert found.follow(last)
                seen += [sid for each in found.notes for sid in each.sids]
                last = found.notes[-1].number if found.notes else last
                await asyncio.sleep(0.01)
            assert (await notes_since(graph, None, 10)) == Notes(last, ())
            return seen
        finally:
            await graph.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, name) for name in range(WRITERS)]
        seen = asyncio.run(read())
        for each in writing:
            each.result()
    assert sorted(seen) == sorted(f"{name}-{at}" for name in range(WRITERS) for at in range(EACH))


def test_a_transaction_that_is_undone_leaves_no_note_and_no_gap(writer: GraphWriter) -> None:
    def undone(transaction: Transaction) -> None:
        note_changes(transaction, {"Event": {"a"}}, TOLD)
        raise RuntimeError("undone")

    (before,) = writer.read("MATCH (s:ChangeSequence) RETURN s.last AS last")
    with pytest.raises(RuntimeError):
        writer.write(undone)
    writer.write(lambda transaction: note_changes(transaction, {"Event": {"b"}}, TOLD))
    (after,) = writer.read("MATCH (s:ChangeSequence) RETURN s.last AS last")
    assert after["last"] == before["last"] + 1
