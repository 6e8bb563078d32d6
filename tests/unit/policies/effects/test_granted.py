"""Answers in a policy: which values of an argument are answered, and what takes an answer away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest

from policies.decide import decide, shows
from policies.language import load_files
from policies.model import FieldDecision, PolicySet
from policies.review.check import check, effects_of, subject_of
from policies.review.diff import diff
from schema import SPINE
from schema.predicate import Placeholder
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/21/}]
grants:
  - id: answers
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}, Dwelling: {}}
    fields: {FIELDS}
"""


def policy(fields: str, more: str = "") -> PolicySet:
    return load_files({"p.yaml": (POLICY.replace("FIELDS", fields) + more).encode()}, SPINE)


def effects(fields: str, coordinate: str, more: str = "") -> FieldDecision:
    found = policy(fields, more)
    decision = decide(SPINE, found, subject_of(found.applications["app"]), "a", TODAY)
    entity, _, name = coordinate.partition(".")
    return decision.of(entity).of(name)


def test_an_answer_is_told_and_shows_nothing() -> None:
    fields = "Person.ageOver: {answer: [18, 60]}, Dwelling.hasOpenInspection: answer"
    found = policy(fields)
    decision = decide(SPINE, found, subject_of(found.applications["app"]), "a", TODAY)
    assert effects_of(decision.of("Person").of("ageOver")) == ("answer(18)", "answer(60)")
    assert effects_of(decision.of("Dwelling").of("hasOpenInspection")) == ("answer",)
    assert shows(SPINE, decision, "Person.ageOver") and not shows(SPINE, decision, "Person.birthDate")
    # Nobody is listed and nobody counted because of an answer.
    assert not decision.of("Person").visible and not decision.of("Person").contributing


def test_a_region_may_be_the_askers_own() -> None:
    found = effects("Person.isResident: {answer: [$subject.jurisdiction, 14/03/22/]}", "Person.isResident")
    assert [each for each, _ in found.answers] == ["14/03/22/", Placeholder("subject.jurisdiction")]


@pytest.mark.parametrize("named", ["Person.birthDate", "Person", "Person.ageOver", "personal", "kind:birth", "answer"])
def test_what_prohibits_what_it_reads_prohibits_an_answer(named: str) -> None:
    more = f"prohibitions: [{{id: none, prohibit: ['{named}'], for: [a], basis: law}}]\n"
    assert effects("Person.ageOver: {answer: [18]}", "Person.ageOver").answers
    assert not effects("Person.ageOver: {answer: [18]}", "Person.ageOver", more).answers


@pytest.mark.parametrize("named", ["Person: clear", "kind:birth: clear"])
def test_an_answer_is_granted_by_its_own_name_only(named: str) -> None:
    assert not effects(named, "Person.ageOver").told


FAULTS = {
    "Person.ageOver: answer": "answered for the values of years that a grant lists.*answer: \\[18, 60\\]",
    "Person.ageOver: {answer: []}": "nothing stands here",
    "Person.ageOver: {answer: [18, 18]}": "18 stands twice",
    "Person.ageOver: {answer: [-1]}": "a whole number of at most 999",
    "Person.ageOver: {answer: ['18']}": "a whole number of at most 999",
    "Person.ageOver: {answer: [true]}": "list the values of its argument",
    "Person.ageOver: clear": "is an answer: it is granted as `answer`",
    'Person.ageOver: {mask: "redact"}': "is an answer: it is granted as `answer`",
    "Person.isResident: {answer: [140321]}": "a text; put quotes around it",
    "Person.isResident: {answer: ['14']}": "write a path such as 14/03/21/, or \\$subject.jurisdiction",
    "Dwelling.hasOpenInspection: {answer: [1]}": "is asked with nothing; write `Dwelling.hasOpenInspection: answer`",
    "Person.birthDate: answer": "is no answer of the catalogue",
    "Person: answer": "is no answer of the catalogue",
    "Person.ageOver: {answers: [18]}": "p.yaml:10",
    "Person.ageOver: Answer": "not written in small letters",
}


@pytest.mark.parametrize("fields", FAULTS)
def test_what_is_wrong_is_told_with_file_line_and_remedy(fields: str) -> None:
    with pytest.raises(YamlFileError, match=FAULTS[fields]) as told:
        policy(fields)
    assert told.value.place.startswith("p.yaml:10")


def kinds(before: str, after: str) -> Iterable[str]:
    return [each.kind.value for each in diff(SPINE, policy(before), policy(after), TODAY).changes]


def test_one_more_value_widens_and_one_less_narrows() -> None:
    one, two = "Person.ageOver: {answer: [18]}", "Person.ageOver: {answer: [18, 60]}"
    assert kinds(one, two) == ["widened"] and kinds(two, one) == ["narrowed"]
    assert kinds(one, "Person.ageOver: {answer: [60]}") == ["changed rows"]
    own, same = (f"Person.isResident: {{answer: [{each}]}}" for each in ("$subject.jurisdiction", "14/03/21/"))
    assert kinds(own, same) == []


def test_an_expectation_names_what_is_answered() -> None:
    expect = "expect: [{app: app, purpose: a, coordinate: Person.ageOver, effects: [answer(18)]}]\n"
    (fault,) = [
        each for each in check(SPINE, policy("Person.ageOver: {answer: [60]}", expect), TODAY) if each.level == "error"
    ]
    assert "has answer(60) on Person.ageOver; expected answer(18)" in fault.text
    assert all(each.level != "error" for each in check(SPINE, policy("Person.ageOver: {answer: [18]}", expect), TODAY))
