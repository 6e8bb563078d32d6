"""A filter, sort, cursor or group on a coordinate that is not clear is refused, whatever operator or nesting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import Code, HubError
from policies.model import PolicySet
from schema import SPINE
from schema.catalogue import Field, Scalar
from schema.predicate import OPERATORS, Op
from tests.support.small_graph import policy, prepare, subject

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - id: one
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}, Dwelling: {}, Event: {}}
    fields:
      Person.residency: clear
      Person.dwellings: clear
      Person.phone: {mask: "partial(3,4)"}
      Person.name: {mask: surname}
      Person.birthDate: {mask: year}
      Person.region: {mask: redact}
      Dwelling.roomNo: {mask: redact}
      Event.kind: clear
      Event.text: {mask: redact}
      Event.region: aggregate
      Event.status: aggregate
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
"""

VALUES: dict[Scalar, Any] = {
    Scalar.STRING: "x",
    Scalar.REGION: "14/",
    Scalar.INT: 1,
    Scalar.FLOAT: 1.5,
    Scalar.BOOLEAN: True,
    Scalar.DATE: "1950-01-01",
    Scalar.DATETIME: "2026-01-01T00:00:00+08:00",
}


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


def refused(policies: PolicySet, document: str, variables: dict[str, Any]) -> Code | None:
    try:
        prepare(policies, subject(policies, "app"), "a", document, variables)
    except HubError as refusal:
        assert "x" not in refusal.public_message.split(), "a refusal never repeats a value"
        return refusal.code
    return None


def operand(field: Field, op: Op) -> Any:
    if op is Op.IS_NULL:
        return True
    value = field.values[0] if field.values else VALUES[field.scalar]
    return [value] if op is Op.IN else value


def leaves(entity: str, clear: set[str]) -> Iterator[Any]:
    """Each field that is not clear with each operator it takes."""
    for field in SPINE.entity(entity).fields:
        if field.name not in clear:
            for op in OPERATORS[field.scalar]:
                yield pytest.param(field.name, op.value, operand(field, op), id=f"{entity}.{field.name}.{op}")


SHAPES = {
    "plain": lambda leaf: leaf,
    "not": lambda leaf: {"not": leaf},
    "or": lambda leaf: {"or": [{"residency": {"eq": "PERMANENT"}}, leaf]},
    "and not or": lambda leaf: {"and": [{"not": {"or": [leaf]}}]},
    "not not": lambda leaf: {"not": {"not": leaf}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(("field", "op", "value"), list(leaves("Person", {"residency"})))
def test_each_operator_on_what_is_not_clear_is_refused(
    policies: PolicySet, field: str, op: str, value: Any, shape: Any
) -> None:
    where = shape({field: {op: value}})
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    expected = Code.FIELD_NOT_FILTERABLE
    if (field, op, shape) == ("idNumber", "eq", SHAPES["plain"]):
        expected = None  # type: ignore[assignment]  # the one thing that `match` permits
    if (field, op, shape) == ("idNumber", "eq", SHAPES["not not"]):
        expected = None  # type: ignore[assignment]  # says the same
    assert refused(policies, document, {"w": where}) is expected


@pytest.mark.parametrize("quantifier", ["some", "none"])
@pytest.mark.parametrize(("field", "op", "value"), list(leaves("Dwelling", set())))
def test_so_is_each_operator_beyond_an_edge(
    policies: PolicySet, field: str, op: str, value: Any, quantifier: str
) -> None:
    where = {"dwellings": {quantifier: {field: {op: value}}}}
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    assert refused(policies, document, {"w": where}) is Code.FIELD_NOT_FILTERABLE


def test_an_edge_that_is_not_clear_cannot_be_filtered_over(policies: PolicySet) -> None:
    document = "{ people(where: {reports: {some: {kind: {eq: NOISE}}}}) { edges { node { id } } } }"
    assert refused(policies, document, {}) is Code.FIELD_NOT_FILTERABLE


def test_a_match_stands_alone_and_is_complete(policies: PolicySet) -> None:
    for where in (
        {"idNumber": {"eq": "x"}, "residency": {"eq": "PERMANENT"}},
        {"or": [{"idNumber": {"eq": "x"}}, {"idNumber": {"eq": "y"}}]},
        {"idNumber": {"in": ["x"]}},
        {"idNumber": {"startsWith": "x"}},
    ):
        document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
        assert refused(policies, document, {"w": where}) is Code.FIELD_NOT_FILTERABLE
    beyond = '{ dwellings(where: {residents: {some: {idNumber: {eq: "x"}}}}) { edges { node { id } } } }'
    assert refused(policies, beyond, {}) is Code.FIELD_NOT_FILTERABLE


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", [f.name for f in SPINE.entity("Person").fields if f.name != "residency"])
def test_a_sort_on_what_is_not_clear_is_refused(policies: PolicySet, field: str, direction: str) -> None:
    root = f"{{ people(orderBy: [{{residency: ASC}}, {{{field}: {direction}}}]) {{ edges {{ cursor }} }} }}"
    assert refused(policies, root, {}) is Code.FIELD_NOT_FILTERABLE


@pytest.mark.parametrize("field", [field.name for field in SPINE.entity("Dwelling").fields])
def test_so_is_a_sort_of_a_nested_list(policies: PolicySet, field: str) -> None:
    document = f"{{ people {{ edges {{ node {{ dwellings(orderBy: [{{{field}: ASC}}]) {{ id }} }} }} }} }}"
    assert refused(policies, document, {}) is Code.FIELD_NOT_FILTERABLE


@pytest.mark.parametrize("bucket", ["GENDER", "AGE_BAND", "REGION_STREET"])
def test_a_group_needs_clear_or_aggregate(policies: PolicySet, bucket: str) -> None:
    document = f"{{ peopleAggregate(groupBy: [{bucket}]) {{ count }} }}"
    assert refused(policies, document, {}) is Code.FIELD_NOT_FILTERABLE


AGGREGATE_WHERE: list[tuple[dict[str, Any], Code | None]] = [
    ({"status": {"eq": "CLOSED"}}, None),
    ({"status": {"in": ["CLOSED"]}}, None),
    ({"not": {"status": {"eq": "CLOSED"}}}, None),
    ({"status": {"isNull": True}}, Code.FIELD_NOT_FILTERABLE),
    ({"regionStreet": {"eq": "14/03/21/001/"}}, None),
    ({"region": {"startsWith": "14/"}}, Code.FIELD_NOT_FILTERABLE),
    ({"region": {"eq": "14/"}}, Code.FIELD_NOT_FILTERABLE),
    ({"text": {"startsWith": "x"}}, Code.FIELD_NOT_FILTERABLE),
    ({"kind": {"eq": "NOISE"}}, None),
]


@pytest.mark.parametrize(("where", "code"), AGGREGATE_WHERE)
def test_an_aggregate_compares_through_buckets_only(
    policies: PolicySet, where: dict[str, Any], code: Code | None
) -> None:
    document = "query($w: EventAggregateWhere) { eventsAggregate(where: $w) { count } }"
    assert refused(policies, document, {"w": where}) is code


def test_a_bucket_is_no_filter_of_a_list(policies: PolicySet) -> None:
    document = "query($w: EventWhere) { events(where: $w) { edges { node { id } } } }"
    assert refused(policies, document, {"w": {"status": {"eq": "CLOSED"}}}) is Code.FIELD_NOT_FILTERABLE


@pytest.mark.parametrize("first", [-1, 201, 2147483647])
@pytest.mark.parametrize(
    "document",
    [
        "query($n: Int) { people(first: $n) { edges { cursor } } }",
        "query($n: Int) { people { edges { node { dwellings(first: $n) { id } } } } }",
    ],
)
def test_a_page_has_a_maximum(policies: PolicySet, document: str, first: int) -> None:
    assert refused(policies, document, {"n": first}) is Code.VALIDATION


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "A" * 400, "eyJhIjoxfQ=="])
def test_a_cursor_that_we_did_not_seal_is_refused(policies: PolicySet, cursor: str) -> None:
    document = "query($c: String) { people(after: $c) { edges { cursor } } }"
    assert refused(policies, document, {"c": cursor}) is Code.BAD_CURSOR
