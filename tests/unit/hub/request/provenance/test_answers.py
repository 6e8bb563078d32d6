"""What `provenance` tells of a node, of the real graph: sources, times, staleness, who confirms and who disputes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from hub.errors import HubError
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.request.cost import LIMITS, measure
from hub.request.provenance.entries import entries
from hub.request.provenance.sources import MOST
from policies.model import PolicySet
from tests.support.small_graph import SCHEMA, Asked, World, ask, policy, prepare, sid, subject, with_graph

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{id: a, zh: 甲, en: A}, {id: b, zh: 乙, en: B}, {id: c, zh: 丙, en: C}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: all
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}, Dwelling: {}, Region: {}}
    fields: {Person: clear, Dwelling: clear, Region: clear, Person.provenance: clear, Region.provenance: clear}
  - id: own-street
    to: {application: [app]}
    for: [b]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.provenance: clear}
  - id: names
    to: {application: [app]}
    for: [b]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear}
  - id: masked
    to: {application: [app]}
    for: [c]
    basis: law
    rows: {Person: {}}
    fields: {Person.provenance: clear, Person.name: {mask: surname}}
  - id: own-names
    to: {application: [app]}
    for: [c]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.name: clear}
"""
EVERYTHING = "source assertedBy asOf readAt stale confirmedBy disputedBy"
RUNS = """
UNWIND $rows AS row
MERGE (s:SourceRun {source: row.source})
SET s += row {.assertedBy, .freshFor},
  s.good = CASE WHEN row.hoursAgo IS NOT NULL THEN datetime() - duration({hours: row.hoursAgo}) END"""
RECORDS = """
UNWIND $rows AS row
MATCH (n {sid: row.sid})
CREATE (r:SourceRecord {key: row.source + '/s:' + row.number, source: row.source, stream: row.source + '/s',
  record: row.number, hash: 'h', said: row.said, asOf: datetime(row.asOf)})-[:ASSERTS]->(n)"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


def record(of: str, source: str, number: str, as_of: str | None = None, said: str | None = None) -> dict[str, Any]:
    return {"sid": sid(of), "source": source, "number": number, "asOf": as_of, "said": said}


@pytest.fixture(scope="module")
def graph(empty_graph: GraphAddress) -> GraphAddress:
    """Two people: of the first three sources tell, one of them in three records; of the second one that is away."""
    world = World(
        {
            "near": ("Person", {"name": "甲", "region": "14/01/"}),
            "far": ("Person", {"name": "乙", "region": "14/02/"}),
            "alone": ("Person", {"name": "丙", "region": "14/01/"}),
            "home": ("Dwelling", {"code": "D1", "region": "14/01/"}),
            "place": ("Region", {"code": "1401", "region": "14/01/"}),
        },
        [("near", "dwellings", "home")],
    )
    runs = [
        {"source": "police", "assertedBy": "公安局", "freshFor": 7200, "hoursAgo": 1},
        {"source": "housing", "assertedBy": None, "freshFor": 7200, "hoursAgo": 3},
        {"source": "desk", "assertedBy": "landlord", "freshFor": None, "hoursAgo": None},
        {"source": "never", "assertedBy": None, "freshFor": 60, "hoursAgo": None},
    ]
    records = [
        record("near", "police", "1", "2026-01-01T00:00:00+08:00", "name=aa phone=11"),
        record("near", "housing", "1", "2026-03-01T00:00:00+08:00", "name=aa phone=22"),
        record("near", "housing", "2", "2026-02-01T00:00:00+08:00", "name=zz phone=11"),
        record("near", "housing", "3", None, "name=zz"),
        record("near", "desk", "9", None, "name=aa"),
        record("near", "old", "9", "1950-01-01T00:00:00+08:00"),
        record("far", "never", "1"),
        record("place", "police", "1401"),
    ]
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world.load(writer)
        writer.write(lambda tx: tx.run("CREATE CONSTRAINT IF NOT EXISTS FOR (s:SourceRun) REQUIRE s.source IS UNIQUE"))
        writer.write(lambda tx: tx.run(RUNS, rows=runs))
        writer.write(lambda tx: tx.run(RECORDS, rows=records))
    return empty_graph


def asked(graph: GraphAddress, policies: PolicySet, document: str, purpose: str = "a") -> Asked:
    return with_graph(graph, lambda reader: ask(reader, policies, subject(policies, "app"), purpose, document))


def people(graph: GraphAddress, policies: PolicySet, shown: str, purpose: str = "a") -> dict[str, Any]:
    """What is shown of each person, by name."""
    document = f"{{ people(first: 9) {{ edges {{ node {{ name {shown} }} }} }} }}"
    data = asked(graph, policies, document, purpose).answer.data
    return {each["node"]["name"]: each["node"] for each in data["people"]["edges"]}


def test_each_source_is_told_once_by_its_newest_record(graph: GraphAddress, policies: PolicySet) -> None:
    found = people(graph, policies, f"provenance {{ {EVERYTHING} __typename }}")
    told = found["甲"]["provenance"]
    assert [each["source"] for each in told] == ["housing", "police", "old", "desk"]
    assert [each["asOf"] and each["asOf"][:10] for each in told] == ["2026-03-01", "2026-01-01", "1950-01-01", None]
    assert [each["assertedBy"] for each in told] == [None, "公安局", None, "landlord"]
    assert {each["__typename"] for each in told} == {"Provenance"}
    assert found["丙"]["provenance"] == []


def test_a_source_is_stale_by_its_own_cycle(graph: GraphAddress, policies: PolicySet) -> None:
    found = people(graph, policies, "provenance { source stale readAt }")
    assert {each["source"]: each["stale"] for each in found["甲"]["provenance"]} == {
        "housing": True, "police": False, "desk": None, "old": None,
    }  # fmt: skip
    assert {each["source"]: each["readAt"] is None for each in found["甲"]["provenance"]} == {
        "housing": False, "police": False, "desk": True, "old": True,
    }  # fmt: skip
    assert [(each["stale"], each["readAt"]) for each in found["乙"]["provenance"]] == [(True, None)]


def test_sources_confirm_and_dispute_each_other(graph: GraphAddress, policies: PolicySet) -> None:
    told = people(graph, policies, "provenance { source confirmedBy disputedBy }")["甲"]["provenance"]
    assert {each["source"]: (each["confirmedBy"], each["disputedBy"]) for each in told} == {
        "housing": (["desk"], ["police"]), "police": (["desk"], ["housing"]), "desk": (["housing", "police"], []),
        "old": ([], []),
    }  # fmt: skip


def test_sources_are_compared_by_what_the_purpose_sees(graph: GraphAddress, policies: PolicySet) -> None:
    """Police and housing differ in the telephone, which this purpose does not see."""
    told = people(graph, policies, "provenance { source confirmedBy disputedBy }", "b")["甲"]["provenance"]
    assert {each["source"]: (each["confirmedBy"], each["disputedBy"]) for each in told} == {
        "housing": (["police", "desk"], []), "police": (["housing", "desk"], []), "desk": (["housing", "police"], []),
        "old": ([], []),
    }  # fmt: skip


def test_what_is_masked_or_clear_on_some_rows_only_is_not_compared(graph: GraphAddress, policies: PolicySet) -> None:
    told = people(graph, policies, "provenance { source confirmedBy disputedBy }", "c")["甲"]["provenance"]
    assert [(each["confirmedBy"], each["disputedBy"]) for each in told] == [([], [])] * 4


@pytest.mark.parametrize(
    ("said", "confirmed", "disputed"),
    [
        (["a=1", "a=1"], [["y"], ["x"]], [[], []]),
        (["a=1 b=2", "a=1 b=3"], [[], []], [["y"], ["x"]]),
        # A field that one of them does not state is no dispute, and no word of it is no confirmation.
        (["a=1 b=2", "a=1"], [["y"], ["x"]], [[], []]),
        (["", "a=1"], [[], []], [[], []]),
        # A field that may not be seen does neither.
        (["a=1 hidden=2", "a=1 hidden=3"], [["y"], ["x"]], [[], []]),
        (["hidden=2", "hidden=2"], [[], []], [[], []]),
        # It is not known what a record of before says.
        ([None, "a=1"], [[], []], [[], []]),
        ([None, None], [[], []], [[], []]),
    ],
)
def test_what_two_sources_say(
    said: Sequence[str | None], confirmed: list[list[str]], disputed: list[list[str]]
) -> None:
    found = [[name, None, each, None, None, None] for name, each in zip("xy", said, strict=True)]
    told = entries(found, frozenset({"a", "b"}))
    assert [each["confirmedBy"] for each in told] == confirmed
    assert [each["disputedBy"] for each in told] == disputed


def test_no_number_digest_or_value_of_a_record_is_told(graph: GraphAddress, policies: PolicySet) -> None:
    answer = repr(
        asked(graph, policies, f"{{ people {{ edges {{ node {{ provenance {{ {EVERYTHING} }} }} }} }} }}").answer
    )
    assert not [each for each in ("=aa", "=11", "'aa'", "'11'", "police/s", ":9") if each in answer]


def test_it_is_null_on_a_row_where_it_is_not_granted(graph: GraphAddress, policies: PolicySet) -> None:
    found = people(graph, policies, "provenance { source }", "b")
    assert len(found["甲"]["provenance"]) == 4
    assert found["乙"]["provenance"] is None
    assert found["丙"]["provenance"] == []


def test_what_is_denied_is_not_in_the_statement(graph: GraphAddress, policies: PolicySet) -> None:
    document = "{ people { edges { node { name dwellings { code provenance { source } } } } } }"
    without = "{ people { edges { node { name dwellings { code } } } } }"
    got = asked(graph, policies, document)
    assert got.codes == ["FIELD_DENIED"]
    assert got.planned.coordinates.denied == ("Dwelling.provenance",)
    assert got.statement is not None
    assert got.statement == prepare(policies, subject(policies, "app"), "a", without)[1]
    homes = {each["node"]["name"]: each["node"]["dwellings"] for each in got.answer.data["people"]["edges"]}
    assert homes["甲"] == [{"code": "D1", "provenance": None}]


def test_it_is_one_statement_and_fetched_once(graph: GraphAddress, policies: PolicySet) -> None:
    document = "{ people { edges { node { a: provenance { source x: stale } provenance { y: source } } } } }"
    got = asked(graph, policies, document)
    assert got.statement is not None and got.statement.text.count("ASSERTS") == 1
    assert "Person.provenance" in got.planned.coordinates.clear
    told = [each["node"] for each in got.answer.data["people"]["edges"] if each["node"]["provenance"]]
    for node in told:
        assert [each["source"] for each in node["a"]] == [each["y"] for each in node["provenance"]]
        assert all(set(each) == {"source", "x"} for each in node["a"])


def test_whom_it_is_about_is_recorded(graph: GraphAddress, policies: PolicySet) -> None:
    region = asked(graph, policies, "{ regions { edges { node { provenance { source } } } } }")
    assert region.answer.data["regions"]["edges"] == [{"node": {"provenance": [{"source": "police"}]}}]
    assert region.answer.subjects == ()
    shown = asked(graph, policies, "{ people { edges { node { provenance { source } } } } }")
    assert set(shown.answer.subjects) == {sid("near"), sid("far"), sid("alone")}


@pytest.mark.parametrize(
    "document",
    [
        '{ people(where: {provenance: {source: {eq: "police"}}}) { edges { node { id } } } }',
        "{ people(orderBy: [{provenance: ASC}]) { edges { node { id } } } }",
        "{ peopleAggregate(groupBy: [PROVENANCE]) { count } }",
    ],
)
def test_nobody_filters_sorts_or_counts_by_it(policies: PolicySet, document: str) -> None:
    with pytest.raises((AssertionError, HubError)):
        prepare(policies, subject(policies, "app"), "a", document)


def test_no_more_sources_are_told_than_twenty(graph: GraphAddress, policies: PolicySet) -> None:
    rows = [record("alone", f"s{at:02}", "1", f"2026-01-{at + 1:02}T00:00:00Z") for at in range(MOST + 5)]
    with GraphWriter(graph.url, graph.user, graph.password) as writer:
        writer.write(lambda tx: tx.run(RECORDS, rows=rows))
        try:
            told = people(graph, policies, "provenance { source }")["丙"]["provenance"]
        finally:
            writer.write(lambda tx: tx.run("MATCH (r:SourceRecord) WHERE r.source =~ 's..' DETACH DELETE r"))
    assert [each["source"] for each in told] == [f"s{at:02}" for at in range(MOST + 4, 4, -1)]


def test_it_costs_a_node_for_each_node() -> None:
    def cost(shown: str) -> int:
        document = parse(f"{{ people(first: 100) {{ edges {{ node {{ name {shown} }} }} }} }}")
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        return measure([operation], {}, SCHEMA, {}, LIMITS)[id(operation)].nodes

    assert cost("provenance { source stale }") == cost("") + 100


def test_it_is_one_of_the_lists_of_a_statement(policies: PolicySet) -> None:
    def lists(shown: str) -> int:
        document = f"{{ people {{ edges {{ node {{ name {shown} }} }} }} }}"
        return prepare(policies, subject(policies, "app"), "a", document)[0].lists

    assert lists("a: provenance { source } b: provenance { stale }") == lists("") + 1
