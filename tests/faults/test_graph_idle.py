"""After hostile conditions the graph is idle: what is refused never reaches it, and a deadline ends its work there too.

The residents of a tower all live in all of its dwellings, so that a condition over two edges has millions of ways.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.request.selection import FILTER_COMPARISONS, FILTER_DEPTH, FILTER_EDGES_IN_A_ROW
from schema import SPINE
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World, policy

pytestmark = pytest.mark.fault

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - id: all
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: 14/}}, Dwelling: {region: {startsWith: 14/}}}
    fields: {Person: clear, Dwelling: clear}
"""
SIZE = 300
QUERY = "query($w: PersonWhere!) { people(where: $w) { edges { node { name } } } }"
OURS = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'CALL () {' RETURN currentQuery"
NOBODY = {"name": {"startsWith": "nobody"}}
"""Not `eq`: with a key the graph begins at whoever has it, and there is nobody."""


def chain(length: int, last: dict[str, Any]) -> dict[str, Any]:
    """`some` within `some`, from people to dwellings and back to people."""
    where = last
    for left in range(length):
        where = {("dwellings" if (length - left) % 2 else "residents"): {"some": where}}
    return where


def alternating(levels: int, comparisons: int) -> dict[str, Any]:
    """`or` and `not` within each other, which a planner likes least."""
    where: dict[str, Any] = NOBODY
    for level in range(levels // 2):
        others = [{"name": {"startsWith": f"n{level}.{n}"}} for n in range(comparisons * 2 // levels - 1)]
        where = {"or": [{"not": where}, *others]}
    return where


@pytest.fixture(scope="module")
def served(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    people = {f"p{n}": ("Person", {"name": f"甲{n}", "region": "14/01/"}) for n in range(SIZE)}
    dwellings = {f"d{n}": ("Dwelling", {"code": f"D{n}", "region": "14/01/"}) for n in range(SIZE)}
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
        World(people | dwellings, [(person, "dwellings", flat) for person in people for flat in dwellings]).load(writer)
    folder = tmp_path_factory.mktemp("idle")
    rules = policy(folder / "policy", POLICY)
    with serving(folder / "home", empty_graph, rules, graph_deadline=0.5) as running:
        yield running


def left_running(driver: neo4j.Driver) -> list[str]:
    """Statements of operations that run in Neo4j, once they have had a minute to end."""
    for _ in range(600):
        running = [row["currentQuery"] for row in driver.execute_query(OURS).records]
        if not running:
            return []
        time.sleep(0.1)
    return running


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        (chain(25, {"code": {"eq": "D1"}}), {"DEPTH_LIMIT"}),
        (chain(FILTER_EDGES_IN_A_ROW + 1, {"code": {"eq": "D1"}}), {"DEPTH_LIMIT"}),
        (alternating(40, 80), {"DEPTH_LIMIT", "COST_LIMIT"}),
        (chain(FILTER_EDGES_IN_A_ROW, NOBODY), {"COST_LIMIT"}),
        (chain(2, NOBODY), {"TIMEOUT"}),
        ({"not": chain(2, NOBODY)}, {"TIMEOUT"}),
        ({"or": [chain(2, NOBODY)] * 2}, {"TIMEOUT"}),
        (alternating(FILTER_DEPTH, FILTER_COMPARISONS), {"OK", "TIMEOUT"}),
    ],
    ids=["25 levels", "5 levels", "alternating", "4 levels", "2 levels", "not", "twice", "alternating within bounds"],
)
def test_case_2_03_nothing_of_ours_goes_on_in_the_graph(
    served: Served, graph_driver: neo4j.Driver, where: dict[str, Any], codes: set[str]
) -> None:
    before = served.hub.graph.statements
    answer = served.ask(QUERY, app="app", purpose="a", variables={"w": where})
    assert code_of(answer) in codes
    if codes <= {"DEPTH_LIMIT", "COST_LIMIT"}:
        assert served.hub.graph.statements == before
    assert left_running(graph_driver) == []
