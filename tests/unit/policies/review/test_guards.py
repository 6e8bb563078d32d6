"""What a diff says of guards that no decision shows: tests that go, and purposes withheld from residents."""

from __future__ import annotations

import datetime as dt

import pytest

from policies.language import load_files
from policies.model import PolicySet
from policies.review.changes import Diff
from policies.review.diff import diff
from schema import SPINE

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
APPLICATION = "{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/}"


def policy(*expected: str, a: str = "", b: str = "", applications: str = APPLICATION) -> PolicySet:
    below = "" if b == "gone" else f"\n  - {{id: a.b, zh: 乙, en: B{b}}}"
    tests = "".join(f"\n  - {{app: app, purpose: {each}}}" for each in expected)
    text = f"purposes:\n  - {{id: a, zh: 甲, en: A{a}}}{below}\napplications: [{applications}]\n"
    files = {"policy.yaml": text, **({"tests.yaml": f"expect:{tests}\n"} if tests else {})}
    return load_files({name: content.encode() for name, content in files.items()}, SPINE)


def told(found: Diff) -> list[tuple[str, str, str, bool]]:
    return [(each.purpose, each.thing, each.kind.value, each.kind.widens) for each in found.changes]


def shown(found: Diff) -> list[tuple[str, str]]:
    sides = [[", ".join(each.effect for each in side) for side in (c.before, c.after)] for c in found.changes]
    return [(one, other) for one, other in sides]


NOTHING, CLEAR = "a, coordinate: Person.phone, effects: []", "a, coordinate: Person.phone, effects: [clear]"
PARTIAL, COUNTED = (f'a, coordinate: Person.phone, effects: ["{each}"]' for each in ("partial(3,4)", "aggregate"))
LESS = 'a, coordinate: Person.phone, effects: ["partial(0,4)"]'


@pytest.mark.parametrize(
    ("before", "after", "kind", "widens"),
    [
        (NOTHING, None, "widened", True),
        (PARTIAL, None, "widened", True),
        (CLEAR, None, "gone", False),
        (NOTHING, PARTIAL, "widened", True),
        (NOTHING, COUNTED, "widened", True),
        (PARTIAL, CLEAR, "widened", True),
        (LESS, PARTIAL, "widened", True),
        (PARTIAL, LESS, "narrowed", False),
        (PARTIAL, COUNTED, "narrowed", False),
        (COUNTED, PARTIAL, "widened", True),
        (CLEAR, NOTHING, "narrowed", False),
    ],
)
def test_an_expectation_that_is_removed_or_lets_more_pass_is_a_widening(
    before: str, after: str | None, kind: str, *, widens: bool
) -> None:
    kept = "a, coordinate: Person.name, effects: []"
    found = diff(SPINE, policy(before, kept), policy(kept, *([after] if after else [])), DAY)
    assert told(found) == [("a", "expectation of Person.phone", kind, widens)]
    assert found.widens is widens


@pytest.mark.parametrize(("before", "after"), [((NOTHING,), (NOTHING,)), ((), (NOTHING,)), ((CLEAR,), (CLEAR, LESS))])
def test_an_expectation_that_stays_or_is_new_is_no_change(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    if len(after) > 1:
        after = (*before, LESS.replace("Person.phone", "Person.name").replace("partial(0,4)", "surname"))
    assert told(diff(SPINE, policy(*before), policy(*after), DAY)) == []


def test_with_its_application_a_test_goes_without_a_widening() -> None:
    other = APPLICATION.replace("id: app", "id: other")
    found = diff(SPINE, policy(NOTHING), policy(applications=other), DAY)
    assert told(found) == [("a", "expectation of Person.phone", "gone", False)]
    assert shown(found) == [("tested: nothing", "")]


@pytest.mark.parametrize(
    ("before", "after", "changes", "says"),
    [
        ({}, {"a": ", withheld: true"}, ["a", "a.b"], ("after 0 days", "never")),
        ({}, {"b": ", delayedDays: 9"}, ["a.b"], ("after 0 days", "after 9 days")),
        ({}, {"b": "gone"}, ["a.b"], ("after 0 days", "never")),
        ({"b": "gone"}, {"b": ", withheld: true"}, ["a.b"], ("after 0 days", "never")),
        ({"a": ", withheld: true"}, {}, ["a", "a.b"], ("never", "after 0 days")),
        ({"a": ", delayedDays: 9"}, {"a": ", delayedDays: 9", "b": ", delayedDays: 7"}, [], ()),
        ({"a": ", withheld: true"}, {"a": ", withheld: true", "b": "gone"}, [], ()),
    ],
    ids=str,
)
def test_what_residents_are_told_is_a_change_and_not_a_note(
    before: dict[str, str], after: dict[str, str], changes: list[str], says: tuple[str, ...]
) -> None:
    found = diff(SPINE, policy(**before), policy(**after), DAY)
    assert [(each.purpose, each.thing) for each in found.changes] == [(each, "told to residents") for each in changes]
    assert found.widens is bool(changes) and set(shown(found)) == ({says} if changes else set())
