"""Two sides push the same tenancy: answers say whether they confirm or dispute each other, whoever corrects what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest

from hub.graph.local import GraphAddress
from policies.language import load_files
from schema import SPINE
from tests.push.pushing import APP, clear, deliver, statuses
from tests.support.pulling import one
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance

SIDE = """
name: {name}
kind: push
accepts: [{app}]
collectedFor: housing
{asserted}
trust: {trust}
records:
  - name: tenancies
    event: {name}.tenancy
    entity: Tenancy
    key: number
    identity: number
    updated: ce:time
    fields:
      number: {{column: number, as: code}}
      startsOn: starts
      occupants: {{column: occupants, min: 0, max: 99}}
"""
POLICY = f"""
purposes: [{{id: rental, zh: 租赁, en: Rental}}, {{id: sides, zh: 双方, en: Sides}}]
applications:
  - {{id: {APP}, zh: 台, en: Desk, department: housing, jurisdiction: 14/}}
  - {{id: tenant-app, zh: 租客, en: Tenants, department: housing, jurisdiction: 14/}}
grants:
  - id: rental
    to: {{application: [{APP}]}}
    for: [rental]
    basis: law
    rows: {{Tenancy: {{}}}}
    fields: {{Tenancy: clear, Tenancy.provenance: clear}}
  - id: sides
    to: {{application: [{APP}]}}
    for: [sides]
    basis: law
    rows: {{Tenancy: {{}}}}
    fields: {{Tenancy.number: clear, Tenancy.occupants: clear, Tenancy.provenance: clear}}
"""
QUERY = (
    "{ tenancies { edges { node { number provenance { source assertedBy stale readAt confirmedBy disputedBy } } } } }"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_graph: GraphAddress) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sides")
    sides: list[tuple[str, str, str, int]] = [
        ("landlord", APP, "assertedBy: landlord", 1), ("tenant", "tenant-app", "assertedBy: 租客", 2),
    ]  # fmt: skip
    for name, app, asserted, trust in sides:
        text = SIDE.format(name=name, app=app, asserted=asserted, trust=trust)
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    policy = load_files({"p.yaml": POLICY.encode()}, SPINE)
    with serving(tmp_path_factory.mktemp("home"), empty_graph, policy, sources=folder) as running:
        yield running


@pytest.fixture(autouse=True)
def _cleared(served: Served, graph_driver: neo4j.Driver) -> None:
    clear(graph_driver)


def say(served: Served, side: str, second: int, **data: Any) -> None:
    """One side's word about the tenancy T1."""
    event = {
        "specversion": "1.0", "id": f"{side}-{second}-{data}", "source": f"/{side}", "type": f"{side}.tenancy",
        "time": f"2026-06-01T08:00:{second:02}Z", "data": {"number": "T1", "starts": None, "occupants": None, **data},
    }  # fmt: skip
    app = APP if side == "landlord" else "tenant-app"
    assert statuses(deliver(served, event, app=app, source=side)) == ["stored"]


def told(served: Served, purpose: str = "rental") -> dict[str, tuple[list[str], list[str]]]:
    """By source: who confirms it, and who disputes it."""
    response = served.ask(QUERY, app=APP, purpose=purpose)
    assert code_of(response) == "OK", response.text
    (edge,) = response.json()["data"]["tenancies"]["edges"]
    entries = edge["node"]["provenance"]
    assert {each["source"]: each["assertedBy"] for each in entries}.items() <= {
        "landlord": "landlord", "tenant": "租客",
    }.items()  # fmt: skip
    assert {(each["stale"], each["readAt"]) for each in entries} == {(None, None)}
    return {each["source"]: (each["confirmedBy"], each["disputedBy"]) for each in entries}


Sides = dict[str, tuple[list[str], list[str]]]
CONFIRMED: Sides = {"landlord": (["tenant"], []), "tenant": (["landlord"], [])}
DISPUTED: Sides = {"landlord": ([], ["tenant"]), "tenant": ([], ["landlord"])}


def test_one_side_alone_is_confirmed_by_nobody(served: Served) -> None:
    say(served, "tenant", 1, starts="2026-05-01", occupants=2)
    assert told(served) == {"tenant": ([], [])}


def test_nobody_finds_out_by_pushing_what_the_other_side_says_of_a_hidden_field(served: Served) -> None:
    """Landlords state one first day after the other, and see whether the tenant still disputes it."""
    say(served, "tenant", 1, starts="2026-05-02", occupants=2)
    answers = []
    for second, starts in enumerate(("2026-05-01", "2026-05-02", "2026-05-03"), 2):
        say(served, "landlord", second, starts=starts, occupants=2)
        answers.append(told(served, "sides"))
    assert answers == [CONFIRMED] * 3
    say(served, "landlord", 9, starts="2026-05-02", occupants=3)
    assert told(served, "sides") == DISPUTED


@pytest.mark.parametrize("sides", [("landlord", "tenant"), ("tenant", "landlord")])
def test_two_sides_confirm_each_other_until_one_says_otherwise(served: Served, sides: tuple[str, str]) -> None:
    first, second = sides
    say(served, first, 1, starts="2026-05-01")
    say(served, second, 2, starts="2026-05-01", occupants=2)
    assert told(served) == CONFIRMED
    say(served, first, 3, starts="2026-05-02")
    assert told(served) == DISPUTED
    # The other comes round to it, and nobody reads the first one's record again.
    say(served, second, 4, starts="2026-05-02", occupants=2)
    assert told(served) == CONFIRMED
    say(served, first, 5, starts="2026-05-02", occupants=9)
    assert told(served) == DISPUTED


def test_the_node_keeps_the_better_word_and_no_value_of_the_other(served: Served, graph_driver: neo4j.Driver) -> None:
    say(served, "landlord", 1, starts="2026-05-01", occupants=2)
    say(served, "tenant", 2, starts="2026-05-09", occupants=7)
    assert told(served) == DISPUTED
    assert one(graph_driver, "MATCH (t:Tenancy) RETURN toString(t.startsOn)") == "2026-05-01"
    kept = one(graph_driver, "MATCH (r:SourceRecord {source: 'tenant'}) RETURN r.said")
    assert [each.partition("=")[0] for each in kept.split()] == ["number", "startsOn", "occupants"]
    assert "=7" not in kept.split() and "2026-05-09" not in kept
