"""A condition that says nothing is refused by name: no variable left out, null or empty makes an answer wider."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.request.plan_model import Page
from policies.model import PolicySet
from schema.predicate import Compare, Op
from tests.support.small_graph import ALL_CLEAR, policy, prepare, subject

pytestmark = pytest.mark.unit

POLICY = f"{ALL_CLEAR}    match: [Person.idNumber]\n    obligations: {{dailyCap: 9}}\n    accesses: true\n"
PEOPLE = "edges { node { name } }"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


def refusal(policies: PolicySet, document: str, variables: dict[str, Any]) -> HubError:
    with pytest.raises(HubError) as caught:
        prepare(policies, subject(policies, "app"), "a", document, variables)
    return caught.value


VARIABLES = [
    ("query($x: String) { people(where: {idNumber: {eq: $x}}) { EDGES } }", "String"),
    ("query($x: String) { people(where: {idNumber: {eq: $x, startsWith: \"14\"}}) { EDGES } }", "String"),
    ("query($x: String) { people(where: {name: {eq: \"a\"}, idNumber: {eq: $x}}) { EDGES } }", "String"),
    ("query($x: [String!]) { people(where: {idNumber: {in: $x}}) { EDGES } }", "list"),
    ("query($x: [String!]) { people(where: {not: {idNumber: {in: $x}}}) { EDGES } }", "list"),
    ("query($x: StringFilter) { people(where: {idNumber: $x}) { EDGES } }", "object"),
    ("query($x: PersonWhere) { people(where: $x) { EDGES } }", "object"),
    ("query($x: PersonWhere) { people(where: {not: $x}) { EDGES } }", "object"),
    ("query($x: PersonWhere!) { people(where: {and: [{name: {eq: \"a\"}}, $x]}) { EDGES } }", "required"),
    ("query($x: [PersonWhere!]) { people(where: {or: $x}) { EDGES } }", "list"),
    ("query($x: [PersonWhere!]) { people(where: {name: {eq: \"a\"}, and: $x}) { EDGES } }", "list"),
    ("query($x: DwellingEdgeFilter) { people(where: {dwellings: $x}) { EDGES } }", "object"),
    ("query($x: DwellingWhere) { people(where: {dwellings: {none: $x}}) { EDGES } }", "object"),
    ("query($x: DwellingWhere) { people(where: {dwellings: {some: $x}}) { EDGES } }", "object"),
    ("query($x: PersonAggregateWhere) { peopleAggregate(where: $x) { count } }", "object"),
    ("query($x: PersonWhere = {}) { people(where: $x) { EDGES } }", "object"),
    ("query($x: String = null) { people(where: {idNumber: {eq: $x}}) { EDGES } }", "String"),
    ("query($x: Boolean) { people(where: {idNumber: {isNull: $x}}) { EDGES } }", "Boolean"),
    ("query($x: Date) { people(where: {birthDate: {gte: \"1990-01-01\", lt: $x}}) { EDGES } }", "Date"),
    ("query($x: PersonWhere!) { accessesOf(where: $x) { day } }", "required"),
    ("query($x: String) { accessesOf(where: {idNumber: {eq: $x}}) { day } }", "Text"),
    ("query($x: Date) { accessesOf(where: {idNumber: {eq: \"7\"}}, since: $x) { day } }", "Date"),
    ("query($x: Date) { accessesOf(where: {idNumber: {eq: \"7\"}}, until: $x) { day } }", "Date"),
]  # fmt: skip
EMPTY: dict[str, list[dict[str, Any]]] = {
    "String": [{}, {"x": None}, {"x": ""}],
    "Text": [{}, {"x": None}],
    "list": [{}, {"x": None}, {"x": []}],
    "object": [{}, {"x": None}, {"x": {}}],
    "required": [{"x": {}}],
    "Boolean": [{}, {"x": None}],
    "Date": [{}, {"x": None}],
}


@pytest.mark.parametrize(
    ("document", "given"), [(document, given) for document, kind in VARIABLES for given in EMPTY[kind]]
)
def test_case_1_15_a_variable_left_out_null_or_empty_is_refused(
    policies: PolicySet, document: str, given: dict[str, Any]
) -> None:
    error = refusal(policies, document.replace("EDGES", PEOPLE), given)
    assert error.code is Code.VALIDATION
    assert "$x" in error.public_message or "where" in error.public_message


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ("null", "where"),
        ("{}", "where"),
        ("{idNumber: null}", "where.idNumber"),
        ("{idNumber: {}}", "where.idNumber"),
        ("{idNumber: {eq: null}}", "where.idNumber"),
        ("{idNumber: {in: []}}", "where.idNumber.in"),
        ("{idNumber: {startsWith: \"\"}}", "where.idNumber.startsWith"),
        ("{name: {eq: \"a\"}, idNumber: {eq: null, in: null}}", "where.idNumber"),
        ("{not: {}}", "where.not"),
        ("{not: null}", "where.not"),
        ("{or: []}", "where.or"),
        ("{and: [{}]}", "where.and.0"),
        ("{or: [{name: {eq: \"a\"}}, {}]}", "where.or.1"),
        ("{not: {or: []}}", "where.not.or"),
        ("{dwellings: {}}", "where.dwellings"),
        ("{dwellings: {none: {}}}", "where.dwellings.none"),
        ("{dwellings: {some: {residents: {some: {}}}}}", "where.dwellings.some.residents.some"),
    ],
)  # fmt: skip
def test_case_1_15_a_written_condition_that_says_nothing_is_refused(
    policies: PolicySet, condition: str, place: str
) -> None:
    error = refusal(policies, f"{{ people(where: {condition}) {{ {PEOPLE} }} }}", {})
    assert error.code is Code.VALIDATION
    assert place in error.public_message


def test_case_1_15_a_default_stands_for_a_variable_left_out_and_null_does_not(policies: PolicySet) -> None:
    document = f'query($x: String = "a") {{ people(where: {{name: {{eq: $x}}}}) {{ {PEOPLE} }} }}'
    planned, _ = prepare(policies, subject(policies, "app"), "a", document, {})
    (root,) = planned.roots
    assert isinstance(root, Page)
    assert root.where == Compare("name", Op.EQ, "a")
    assert "$x" in refusal(policies, document, {"x": None}).public_message


@pytest.mark.parametrize("variables", [{}, {"d": None}])
@pytest.mark.parametrize("keys", ["{name: ASC, phone: $d}", "[{name: ASC}, {phone: $d}]", "[{phone: $d}]"])
def test_a_sort_key_that_a_variable_would_leave_out_is_refused(
    policies: PolicySet, keys: str, variables: dict[str, Any]
) -> None:
    error = refusal(policies, f"query($d: Direction) {{ people(orderBy: {keys}) {{ {PEOPLE} }} }}", variables)
    assert error.code is Code.VALIDATION
    assert "the variable $d has no value, so orderBy of people" in error.public_message


def test_an_order_that_is_left_out_whole_is_that_of_the_type(policies: PolicySet) -> None:
    document = f"query($o: [PersonOrder!]) {{ people(orderBy: $o) {{ {PEOPLE} }} }}"
    without = prepare(policies, subject(policies, "app"), "a", f"{{ people {{ {PEOPLE} }} }}", {})[0]
    for variables in ({}, {"o": None}):
        assert prepare(policies, subject(policies, "app"), "a", document, variables)[0].roots == without.roots


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ('{ people(where: {name: {eq: "a", in: null, startsWith: null, isNull: null}}) { EDGES } }', {}),
        (
            "query($x: PersonWhere) { people(where: $x) { EDGES } }",
            {"x": {"name": {"eq": "a", "in": None, "startsWith": None, "isNull": None}}},
        ),
        ("query($x: StringFilter) { people(where: {name: $x}) { EDGES } }", {"x": {"eq": "a", "in": None}}),
    ],
)
def test_case_3_05_an_operator_that_is_null_beside_another_is_absent(
    policies: PolicySet, document: str, variables: dict[str, Any]
) -> None:
    planned, _ = prepare(policies, subject(policies, "app"), "a", document.replace("EDGES", PEOPLE), variables)
    (root,) = planned.roots
    assert isinstance(root, Page)
    assert root.where == Compare("name", Op.EQ, "a")


@pytest.mark.parametrize(
    "document",
    [
        "query($x: Boolean = true) { people { edges { node { name @include(if: $x) } } } }",
        "query($x: Boolean = false) { people @skip(if: $x) { edges { node { name } } } }",
        "query($x: Boolean = true) { people { edges { node { ... @include(if: $x) { name } } } } }",
        'query($x: ID = "x") { node(id: $x) { id } }',
        'query($x: ID = "x") { person(id: $x) { id } }',
        "query($x: PersonOrder = {name: ASC}) { people(orderBy: [$x]) { edges { node { name } } } }",
        "query($x: PersonBucket = GENDER) { peopleAggregate(groupBy: [$x]) { count gender } }",
    ],
)
def test_null_for_a_variable_with_a_default_is_refused_where_null_is_not_taken(
    policies: PolicySet, document: str
) -> None:
    error = refusal(policies, document, {"x": None})
    assert error.code is Code.VALIDATION
    assert "$x is null" in error.public_message
    assert error.locations
