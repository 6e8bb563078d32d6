"""A graph is filled with one key only, and a pull needs what it pulls and nothing besides."""

from __future__ import annotations

from pathlib import Path

import neo4j
import pytest

from connectors.manifest import ManifestError
from hub.graph.local import GraphAddress
from hub.home.key_files import KeyRefused
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from tests.support.pulling import SOURCES, canonical, county, empty, pull, silent

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("county") / "data", 300)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pull-home")


def test_case_3_14_a_pull_with_another_key_or_none_writes_nothing(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    empty(graph_driver)
    pull(home, empty_graph, folder)
    before = canonical(graph_driver)
    key = Settings.load(home=home).graph_key
    own = key.read_bytes()
    for other in (None, bytes(32)):
        key.unlink(missing_ok=True)
        if other is not None:
            key.write_bytes(other)
            key.chmod(0o600)
        with pytest.raises(KeyRefused, match="graph"):
            pull(home, empty_graph, folder)
        assert canonical(graph_driver) == before
    key.write_bytes(own)
    assert pull(home, empty_graph, folder)["register"].updated == 0
    assert canonical(graph_driver) == before


def test_case_3_15_only_what_is_pulled_needs_its_variables(folder: Path, home: Path, empty_graph: GraphAddress) -> None:
    settings = Settings.load(home=home)
    (regions,) = run_pull(settings, SOURCES, ["divisions"], folder, {}, silent, address=empty_graph)
    assert regions.read > 0
    with pytest.raises(ManifestError, match="unknown variable HOTLINE_URL"):
        run_pull(settings, SOURCES, ["hotline"], folder, {}, silent, address=empty_graph)
    with pytest.raises(ManifestError, match="unknown variable HOTLINE_URL"):
        run_pull(settings, SOURCES, [], folder, {}, silent, address=empty_graph)
