"""The first four registers of a whole county beside the other seven: each row is in, or is refused by its flaw."""

from __future__ import annotations

from collections import Counter

import neo4j
import pytest

from hub.graph.local import GraphAddress
from tests.support.pulling import ask
from tests.support.sources.first_registers import DUPLICATE, FIELDS, first_registers
from tests.support.sources.whole_county import WholeCounty

pytestmark = [pytest.mark.examples, pytest.mark.slow]

PEOPLE = 1_000
SOURCES = ("divisions", "police", "housing", "hotline")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress) -> WholeCounty:
    return WholeCounty(tmp_path_factory.mktemp("first-registers"), empty_graph, people=PEOPLE)


def test_each_row_is_in_the_graph_or_refused_by_the_field_of_its_flaw(
    county: WholeCounty, graph_driver: neo4j.Driver
) -> None:
    results = county.pull(*SOURCES)
    rows = list(first_registers(county.whole))
    planted = {name: count.dirty for name, count in county.whole.summary.sources.items()}
    for stream, result in results.items():
        mine = [(number, flaw) for name, number, flaw in rows if name == stream]
        flaws = Counter(flaw for _, flaw in mine if flaw)
        assert flaws == planted[stream.partition("/")[2]]
        records = ask(graph_driver, "MATCH (r:SourceRecord {stream: $stream}) RETURN r.record AS number", stream=stream)
        assert Counter(each["number"] for each in records) == Counter(number for number, flaw in mine if not flaw)
        assert result.unchanged == flaws.pop(DUPLICATE, 0)
        assert result.quarantined == flaws.total()
        entries = ask(
            graph_driver,
            "MATCH (q:Quarantined {stream: $stream}) WHERE q.whole RETURN q.row AS number, q.field AS field",
            stream=stream,
        )
        assert len(entries) == flaws.total()
        why = {number: flaw for number, flaw in mine if flaw in FIELDS}
        for each in entries:
            assert each["field"] in FIELDS[why[each["number"]]], (stream, why[each["number"]], each["field"])
        fields = Counter(min(FIELDS[why[each["number"]]]) for each in entries)
        assert fields == Counter(min(FIELDS[flaw]) for flaw in flaws.elements())
