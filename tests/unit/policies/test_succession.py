"""What a grant leaves out stays out when grids are merged, in every operator, and at any depth.

Each condition is asked of a small graph before and after merges: nobody may become visible who was not, unless they lie
in the grid that took a granted one's place.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.decide import decide
from policies.language import load_files
from policies.succession import Successors, follow
from schema import SPINE
from schema.predicate import Compare, Placeholder
from tests.support.oracle.three_valued import View
from tests.support.small_graph import subject

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{{id: a, zh: 甲, en: A}}]
applications: [{{id: app, zh: 应用, en: App, department: grid, jurisdiction: {jurisdiction}}}]
grants:
  - {{id: g, to: {{application: [app]}}, for: [a], basis: b, rows: {{Person: {rows}}}, fields: {{Person.name: clear}}}}
"""
X, Y, Z, B = "14/01/03/", "14/01/04/", "14/02/09/", "14/01/"
MERGES: dict[str, Successors] = {
    "into a neighbour": {X: Y},
    "into another street": {X: Z},
    "in two steps": {X: Y, Y: Z},
    "into nothing known": {X: None},
    "in a circle": {X: Y, Y: X},
}
LEFT_OUT = {
    "by prefix": "{region: {startsWith: 14/}, not: {region: {startsWith: 14/01/03/}}}",
    "by the prefix above": "{region: {startsWith: 14/}, not: {region: {startsWith: 14/01/}}}",
    "by value": "{region: {startsWith: 14/}, not: {region: {eq: 14/01/03/}}}",
    "by a list": "{region: {startsWith: 14/}, not: {region: {in: [14/01/03/, 14/07/]}}}",
    "by both of two": "{not: {or: [{region: {eq: 14/07/}}, {region: {eq: 14/01/03/}}]}}",
    "by three negations": "{not: {not: {not: {region: {startsWith: 14/01/03/}}}}}",
    "in an alternative": "{or: [{name: {eq: nobody}}, {not: {region: {startsWith: 14/01/03/}}}]}",
    "behind an edge": "{dwellings: {none: {region: {startsWith: 14/01/03/}}}}",
    "behind an edge, by a list": "{dwellings: {none: {region: {in: [14/01/03/]}}}}",
    "behind an edge, negated": "{not: {dwellings: {some: {region: {eq: 14/01/03/}}}}}",
    "behind two edges": "{dwellings: {none: {residents: {some: {region: {startsWith: 14/01/03/}}}}}}",
    "behind an edge that must be there": "{dwellings: {some: {not: {region: {startsWith: 14/01/03/}}}}}",
    "every one within": "{dwellings: {some: {}, none: {not: {region: {startsWith: 14/09/}}}}}",
    "its own place": "{not: {region: {startsWith: $subject.jurisdiction}}}",
    "its own place, behind an edge": "{dwellings: {none: {region: {startsWith: $subject.jurisdiction}}}}",
}


class Town:
    """A person and a dwelling in each grid; whoever is in X moves along a merge, as `move_merged` moves them."""

    def __init__(self, successors: Successors, hops: int) -> None:
        self.places = {name: place for name, place in zip("xyzbo", (X, Y, Z, "14/01/05/", "14/05/"), strict=True)}
        for _ in range(hops):
            self.places = {name: successors.get(place) or place for name, place in self.places.items()}

    def shown(self, rows: Any, jurisdiction: str) -> set[str]:
        def value(name: str, leaf: Compare) -> str:
            return self.places[name] if leaf.field == "region" else name

        view = View(value, lambda name, _: [name])
        return {name for name in self.places if any(view.truth(_known(each, jurisdiction), name) for each in rows)}


def _known(predicate: Any, jurisdiction: str) -> Any:
    """The condition with the subject's jurisdiction in it and negations outside of the leaves."""
    from policies.implication import resolve
    from policies.rules import Subject

    return resolve(predicate, Subject("app", "grid", "", "", jurisdiction, ""), dt.date(2026, 6, 30))


@pytest.mark.parametrize("successors", MERGES.values(), ids=MERGES.keys())
@pytest.mark.parametrize("rows", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_case_1_03_who_was_left_out_stays_out_after_a_merge(rows: str, successors: Successors) -> None:
    policies = load_files({"p.yaml": POLICY.format(rows=rows, jurisdiction=X).encode()}, SPINE)
    decision = decide(SPINE, policies, subject(policies, "app"), "a", dt.date(2026, 6, 30))
    before = Town({}, 0).shown(decision.of("Person").rows, X)
    today = follow(decision, successors)
    for hops in (0, 1, 2):
        after = Town(successors, hops).shown(today.of("Person").rows, today.subject.jurisdiction)
        assert after <= before, f"{after - before} became visible after {hops} moves"
    assert "x" not in before


KEPT = {
    "another grid": ("{region: {startsWith: 14/}, not: {region: {startsWith: 14/05/}}}", {X: Y}, {"x", "y", "z", "b"}),
    "its successor": ("{region: {startsWith: 14/01/03/}}", {X: Y}, {"x", "y"}),
    "a list": ("{region: {in: [14/01/03/, 14/05/]}}", {X: Y}, {"x", "y", "o"}),
    "the rest": ("{region: {startsWith: 14/}, not: {region: {startsWith: 14/01/03/}}}", {X: Y}, {"z", "b", "o"}),
}


@pytest.mark.parametrize(("rows", "successors", "shown"), KEPT.values(), ids=KEPT.keys())
def test_case_1_03_what_a_merge_does_not_touch_is_shown_as_before(
    rows: str, successors: Successors, shown: set[str]
) -> None:
    policies = load_files({"p.yaml": POLICY.format(rows=rows, jurisdiction="14/").encode()}, SPINE)
    decision = decide(SPINE, policies, subject(policies, "app"), "a", dt.date(2026, 6, 30))
    assert Town(successors, 1).shown(follow(decision, successors).of("Person").rows, "14/") == shown


def test_case_1_03_a_jurisdiction_that_leads_nowhere_leaves_out_everything() -> None:
    policies = load_files({"p.yaml": POLICY.format(rows=LEFT_OUT["its own place"], jurisdiction=X).encode()}, SPINE)
    decision = decide(SPINE, policies, subject(policies, "app"), "a", dt.date(2026, 6, 30))
    today = follow(decision, {X: None})
    assert Town({}, 0).shown(today.of("Person").rows, today.subject.jurisdiction) == set()
    assert Placeholder("subject.jurisdiction") not in (getattr(each, "value", None) for each in today.of("Person").rows)
