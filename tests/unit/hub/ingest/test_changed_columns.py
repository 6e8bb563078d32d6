"""A source whose columns change: told by default, or refused before anything is written; a mapped one always."""

from __future__ import annotations

from pathlib import Path

import neo4j
import pytest

from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.graph.local import GraphAddress
from tests.support.pulling import empty, one
from tests.support.sources.small_sources import SmallSource

pytestmark = pytest.mark.unit

ROWS = [[f"E{i}", f"东街{i}号", f"赵{i % 10}", f"1990321{i:04}"] for i in range(40)]
NUMBERED = [[row[0], f"10{i:02}", *row[2:]] for i, row in enumerate(ROWS)]
SERVED = "MATCH (e:Event) WHERE e.deletedAt IS NULL RETURN count(e)"


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    source = SmallSource(tmp_path, empty_graph)
    source.write(ROWS)
    assert rules(source.pull()) == set()
    return source


def rules(result: PullResult) -> set[str]:
    return {each.rule for each in result.notes}


def test_a_new_column_and_one_that_is_gone_are_told_once(small: SmallSource) -> None:
    small.write([[*row, "x"] for row in ROWS], "k,a,n,p,z")
    assert rules(small.pull()) == {"new-columns"}
    assert rules(small.pull()) == set()
    small.write(ROWS)
    assert rules(small.pull()) == {"missing-columns"}


def test_a_column_that_is_read_and_is_gone_or_renamed_refuses_the_run(
    small: SmallSource, graph_driver: neo4j.Driver
) -> None:
    small.write([[f"F{row[0]}", *row[1:]] for row in ROWS], "k,address,n,p")
    with pytest.raises(ConnectorError, match=r"small/events: the header lacks a; it has k, address, n, p"):
        small.pull()
    assert one(graph_driver, "MATCH (e:Event) WHERE e.number STARTS WITH 'F' RETURN count(e)") == 0


@pytest.mark.parametrize(("drift", "header"), [({"new": "refuse"}, "k,a,n,p,z"), ({"kind": "refuse"}, "k,a,n,p")])
def test_what_the_block_refuses_writes_nothing(
    small: SmallSource, graph_driver: neo4j.Driver, drift: dict[str, str], header: str
) -> None:
    small.declare(drift=drift)
    more = [[f"F{row[0]}", *row[1:], "x"][: header.count(",") + 1] for row in NUMBERED]
    small.write(more, header)
    with pytest.raises(ConnectorError, match=rf"\(drift\.{next(iter(drift))}\)"):
        small.pull()
    assert one(graph_driver, SERVED) == 40
    small.declare(drift=dict.fromkeys(drift, "tell"))
    assert len(rules(small.pull())) >= 1


def test_values_of_another_kind_are_told_once(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    kinds = "MATCH (c:SourceCursor) RETURN c.kinds"
    assert one(graph_driver, kinds) == ["a=text", "k=text", "n=text", "p=whole number"]
    assert small.pull().changes == 0
    small.write(NUMBERED)
    result = small.pull()
    assert "changed-kind a" in rules(result)
    assert all("1001" not in each.text for each in result.notes)
    assert one(graph_driver, kinds) == ["a=whole number", "k=text", "n=text", "p=whole number"]
    assert "changed-kind a" not in rules(small.pull())
