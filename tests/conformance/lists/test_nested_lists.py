"""A nested list says how many there are: those that may be listed, each once, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.small_graph import Asked, World, ask, policy, subject, with_graph

pytestmark = pytest.mark.conformance

POLICY = """
purposes: [{id: a, zh: 甲, en: A}, {id: b, zh: 乙, en: B}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: own
    to: {application: [app]}
    for: [a, b]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}, Dwelling: {}}
    fields: {Person.name: clear, Dwelling.code: clear}
  - id: who-lives-here
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Dwelling: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Dwelling.residents: clear}
"""
INFO = "pageInfo { totalCount hasNextPage }"
TOTALS = f"{{ dwellings(first: 9) {{ edges {{ node {{ code residentsList {{ {INFO} }} }} }} }} }}"


def world() -> World:
    """A full dwelling, one with hidden residents, an empty one, and one of which nobody may know who lives there."""
    made = World()
    for code, region in (("full", "14/01/"), ("hidden", "14/01/"), ("empty", "14/01/"), ("away", "14/02/")):
        made.nodes[code] = ("Dwelling", {"code": code, "region": region})
    for number in range(25):
        made.nodes[f"p{number}"] = ("Person", {"name": f"n{number:02}", "region": "14/01/"})
        made.edges.extend((f"p{number}", "dwellings", home) for home in ("full", "away"))
    made.edges.append(("p0", "dwellings", "full"))  # asserted twice
    for number in range(5):
        made.nodes[f"q{number}"] = ("Person", {"name": f"m{number}", "region": "14/02/"})
        made.edges.extend((f"q{number}", "dwellings", home) for home in ("full", "hidden"))
    made.nodes["gone"] = ("Person", {"name": "gone", "region": "14/01/", "deletedAt": 1})
    made.edges.append(("gone", "dwellings", "full"))
    return made


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture(scope="module")
def dwellings(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world().load(writer)
    yield empty_graph


def asked(
    address: GraphAddress,
    policies: PolicySet,
    document: str,
    variables: Mapping[str, Any] | None = None,
    purpose: str = "a",
) -> Asked:
    async def run(graph: Graph) -> Asked:
        found = await ask(graph, policies, subject(policies, "app"), purpose, document, variables)
        assert graph.statements == 1
        return found

    return with_graph(address, run)


def by_code(found: Asked, member: str) -> dict[str, Any]:
    return {each["node"]["code"]: each["node"][member] for each in found.answer.data["dwellings"]["edges"]}


def test_what_may_be_listed_is_counted_each_once(dwellings: GraphAddress, policies: PolicySet) -> None:
    lists = by_code(asked(dwellings, policies, TOTALS), "residentsList")
    assert {code: each["pageInfo"]["totalCount"] for code, each in lists.items()} == {
        "full": 25,
        "hidden": 0,
        "empty": 0,
        "away": 0,
    }
    assert {code for code, each in lists.items() if each["pageInfo"]["hasNextPage"]} == {"full"}


def test_hidden_and_empty_look_alike(dwellings: GraphAddress, policies: PolicySet) -> None:
    found = asked(dwellings, policies, TOTALS)
    lists = by_code(found, "residentsList")
    assert lists["hidden"] == lists["empty"] == lists["away"]
    assert [each.ended.coordinate for each in found.answer.cut] == ["Dwelling.residents"]


@pytest.mark.parametrize("first", [0, 1, 20, 24, 25, 26, 200])
def test_a_list_and_its_total_agree_whatever_is_shown(dwellings: GraphAddress, policies: PolicySet, first: int) -> None:
    document = f"""query ($n: Int) {{ dwellings(first: 9) {{ edges {{ node {{ code
        plain: residents(first: $n) {{ name }}
        listed: residentsList(first: $n) {{ nodes {{ name }} {INFO} }}
    }} }} }} }}"""
    found = asked(dwellings, policies, document, {"n": first})
    listed, plain = by_code(found, "listed")["full"], by_code(found, "plain")["full"]
    assert listed["nodes"] == plain
    assert len(plain) == min(first, 25)
    assert listed["pageInfo"] == {"totalCount": 25, "hasNextPage": first < 25}
    cut = [(each.path[-1], each.ended.shown, each.ended.total) for each in found.answer.cut]
    assert cut == ([("plain", first, 25), ("listed", first, 25)] if first < 25 else [])


def test_a_plain_list_that_is_cut_says_how_many_there_are(dwellings: GraphAddress, policies: PolicySet) -> None:
    found = asked(dwellings, policies, "{ dwellings(first: 9) { edges { node { code residents { name } } } } }")
    (cut,) = found.answer.cut
    assert (cut.ended.coordinate, cut.ended.shown, cut.ended.total) == ("Dwelling.residents", 20, 25)


def test_who_is_counted_and_not_shown_is_not_recorded_as_seen(dwellings: GraphAddress, policies: PolicySet) -> None:
    found = asked(dwellings, policies, TOTALS)
    assert (found.answer.nodes, found.answer.subjects) == (len(by_code(found, "code")), ())


def test_an_edge_that_is_denied_is_not_counted(dwellings: GraphAddress, policies: PolicySet) -> None:
    found = asked(dwellings, policies, TOTALS, purpose="b")
    assert set(by_code(found, "residentsList").values()) == {None}
    assert found.answer.cut == ()
    assert [(each.code.value, each.path) for each in found.answer.errors] == [
        ("FIELD_DENIED", ("dwellings", "edges", "node", "residentsList"))
    ]
    assert found.statement is not None
    assert "LIVES_IN" not in found.statement.text
