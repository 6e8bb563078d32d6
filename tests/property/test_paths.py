"""Whatever path leads to a person, the grid desk sees the people of its street only, and each cell as granted.

Every path of up to PATH_EDGES edges that reaches a person from any root field is asked, in both purposes of the desk,
over a world in which people live and report across street borders.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.language import load
from schema import SPINE
from schema.catalogue import Entity
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_worlds import GRIDS, world
from tests.support.small_graph import SEALS, TODAY, World, ask, sid, subject

pytestmark = [pytest.mark.property, pytest.mark.slow, pytest.mark.dosed]
POLICIES = Path(__file__).parents[2] / "examples" / "county" / "policies"
STREET = "14/03/21/001/"
EDGES, AT_ONCE, IN_FLIGHT = int(os.environ.get("PATH_EDGES", "3")), 6, 3
FIELDS = tuple(each.name for each in SPINE.entity("Person").fields)
PERSON = f"{{ id __typename {' '.join(FIELDS)} }}"


def paths(entity: Entity, left: int) -> Iterator[tuple[str, ...]]:
    """Edges that lead from a type to a person."""
    if entity.name == "Person":
        yield ()
    if left:
        for end in entity.edges.values():
            for rest in paths(SPINE.entity(end.target), left - 1):
                yield (end.name, *rest)


def selection(entity: Entity, path: tuple[str, ...]) -> str:
    """The selection that walks a path and asks everything of the person at its end."""
    if not path:
        return PERSON
    end = entity.edge(path[0])
    many = "(first: 200)" if end.many else ""
    return f"{{ {end.name}{many} {selection(SPINE.entity(end.target), path[1:])} }}"


def documents() -> Iterator[str]:
    """All paths from the pages of all types, several to a document."""
    roots = (
        f"{entity.plural}(first: 200) {{ edges {{ node {selection(entity, path)} }} }}"
        for entity in SPINE
        for path in paths(entity, EDGES)
    )
    while chunk := list(islice(roots, AT_ONCE)):
        yield "{ " + " ".join(f"r{index}: {root}" for index, root in enumerate(chunk)) + " }"


def people(answer: Any) -> Iterator[dict[str, Any]]:
    """Each person in an answer, at whatever depth."""
    if isinstance(answer, list):
        for each in answer:
            yield from people(each)
    elif isinstance(answer, dict):
        if answer.get("__typename") == "Person":
            yield answer
        for each in answer.values():
            yield from people(each)


@pytest.fixture(scope="module")
def crowded(empty_graph: GraphAddress) -> World:
    made = world(random.Random("across the street"))
    lived = {(f"Person-{index % 8}", "dwellings", f"Dwelling-{index % 3}") for index in range(24)}
    for index in range(4):  # two reporters of the street, one of the next, one of no known place
        made.nodes[f"Event-{index}"] = ("Event", {"status": "RECEIVED", "region": GRIDS[index], "number": f"{index}"})
        place = {"region": (GRIDS[0], GRIDS[1], GRIDS[5], None)[index]}
        made.nodes[f"Person-{index}"] = ("Person", {"name": "祁山月", "phone": "13800001111", **place})
    kept = {each for each in made.edges if each[:2] not in {(f"Event-{index}", "reporter") for index in range(4)}}
    reported = {(f"Event-{index}", "reporter", f"Person-{index}") for index in range(4)}
    made = World(made.nodes, sorted(kept | lived | reported))
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        made.load(writer)
    return made


@pytest.mark.parametrize("purpose", ["event.dispatch", "event.callback"])
def test_no_path_leads_out_of_the_street(empty_graph: GraphAddress, crowded: World, purpose: str) -> None:
    policies = load(POLICIES, SPINE)
    who = subject(policies, "grid-desk")
    sight = Sight(crowded, rules_for(policies, who, purpose, TODAY), who, purpose, TODAY)
    entity = SPINE.entity("Person")
    ids = {SEALS.seal_id(who.department, purpose, entity.tag, sid(n)): n for n in sight.names(entity)}
    assert who.jurisdiction == STREET

    async def answers() -> list[Any]:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(document: str) -> Any:
            async with gate:
                return (await ask(graph, policies, who, purpose, document)).answer.data

        found = await asyncio.gather(*(one(document) for document in documents()))
        await graph.close()
        return list(found)

    seen = list(people(asyncio.run(answers())))
    for person in seen:
        name = ids[person["id"]]
        assert crowded.nodes[name][1]["region"].startswith(STREET)
        assert sight.visible(name)
        for field in FIELDS:
            assert person[field] == sight.shown(name, field)
            assert person[field] is None or sight.effect(name, field) is not None
    assert {ids[person["id"]] for person in seen} >= {"Person-0", "Person-1"}
    assert not {ids[person["id"]] for person in seen} & {"Person-2", "Person-3"}
