"""D: counts, orders, pages, sizes and texts tell nothing about who is hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schema import SPINE
from schema.catalogue import Scalar
from schema.predicate import OPERATORS
from tests.support.attack_scene import RAW, Scene, names
from tests.support.small_graph import SCHEMA, sid

pytestmark = pytest.mark.attack
COUNT = "query($w: PersonAggregateWhere, $g: [PersonBucket!]) { peopleAggregate(where: $w, groupBy: $g) { count } }"
COUNT_ALL = "query($g: [PersonBucket!]) { peopleAggregate(groupBy: $g) { count } }"


def counts(scene: Scene, where: dict[str, Any] | None = None, groups: list[str] | None = None) -> list[int | None]:
    document, condition = (COUNT_ALL, {}) if where is None else (COUNT, {"w": where})
    asked = scene.ask("counter", "stat", document, {**condition, "g": groups or []})
    return [row["count"] for row in asked.answer.data["peopleAggregate"]]


def test_d01_small_cells_and_empty_ones_are_null(scene: Scene) -> None:
    # Four living people of the district: two men, two women; the threshold is three.
    assert counts(scene) == [4]
    asked = scene.ask("counter", "stat", COUNT_ALL, {"g": ["GENDER"]})
    assert asked.answer.data == {"peopleAggregate": [{"count": None}, {"count": None}]}
    assert asked.codes == ["SUPPRESSED"]
    bands = counts(scene, groups=["AGE_BAND"])
    assert bands == [None] * len(bands)
    assert len(bands) == 10
    assert counts(scene, {"regionStreet": {"eq": "14/03/21/009/"}}) == [None]


@pytest.mark.parametrize(
    "where",
    [
        {"not": {"name": {"eq": "祁鸩仁"}}},
        {"not": {"idNumber": {"eq": "140321195703010001"}}},
        {"birthDate": {"gt": "1957-02-28"}},
        {"region": {"startsWith": "14/03/21/001/001/"}},
        {"dwellings": {"some": {"code": {"eq": "D1"}}}},
        {"reports": {"none": {"number": {"eq": "E1"}}}},
    ],
    ids=str,
)
def test_d02_no_condition_is_finer_than_a_bucket(scene: Scene, where: dict[str, Any]) -> None:
    assert scene.refusal("counter", "stat", COUNT, {"w": where, "g": []}) == "FIELD_NOT_FILTERABLE"


def test_d05_nothing_but_counts(scene: Scene) -> None:
    for entity in SPINE:
        made: Any = SCHEMA.type_map[f"{entity.name}Aggregate"]
        # `cursor` seals the buckets of its row, and no number.
        assert set(made.fields) == {"count", "cursor", *(bucket.name for _, bucket in entity.buckets())}


def operators() -> list[tuple[str, str, Any]]:
    """Each operator on each masked coordinate of the desk."""
    values: dict[Scalar, Any] = {Scalar.STRING: "1", Scalar.DATE: "1950-01-01", Scalar.ENUM: "MALE"}
    return [
        (each.name, op.value, True if op == "isNull" else [values[each.scalar]] if op == "in" else values[each.scalar])
        for each in SPINE.entity("Person").fields
        if each.name in {"birthDate", "idNumber", "address", "gender"}
        for op in OPERATORS[each.scalar]
    ]


@pytest.mark.parametrize(("field", "operator", "value"), operators())
@pytest.mark.parametrize("negate", [False, True])
def test_d06_masked_values_are_never_compared(
    scene: Scene, field: str, operator: str, value: Any, negate: bool
) -> None:
    where: dict[str, Any] = {field: {operator: value}}
    if (field, operator) == ("idNumber", "eq") and not negate:
        where = {"and": [where, {"name": {"isNull": False}}]}  # alone it would be a match
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    wanted = {"w": {"not": where} if negate else where}
    assert scene.refusal("desk", "event", document, wanted) == "FIELD_NOT_FILTERABLE"


def test_d08_hidden_missing_and_forged_are_the_same_statement(scene: Scene) -> None:
    document = "query($id: ID!) { node(id: $id) { id ... on Person { name } } person(id: $id) { name } }"
    ids = [scene.id("away"), scene.id("gone"), scene.id("nobody")]
    asked = [scene.desk(document, {"id": each}) for each in ids]
    texts = {each.statement.text if each.statement else "" for each in asked}
    assert len(texts) == 1
    assert sid("away") not in next(iter(texts))
    # A forged id asks the graph as well, so that it takes as long as one that is not found.
    assert scene.statement("desk", "event", document, {"id": "A" * 50}) is not None


def test_d09_hidden_and_missing_are_the_same_bytes(scene: Scene) -> None:
    document = "query($id: ID!) { person(id: $id) { id name phone dwellings { residents { name } } } }"
    answers = []
    for name in ("away", "nowhere", "gone", "nobody"):
        asked = scene.desk(document, {"id": scene.id(name)})
        answers.append((json.dumps(asked.answer.data), *asked.codes, asked.answer.nodes, asked.answer.subjects))
    assert len(set(answers)) == 1


def test_d10_pages_are_full_whoever_is_hidden_between(scene: Scene) -> None:
    page_info = "pageInfo { hasNextPage endCursor }"
    document = f"query($c: String) {{ people(first: 1, after: $c) {{ edges {{ node {{ name }} }} {page_info} }} }}"
    seen, cursor, more = [], None, True
    while more:
        page = scene.desk(document, {"c": cursor}).answer.data["people"]
        assert len(page["edges"]) == 1
        seen.append(page["edges"][0]["node"]["name"])
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert sorted(seen) == ["祁**", "祁**", "祁鸩仁", "祁鸩信"]


def test_d12_a_relationship_is_decided_like_a_cell(scene: Scene) -> None:
    # The brigade sees who lives in a rented dwelling, and from no person where else.
    flats = scene.ask("brigade", "safety.fire", "{ dwellings { edges { node { code residents { name } } } } }")
    shown = {each["node"]["code"]: each["node"]["residents"] for each in flats.answer.data["dwellings"]["edges"]}
    assert {code: len(people) for code, people in shown.items()} == {"D1": 3, "D2": 0}
    back = scene.ask("brigade", "safety.fire", "{ people { edges { node { dwellings { code } } } } }")
    assert back.codes == ["FIELD_DENIED"]
    # An edge is clear on the rows of its grant: the next street's people have no dwelling, as if they had none.
    desk = scene.desk("{ people { edges { node { name dwellings { code } } } } }")
    found = [
        each["node"]["dwellings"] for each in desk.answer.data["people"]["edges"] if each["node"]["name"] == "祁**"
    ]
    assert found == [[], []]
    where = 'query { people(where: {dwellings: {some: {code: {eq: "D1"}}}}) { edges { node { name } } } }'
    assert names(scene.desk(where)) == ["祁鸩仁"]


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("query($c: String) { people(after: $c) { edges { node { id } } } }", {"c": "CANARY"}),
        ('{ people(where: {idNumber: {startsWith: "CANARY"}}) { edges { node { id } } } }', {}),
        ('{ people(where: {region: {startsWith: "CANARY 1"}}) { edges { node { id } } } }', {}),
        ("query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }", {"w": {"name": {"eq": None}}}),
    ],
)
def test_d13_an_error_repeats_no_value(scene: Scene, document: str, variables: dict[str, Any]) -> None:
    assert scene.refusal("desk", "event", document, variables) in {"BAD_CURSOR", "FIELD_NOT_FILTERABLE", "VALIDATION"}
    assert "CANARY" in RAW
