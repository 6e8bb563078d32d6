"""A text that is being replaced is never cut by the spans of the other one: what is read of two moments is not shown.

A statement of Neo4j reads two properties of a node one after the other, and a commit may lie between them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.ingest.annotate import Annotator
from hub.ingest.text_properties import Reading
from schema import SPINE
from tests.support.serving import Served, serving

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

NODES, ANSWERS = 200, 150
QUERY = "{ events(first: 200) { edges { node { text } } } }"
LONG = "电话13912345678,13912345679,身份证140321195703129022。" * 6
TEXTS = ("楼上漏水,回电13800000000,找赫连朔风。", f"来电人麴逸尘反映电梯停运,{LONG}")
SECRETS = ("13800000000", "赫连朔风", "麴逸尘", "13912345678", "140321195703129022")


@pytest.fixture(scope="module")
def states() -> list[dict[str, Any]]:
    """What the sink would write for each of the two texts."""
    reading = Reading(SPINE.entity("Event"), Annotator(), {})
    assert reading.read({"text": text} for text in TEXTS).personal == len(TEXTS)
    return [reading.written({"text": text}) for text in TEXTS]


@pytest.fixture
def write(empty_graph: GraphAddress, states: list[dict[str, Any]]) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Gives all events these properties, in one transaction."""
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        ensure_constraints(writer, SPINE)
        sids = [f"{number:032x}" for number in range(NODES)]

        def run(values: dict[str, Any]) -> None:
            text = "UNWIND $sids AS sid MERGE (e:Event {sid: sid}) SET e += $values, e.region = '14/03/21/001/'"
            writer.write(lambda tx: tx.run(text, sids=sids, values=values))

        run(states[0])
        yield run


def shown(served: Served) -> list[str]:
    answer = served.ask(QUERY, app="grid-desk", person="dispatcher-1", purpose="event.dispatch").json()
    return [edge["node"]["text"] for edge in answer["data"]["events"]["edges"]]


def test_no_answer_shows_a_text_by_the_spans_of_another(
    write: Callable[[dict[str, Any]], None], states: list[dict[str, Any]], empty_graph: GraphAddress, tmp_path: Path
) -> None:
    seen: Counter[str] = Counter()
    with serving(tmp_path / "home", empty_graph, graph_deadline=60) as served:
        masked = set()
        for state in states:
            write(state)
            masked |= set(shown(served))
        assert len(masked) == len(TEXTS) and "***" not in masked
        ended = threading.Event()

        def replace() -> None:
            while not ended.is_set():
                for state in states:
                    write(state)

        thread = threading.Thread(target=replace)
        thread.start()
        try:
            for _ in range(ANSWERS):
                seen.update(shown(served))
            while not masked <= set(seen):  # the writer may have been slow
                seen.update(shown(served))
        finally:
            ended.set()
            thread.join()
    assert masked <= set(seen) <= masked | {"***"}
    assert [text for text in seen if any(secret in text for secret in SECRETS)] == []


MIXED = [
    # what is of the other text
    ("text",),
    ("textSpans",),
    ("textSpans", "textCheck"),
    ("textCheck",),
]


@pytest.mark.parametrize("other", MIXED)
def test_what_is_of_two_texts_is_redacted_whole(
    write: Callable[[dict[str, Any]], None], states: list[dict[str, Any]], empty_graph: GraphAddress, tmp_path: Path,
    graph_driver: neo4j.Driver, other: tuple[str, ...],
) -> None:  # fmt: skip
    write(states[0] | {name: states[1][name] for name in other})
    with serving(tmp_path / "home", empty_graph, graph_deadline=60) as served:
        assert set(shown(served)) == {"***"}
        graph_driver.execute_query("MATCH (e:Event) REMOVE e.textCheck")
        assert set(shown(served)) == {"***"}
        write(states[0])
        assert "***" not in shown(served)
