"""The scene of the attacks on policy and data, loaded once for each file."""

import pytest

from hub.graph.local import GraphAddress
from tests.support.attack_scene import Scene, set_scene


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return set_scene(empty_graph, tmp_path_factory.mktemp("scene"))
