"""A grid merged yesterday: its nodes take the successor's path, and those who answered for it still find them.

What the hub answers, `query --explain`, the preview of a draft and the estimates of a replay all follow the merge.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.graph import merged_grids
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.graph.merged_grids import move_merged, read_successors
from hub.home.settings import Settings
from hub.steward.explain_query import NOT_FOLLOWED, explain_query
from hub.steward.recorded_replay import estimates_of
from policies.model import PolicySet
from policies.succession import follow
from schema import SPINE
from tests.support.small_graph import TODAY, World, compiled, policy, prepare, subject

pytestmark = pytest.mark.conformance

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications:
  - {id: old, zh: 旧, en: Old grid, department: grid, jurisdiction: 14/01/}
  - {id: other, zh: 另, en: Another grid, department: grid, jurisdiction: 14/03/}
grants:
  - id: own
    to: {department: [grid]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.name: clear}
"""
WORLD = World(
    {
        "r1": ("Region", {"code": "1", "region": "14/01/", "level": "GRID", "successorCode": "2"}),
        "r2": ("Region", {"code": "2", "region": "14/02/", "level": "GRID"}),
        "r3": ("Region", {"code": "3", "region": "14/03/", "level": "GRID"}),
        "moved": ("Person", {"name": "甲", "region": "14/01/"}),
        "was there": ("Person", {"name": "乙", "region": "14/02/"}),
        "elsewhere": ("Person", {"name": "丙", "region": "14/03/"}),
    }
)
LIST = "{ people(orderBy: [{name: ASC}]) { edges { node { name } } } }"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture
def merged(empty_graph: GraphAddress) -> Iterator[tuple[GraphAddress, GraphWriter]]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        WORLD.load(writer)
        yield empty_graph, writer


def found(address: GraphAddress, policies: PolicySet, application: str) -> list[str]:
    """The names that an application lists, by today's grids."""

    async def run() -> list[str]:
        graph = Graph(address.url, address.user, address.password)
        try:
            successors = await read_successors(graph, 10)
            planned, _ = prepare(policies, subject(policies, application), "a", LIST)
            statement = compiled(dataclasses.replace(planned, decision=follow(planned.decision, successors)))
            assert statement is not None
            (row,) = await graph.fetch(statement.text, statement.parameters, deadline_seconds=10, byte_cap=1_000_000)
            return sorted(node[1] for _, node in row["r0"])
        finally:
            await graph.close()

    return asyncio.run(run())


def test_nodes_and_grants_follow_the_merge(merged: tuple[GraphAddress, GraphWriter], policies: PolicySet) -> None:
    address, writer = merged
    assert move_merged(writer, SPINE) == 1
    (person,) = writer.read("MATCH (p:Person {name: '甲'}) RETURN p.region AS region, p.formerRegion AS former")
    assert person == {"region": "14/02/", "former": "14/01/"}
    assert found(address, policies, "old") == ["乙", "甲"]
    assert found(address, policies, "other") == ["丙"]


@pytest.mark.parametrize("left_out", ["{startsWith: 14/01/}", "{eq: 14/01/}", "{in: [14/01/]}"])
def test_case_1_03_people_of_a_grid_that_a_grant_leaves_out_stay_out_after_the_merge(
    merged: tuple[GraphAddress, GraphWriter], tmp_path: Path, left_out: str
) -> None:
    address, writer = merged
    rows = f"{{region: {{startsWith: 14/}}, not: {{region: {left_out}}}}}"
    policies = policy(tmp_path, POLICY.replace("{region: {startsWith: $subject.jurisdiction}}", rows))
    assert found(address, policies, "other") == ["丙"], "the merge is known before the nodes have moved"
    move_merged(writer, SPINE)
    assert found(address, policies, "other") == ["丙"]


def test_a_second_move_moves_nothing(merged: tuple[GraphAddress, GraphWriter]) -> None:
    _, writer = merged
    assert [move_merged(writer, SPINE), move_merged(writer, SPINE)] == [1, 0]


def place(writer: GraphWriter) -> dict[str, str | None]:
    """Where the person who lay in the first grid lies now, and where before."""
    (person,) = writer.read("MATCH (p:Person {name: '甲'}) RETURN p.region AS region, p.formerRegion AS former")
    return person


@pytest.mark.parametrize("late", [False, True], ids=["both links at once", "the second link later"])
def test_a_chain_of_merges_is_followed_to_its_end(
    merged: tuple[GraphAddress, GraphWriter], policies: PolicySet, *, late: bool
) -> None:
    address, writer = merged
    if late:
        assert move_merged(writer, SPINE) == 1
    writer.write(lambda tx: tx.run("MATCH (r:Region {code: '2'}) SET r.successorCode = '3'"))
    # Both who lie in the second grid now move; without the first call they go there at once.
    assert move_merged(writer, SPINE) == 2
    assert place(writer) == {"region": "14/03/", "former": "14/02/" if late else "14/01/"}
    assert move_merged(writer, SPINE) == 0
    assert found(address, policies, "old") == found(address, policies, "other") == ["丙", "乙", "甲"]


def test_a_circle_of_merges_and_a_split_move_nothing(merged: tuple[GraphAddress, GraphWriter]) -> None:
    _, writer = merged
    writer.write(lambda tx: tx.run("MATCH (r:Region {code: '2'}) SET r.successorCode = '1'"))
    assert move_merged(writer, SPINE) == 0
    writer.write(lambda tx: tx.run("MATCH (r:Region {code: '2'}) REMOVE r.successorCode"))
    other = {"sid": "r1b", "code": "1b", "region": "14/01/", "level": "GRID", "successorCode": "3"}
    writer.write(lambda tx: tx.run("CREATE (r:Region) SET r = $other", other=other))
    assert move_merged(writer, SPINE) == 0
    assert place(writer) == {"region": "14/01/", "former": None}


def test_more_nodes_than_one_transaction_moves_are_all_moved(
    merged: tuple[GraphAddress, GraphWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, writer = merged
    writer.write(
        lambda tx: tx.run("UNWIND range(1, 7) AS i CREATE (:Person {sid: 'more' + i, name: '丁', region: '14/01/'})")
    )
    monkeypatch.setattr(merged_grids, "MOVED_AT_ONCE", 3)
    assert move_merged(writer, SPINE) == 8


def test_an_explanation_follows_the_merge(merged: tuple[GraphAddress, GraphWriter], home: Path) -> None:
    address, _ = merged
    folder = home.with_name("policies")
    policy(folder, POLICY.replace("$subject.jurisdiction", "14/01/"))
    known = {"home": home, "policies": folder}
    running = Settings.load(**known, graph_url=address.url, graph_password=address.password)
    explained = [
        explain_query(settings, "old", None, "a", {"query": LIST}) for settings in (running, Settings.load(**known))
    ]
    assert [each.lines[0].rows for each in explained] == ["region startsWith 14/02/", "region startsWith 14/01/"]
    assert [each.notes for each in explained] == [(), (NOT_FOLLOWED,)]
    assert explained[0].statement == explained[1].statement


def test_an_estimate_follows_the_merge(
    merged: tuple[GraphAddress, GraphWriter], policies: PolicySet, home: Path
) -> None:
    address, writer = merged
    writer.write(lambda tx: tx.run("UNWIND range(1, 20) AS n CREATE (:Person {sid: toString(n), region: '14/02/'})"))
    settings = Settings.load(home=home, graph_url=address.url, graph_password=address.password)
    nothing = policy(home / "draft", POLICY + "    valid: {to: 2026-06-29}\n")
    estimates = estimates_of(settings, address, policies, nothing, TODAY)
    assert {(each.application, each.vanish) for each in estimates} == {("old", 20), ("other", None)}
