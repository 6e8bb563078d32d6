"""L38: a source is away for a day. Its facts stay, nothing is deleted, and an answer that may, says they are old."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from policies.language import load_files
from schema import SPINE
from tests.support.pulling import empty, one
from tests.support.serving import Served, code_of, serving
from tests.support.sources.small_sources import SmallSource

pytestmark = pytest.mark.attack

POLICY = b"""
purposes: [{id: care, zh: \xe4\xba\x8b\xe4\xbb\xb6, en: Care of events}, {id: other, zh: \xe5\x85\xb6, en: Other}]
applications: [{id: app, zh: \xe5\xba\x94\xe7\x94\xa8, en: App, department: care, jurisdiction: 14/}]
grants:
  - id: all
    to: {application: [app]}
    for: [care, other]
    basis: law
    rows: {Event: {}}
    fields: {Event.number: clear}
  - {id: told, to: {application: [app]}, for: [care], basis: law, rows: {Event: {}}, fields: {Event.provenance: clear}}
"""
QUERY = "{ events(first: 200) { edges { node { number provenance { source assertedBy asOf readAt stale } } } } }"
ROWS = [[f"E{at}", f"1 East Street {at}", "name", "13900000000", "2026-05-01T08:00:00"] for at in range(40)]
CYCLE = 6


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    source = SmallSource(
        tmp_path,
        empty_graph,
        stream={"updated": "t", "full": True},
        schedule={"every": f"{CYCLE}h"},
        assertedBy="hotline desk",
    )
    source.write(ROWS, "k,a,n,p,t")
    return source


@pytest.fixture
def served(tmp_path: Path, empty_graph: GraphAddress) -> Iterator[Served]:
    policy = load_files({"p.yaml": POLICY}, SPINE)
    with serving(tmp_path / "served", empty_graph, policy) as running:
        yield running


def pass_hours(driver: neo4j.Driver, hours: int) -> None:
    """Let so many hours pass since the last run: the graph's clock, by which runs are noted, cannot be set forward."""
    driver.execute_query(
        "MATCH (s:SourceRun) WITH s, duration({hours: $hours}) AS d "
        "SET s.started = s.started - d, s.ended = s.ended - d, s.good = s.good - d",
        hours=hours,
    )


def told(served: Served) -> list[dict[str, Any]]:
    """The one entry of provenance of each event."""
    response = served.ask(QUERY, app="app", purpose="care")
    assert code_of(response) == "OK"
    nodes = [each["node"] for each in response.json()["data"]["events"]["edges"]]
    assert len(nodes) == len(ROWS)
    return [entry for node in nodes for entry in node["provenance"]]


def test_l38_a_source_that_is_away_leaves_its_facts_and_answers_say_that_they_are_stale(
    small: SmallSource, served: Served, graph_driver: neo4j.Driver
) -> None:
    small.pull()
    fresh = told(served)
    assert {(each["source"], each["assertedBy"], each["stale"]) for each in fresh} == {("small", "hotline desk", False)}
    assert {each["asOf"] for each in fresh} == {"2026-05-01T08:00:00+08:00"}
    (read_at,) = {each["readAt"] for each in fresh}
    pass_hours(graph_driver, 2 * CYCLE - 1)
    assert {each["stale"] for each in told(served)} == {False}
    pass_hours(graph_driver, 13)
    (small.folder / "data.csv").unlink()
    for _ in range(2):
        with pytest.raises(ConnectorError):
            small.pull()
    stale = told(served)
    assert {each["stale"] for each in stale} == {True}
    assert {each["asOf"] for each in stale} == {"2026-05-01T08:00:00+08:00"}
    # A run that failed is no reading.
    assert {each["readAt"] < read_at for each in stale} == {True}
    assert one(graph_driver, "MATCH (e:Event) WHERE e.deletedAt IS NULL RETURN count(e)") == len(ROWS)
    assert one(graph_driver, "MATCH (r:VanishedRecord) RETURN count(r)") == 0
    small.write(ROWS, "k,a,n,p,t")
    small.pull()
    assert {each["stale"] for each in told(served)} == {False}


def test_l38_whom_no_rule_lets_see_it_is_told_nothing_of_sources(
    small: SmallSource, served: Served, graph_driver: neo4j.Driver
) -> None:
    small.pull()
    answers = []
    for hours in (0, 30):
        pass_hours(graph_driver, hours)
        response = served.ask(QUERY, app="app", purpose="other")
        assert code_of(response) == "FIELD_DENIED"
        nodes = [each["node"] for each in response.json()["data"]["events"]["edges"]]
        assert len(nodes) == len(ROWS) and {each["provenance"] for each in nodes} == {None}
        assert "hotline desk" not in response.text and "small" not in response.text
        answers.append(nodes)
    assert answers[0] == answers[1]


def test_l38_a_source_without_a_schedule_is_never_called_stale(
    small: SmallSource, served: Served, graph_driver: neo4j.Driver
) -> None:
    small.pull()
    small.declare(stream={"updated": "t", "full": True})
    small.pull()
    pass_hours(graph_driver, 24 * 365)
    # What the file no longer says is not told either.
    assert {(each["stale"], each["assertedBy"]) for each in told(served)} == {(None, None)}
