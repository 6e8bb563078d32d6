"""The scene of the attacks on who asks and on the keys of a hub, loaded once for each file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.graph.local import GraphAddress
from tests.support.attack_scene import Scene, set_scene


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield set_scene(empty_graph, Path(tmp_path_factory.mktemp("scene")))
