"""Events about a type that a slice brings, taken by a hub that is served with it."""

from __future__ import annotations

from pathlib import Path

import neo4j
import pytest

from hub.graph.local import GraphAddress
from tests.push.pushing import CLINICS, deliver, event, sources_in, statuses
from tests.support.pulling import one
from tests.support.serving import serving
from tests.support.sources.slices import HEALTH, write_slices

pytestmark = pytest.mark.conformance


def test_events_may_be_about_a_type_of_a_slice(
    tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    sources, slices = sources_in(tmp_path / "desk", CLINICS), write_slices(tmp_path / "slices", {"health.yaml": HEALTH})
    with serving(tmp_path / "home", empty_graph, sources=sources, slices=slices) as hub:
        assert statuses(deliver(hub, event("clinic", "C1", 1, {"number": "C1", "name": "和平站"}))) == ["stored"]
    assert one(graph_driver, "MATCH (c:Clinic {code: 'C1'}) RETURN c.name") == "和平站"
