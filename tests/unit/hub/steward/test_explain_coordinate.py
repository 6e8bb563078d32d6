"""An explanation says of an edge what a request meets: it shows nothing if nothing of its target is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.steward.explain_coordinate import explain_coordinate
from schema import SPINE
from tests.support.small_graph import TODAY, policy

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{id: a, zh: 甲, en: A}, {id: b, zh: 乙, en: B}, {id: c, zh: 丙, en: C}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
owners: {Region: civil, Event: hotline}
grants:
  - {id: ga, to: {application: [app]}, for: [a], basis: law, rows: {Region: {}},
     fields: {Region.code: clear, Region.events: clear}}
  - {id: gb, to: {application: [app]}, for: [b], basis: law, rows: {Event: {}}, fields: {Event.number: clear}}
  - {id: gc, to: {application: [app]}, for: [c], basis: law, rows: {Event: {}, Region: {}},
     fields: {Event.number: clear, Region.events: clear}}
"""


@pytest.mark.parametrize(
    ("purpose", "coordinate", "effects", "would", "owner", "hidden"),
    [
        ("a", "Region.events", (), ("c",), "hotline", "Event"),
        ("b", "Region.events", (), ("c",), "civil", None),
        ("c", "Region.events", ("clear",), (), "civil", None),
        ("a", "Event.number", (), ("b", "c"), "hotline", None),
        ("a", "Region.code", ("clear",), (), "civil", None),
    ],
)
def test_case_3_03_an_edge_shows_nothing_without_its_target(
    tmp_path: Path,
    purpose: str,
    coordinate: str,
    effects: tuple[str, ...],
    would: tuple[str, ...],
    owner: str,
    hidden: str | None,
) -> None:
    policies = policy(tmp_path / "policy", POLICY)
    explained = explain_coordinate(SPINE, policies, "app", purpose, coordinate, TODAY)
    assert explained.effects == effects
    assert explained.purposes_that_would == would
    assert explained.owner == owner
    assert explained.hidden_target == hidden
