"""A verification in the statement: what is compared stays in the database, and only one word is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Code, HubError
from hub.request.plan_model import DeniedCell
from hub.request.verifying.root import agreement
from policies.model import PolicySet
from tests.support.small_graph import ALL_CLEAR, policy, prepare, subject

pytestmark = pytest.mark.unit
GRANTED = f"""{ALL_CLEAR.partition("    rows:")[0]}    rows: {{Person: {{}}}}
    verify: [Person.phone, Person.idNumber, Person.name]
    obligations: {{matchDailyCap: 5}}
"""
WHERE = '{name: {eq: "安"}, phone: {eq: "13800000000"}, idNumber: {eq: "1x"}}'


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), GRANTED)


def test_the_first_identifying_field_finds_the_person(policies: PolicySet) -> None:
    planned, statement = prepare(policies, subject(policies, "app"), "a", f"{{ verify(where: {WHERE}) }}")
    assert statement is not None and statement.text.count("MATCH") == 1
    assert "n0.idNumber = $" in statement.text.partition("WITH")[0]
    assert "n0.phone" not in statement.text.partition("WITH")[0]
    assert set(statement.parameters.values()) >= {"安", "13800000000", "1X"}
    assert planned.coordinates.matched == ("Person.idNumber", "Person.name", "Person.phone")
    read = {(each.coordinate, each.origin) for each in statement.references}
    assert read == {(f"Person.{name}", "verify") for name in ("idNumber", "name", "phone")}


def test_one_question_is_asked_once_whatever_its_names_are(policies: PolicySet) -> None:
    query = f"{{ a: verify(where: {WHERE}) b: verify(where: {WHERE}) }}"
    planned, statement = prepare(policies, subject(policies, "app"), "a", query)
    assert statement is not None and statement.text.count("MATCH") == 1
    assert len(planned.matches) == 2, "and is counted as two"


@pytest.mark.parametrize(
    "where",
    [
        '{idNumber: {eq: "1"}}',
        '{idNumber: {eq: "1"}, name: {eq: "安"}}',
        '{idNumber: {eq: "1"}, name: {eq: "安"}, phone: {eq: "1"}, address: {eq: "街"}}',
        '{idNumber: {eq: "1"}, name: {eq: "安"}, phone: {startsWith: "1"}}',
        '{idNumber: {in: ["1"]}, name: {eq: "安"}, phone: {eq: "1"}}',
        '{or: [{idNumber: {eq: "1"}}, {name: {eq: "安"}}, {phone: {eq: "1"}}]}',
        '{not: {idNumber: {eq: "1"}, name: {eq: "安"}, phone: {eq: "1"}}}',
        '{and: [{idNumber: {eq: "1"}}, {idNumber: {eq: "2"}}, {name: {eq: "安"}}, {phone: {eq: "1"}}]}',
        '{idNumber: {eq: "1"}, name: {eq: "安"}, phone: {eq: "1"}, dwellings: {some: {usage: {eq: RENTED}}}}',
    ],
)
def test_anything_but_all_whole_values_is_refused(policies: PolicySet, where: str) -> None:
    with pytest.raises(HubError) as refused:
        prepare(policies, subject(policies, "app"), "a", f"{{ verify(where: {where}) }}")
    assert refused.value.code is Code.FIELD_NOT_FILTERABLE
    assert "idNumber, name, phone" in refused.value.public_message and "安" not in refused.value.public_message


def test_what_nobody_granted_is_denied(tmp_path: Path) -> None:
    found = policy(tmp_path, ALL_CLEAR)
    planned, statement = prepare(found, subject(found, "app"), "a", f"{{ verify(where: {WHERE}) }}")
    assert isinstance(planned.roots[0], DeniedCell) and statement is None
    assert planned.coordinates.denied == ("Person",)


@pytest.mark.parametrize(
    ("result", "word"),
    [([], "CANNOT_SAY"), (["s", None], "CANNOT_SAY"), (["s", False], "DISAGREES"), (["s", True], "AGREES")],
)
def test_what_a_result_means(result: list[object], word: str) -> None:
    assert agreement(result) == word
