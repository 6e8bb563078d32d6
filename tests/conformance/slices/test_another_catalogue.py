"""L29: nothing reads or writes a graph that was loaded for an older or a newer catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import neo4j
import pytest

from hub.graph.catalogue_fit import MISFIT
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import CatalogueMisfit, note_catalogue
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from schema import SPINE
from schema.catalogue import Catalogue
from tests.support.ports import free_port
from tests.support.pulling import SOURCES, ask, county, silent
from tests.support.serving import COUNTY, Served, code_of, serving
from tests.support.sources.other_catalogues import replace_note, with_field, without_field
from tests.support.sources.slices import HEALTH, write_slices

pytestmark = pytest.mark.attack

ROOT = Path(__file__).parents[3]
OLDER, NEWER = without_field("Person.phone"), with_field()
HOTLINE = {"HOTLINE_URL": "http://127.0.0.1:9"}
QUERY = "{ buildings { edges { node { code } } } }"
ALL = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties ORDER BY elementId(n)"


def note(address: GraphAddress, driver: neo4j.Driver, catalogue: Catalogue) -> None:
    """Leave nothing in the graph but the note of a catalogue."""
    driver.execute_query("MATCH (n) DETACH DELETE n")
    with GraphWriter(address.url, address.user, address.password) as writer:
        ensure_constraints(writer, catalogue)
        note_catalogue(writer, catalogue)


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        (OLDER, ["Person.phone: field added", "to make the graph fit: sluicegate schema apply"]),
        (NEWER, ["Person.nickname: field removed (breaking; taken out of the graph)", "schema apply --removing"]),
    ],
    ids=["older", "newer"],
)
def test_l29_a_hub_does_not_start_over_a_graph_of_another_catalogue(
    catalogue: Catalogue, told: list[str], tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    note(empty_graph, graph_driver, catalogue)
    before = ask(graph_driver, "SHOW INDEXES YIELD name RETURN name ORDER BY name"), ask(graph_driver, ALL)
    port = free_port()
    known = {name: value for name, value in os.environ.items() if not name.startswith("SLUICEGATE_")}
    known |= {"SLUICEGATE_POLICIES": str(COUNTY), "SLUICEGATE_GRAPH_URL": empty_graph.url}
    known |= {"SLUICEGATE_GRAPH_PASSWORD": empty_graph.password}
    command = [sys.executable, "-m", "hub", "serve", "--home", str(tmp_path / "home"), "--port", str(port)]
    ended = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1, ended.stderr
    assert f"error: the graph was loaded for catalogue {catalogue.version[:12]}" in ended.stderr
    for line in told:
        assert line in ended.stderr
    assert "serving http" not in ended.stderr
    assert before == (ask(graph_driver, "SHOW INDEXES YIELD name RETURN name ORDER BY name"), ask(graph_driver, ALL))


def wait(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not met() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert met()


def ready(served: Served) -> httpx.Response:
    return served.client.get("/readyz")


def test_l29_a_running_hub_closes_when_its_graph_becomes_another_ones(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    note(empty_graph, graph_driver, SPINE)
    with (
        GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer,
        serving(tmp_path / "home", empty_graph) as served,
    ):
        first = served.ask(QUERY)
        assert (code_of(first), first.json()["extensions"]["catalogueVersion"]) == ("OK", SPINE.version)
        assert ready(served).json()["catalogue"] is True
        for noted, before in ((OLDER, None), (SPINE, OLDER.outline)):
            replace_note(writer, noted, before=before)
            wait(lambda: ready(served).status_code == 503)
            told = ready(served).json()
            assert (told["ready"], told["catalogue"], told["graph"]) == (False, False, True)
            assert told["warnings"] == [f"catalogue: {MISFIT}"]
            sent = served.hub.graph.statements
            refused = served.ask(QUERY)
            assert (refused.status_code, code_of(refused)) == (503, "GRAPH_UNAVAILABLE")
            assert "data" not in refused.json()
            assert served.hub.graph.statements == sent
            assert served.records()[-1].catalogue_version == SPINE.version
            replace_note(writer, SPINE, before=None)
            wait(lambda: ready(served).status_code == 200)
            assert code_of(served.ask(QUERY)) == "OK"


def test_l29_a_pull_for_another_catalogue_writes_nothing(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    note(empty_graph, graph_driver, SPINE)
    county(tmp_path / "data", 100)
    before = ask(graph_driver, ALL)
    settings = Settings.load(home=tmp_path / "home", slices=write_slices(tmp_path / "slices", {"health.yaml": HEALTH}))
    with pytest.raises(CatalogueMisfit, match="Clinic: type added"):
        run_pull(settings, SOURCES, ["divisions"], tmp_path / "data", HOTLINE, silent, address=empty_graph)
    assert ask(graph_driver, ALL) == before
    assert not settings.graph_key.exists()
