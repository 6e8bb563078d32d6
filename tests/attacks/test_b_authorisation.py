"""B: no spelling, path, filter or order of asking opens what the purpose does not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from hub.home.seals import Seals
from schema.declarations import type_tag
from tests.support.attack_scene import PERSON, POLICY, Scene, names
from tests.support.small_graph import SCHEMA, prepare, sid, subject
from tests.support.small_graph import policy as policy_of

pytestmark = pytest.mark.attack
NODE = "{{ people {{ edges {{ node {{ {} }} }} }} }}"


def denied(scene: Scene, document: str, variables: dict[str, Any] | None = None) -> list[tuple[str, ...]]:
    """Paths of FIELD_DENIED; nothing of a denied coordinate is in the statement."""
    asked = scene.desk(document, variables)
    assert set(asked.codes) <= {"FIELD_DENIED"}
    text = asked.statement.text if asked.statement else ""
    assert "idNumber" not in text
    assert "address" not in text
    return [tuple(map(str, error.path)) for error in asked.answer.errors]


@pytest.mark.parametrize("selection", ["x: idNumber", "name: idNumber", "id: address", "idNumber phone a: address"])
def test_b01_by_alias(scene: Scene, selection: str) -> None:
    assert denied(scene, NODE.format(selection))


@pytest.mark.parametrize(
    "document",
    [
        NODE.format("...f") + " fragment f on Person { idNumber }",
        NODE.format("... on Person { idNumber }"),
        NODE.format("... { ... on Node { ... on Person { idNumber } } }"),
        NODE.format("...f") + " fragment f on Node { id ...g } fragment g on Person { x: idNumber }",
    ],
)
def test_b02_by_fragment(scene: Scene, document: str) -> None:
    assert len(denied(scene, document)) == 1


@pytest.mark.parametrize("root", ["node", "person"])
@pytest.mark.parametrize("name", ["away", "nowhere", "gone"])
def test_b04_by_refetch(scene: Scene, root: str, name: str) -> None:
    document = f"query($id: ID!) {{ r: {root}(id: $id) {{ id ... on Person {{ name }} }} }}"
    assert scene.desk(document, {"id": scene.id("here")}).answer.data["r"]["name"] == "祁鸩仁"
    asked = scene.desk(document, {"id": scene.id(name)})
    assert (asked.answer.data, asked.codes) == ({"r": None}, [])


def tampered(scene: Scene, rng: random.Random) -> list[str]:
    """Ids of another type, purpose, department or key, and misspelt ones."""
    good = scene.id("here")
    at = rng.randrange(len(good))
    return [
        *(good + "=", good + "==", good.swapcase(), "A" * 50),
        good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :],
        *(scene.id("here", tag=tag) for tag in (0, type_tag("Event"), PERSON - 1, PERSON + 1, 2**32 - 1)),
        scene.id("here", application="next-desk"),
        scene.id("here", purpose="event.call"),
        Seals(b"x" * 32).seal_id("grid", "event", PERSON, sid("here")),
    ]


def test_b05_by_tampering_with_an_id(scene: Scene, rng: random.Random) -> None:
    ids = tampered(scene, rng)
    fields = " ".join(f"p{i}: person(id: $i{i}) {{ id }} n{i}: node(id: $i{i}) {{ id }}" for i in range(len(ids)))
    head = ", ".join(f"$i{i}: ID!" for i in range(len(ids)))
    asked = scene.desk(f"query({head}) {{ {fields} }}", {f"i{i}": each for i, each in enumerate(ids)})
    assert set(asked.answer.data.values()) == {None}
    assert asked.codes == []


SEVERAL = "query($ids: [ID!]!) { n: nodes(ids: $ids) { id ... on Person { name idNumber } } }"


def several(scene: Scene, ids: list[str]) -> tuple[list[Any], list[Any], Any]:
    """What `nodes` answers: its list, what it says that it hides, and the coordinates of its record."""
    asked = scene.desk(SEVERAL, {"ids": ids})
    hidden = [(each.code, each.path, each.public_message, each.access) for each in asked.answer.errors]
    return asked.answer.data["n"], hidden, asked.planned.coordinates


def test_b04_b05_hidden_forged_and_foreign_ids_are_alike_in_a_list(scene: Scene, rng: random.Random) -> None:
    good = scene.id("here")
    shown, hidden, recorded = several(scene, [good])
    assert [each["name"] for each in shown] == ["祁鸩仁"]
    assert [path for _, path, _, _ in hidden] == [("n", "idNumber")]
    tried = [each for each in tampered(scene, rng) if not scene.refusal("desk", "event", SEVERAL, {"ids": [each]})]
    assert len(tried) >= 8
    for each in (*tried, *(scene.id(name) for name in ("away", "nowhere", "gone"))):
        assert several(scene, [each]) == ([None], hidden, recorded)
        assert several(scene, [each, good, each, good]) == ([None, shown[0], None, shown[0]], hidden, recorded)


def test_b04_a_list_of_ids_is_one_statement_in_the_order_that_was_asked(scene: Scene) -> None:
    named = [("flat", "Dwelling"), ("here", "Person"), ("flat", "Dwelling"), ("call", "Event")]
    ids = [scene.id(name, tag=type_tag(kind)) for name, kind in named]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } again: nodes(ids: $ids) { id } }"
    asked = scene.desk(document, {"ids": ids})
    assert [each and each["id"] for each in asked.answer.data["nodes"]] == ids
    assert [each["__typename"] for each in asked.answer.data["nodes"]] == [kind for _, kind in named]
    assert asked.statement is not None
    assert asked.statement.text.count("CALL (") == 3, "a part for each type, and none for the second name"
    assert asked.statement.text.count(".sid IN $") == 3


@pytest.mark.parametrize(("ids", "code"), [(["x"], "VALIDATION"), (["A" * 50] * 201, "VALIDATION")])
def test_a10_a_list_of_ids_is_bounded_and_checked(scene: Scene, ids: list[str], code: str) -> None:
    assert scene.refusal("desk", "event", SEVERAL, {"ids": ids}) == code


@pytest.mark.parametrize("root", ["node(id: $i)", "person(id: $i)", "dwelling(id: $i)"])
@pytest.mark.parametrize("text", ["", "x", "Person:1", "UGVyc29uOjE", "é" * 51, "A" * 45, "A" * 47, "A" * 50 + "\n"])
def test_case_3_07_a_text_that_is_no_id_is_refused(scene: Scene, root: str, text: str) -> None:
    assert scene.refusal("desk", "event", f"query($i: ID!) {{ {root} {{ id }} }}", {"i": text}) == "VALIDATION"


@pytest.mark.parametrize(
    "path",
    [
        *("dwellings { residents { %s } }", "reports { reporter { %s } }"),
        "dwellings { residents { reports { reporter { %s } } } }",
    ],
)
def test_b06_by_another_path(scene: Scene, path: str) -> None:
    assert denied(scene, NODE.format(path % "idNumber"))
    asked = scene.desk(NODE.format("name " + path % "name phone"))
    shown = str(asked.answer.data)
    assert "鸩孝" not in shown
    assert "鸩智" not in shown
    assert "鸩勇" not in shown  # the next street's name is masked on every path


WHERES: list[dict[str, Any]] = [
    {"idNumber": {"startsWith": "14"}},
    {"address": {"isNull": True}},
    {"birthDate": {"lt": "1960-01-01"}},
    {"not": {"idNumber": {"in": ["1"]}}},
    {"or": [{"name": {"eq": "x"}}, {"and": [{"idNumber": {"eq": "x"}}]}]},
    {"dwellings": {"some": {"residents": {"none": {"idNumber": {"eq": "x"}}}}}},
    {"dwellings": {"none": {"usage": {"eq": "RENTED"}}}},
    {"idNumber": {"eq": "140321195703010001"}, "name": {"isNull": False}},
]


@pytest.mark.parametrize("where", WHERES, ids=str)
def test_b08_by_filter(scene: Scene, where: dict[str, Any]) -> None:
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { id } } } }"
    assert scene.refusal("desk", "event", document, {"w": where}) == "FIELD_NOT_FILTERABLE"


@pytest.mark.parametrize("value", ["1381111000", "13811110003"])
@pytest.mark.parametrize("negate", [False, True])
def test_b08_cells_that_are_not_clear_are_null(scene: Scene, value: str, negate: bool) -> None:
    where: dict[str, Any] = {"phone": {"startsWith": value}}
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"
    found = names(scene.desk(document, {"w": {"not": where} if negate else where}))
    assert found == (["祁鸩仁"] if negate == (len(value) == 11) else [])


def test_b09_by_sort_and_cursor(scene: Scene) -> None:
    for field in ("idNumber", "birthDate", "address"):
        document = f"{{ people(orderBy: [{{{field}: ASC}}]) {{ edges {{ node {{ id }} }} }} }}"
        assert scene.refusal("desk", "event", document) == "FIELD_NOT_FILTERABLE"
    page = scene.desk("{ people(first: 1, orderBy: []) { pageInfo { endCursor } } }")
    cursor = page.answer.data["people"]["pageInfo"]["endCursor"]
    assert "1381111" not in cursor
    for arguments in (
        *("orderBy: [{phone: ASC}]", 'where: {phone: {eq: "1"}}, orderBy: []'),
        'where: {idNumber: {eq: "140321195703010001"}}',
    ):
        document = f"query($c: String) {{ people(after: $c, {arguments}) {{ edges {{ node {{ id }} }} }} }}"
        assert scene.refusal("desk", "event", document, {"c": cursor}) == "BAD_CURSOR"
    document = "query($c: String) { people(after: $c, orderBy: []) { edges { node { id } } } }"
    assert scene.refusal("desk", "event", document, {"c": cursor}) == ""
    assert scene.refusal("next-desk", "event", document, {"c": cursor}) == "BAD_CURSOR"
    assert scene.refusal("desk", "event.call", document, {"c": cursor}) == "BAD_CURSOR"


@pytest.mark.parametrize(
    "document",
    [
        '{ peopleAggregate(where: {idNumber: {eq: "1"}}) { count } }',
        "{ peopleAggregate(where: {address: {isNull: true}}) { count } }",
        '{ peopleAggregate(where: {birthDate: {lt: "1960-01-01"}}) { count } }',
        "{ peopleAggregate(groupBy: [RESIDENCY]) { residency count } }",
        '{ peopleAggregate(where: {dwellings: {some: {code: {eq: "D1"}}}}) { count } }',
    ],
)
def test_b10_by_aggregate(scene: Scene, document: str) -> None:
    assert scene.refusal("counter", "stat", document) == "FIELD_NOT_FILTERABLE"


@pytest.mark.parametrize("ask", [True, False])
def test_b12_by_directive(scene: Scene, ask: bool) -> None:
    document = "query($ask: Boolean!) { people { edges { node { name idNumber @include(if: $ask) } } } }"
    assert bool(denied(scene, document, {"ask": ask})) is ask
    planned, _ = prepare(scene.policies, subject(scene.policies, "desk"), "event", document, {"ask": ask})
    assert ("Person.idNumber" in planned.coordinates.denied) is ask


def test_b16_by_an_old_decision(scene: Scene, tmp_path: Path) -> None:
    document = NODE.format("phone")
    assert scene.desk(document).codes == []
    text = "\n".join(line for line in POLICY.splitlines() if "phone" not in line.lower())
    changed = Scene(scene.address, policy_of(tmp_path, text))
    assert changed.policies.version != scene.policies.version
    assert changed.desk(document).codes == ["FIELD_DENIED"]
    assert scene.desk(document).codes == []


def test_b17_by_anothers_plan(scene: Scene) -> None:
    document = NODE.format("name phone")
    seen: dict[str, list[str]] = {}
    for application in ("desk", "next-desk", "desk"):
        shown = scene.ask(application, "event", document).answer.data["people"]["edges"]
        clear = sorted(each["node"]["phone"] for each in shown if str(each["node"]["phone"]).isdigit())
        assert seen.setdefault(application, clear) == clear
    assert seen == {"desk": ["13811110001"], "next-desk": ["13811110003", "13811110004"]}


def test_b22_by_mutation() -> None:
    assert SCHEMA.mutation_type is None
    assert validate(SCHEMA, parse("mutation { people { edges { node { id } } } }"))
