"""Who may ask who saw a person's data, and of what he is told, is policy: granted, compared, checked like the rest."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.decide import decide, purposes_of, tells_accesses, told_to_residents
from policies.model import PolicySet
from policies.review.check import check
from policies.review.diff import diff
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.small_graph import TODAY, policy, subject

pytestmark = pytest.mark.unit

FRAME = """
purposes:
  - {{id: a, zh: 甲, en: A{a}}}
  - {{id: a.b, zh: 乙, en: B{b}}}
applications:
  - {{id: app, zh: 用, en: App, department: fire, jurisdiction: 14/}}
grants:
  - id: g
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {rows}
    {fields}
    {match}
    {more}
"""
MATCH = "match: [Person.idNumber]\n    obligations: {dailyCap: 9}"


def made(
    folder: Path,
    more: str = "accesses: true",
    rows: str = '{Person: {region: {startsWith: "14/01/"}}}',
    fields: str = "fields: {Person.gender: clear}",
    match: str = MATCH,
    a: str = "",
    b: str = "",
) -> PolicySet:
    return policy(folder, FRAME.format(a=a, b=b, rows=rows, fields=fields, match=match, more=more))


def purposes_that_tell(rules: PolicySet) -> tuple[str, ...]:
    who = subject(rules, "app")
    return tuple(
        purpose
        for purpose in purposes_of(rules, who, TODAY)
        if tells_accesses(decide(SPINE, rules, who, purpose, TODAY), "Person")
    )


def test_a_grant_opens_its_rows(tmp_path: Path) -> None:
    rules = made(tmp_path)
    table = decide(SPINE, rules, subject(rules, "app"), "a.b", TODAY).of("Person")
    assert table.accesses == table.visible != frozenset()
    assert purposes_that_tell(rules) == ("a", "a.b")


@pytest.mark.parametrize("more", ["", "accesses: false"])
def test_without_it_nobody_may_ask(tmp_path: Path, more: str) -> None:
    rules = made(tmp_path, more)
    assert not decide(SPINE, rules, subject(rules, "app"), "a", TODAY).of("Person").accesses
    assert purposes_that_tell(rules) == ()


def test_it_makes_nobody_visible(tmp_path: Path) -> None:
    rules = made(tmp_path, fields="")
    table = decide(SPINE, rules, subject(rules, "app"), "a", TODAY).of("Person")
    assert table.accesses and not table.visible and not table.contributing
    assert purposes_that_tell(rules) == ("a", "a.b")


@pytest.mark.parametrize("prohibited", ["Person", "Person.idNumber"])
def test_a_prohibition_of_what_names_a_person_takes_it_too(tmp_path: Path, prohibited: str) -> None:
    rules = policy(
        tmp_path,
        FRAME.format(a="", b="", rows="{Person: {}}", fields="", match=MATCH, more="accesses: true")
        + f"prohibitions: [{{id: p, prohibit: [{prohibited}], for: [a], basis: law}}]\n",
    )
    assert purposes_that_tell(rules) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rows": "{Event: {}}", "fields": "fields: {Event.kind: clear}"}, "says nothing of Person"),
        ({"rows": "{Event: {}}", "fields": "fields: {Event.kind: clear}", "match": ""}, "says nothing of Person"),
        ({"match": ""}, "whom a match names; add `match:`"),
        ({"more": "accesses: 1"}, "accesses"),
        ({"more": "accesses: [Person]"}, "accesses"),
        ({"more": "access: true"}, "unknown key"),
        ({"a": ", withheld: maybe"}, "withheld"),
        ({"a": ", delayedDays: -1"}, "delayedDays"),
        ({"a": ", delayed_days: 1"}, "unknown key"),
        ({"a": ", delayedDays: soon"}, "delayedDays"),
    ],
    ids=str,
)
def test_what_is_not_known_refuses_the_policy(tmp_path: Path, changes: dict[str, str], says: str) -> None:
    with pytest.raises(YamlFileError, match=says):
        made(tmp_path, **changes)


@pytest.mark.parametrize(
    ("a", "b", "purpose", "days", "is_told"),
    [
        ("", "", "a", 0, True),
        ("", "", "unknown", 0, False),
        (", withheld: true", "", "a", 999, False),
        (", withheld: true", ", withheld: false", "a.b", 999, False),
        ("", ", withheld: true", "a", 0, True),
        (", delayedDays: 30", "", "a", 29, False),
        (", delayedDays: 30", "", "a", 30, True),
        (", delayedDays: 30", ", delayedDays: 7", "a.b", 29, False),
        (", delayedDays: 7", ", delayedDays: 30", "a.b", 29, False),
        (", delayedDays: 7", ", delayedDays: 30", "a.b", 30, True),
    ],
)
def test_what_a_resident_is_told(tmp_path: Path, a: str, b: str, purpose: str, days: int, *, is_told: bool) -> None:
    rules = made(tmp_path, a=a, b=b)
    assert told_to_residents(rules, purpose, TODAY - dt.timedelta(days=days), TODAY) is is_told


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"more": ""}, {}, {"new"}),
        ({}, {"more": ""}, {"gone"}),
        ({}, {"rows": "{Person: {}}"}, {"widened"}),
        ({}, {}, set()),
    ],
)
def test_a_change_of_it_is_told(tmp_path: Path, before: dict[str, str], after: dict[str, str], kinds: set[str]) -> None:
    found = diff(SPINE, made(tmp_path / "1", **before), made(tmp_path / "2", **after), TODAY)
    changes = [each for each in found.changes if each.thing == "Person accesses"]
    assert {each.kind.value for each in changes} == kinds
    assert {each.purpose for each in changes} == ({"a", "a.b"} if kinds else set())


def test_a_grant_of_nothing_else_is_not_dead(tmp_path: Path) -> None:
    dead = [each for each in check(SPINE, made(tmp_path, fields=""), TODAY) if each.rule == "dead"]
    assert dead == []
