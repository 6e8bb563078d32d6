"""What somebody who need not exist would see of a field, and which conditions of each rule fail for them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hub.steward.hypothetical import Asker, Condition, Failing, Why, why
from policies.model import PolicySet
from policies.rules import Subject
from schema import SPINE
from schema.catalogue import CatalogueError
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit
RULES = """
purposes:
  - {id: safety, zh: 安全, en: Safety}
  - {id: safety.fire, zh: 消防, en: Fire, expires: 2026-12-31}
  - {id: tax, zh: 税务, en: Tax}
applications:
  - {id: desk, zh: 台, en: Desk, department: fire, jurisdiction: 14/03/, role: clerk, level: county}
  - {id: other, zh: 他, en: Other, department: tax, jurisdiction: 14/, role: chief, level: county}
grants:
  - id: masked
    to: {department: [fire]}
    for: [safety]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: {mask: "partial(3,4)"}}
  - id: chief
    to: {role: [chief], level: [county]}
    for: [safety.fire]
    basis: law
    valid: {from: 2026-06-01, to: 2026-06-30}
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: clear}
  - id: by-case
    to: {application: [desk]}
    for: [safety]
    basis: law
    obligations: {case: required}
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: clear}
prohibitions:
  - {id: no-gender, for: [safety], prohibit: [Person.gender], basis: law}
"""
DESK = Subject("desk", "fire", "clerk", "county", "14/03/", "")
DAY = dt.date(2026, 6, 15)


@pytest.fixture
def rules(tmp_path: Path) -> PolicySet:
    return policy(tmp_path / "policies", RULES)


def told(
    rules: PolicySet,
    subject: Subject = DESK,
    purpose: str = "safety.fire",
    coordinate: str = "Person.phone",
    day: dt.date = DAY,
    *,
    has_case: bool = False,
) -> Why:
    return why(SPINE, rules, Asker(subject, purpose, day, has_case), coordinate)


def failing(found: Why) -> dict[str, tuple[Failing, ...]]:
    return {each.rule.rule: each.failing for each in found.nearly}


def test_the_rules_that_give_it_and_each_condition_of_those_that_do_not(rules: PolicySet) -> None:
    found = told(rules)
    assert found.effects == ("partial(3,4)",)
    assert [(each.rule, each.rows) for each in found.given] == [("masked", "region startsWith $subject.jurisdiction")]
    assert failing(found) == {
        "by-case": (Failing(Condition.CASE),),
        "chief": (Failing(Condition.ROLE, ("chief",)),),
    }


def test_a_case_that_comes_with_it_opens_what_needs_one(rules: PolicySet) -> None:
    found = told(rules, has_case=True)
    assert found.effects == ("clear", "partial(3,4)")
    assert "by-case" not in failing(found)


def test_another_role_another_day_another_purpose(rules: PolicySet) -> None:
    chief = Subject("", "", "chief", "county", "14/", "")
    assert told(rules, chief).effects == ("clear",)
    late = told(rules, chief, day=dt.date(2026, 7, 1))
    assert late.effects == ()
    assert failing(late)["chief"] == (Failing(Condition.ENDS, ("2026-06-30",)),)
    early = told(rules, chief, day=dt.date(2026, 5, 31))
    assert failing(early)["chief"] == (Failing(Condition.STARTS, ("2026-06-01",)),)
    above = told(rules, chief, purpose="safety")
    assert failing(above)["chief"] == (Failing(Condition.PURPOSE, ("safety.fire",)),)
    over = told(rules, day=dt.date(2027, 1, 1))
    assert failing(over)["masked"] == (Failing(Condition.EXPIRED, ("2026-12-31",)),)


def test_somebody_of_another_department_is_told_what_they_lack_and_nothing_else(rules: PolicySet) -> None:
    found = told(rules, Subject("other", "tax", "", "", "14/", ""), purpose="tax")
    assert (found.effects, found.given) == ((), ())
    assert failing(found)["masked"] == (
        Failing(Condition.DEPARTMENT, ("fire",)),
        Failing(Condition.PURPOSE, ("safety",)),
    )
    assert failing(found)["by-case"][0] == Failing(Condition.APPLICATION, ("desk",))
    counts = [len(each.failing) for each in found.nearly]
    assert counts == sorted(counts), "the nearest rule first"


def test_a_prohibition_is_told_apart(rules: PolicySet) -> None:
    found = told(rules, coordinate="Person.gender")
    assert [each.rule for each in found.prohibited] == ["no-gender"]
    assert (found.effects, found.given, found.nearly) == ((), (), ())


def test_a_field_that_there_is_not_is_refused(rules: PolicySet) -> None:
    with pytest.raises(CatalogueError):
        told(rules, coordinate="Person.shoeSize")
