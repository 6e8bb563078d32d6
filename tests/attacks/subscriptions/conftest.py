"""A desk that subscribes to the events of its street, a source of events that is pulled again, and the hub between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hub.graph.local import GraphAddress
from tests.support.subscribing.scene import Scene, scene_of


@pytest.fixture(scope="module")
def scene(
    graph_address: GraphAddress, wipe: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    wipe()
    with scene_of(graph_address, tmp_path_factory.mktemp("subscriptions")) as made:
        yield made
    wipe()


@pytest.fixture
def as_granted(scene: Scene) -> Iterator[Scene]:
    """The scene, whose first policy is in force again when the test ends."""
    yield scene
    scene.grant()
