"""The county of 3,000 people on which the programs of this folder try to learn what they may not see."""

from collections.abc import Iterator

import pytest

from hub.graph.local import GraphAddress
from tests.support.inference_county import Truth, load_county


@pytest.fixture(scope="module")
def truth(empty_graph: GraphAddress) -> Iterator[Truth]:
    with load_county(empty_graph) as county:
        yield county
