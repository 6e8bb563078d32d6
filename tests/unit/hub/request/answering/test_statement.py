"""An answer in the statement: what it reads is read in the database, and only yes or no leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Code, HubError
from policies.model import PolicySet
from tests.support.small_graph import ALL_CLEAR, policy, prepare, subject

pytestmark = pytest.mark.unit
GRANTED = ALL_CLEAR.replace(
    "fields: {Person: clear,",
    "fields: {Person.name: clear, Person.ageOver: {answer: [18, 60]}, "
    "Person.isResident: {answer: [$subject.jurisdiction]},",
)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), GRANTED)


def asked(policies: PolicySet, cells: str) -> tuple[str, dict[str, object], set[tuple[str, str]]]:
    planned, statement = prepare(
        policies, subject(policies, "app"), "a", f"{{ people {{ edges {{ node {{ {cells} }} }} }} }}"
    )
    assert statement is not None
    assert planned.coordinates.answered and not planned.coordinates.denied
    return statement.text, statement.parameters, {(each.coordinate, each.origin) for each in statement.references}


def test_what_an_answer_reads_is_not_what_the_request_asks_for(policies: PolicySet) -> None:
    text, _, read = asked(policies, "name ageOver(years: 18)")
    assert ("Person.birthDate", "answer") in read and ("Person.birthDate", "request") not in read
    assert text.count("MATCH") == 1


def test_a_question_is_asked_once_whatever_its_names_are(policies: PolicySet) -> None:
    one, _, _ = asked(policies, "ageOver(years: 18)")
    two, _, _ = asked(policies, "a: ageOver(years: 18) b: ageOver(years: 18)")
    three, _, _ = asked(policies, "a: ageOver(years: 18) b: ageOver(years: 60)")
    assert one == two and one.count("birthDate") == 1 and three.count("birthDate") == 2


@pytest.mark.parametrize(
    "cell", ["ageOver(years: 17)", "ageOver(years: 0)", 'isResident(of: "14/")', 'isResident(of: "")']
)
def test_no_other_value_is_answered(policies: PolicySet, cell: str) -> None:
    with pytest.raises(HubError) as refused:
        asked(policies, f"name {cell}")
    assert refused.value.code is Code.VALIDATION
    assert "for these values of" in refused.value.public_message


def test_an_answer_that_nobody_granted_is_denied(tmp_path: Path) -> None:
    found = policy(tmp_path, ALL_CLEAR)
    planned, statement = prepare(
        found, subject(found, "app"), "a", "{ people { edges { node { name ageOver(years: 18) } } } }"
    )
    assert planned.coordinates.denied == ("Person.ageOver",)
    assert statement is not None and "birthDate" not in statement.text
