"""A pull ends before its next batch when the graph's catalogue is changed under it."""

from __future__ import annotations

from pathlib import Path

import neo4j
import pytest

from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import CatalogueMisfit
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from schema import SPINE
from tests.support.pulling import SOURCES, county, one
from tests.support.sources.other_catalogues import replace_note, with_field

pytestmark = pytest.mark.unit

ROWS = "MATCH (r:SourceRecord) RETURN count(r)"


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_pull_ends_when_the_catalogue_is_changed_under_it(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, *, unfinished: bool
) -> None:
    graph_driver.execute_query("MATCH (n) DETACH DELETE n")
    county(tmp_path / "data", 100)
    written: list[int] = []

    def change(stream: str, rows: int) -> None:
        """Report the first rows of housing, and change the note."""
        if not stream.startswith("housing") or written:
            return
        written.append(one(graph_driver, ROWS))
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            replace_note(writer, with_field(), before=SPINE.outline if unfinished else None)

    settings, variables = Settings.load(home=tmp_path / "home"), {"HOTLINE_URL": "http://127.0.0.1:9"}
    with pytest.raises(CatalogueMisfit, match="changed meanwhile"):
        run_pull(settings, SOURCES, ["divisions", "housing"], tmp_path / "data", variables, change, address=empty_graph)
    assert written[0] > 0
    assert one(graph_driver, "MATCH (n:Dwelling) RETURN count(n)") == 0
