"""Where the driver chooses among servers, what was written is seen by who reads next, in another process too."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.graph.recent_writes import RECENT_SECONDS, RecentWrites, is_routed, note_writes

pytestmark = pytest.mark.unit


@pytest.fixture
def routed(empty_graph: GraphAddress) -> GraphAddress:
    """The graph as a cluster of one, which tells its driver where to write and where to read."""
    return GraphAddress(empty_graph.url.replace("bolt://", "neo4j://"), empty_graph.user, empty_graph.password)


def read(address: GraphAddress, bookmarks: Callable[[], Iterable[str]]) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        graph = Graph(address.url, address.user, address.password, bookmarks=bookmarks)
        try:
            text = "MATCH (p:Person) RETURN p.name AS name"
            return await graph.fetch(text, {}, deadline_seconds=30.0, byte_cap=10_000)
        finally:
            await graph.close()

    return asyncio.run(run())


def test_only_a_routed_address_has_bookmarks(routed: GraphAddress, empty_graph: GraphAddress) -> None:
    assert is_routed(routed) and not is_routed(empty_graph)


def test_a_reading_waits_for_what_a_pull_wrote(routed: GraphAddress, tmp_path: Path) -> None:
    file = tmp_path / "graph.seen"
    with GraphWriter(routed.url, routed.user, routed.password) as writer:
        assert writer.bookmarks() == []
        writer.write(lambda tx: tx.run("CREATE (:Person {name: '張三'})"))
        assert writer.read("MATCH (p:Person) RETURN count(p) AS found") == [{"found": 1}]
        note_writes(file, writer.bookmarks())
    assert list(tmp_path.iterdir()) == [file]
    recent = RecentWrites(file)
    assert len(recent()) == 1
    assert read(routed, recent) == [{"name": "張三"}]


def test_the_bookmarks_are_sent_to_the_server(routed: GraphAddress) -> None:
    with pytest.raises(HubError) as refused:
        read(routed, lambda: ["no bookmark"])
    assert refused.value.code == Code.INTERNAL


@pytest.mark.parametrize("age", [RECENT_SECONDS + 5, -RECENT_SECONDS - 5])
def test_what_was_written_long_ago_is_not_waited_for(tmp_path: Path, age: float) -> None:
    file = tmp_path / "graph.seen"
    recent = RecentWrites(file)
    assert recent() == ()
    note_writes(file, ["one"])
    assert recent() == ("one",)
    note_writes(file, ["two", "three"])
    assert recent() == ("two", "three")
    os.utime(file, (time.time() - age,) * 2)
    assert recent() == ()


@pytest.mark.parametrize("content", ["", "{", "[1"])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "graph.seen"
    file.write_text(content)
    assert RecentWrites(file)() == ()
