"""What the graph keeps of sources and of what their records say, so that answers can tell of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import neo4j
import pytest

from connectors.base import Record
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from hub.graph.local import GraphAddress
from hub.ingest.known_plans import KnownPlans
from hub.ingest.pull import run_pull
from schema import SPINE
from tests.support.pulling import ask, empty, one, silent
from tests.support.serving import NOWHERE
from tests.support.sources.small_sources import UNITS, SmallSource

pytestmark = pytest.mark.unit

ROWS = [["E1", "1 East Street", "Zhao", "13900000001"], ["E2", "2 East Street", "Qian", "13900000002"]]
RUN = (
    "MATCH (s:SourceRun {source: $source}) "
    "RETURN s.assertedBy AS by, s.freshFor AS fresh, s.writes AS writes, s.pushed AS pushed"
)
SAID = "MATCH (r:SourceRecord {source: $source}) RETURN r.record AS number, r.said AS said ORDER BY number"


def second(small: SmallSource, header: str, *rows: str) -> None:
    """Declare another source of the same events, which states their address and telephone, and write its file."""
    fields = {"number": {"column": "k", "as": "code"}, "address": "a", "reporterPhone": "p"}
    block = {
        "name": "other", "kind": "csv", "where": str(small.folder / "other.csv"), "collectedFor": "event", "trust": 2,
        "records": [{**UNITS, "name": "calls", "fields": fields}],
    }  # fmt: skip
    (small.folder / "sources" / "other.yaml").write_text(json.dumps(block), "utf-8")
    (small.folder / "other.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")


def said(driver: neo4j.Driver, source: str) -> dict[str, dict[str, str] | None]:
    """What each record of a source says, by its number: digests by field."""
    return {
        row["number"]: None if row["said"] is None else dict(each.split("=") for each in row["said"].split())
        for row in ask(driver, SAID, source=source)
    }


@pytest.fixture
def small(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> SmallSource:
    empty(graph_driver)
    return SmallSource(tmp_path, empty_graph)


@pytest.mark.parametrize(
    ("declared", "noted"),
    [
        ({}, (None, None)),
        ({"assertedBy": "热线办"}, ("热线办", None)),
        ({"schedule": {"every": "30m"}}, (None, 3_600)),
        ({"schedule": {"daily": "03:30"}, "assertedBy": "desk"}, ("desk", 172_800)),
    ],
)
def test_a_pull_notes_what_the_file_says_of_its_source(
    small: SmallSource, graph_driver: neo4j.Driver, declared: dict[str, Any], noted: tuple[str | None, int | None]
) -> None:
    small.declare(assertedBy="before", schedule={"every": "1d"})
    small.write(ROWS)
    small.pull()
    small.declare(**declared)
    assert small.pull().unchanged == 2
    (row,) = ask(graph_driver, RUN, source="small")
    assert (row["by"], row["fresh"]) == noted
    assert (row["writes"], row["pushed"]) == (["Event"], False)


def test_who_asserts_a_source_is_no_reason_to_read_it_anew(tmp_path: Path) -> None:
    digests = set()
    given: list[dict[str, Any]] = [{}, {"assertedBy": "a"}, {"assertedBy": "b"}]
    for number, declared in enumerate(given):
        (tmp_path / str(number)).mkdir()
        small = SmallSource(tmp_path / str(number), NOWHERE, where="data.csv", **declared)
        (source,) = load_sources(small.folder / "sources", SPINE, {})
        digests.add(source.digest(source.records[0]))
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["", "x" * 129, 7, ["a"]])
def test_who_asserts_a_source_is_a_short_text(tmp_path: Path, name: Any) -> None:
    small = SmallSource(tmp_path, NOWHERE, assertedBy=name)
    with pytest.raises(ValueError, match=r"small\.yaml.*assertedBy"):
        load_sources(small.folder / "sources", SPINE, {})


def test_a_source_that_is_alone_keeps_no_digests(small: SmallSource, graph_driver: neo4j.Driver) -> None:
    small.write(ROWS)
    small.pull()
    assert said(graph_driver, "small") == {"E1": None, "E2": None}


def test_sources_keep_digests_of_the_fields_that_they_share(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    small.write(ROWS)
    second(small, "k,a,p", "E1,1 East Street,13900000009", "E2,,13900000002")
    run_pull(small.settings, small.folder / "sources", [], small.folder, {}, silent, address=empty_graph)
    mine, theirs = said(graph_driver, "small"), said(graph_driver, "other")
    assert mine["E1"] is not None and theirs["E1"] is not None and mine["E2"] and theirs["E2"]
    # The name is stated by one of them only, and what is empty says nothing.
    assert set(mine["E1"]) == set(theirs["E1"]) == {"number", "address", "reporterPhone"}
    assert set(theirs["E2"]) == {"number", "reporterPhone"}
    same = {name for name in mine["E1"] if mine["E1"][name] == theirs["E1"][name]}
    assert same == {"number", "address"}
    assert mine["E2"]["reporterPhone"] == theirs["E2"]["reporterPhone"]
    # The same text in two fields has two digests: none can be looked for under another.
    assert len(set(mine["E1"].values())) == 3
    kept = str(ask(graph_driver, "MATCH (r:SourceRecord) RETURN properties(r) AS p"))
    assert not [each for each in ("East Street", "13900000", "Zhao") if each in kept]


def test_a_changed_record_says_what_it_states_now(
    small: SmallSource, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    small.write(ROWS)
    second(small, "k,a,p", "E1,9 East Street,13900000001")
    for _ in range(2):
        run_pull(small.settings, small.folder / "sources", [], small.folder, {}, silent, address=empty_graph)
        mine, theirs = said(graph_driver, "small")["E1"], said(graph_driver, "other")["E1"]
        assert mine and theirs and mine["address"] != theirs["address"]
    second(small, "k,a,p", "E1,1 East Street,13900000001")
    run_pull(small.settings, small.folder / "sources", [], small.folder, {}, silent, address=empty_graph)
    assert said(graph_driver, "small")["E1"] == said(graph_driver, "other")["E1"]
    assert one(graph_driver, "MATCH (e:Event) RETURN count(e)") == 2


def test_digests_depend_on_the_key_of_the_graph(tmp_path: Path) -> None:
    small = SmallSource(tmp_path, NOWHERE)
    second(small, "k,a,p")
    plans = plan_streams(load_sources(small.folder / "sources", SPINE, {}), SPINE)
    plan = plans["small/events"]
    assert plan.shared == ("number", "address", "reporterPhone")
    record = Record("k", "E1", "E1", {"number": "E1", "address": "a", "reporterPhone": None}, (), None, "f")
    digests = [KnownPlans(plans, key).of(plan, record).said for key in (b"1" * 32, b"2" * 32, b"1" * 32)]
    assert digests[0] == digests[2] != digests[1]
