"""One served hub over the canaries, for all tests of this folder."""

from collections.abc import Iterator

import pytest

from hub.graph.local import GraphAddress
from tests.support.ways_out.scene import Scene, scene_of


@pytest.fixture(scope="module")
def scene(empty_graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene_of(empty_graph, tmp_path_factory.mktemp("ways")) as made:
        yield made
