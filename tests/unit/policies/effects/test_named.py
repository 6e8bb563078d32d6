"""What a grant lets be verified: which fields together, on which rows, and what takes it away."""

from __future__ import annotations

import datetime as dt

import pytest

from policies.decide import decide
from policies.language import load_files
from policies.model import PolicySet, TypeDecision
from policies.ownership import touched_types
from policies.review.check import check, effects_of_expectation, subject_of
from policies.review.diff import diff
from policies.review.undecided import undecided
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
POLICY = """
purposes: [{id: a, zh: 甲, en: A}, {id: a.b, zh: 乙, en: B}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/21/}]
grants:
  - id: desk
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}, Event: {}}
    verify: VERIFY
    obligations: OBLIGATIONS
"""
THREE = "[Person.idNumber, Person.name, Person.address]"


def policy(verify: str = THREE, obligations: str = "{matchDailyCap: 9}", more: str = "") -> PolicySet:
    text = POLICY.replace("VERIFY", verify).replace("OBLIGATIONS", obligations) + more
    return load_files({"p.yaml": text.encode()}, SPINE)


def table(found: PolicySet, purpose: str = "a") -> TypeDecision:
    return decide(SPINE, found, subject_of(found.applications["app"]), purpose, TODAY).of("Person")


def test_all_fields_of_a_grant_go_together_and_show_nothing() -> None:
    found = policy()
    assert table(found).verified == {("address", "idNumber", "name"): frozenset({0})}
    assert table(found, "a.b").verified == table(found).verified
    assert not (table(found).visible or table(found).contributing or table(found).matchable or table(found).fields)
    decision = decide(SPINE, found, subject_of(found.applications["app"]), "a", TODAY)
    assert effects_of_expectation(decision, "Person.name") == ("verify",)
    assert effects_of_expectation(decision, "Person.phone") == ()
    assert decision.reasons["Person.name"][0].effect == "verify"
    assert "Person.name" not in undecided(SPINE, found)


@pytest.mark.parametrize(
    ("verify", "why"),
    [
        ("[Person.fone, Person.name]", "Person has no field 'fone'"),
        ("[Event.number, Person.name]", "is not of a person"),
        ("[Person.idNumber, Person.birthDate]", "Person.birthDate cannot be verified: few questions would find"),
        ("[Person.idNumber, Person.gender]", "Person.gender cannot be verified"),
        ("[Person.idNumber, Person.region]", "Person.region cannot be verified"),
        ("[Person.idNumber, Person.dwellings]", "Person.dwellings cannot be verified"),
        ("[Person.idNumber, Person.ageOver]", "Person.ageOver cannot be verified"),
        ("[Person.name, Person.address]", "names one person; add one of Person.idNumber, Person.phone"),
        ("[Person.idNumber]", "tells only whether somebody has it"),
        ("[Person.idNumber, Person.name, Person.name]", "stands twice"),
    ],
)
def test_what_cannot_be_verified_refuses_the_load(verify: str, why: str) -> None:
    with pytest.raises(YamlFileError) as refused:
        policy(verify)
    assert why in str(refused.value) and "p.yaml:10" in str(refused.value)


def test_without_a_bound_the_load_is_refused() -> None:
    with pytest.raises(YamlFileError, match="`verify` without a bound lets whole numbers be guessed; add"):
        policy(obligations="{nodeCap: 5}")


@pytest.mark.parametrize("obligations", ["{case: required}", "{dailyCap: 5}", "{matchDailyCap: 5}"])
def test_each_bound_will_do(obligations: str) -> None:
    assert table(policy(obligations=obligations)).verified


def test_rows_must_say_which_people() -> None:
    text = POLICY.replace("VERIFY", THREE).replace("OBLIGATIONS", "{dailyCap: 5}")
    text = text.replace("Person: {region: {startsWith: $subject.jurisdiction}}, ", "")
    with pytest.raises(YamlFileError, match="`rows` says nothing of Person"):
        load_files({"p.yaml": text.encode()}, SPINE)


@pytest.mark.parametrize("named", ["Person.address", "Person", "kind:name", "personal"])
def test_whoever_prohibits_one_field_prohibits_all(named: str) -> None:
    more = f"prohibitions: [{{id: none, prohibit: ['{named}'], for: [a.b], basis: law}}]\n"
    found = policy(more=more)
    assert not table(found).verified and not table(found, "a.b").verified
    assert "conflict" in {each.rule for each in check(SPINE, found, TODAY)}


def kinds(before: PolicySet, after: PolicySet) -> dict[str, str]:
    changes = diff(SPINE, before, after, TODAY).changes
    return {each.thing: each.kind.value for each in changes if each.purpose == "a"}


def test_a_comparison_tells_what_is_verified_anew() -> None:
    two = policy("[Person.idNumber, Person.name]")
    nothing = load_files({"p.yaml": POLICY.partition("grants:")[0].encode()}, SPINE)
    assert kinds(nothing, two)["Person verify(idNumber, name)"] == "new"
    # With fewer fields each can be guessed alone, so that one change takes something and gives something.
    assert kinds(policy(), two) == {
        "Person verify(address, idNumber, name)": "gone",
        "Person verify(idNumber, name)": "new",
    }
    assert kinds(policy(), policy()) == {}
    assert set(touched_types(policy(), two)) == {"Person"}
