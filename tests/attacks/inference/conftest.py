"""The county of 3,000 people on which the programs of this folder try to learn what they may not see."""

from collections.abc import Callable, Iterator

import pytest

from hub.graph.local import GraphAddress
from tests.support.inference_county import Truth, load_county


@pytest.fixture(scope="package")
def truth(graph_address: GraphAddress, wipe: Callable[[], None]) -> Iterator[Truth]:
    """The county, loaded once for the folder: its programs only read it."""
    wipe()
    with load_county(graph_address) as county:
        yield county
    wipe()
