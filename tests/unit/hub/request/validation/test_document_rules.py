"""What a document that does not fit the schema is told: field, type and the nearest name, and no value of its own."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from hub.errors import HubError
from hub.request.validation.document_rules import RULES
from tests.support.small_graph import SCHEMA
from tests.unit.hub.request.test_limits import check, refusal

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "{ peopel { edges { cursor } } }",
            "Cannot query field 'peopel' on type 'Query'. The nearest is 'people'.",
        ),
        (
            "{ people { edges { node { phnoe } } } }",
            "Cannot query field 'phnoe' on type 'Person'. The nearest is 'phone'.",
        ),
        ("{ people { edges { node { ID } } } }", "Cannot query field 'ID' on type 'Person'. The nearest is 'id'."),
        ("{ people { edges { node { zzzzzz } } } }", "Cannot query field 'zzzzzz' on type 'Person'."),
        ('{ node(id: "a") { idd } }', "Cannot query field 'idd' on type 'Node'. The nearest is 'id'."),
        (
            "{ people(frist: 1) { edges { node { id } } } }",
            "Unknown argument 'frist' on field 'Query.people'. The nearest is 'first'.",
        ),
        (
            "{ buildings { edges { node { dwellings(ordreBy: []) { id } } } } }",
            "Unknown argument 'ordreBy' on field 'Building.dwellings'. The nearest is 'orderBy'.",
        ),
        ("{ __typename @skip(iff: true) }", "Unknown argument 'iff' on directive '@skip'."),
        ("{ ... on Querry { __typename } }", "Unknown type 'Querry'. The nearest is 'Query'."),
        (
            "query ($w: PersonWher) { people(where: $w) { edges { node { id } } } }",
            "Unknown type 'PersonWher'. The nearest is 'PersonWhere'.",
        ),
        (
            "query ($n: Itn) { people(first: $n) { edges { cursor } } }",
            "Unknown type 'Itn'. The nearest is 'Int'.",
        ),
        ("{ ...Rot } fragment Root on Query { __typename }", "Unknown fragment 'Rot'. The nearest is 'Root'."),
        (
            '{ people(where: {phnoe: {eq: "1"}}) { edges { node { id } } } }',
            "people: where: expected PersonWhere, an object with the fields that introspection lists for it; "
            "the nearest is phone",
        ),
        (
            "{ people(orderBy: [{naem: ASC}]) { edges { node { id } } } }",
            "people: orderBy.0: expected PersonOrder, an object with the fields that introspection lists for it; "
            "the nearest is name",
        ),
        (
            "{ peopleAggregate(groupBy: [AGE_BNAD]) { count } }",
            "peopleAggregate: groupBy.0: expected PersonBucket, one of GENDER, AGE_BAND, RESIDENCY, REGION_STREET, "
            "REGION_COMMUNITY, REGION_GRID; the nearest is AGE_BAND",
        ),
    ],
)
def test_b13_the_nearest_name_of_the_schema_is_told(query: str, told: str) -> None:
    found = messages(query)
    assert told in found
    assert not any("Did you mean" in each for each in found)


def test_the_key_of_an_object_in_a_variable_is_told_by_the_nearest_alone() -> None:
    query = "query ($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    told = refusal(query, variables={"w": {"phnoe": {"eq": "1"}}}).public_message
    assert "the nearest is phone" in told and "phnoe" not in told


def test_a_long_name_is_not_compared() -> None:
    assert "nearest" not in refusal("{ people" + "e" * 40 + " }").public_message


def test_each_rule_of_the_specification_is_checked() -> None:
    assert len(RULES) == len(set(RULES)) > 30


# Wrong documents by the hundred.

DOCUMENTS = (
    'query Q($n: Int = 3, $no: String! = "1") { people(first: $n, where: {idNumber: {eq: $no}}) '
    "{ edges { cursor node { id name } } } }",
    '{ people(first: 2, after: "c", where: {or: [{name: {startsWith: "x"}}, {not: {phone: {isNull: true}}}]}, '
    "orderBy: [{name: ASC}, {birthDate: DESC}]) { pageInfo { hasNextPage } edges { node { gender } } } }",
    '{ peopleAggregate(groupBy: [AGE_BAND], where: {gender: {in: [MALE, FEMALE]}, ageBand: {eq: "60-69"}}) '
    "{ ageBand count } }",
    '{ buildings(where: {dwellings: {some: {usage: {eq: RENTED}}}, region: {startsWith: "14/03/"}}) '
    "{ edges { node { code dwellings(first: 2, orderBy: [{code: ASC}]) { usage residents(first: 1) { name } } } } } }",
    '{ node(id: "abc") { ... on Person { name } } event(id: "x") { status } }',
    'query ($on: Boolean! = true) { events(where: {reportedAt: {gte: "2026-06-30T08:00:00+08:00"}}) '
    "{ edges { node { id @include(if: $on) ...E } } } } fragment E on Event { text @skip(if: false) }",
    '{ accessesOf(where: {idNumber: {eq: "1"}}, since: "2026-01-01", until: "2026-02-01") { day kinds } }',
)
CANARY = "CANARY13800138000"
NUMBER = "138001380001"
LITERALS = (
    f'"{CANARY}"', f'"""{CANARY}"""', CANARY, NUMBER, f"-{NUMBER}", f"{NUMBER}.5", f"[{NUMBER}]", f'["{CANARY}"]',
    f'{{{CANARY}: "{CANARY}"}}', f"{{eq: {CANARY}}}", f'{{eq: {{in: ["{CANARY}"]}}}}', f"[[{CANARY}], {NUMBER}]",
    f"{{some: {{name: {{eq: {NUMBER}}}}}}}", f"{{and: [{{{CANARY}: {NUMBER}}}]}}",
)  # fmt: skip
VALUES = (
    BooleanValueNode, EnumValueNode, FloatValueNode, IntValueNode, ListValueNode, NullValueNode, ObjectValueNode,
    StringValueNode,
)  # fmt: skip


def places(document: str, *kinds: type[Node]) -> list[tuple[int, int]]:
    """Where in the text nodes of these kinds stand: start and end."""
    found: list[tuple[int, int]] = []

    class Places(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, kinds) and node.loc:
                found.append((node.loc.start, node.loc.end))

    visit(parse(document), Places())
    return found


def messages(query: str) -> list[str]:
    """What a refusal of the document says; nothing where it fits."""
    try:
        check(query)
    except HubError as refused:
        return [each.public_message for each in (refused, *refused.also)]
    return []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_fit(document: str) -> None:
    assert messages(document) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_e13_no_literal_of_a_wrong_document_is_in_its_refusal(document: str) -> None:
    refused = 0
    for start, end in places(document, *VALUES):
        for literal in LITERALS:
            wrong = document[:start] + literal + document[end:]
            told = messages(wrong)
            refused += bool(told)
            assert not [each for each in told if CANARY in each or NUMBER in each], wrong
    assert refused >= 20


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_name_with_a_letter_too_many_is_told_with_its_type_or_place(document: str) -> None:
    marked = document.replace('"1"', f'"{CANARY}"').replace('"x"', f'"{CANARY}"')
    told_near = 0
    for _, end in places(marked, NameNode):
        for each in messages(f"{marked[:end]}x{marked[end:]}"):
            told_near += "nearest" in each
            assert "Did you mean" not in each
            assert CANARY not in each
    assert told_near >= 3


def test_the_search_finds_a_value_that_is_told() -> None:
    """graphql-core's own rules quote values."""
    start, end = places(DOCUMENTS[1], IntValueNode)[0]
    wrong = f'{DOCUMENTS[1][:start]}"{CANARY}"{DOCUMENTS[1][end:]}'
    assert any(CANARY in each.message for each in validate(SCHEMA, parse(wrong)))
    assert not any(CANARY in each for each in messages(wrong))


def test_every_kind_of_value_but_variables_is_replaced() -> None:
    kinds = {kind.__name__ for kind in ValueNode.__subclasses__()} - {kind.__name__ for kind in VALUES}
    assert {each for each in kinds if not each.startswith("Const")} == {"VariableNode"}
