"""A check finds what loads and is still wrong, one kind of finding a row, and is silent on what is right."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.language import load
from policies.review.check import Finding, check
from schema import SPINE
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)

BASE = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: a.b, zh: 乙, en: B}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}
  - {id: other, zh: 他, en: Other, department: police, jurisdiction: 14/}
grants:
  - id: good
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.name: clear, Person.phone: {mask: "partial(0,4)"}}
"""
GRANT = """  - id: bad
    to: {{application: [{app}]}}
    for: [{purpose}]
    basis: law
    valid: {{to: {until}}}
    rows: {{Person: {rows}}}
    fields: {{{fields}}}
"""


def grant(
    app: str = "app",
    purpose: str = "a",
    until: str = "2030-01-01",
    rows: str = "{}",
    fields: str = "Person.gender: clear",
) -> str:
    return GRANT.format(app=app, purpose=purpose, until=until, rows=rows, fields=fields)


FIELDS = "    fields: {Person.gender: clear}\n"
OWN = "{region: {startsWith: $subject.jurisdiction}}"
EXPECT = "expect:\n  - {{app: app, purpose: a.b, coordinate: {on}, effects: [{effects}]}}\n"

CASES = [
    ("dead: nobody", grant(app="app], department: [police"), "dead", "bad selects no registered application"),
    ("dead: nothing given", grant().replace(FIELDS, ""), "dead", "bad gives nothing"),
    ("dead: expired", grant(until="2026-06-29"), "dead", "bad has expired"),
    (
        "conflict",
        "prohibitions:\n  - {id: stop, prohibit: [Person.phone], for: [a.b], basis: law}\n",
        "conflict",
        "good grants Person.phone, but stop",
    ),
    ("clear by tag", grant(fields="kind:birth: clear"), "clear-by-tag", "Person.birthDate"),
    ("shadowed", grant(purpose="a.b", rows=OWN, fields="Person.name: clear"), "shadowed", "bad adds nothing to good"),
    ("shadowed by a better mask", grant(rows=OWN,
     fields="Person.phone: {mask: redact}"), "shadowed", "bad adds nothing to good"),
    ("reads what is hidden", grant(rows="{birthDate: {lte: $today - 60y}}"), "reads-hidden", "Person.birthDate"),
    ("nobody sees it", grant(app="app], department: [police"), "nobody", "Person.gender is open to nobody"),
    (
        "a code for a path",
        grant(rows="{region: {startsWith: 140321/}}"),
        "jurisdiction",
        "bad chooses rows by the path 140321/: 140321 is no code of a province, which has 2 digits; write 14/03/21/",
    ),
    ("expectation", EXPECT.format(on="Person.name", effects='"surname"'), "expectation", "has clear on Person.name"),
]  # fmt: skip


def found(folder: Path, text: str) -> list[Finding]:
    return check(SPINE, policy(folder, text), DAY)


@pytest.mark.parametrize(("extra", "rule", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_kind_of_finding(tmp_path: Path, extra: str, rule: str, text: str) -> None:
    findings = [each for each in found(tmp_path, BASE + extra) if each.rule == rule]
    assert any(text in each.text for each in findings), findings
    assert all(each.place for each in findings)
    assert {each.level for each in findings} == {"error" if rule == "expectation" else "warning"}


def test_a_jurisdiction_that_no_division_has_is_told_with_its_line_and_without_the_person(tmp_path: Path) -> None:
    text = """
purposes: [{id: a, zh: 甲, en: A}]
applications:
  - id: app
    zh: 应用
    en: App
    department: fire
    jurisdiction: 140321001000/
    staff:
      S-1: 14/03/21/
      S-2: 14/03/21/1/
"""
    told = [(each.place, each.text) for each in found(tmp_path, text) if each.rule == "jurisdiction"]
    assert [place.rpartition(":")[2] for place, _ in told] == ["11", "8"]
    assert told[1][1].endswith("140321001000 is no code of a province, which has 2 digits; write 14/03/21/001/")
    assert told[0][1].startswith("a jurisdiction of the staff of app is 14/03/21/1/: 1 is no code of a street")
    assert "S-2" not in str(told)


GOOD = [
    ("another purpose", grant(purpose="a", fields="Person.gender: clear")),
    ("wider rows", grant(fields="Person.name: clear")),
    (
        "stronger",
        grant(rows=OWN, fields='Person.phone: {mask: "partial(3,4)"}'),
    ),
    ("a match alone", grant().replace(FIELDS, "    match: [Person.idNumber]\n    obligations: {dailyCap: 9}\n")),
    ("own rows by jurisdiction", grant(rows=OWN)),
    ("met expectation", EXPECT.format(on="Person.phone", effects='"partial(0,4)"')),
    ("nothing expected, nothing had", EXPECT.format(on="Person.idNumber", effects="")),
]


@pytest.mark.parametrize("extra", [case[1] for case in GOOD], ids=[case[0] for case in GOOD])
def test_what_is_right_is_left_alone(tmp_path: Path, extra: str) -> None:
    assert [each for each in found(tmp_path, BASE + extra) if each.rule != "nobody"] == []


def test_the_example_has_no_error() -> None:
    policies = load(Path(__file__).parents[4] / "examples" / "county" / "policies", SPINE)
    assert [each for each in check(SPINE, policies, DAY) if each.level == "error"] == []
