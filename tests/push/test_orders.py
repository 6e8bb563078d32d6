"""Any order, repetition and grouping of events, from several senders at once, ends in one graph (L33)."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from hub.graph.local import GraphAddress
from hub.sample.known_people import CANARIES
from tests.conftest import SEED
from tests.push.pushing import (
    ALSO,
    APP,
    batches,
    building,
    clear,
    data_of,
    deliver,
    dwelling,
    person,
    sources_in,
    until_acknowledged,
)
from tests.support.pulling import one
from tests.support.serving import Served, serving

pytestmark = [pytest.mark.property, pytest.mark.slow]

PEOPLE = [each.id_no for each in CANARIES[:2]]


def known_events() -> list[dict[str, Any]]:
    """Versions, ties, refused ones before and after valid ones, targets that come late, people who move."""
    return [
        *(building("B1", second, name=f"楼{second}") for second in (1, 2, 5)),
        *(building("B1", 5, name=name) for name in ("甲", "乙", "丙")),
        building("B1", 3, floors=0),
        building("B1", 7, floors=0),
        building("B1", 7, floors=999),
        building("B1", 7, address=" "),
        building("B2", 4, address=" "),
        building("B2", 4),
        building("B3", 9, floors=0),
        building("B3", 9, floors=0) | {"id": "again"},
        {name: value for name, value in building("B4", 1).items() if name != "time"},
        dwelling("D1", 1, "B1"),
        dwelling("D1", 2, "B2", "201"),
        dwelling("D2", 3, "B2"),
        dwelling("D2", 4, "B2", room=7),
        *(person(number, second, home) for number in PEOPLE for second, home in ((1, "D1"), (2, "D2"), (3, "D1"))),
        person(PEOPLE[0], 4, None),
        person(PEOPLE[1], 4, "D9"),
        person(PEOPLE[1], 5, "D1", phone="12"),
    ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress) -> Iterator[Served]:
    folder = sources_in(tmp_path_factory.mktemp("order-sources"))
    with serving(tmp_path_factory.mktemp("order-home"), empty_graph, sources=folder) as running:
        yield running


@pytest.fixture(scope="module")
def clean(served: Served, graph_driver: neo4j.Driver) -> tuple[list[str], list[str]]:
    """The graph of one delivery after the other, each event once, in the order of their times."""
    for each in known_events():
        deliver(served, each)
    until_acknowledged(served, [[each] for each in known_events()])
    found = data_of(graph_driver)
    assert len(found[0]) > 15
    assert one(graph_driver, "MATCH (b:Building {code: 'B1'}) RETURN b.name IN ['甲', '乙', '丙', '楼5']")
    assert one(graph_driver, "MATCH (q:Quarantined {whole: true}) RETURN count(q)") == 5
    return found


@pytest.mark.parametrize("attempt", range(12))
def test_l33_any_order_and_repetition_ends_in_the_same_graph(
    served: Served, clean: tuple[list[str], list[str]], graph_driver: neo4j.Driver, attempt: int
) -> None:
    rng = random.Random(SEED + attempt)
    clear(graph_driver)
    until_acknowledged(served, list(batches(known_events(), rng)))
    assert data_of(graph_driver) == clean


@pytest.mark.parametrize("attempt", range(6))
def test_l33_two_senders_at_once_end_in_the_same_graph(
    served: Served, clean: tuple[list[str], list[str]], graph_driver: neo4j.Driver, attempt: int
) -> None:
    """Of two applications, because one has one delivery in the graph at a time."""
    clear(graph_driver)
    failed: list[BaseException] = []

    def send(app: str, seed: int) -> None:
        try:
            until_acknowledged(served, list(batches(known_events(), random.Random(seed))), app)
        except BaseException as fault:
            failed.append(fault)

    both = [threading.Thread(target=send, args=(app, SEED + attempt + at)) for at, app in enumerate((APP, ALSO))]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert failed == []
    assert data_of(graph_driver) == clean
