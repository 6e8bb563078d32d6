"""What the generators of npm need is installed once for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.conformance.clients.generators.programs import Node


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """The generators that are packages of npm."""
    return Node(tmp_path_factory.mktemp("node"))
