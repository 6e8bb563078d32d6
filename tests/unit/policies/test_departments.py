"""Departments have names in both languages; where they have, no other department is named, and no decision changes."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from policies.language import load_files
from policies.model import Department, PolicySet
from policies.ownership import touched_types
from policies.review.diff import diff
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
NAMES = """
departments:
  - {id: fire, zh: 消防救援大队, en: Fire Brigade, contact: {zh: 拨打 12345, en: call 12345}}
  - {id: police, zh: 公安局, en: Police, contact: "110"}
  - {id: civil-affairs, zh: 民政局, en: Civil Affairs}
"""
RULES = """
purposes: [{id: a, zh: 甲, en: A}]
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}
owners: {Person: police}
grants:
  - id: one
    to: {department: [fire]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear}
stewards: [{account: chen, person: STAFF-1, owns: [police]}]
"""


def policy(names: str = NAMES, rules: str = RULES) -> PolicySet:
    return load_files({"names.yaml": names.encode(), "rules.yaml": rules.encode()}, SPINE)


def test_names_and_contacts_are_read_in_both_languages() -> None:
    found = policy()
    assert list(found.departments) == ["fire", "police", "civil-affairs"]
    fire, police, civil = found.departments.values()
    assert [fire.name("zh"), fire.name("en")] == ["消防救援大队", "Fire Brigade"]
    assert [fire.contact("zh"), fire.contact("en")] == ["拨打 12345", "call 12345"]
    assert [police.contact("zh"), police.contact("en"), civil.contact("zh")] == ["110", "110", ""]
    assert [found.department_name("police", each) for each in ("zh", "en")] == ["公安局", "Police"]


def test_a_policy_without_the_section_loads_as_before_and_shows_ids() -> None:
    found = load_files({"rules.yaml": RULES.encode()}, SPINE)
    assert found.departments == {}
    assert found.department_name("police", "zh") == "police"


UNKNOWN = {
    "an application": ("department: fire, jur", "department: fir, jur", "rules.yaml:4: unknown department 'fir'"),
    "an owner": ("{Person: police}", "{Person: polize}", "rules.yaml:5: unknown department 'polize'"),
    "a grant": ("to: {department: [fire]}", "to: {department: [fire, tax]}", "rules.yaml:8: unknown department 'tax'"),
    "a steward": ("owns: [police]", "owns: [police, tax]", "rules.yaml:13: unknown department 'tax'"),
}


@pytest.mark.parametrize(("old", "new", "told"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_department_that_is_named_and_has_no_name_refuses_the_load(old: str, new: str, told: str) -> None:
    assert RULES.count(old) == 1
    with pytest.raises(YamlFileError) as raised:
        policy(rules=RULES.replace(old, new))
    assert told in str(raised.value)
    assert "add it under `departments:` or correct it; known: civil-affairs, fire, police" in str(raised.value)


WRONG = {
    "twice": (
        "id: civil-affairs",
        "id: fire",
        "names.yaml:5: department 'fire' is defined twice; remove or rename one",
    ),
    "no Chinese": ("zh: 民政局, ", "", "names.yaml:5: departments.2.zh: this key is missing"),
    "no English": (", en: Civil Affairs", "", "names.yaml:5: departments.2.en: this key is missing"),
    "an empty name": ("en: Civil Affairs", 'en: " "', "names.yaml:5: departments.2.en: write one line"),
    "a name of two lines": ("en: Civil Affairs", r'en: "Civil\nAffairs"', "departments.2.en: write one line"),
    "a name that turns round": ("en: Civil Affairs", r'en: "Civil\u202eAffairs"', "departments.2.en: write one line"),
    "a long contact": ('"110"', f'"{"1" * 201}"', "names.yaml:4: departments.1.contact: write one line of at most 200"),
    "half a contact": ("en: call 12345", "", "names.yaml:3: departments.0.contact: write one line of at most 200"),
    "an id that is none": ("id: civil-affairs", "id: Civil", "names.yaml:5: departments.2.id: write small letters"),
    "an unknown key": (
        "en: Civil Affairs",
        "en: Civil Affairs, phone: 1",
        "departments.2.phone: unknown",
    ),
    "no entry": (NAMES, "departments: []", "names.yaml:1: departments: nothing stands here"),
}


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_name_that_is_not_whole_refuses_the_load(old: str, new: str, told: str) -> None:
    assert NAMES.count(old) == 1
    with pytest.raises(YamlFileError, match=re.escape(told)):
        policy(NAMES.replace(old, new))


def test_a_changed_name_is_told_and_is_no_widening() -> None:
    names = NAMES.replace("Fire Brigade", "Fire Service").replace('"110"', '"12110"').replace("civil-affairs", "tax")
    found = diff(SPINE, policy(), policy(names), DAY)
    assert not found.changes and not found.widens
    assert found.notes == (
        "department tax is new",
        "department civil-affairs is gone",
        "department fire en: Fire Brigade → Fire Service",
        "department police contact.zh: 110 → 12110",
        "department police contact.en: 110 → 12110",
    )


def test_names_touch_no_type() -> None:
    assert touched_types(policy(), policy(NAMES.replace("Police", "Constabulary"))) == {}


def test_a_department_is_plain_data() -> None:
    assert policy().departments["civil-affairs"] == Department("civil-affairs", "民政局", "Civil Affairs")
