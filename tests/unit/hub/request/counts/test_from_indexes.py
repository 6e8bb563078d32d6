"""Counts from indexes are those that reading each node gives: of deleted ones, of empty values, under each policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import neo4j
import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import TODAY, World, ask, policy, prepare, subject, with_graph

pytestmark = pytest.mark.unit
GRIDS = ("14/01/21/001/001/001/", "14/01/21/001/002/001/", "14/01/21/002/001/001/", "14/02/21/001/001/001/", None)
BIRTHS = (None, TODAY, TODAY + dt.timedelta(days=1), dt.date(2000, 2, 29), dt.date(1966, 6, 30), dt.date(1890, 1, 1))
POLICY = """
purposes:
  - {id: lists, zh: 甲, en: A}
  - {id: counts, zh: 乙, en: B}
  - {id: both, zh: 丙, en: C}
  - {id: apart, zh: 丁, en: D}
  - {id: read, zh: 戊, en: E}
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - {id: all, to: {application: [app]}, for: [lists], basis: law, fields: {Person: clear, Event: clear},
     rows: {Person: {region: {startsWith: $subject.jurisdiction}}, Event: {region: {startsWith: 14/01/21/}}}}
  - {id: counted, to: {application: [app]}, for: [counts, both], basis: law, contributors: 3, rounding: 2,
     rows: {Person: {region: {startsWith: $subject.jurisdiction}}}, fields: {Person: aggregate}}
  - {id: street, to: {application: [app]}, for: [both], basis: law,
     rows: {Person: {region: {startsWith: 14/01/21/001/}}}, fields: {Person.birthDate: clear, Person.region: clear}}
  - {id: here, to: {application: [app]}, for: [apart], basis: law, contributors: 3,
     rows: {Person: {region: {startsWith: 14/01/21/001/}}}, fields: {Person.birthDate: aggregate}}
  - {id: there, to: {application: [app]}, for: [apart], basis: law, contributors: 3,
     rows: {Person: {region: {startsWith: 14/01/21/002/}}}, fields: {Person.region: aggregate}}
  - {id: migrants, to: {application: [app]}, for: [read], basis: law, contributors: 3, fields: {Person: aggregate},
     rows: {Person: {region: {startsWith: 14/01/}, residency: {eq: MIGRANT}}}}
"""
PEOPLE = "{{ peopleAggregate(groupBy: [{by}]{where}) {{ count regionStreet regionGrid ageBand residency }} }}"
WITHIN = ', where: {region: {startsWith: "14/01/21/001/002/"}}'
FROM_INDEXES = (
    *(
        (purpose, PEOPLE.format(by=by, where=""))
        for purpose in ("lists", "counts", "both")
        for by in ("", "REGION_STREET", "AGE_BAND", "REGION_GRID, AGE_BAND", "REGION_STREET, REGION_GRID")
    ),
    ("lists", PEOPLE.format(by="AGE_BAND", where=WITHIN)),
    ("lists", PEOPLE.format(by="AGE_BAND", where=', where: {region: {in: ["14/01/21/001/001/001/"]}}')),
    ("lists", PEOPLE.format(by="RESIDENCY", where=WITHIN)),
    ("apart", PEOPLE.format(by="REGION_STREET", where="")),
    ("lists", "{ eventsAggregate(groupBy: [REGION_STREET]) { count regionStreet } }"),
)
BY_READING = (
    ("apart", PEOPLE.format(by="AGE_BAND", where="")),
    ("lists", "{ eventsAggregate(groupBy: [STATUS, REGION_STREET]) { count status regionStreet } }"),
    ("counts", PEOPLE.format(by="RESIDENCY", where=', where: {regionStreet: {eq: "14/01/21/001/"}}')),
    ("lists", PEOPLE.format(by="AGE_BAND, RESIDENCY", where="")),
    ("lists", PEOPLE.format(by="AGE_BAND", where=', where: {name: {eq: "a"}}')),
    ("counts", PEOPLE.format(by="REGION_STREET", where=', where: {ageBand: {eq: "60-69"}}')),
    ("read", PEOPLE.format(by="AGE_BAND", where="")),
)
STREETS = [("14/01/21/001/", "STREET"), ("14/01/21/002/", "STREET")]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("from_indexes"), POLICY)


@pytest.fixture(scope="module")
def loaded(bare_graph: GraphAddress) -> Iterator[GraphAddress]:
    made = World({path: ("Region", {"region": path, "level": level}) for path, level in STREETS})
    for number, (region, birth, residency, gone) in enumerate(
        product(GRIDS, BIRTHS, (None, "MIGRANT"), (False, False, True))
    ):
        # Different numbers in the cells: a row that is counted in the place of another shows.
        for copy in range(1 + number % 4):
            values: dict[str, Any] = {"region": region, "deletedAt": dt.datetime(2026, 1, 1) if gone else None}
            person = values | {"birthDate": birth, "residency": residency}
            made.nodes[f"p{number}-{copy}"] = ("Person", person)
            made.nodes[f"e{number}-{copy}"] = ("Event", values | {"status": residency and "CLOSED"})
    with GraphWriter(bare_graph.url, bare_graph.user, bare_graph.password) as writer:
        made.load(writer)
        ensure_constraints(writer, SPINE)
    yield bare_graph


def answer(address: GraphAddress, policies: PolicySet, purpose: str, document: str) -> Mapping[str, Any]:
    """The data of a document."""
    return with_graph(
        address, lambda graph: ask(graph, policies, subject(policies, "app"), purpose, document)
    ).answer.data


def is_from_indexes(policies: PolicySet, purpose: str, document: str) -> bool:
    """Whether the statement adds up what indexes hold."""
    _, statement = prepare(policies, subject(policies, "app"), purpose, document)
    assert statement is not None
    return "UNION ALL" in statement.text


@pytest.mark.parametrize(("purpose", "document"), FROM_INDEXES)
def test_counts_from_indexes_are_those_of_the_nodes(
    loaded: GraphAddress, policies: PolicySet, monkeypatch: pytest.MonkeyPatch, purpose: str, document: str
) -> None:
    assert is_from_indexes(policies, purpose, document)
    found = answer(loaded, policies, purpose, document)
    monkeypatch.setattr("hub.request.counts.cells.indexes_suffice", lambda *_: False)
    assert not is_from_indexes(policies, purpose, document)
    assert found == answer(loaded, policies, purpose, document)
    assert any(each["count"] for cells in found.values() for each in cells)


@pytest.mark.parametrize(("purpose", "document"), BY_READING)
def test_other_counts_read_the_nodes(policies: PolicySet, purpose: str, document: str) -> None:
    assert not is_from_indexes(policies, purpose, document)


@pytest.mark.parametrize(("purpose", "document"), FROM_INDEXES)
def test_no_node_is_read_but_deleted_ones(
    loaded: GraphAddress, policies: PolicySet, graph_driver: neo4j.Driver, purpose: str, document: str
) -> None:
    _, statement = prepare(policies, subject(policies, "app"), purpose, document)
    assert statement is not None
    profile = graph_driver.execute_query("PROFILE " + statement.text, statement.parameters).summary.profile
    assert profile is not None
    label = "Event" if "eventsAggregate" in document else "Person"
    done = list(operators(profile))
    seeks = [each for each in done if f":{label}(" in each["args"]["Details"]]
    assert len(seeks) >= 2
    assert all(each["operatorType"].startswith("NodeIndexSeek") for each in seeks)
    deleted = sum(each["rows"] for each in seeks if "deletedAt" in each["args"]["Details"])
    assert deleted > 0
    # A value or two of each deleted node, and the few divisions.
    assert sum(each["dbHits"] for each in done if each not in seeks) <= 2 * deleted + 20


def operators(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each operator of a plan, with its details."""
    yield {**plan, "args": {"Details": "", **plan["args"]}}
    for child in plan.get("children", ()):
        yield from operators(child)
