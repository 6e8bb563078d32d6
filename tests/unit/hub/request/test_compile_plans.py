"""No root field that a jurisdiction scopes is planned as a scan of a label or of the whole graph."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.language import load
from schema import CATALOGUE
from tests.support.small_graph import SEALS, World, prepare, sid, subject

pytestmark = [pytest.mark.unit, pytest.mark.slow]
POLICIES = load(Path(__file__).parents[4] / "examples" / "county" / "policies", CATALOGUE)
SCANS = {"AllNodesScan", "NodeByLabelScan", "PartitionedNodeByLabelScan", "PartitionedAllNodesScan"}
STREETS, EACH = 12, 40

ASKED = (
    *(("fire-inspection", purpose) for purpose in ("safety.fire", "safety.fire.rental")),
    *(("grid-desk", purpose) for purpose in ("event.dispatch", "event.callback")),
    ("welfare-visits", "welfare.elder"),
    ("hotline-insight", "voice.analyse"),
    ("statistics", "stat"),
)


def documents(department: str, purpose: str) -> Iterator[str]:
    """Each root field of each type."""
    for entity in CATALOGUE:
        one = entity.name[0].lower() + entity.name[1:]
        sealed = SEALS.seal_id(department, purpose, entity.tag, sid(entity.name))
        yield f"{{ {entity.plural}(first: 100) {{ edges {{ cursor node {{ id }} }} }} }}"
        yield f"{{ {entity.plural}Aggregate {{ count }} }}"
        yield f'{{ {one}(id: "{sealed}") {{ id }} }}'
        yield f'{{ node(id: "{sealed}") {{ id }} }}'


def county() -> World:
    """Twelve streets in three districts, so that statistics know what a prefix is worth."""
    made = World()
    for entity in CATALOGUE:
        for index in range(STREETS * EACH):
            region = f"14/03/{21 + index % 3}/{index % STREETS:03}/001/{index % EACH:03}/"
            made.nodes[f"{entity.name}-{index}"] = (entity.name, {"region": region, "level": "GRID"})
    return made


def test_no_jurisdiction_scoped_root_scans(empty_graph: GraphAddress) -> None:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        county().load(writer)
        ensure_constraints(writer, CATALOGUE)

    async def plans() -> dict[tuple[str, str, str], set[str]]:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        found = {}
        for application, purpose in ASKED:
            who = subject(POLICIES, application)
            for document in documents(who.department, purpose):
                _, statement = prepare(POLICIES, who, purpose, document)
                if statement is not None:
                    operators = await graph.explain(statement.text, statement.parameters)
                    found[application, purpose, document] = set(operators)
        await graph.close()
        return found

    found = asyncio.run(plans())
    assert {key: operators & SCANS for key, operators in found.items() if operators & SCANS} == {}
    assert len(found) > 30
    assert all(operators for operators in found.values())
