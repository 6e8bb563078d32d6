"""The table of effects: who, for which purpose, sees what, on which rows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from pathlib import Path

import pytest

from policies.decide import applicable, decide, purposes_of, purposes_that_would
from policies.model import Decision, PolicySet
from policies.purposes import covered, prohibited_for
from policies.rules import Subject
from schema import SPINE
from tests.support.small_graph import policy, subject

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)

BASE = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: a.b, zh: 乙, en: B}
  - {id: a.b.c, zh: 丙, en: C}
  - {id: a.d, zh: 丁, en: D}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/, role: inspector, level: county}
  - {id: other, zh: 其他, en: Other, department: police, jurisdiction: 14/}
grants:
  - id: wide
    to: {application: [app]}
    for: [a.b]
    basis: law
    rows: {Person: {}}
    fields: {Person.phone: {mask: redact}, Person.name: {mask: surname}}
  - id: own
    to: {department: [fire], role: [inspector]}
    for: [a.b]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: clear, Person.dwellings: clear}
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
  - id: counted
    to: {application: [app]}
    for: [a.d]
    basis: law
    contributors: 25
    rows: {Person: {}}
    fields: {Person: aggregate}
  - id: later
    to: {application: [app]}
    for: [a.b]
    basis: law
    valid: {from: 2027-01-01}
    rows: {Event: {}}
    fields: {Event: clear}
"""


def made(folder: Path, extra: str = "") -> PolicySet:
    return policy(folder, BASE + extra)


def table(policies: PolicySet, purpose: str, who: str = "app", day: dt.date = DAY) -> Decision:
    return decide(SPINE, policies, subject(policies, who), purpose, day)


PURPOSES = [
    ("a.b", "a.b", True),
    ("a.b", "a.b.c", True),
    ("a.b", "a", False),
    ("a.b", "a.d", False),
    ("a.b", "a.bc", False),
    ("a.b", "A.B", False),
    ("a.b", "a.b ", False),
]


@pytest.mark.parametrize(("granted", "asked", "expected"), PURPOSES)
def test_a_purpose_covers_itself_and_its_descendants(granted: str, asked: str, expected: bool) -> None:
    assert covered([granted], asked) is expected


@pytest.mark.parametrize(
    ("prohibited", "asked", "expected"), [("a.b", "a", True), ("a.b", "a.b.c", True), ("a.b", "a.d", False)]
)
def test_a_prohibition_strikes_descendants_and_ancestors(prohibited: str, asked: str, expected: bool) -> None:
    assert prohibited_for([prohibited], asked) is expected


APPLICABLE = [
    ("app", "a.b", ["wide", "own"]),
    ("app", "a.b.c", ["wide", "own"]),
    ("app", "a.d", ["counted"]),
    ("app", "a", []),
    ("app", "a.x", []),
    ("other", "a.b", []),
]


@pytest.mark.parametrize(("who", "purpose", "grants"), APPLICABLE)
def test_which_grants_are_in_force(tmp_path: Path, who: str, purpose: str, grants: list[str]) -> None:
    policies = made(tmp_path)
    found = applicable(policies, subject(policies, who), purpose, DAY)
    assert [each.id for each in found] == grants


@pytest.mark.parametrize(("day", "visible"), [(dt.date(2026, 12, 31), False), (dt.date(2027, 1, 1), True)])
def test_a_grant_holds_from_its_first_day(tmp_path: Path, day: dt.date, visible: bool) -> None:
    assert bool(table(made(tmp_path), "a.b", day=day).of("Event").visible) is visible


def test_each_cell_keeps_its_strongest_effect_by_rows(tmp_path: Path) -> None:
    person = table(made(tmp_path), "a.b").of("Person")
    phone = person.of("phone")
    assert phone.clear == {1}
    assert phone.masks == (("redact", frozenset({0})),)
    assert person.visible == {0, 1}
    assert person.of("idNumber").match == {1}
    assert not person.of("idNumber").shown
    assert not person.of("address").shown


def test_aggregate_grants_make_nothing_visible(tmp_path: Path) -> None:
    person = table(made(tmp_path), "a.d").of("Person")
    assert person.visible == frozenset()
    assert person.contributing == {0}
    assert person.contributors == 25
    assert not person.of("name").aggregate


PROHIBIT = "prohibitions:\n  - {{id: stop, prohibit: [{what}], for: [{purpose}], basis: law}}\n"


@pytest.mark.parametrize("purpose", ["a", "a.b", "a.b.c"])
def test_a_prohibition_takes_every_effect_and_capability(tmp_path: Path, purpose: str) -> None:
    extra = PROHIBIT.format(what="Person.phone, Person.idNumber, Dwelling.residents", purpose=purpose)
    person = table(made(tmp_path, extra), "a.b").of("Person")
    assert not person.of("phone").shown
    assert not person.of("idNumber").match
    assert not person.of("dwellings").shown
    assert person.visible == {0}, "a grant left without a field makes nothing visible"


def test_a_prohibition_for_a_sibling_changes_nothing(tmp_path: Path) -> None:
    extra = PROHIBIT.format(what="Person.phone", purpose="a.d")
    assert table(made(tmp_path / "x", extra), "a.b").of("Person") == table(made(tmp_path / "y"), "a.b").of("Person")


def test_the_order_of_rules_does_not_matter(tmp_path: Path) -> None:
    policies = made(tmp_path, PROHIBIT.format(what="Person.name", purpose="a.b.c"))
    seen = set()
    for order in itertools.permutations(policies.grants):
        decision = table(dataclasses.replace(policies, grants=order), "a.b.c")
        person = decision.of("Person")
        rows = {str(person.rows[i]) for i in person.of("phone").clear}
        masked = {(rung, str(person.rows[i])) for rung, found in person.of("phone").masks for i in found}
        seen.add((frozenset(rows), frozenset(masked), person.of("name").shown))
    assert len(seen) == 1


def test_what_would_do_is_told_of_ones_own_purposes_only(tmp_path: Path) -> None:
    policies = made(tmp_path)
    app: Subject = subject(policies, "app")
    assert purposes_of(policies, app, DAY) == ("a.b", "a.b.c", "a.d")
    assert purposes_that_would(SPINE, policies, app, "Person.phone", DAY) == ("a.b", "a.b.c")
    assert purposes_that_would(SPINE, policies, app, "Person", DAY) == ("a.b", "a.b.c")
    assert purposes_that_would(SPINE, policies, subject(policies, "other"), "Person.phone", DAY) == ()
