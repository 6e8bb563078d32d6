"""`policy diff` names everything that widens: each coordinate and subject of generated pairs, cell by cell.

What widens is found without the comparison: by the oracle's own reading of both policies, on the nodes of a small
graph, for each application and each of its staff. DIFF_PAIRS sets the dose; a failure prints the seed that repeats it.
"""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Iterator

import pytest

from policies.model import Application, PolicySet
from policies.review.changes import Diff
from policies.review.diff import diff
from policies.rules import Subject
from schema import SPINE
from tests.support.oracle.naive_view import Sight, above_or_same, rules_for
from tests.support.oracle.policy_pairs import DAYS, policy_pair, small_world
from tests.support.small_graph import World

pytestmark = [pytest.mark.property, pytest.mark.slow]
PAIRS = int(os.environ.get("DIFF_PAIRS", "50"))
SEED = os.environ["TEST_SEED"]

CASES = ("E1", None)
Strength = tuple[bool, int, bool, bool]
"""Of one cell: clear, how revealing the mask is, open to aggregates, open to a match."""


def subjects(application: Application) -> dict[str, Subject]:
    """Who may ask: each person that is listed, or anybody (an empty `sub`)."""
    whole = Subject(
        application.id, application.department, application.role, application.level, application.jurisdiction, ""
    )
    if not application.staff:
        return {"": whole}
    return {sub: dataclasses.replace(whole, jurisdiction=place) for sub, place in application.staff.items()}


def view_of(
    policies: PolicySet, world: World, who: Subject | None, purpose: str, day: object, case: str | None
) -> Sight:
    known = who is not None and purpose in policies.purposes
    rules = rules_for(policies, who, purpose, day) if known else {entity.name: [] for entity in SPINE}  # type: ignore[arg-type]
    return Sight(world, rules, who or Subject("", "", "", "", "", ""), purpose, day, case)  # type: ignore[arg-type]


def strength(view: Sight, node: str, name: str) -> Strength:
    holding = view.holding(node)
    given = [rule.effects[name] for rule in holding if name in rule.effects]
    clear = any(effect.name == "clear" for effect in given)
    ladder = getattr(SPINE.coordinate(f"{view.entity(node).name}.{name}"), "masks", ())
    rung = max((ladder.index(effect.mask) + 1 for effect in given if effect.mask), default=0)
    matched = any(name in rule.match for rule in holding)
    counted = clear or any(effect.name == "aggregate" for effect in given)
    return clear, len(ladder) + 1 if clear else rung, counted, clear or matched


def widened_cells(before: Sight, after: Sight) -> Iterator[str]:
    """Coordinates of which some cell shows more, or a figure protects less."""
    for node in after.world.nodes:
        if not after.alive(node):
            continue
        entity = after.entity(node)
        for name in (*(field.name for field in entity.fields), *entity.edges):
            old, new = strength(before, node, name), strength(after, node, name)
            if any(more > less for less, more in zip(old, new, strict=True)):
                yield f"{entity.name}.{name}"
    for entity in SPINE:
        left, right = ([rule for rule in view.rules[entity.name] if rule.effects] for view in (before, after))
        if left and right:
            if max(rule.contributors for rule in right) < max(rule.contributors for rule in left):
                yield f"{entity.name} contributors"
            if max(rule.rounding for rule in right) % max(rule.rounding for rule in left):
                yield f"{entity.name} rounding"
            if min(rule.buckets for rule in right) > min(rule.buckets for rule in left):
                yield f"{entity.name} buckets"


def widened(before: PolicySet, after: PolicySet, world: World, day: object) -> set[tuple[str, str, str, str]]:
    """(application, person, purpose, thing) of all that the second policy opens on a day."""
    found = set()
    for name, application in after.applications.items():
        earlier = subjects(before.applications[name]) if name in before.applications else {}
        for sub, who in subjects(application).items():
            was = earlier.get(sub) or earlier.get("")
            for purpose in after.purposes:
                for case in CASES:
                    old = view_of(before, world, was, purpose, day, case)
                    new = view_of(after, world, who, purpose, day, case)
                    if old.rules == new.rules and old.who.department == new.who.department:
                        continue
                    found |= {(name, sub, purpose, thing) for thing in widened_cells(old, new)}
    return found


def told_of(found: Diff, before: PolicySet, name: str, sub: str, purpose: str, thing: str) -> bool:
    """Whether the comparison says so: of the thing, or, for a person who was not listed, of the staff."""
    telling = {(each.application, each.purpose, each.thing) for each in found.changes if each.kind.widens}
    known = name in before.applications
    listed = subjects(before.applications[name]) if known else {}
    joined = known and sub not in listed and "" not in listed
    return (name, purpose, thing) in telling or (joined and (name, "*", "staff") in telling)


def prohibited(policies: PolicySet, purpose: str) -> set[str]:
    return {
        coordinate
        for rule in policies.prohibitions
        if any(above_or_same(each, purpose) or above_or_same(purpose, each) for each in rule.purposes)
        for coordinate in rule.coordinates
    }


@pytest.mark.parametrize("part", range(10))
def test_case_1_02_the_comparison_names_all_that_widens(part: int) -> None:
    opened = 0
    for number in range(part, PAIRS, 10):
        rng = random.Random(f"{SEED} {number}")
        before, after, names = policy_pair(rng)
        world, day = small_world(rng), rng.choice(DAYS)
        # Compared on the first day of all; what widens on a later one is told as well.
        found = diff(SPINE, before, after, DAYS[0])
        about = f"seed {SEED}, pair {number}, {day}, changed: {', '.join(names)}"
        for each in sorted(widened(before, after, world, day)):
            opened += 1
            assert told_of(found, before, *each), f"{about}: {each} widens and is not told"
        telling = {(each.purpose, each.thing) for each in found.changes if each.kind.widens}
        for purpose in before.purposes:
            for coordinate in prohibited(before, purpose) - prohibited(after, purpose):
                assert (purpose, f"prohibition of {coordinate}") in telling, f"{about}: {coordinate}, {purpose}"
        if dict(before.stewards) != dict(after.stewards):
            assert any(thing.startswith("steward ") for _, thing in telling), about
    assert opened > PAIRS / 10 / 2, "few pairs open anything: the test would prove little"
