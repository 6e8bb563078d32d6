"""The leaks that comparable systems had do not happen here: one test each, by name.

Each was reported against a GraphQL layer over a graph or a table in which rules were added field by field: a rule was
enforced where data is shown, and forgotten where it is compared, counted, reached or named.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.attack_scene import Scene
from tests.support.oracle.naive_view import place

pytestmark = pytest.mark.attack

PEOPLE = (
    "query($w: PersonWhere, $o: [PersonOrder!]) { people(where: $w, orderBy: $o) { edges { cursor node { id } } } }"
)
SECRET: dict[str, Any] = {"idNumber": {"startsWith": "1403211957"}}


@pytest.mark.parametrize(
    "where",
    [
        SECRET,
        {"not": SECRET},
        {"or": [{"name": {"eq": "x"}}, SECRET]},
        {"idNumber": {"isNull": True}},
        {"dwellings": {"some": {"residents": {"some": SECRET}}}},
        {"reports": {"none": {"reporterPhone": {"eq": "12"}}}},
        {"birthDate": {"lt": "1957-03-02"}},
    ],
    ids=str,
)
def test_filter_on_a_protected_field(scene: Scene, where: dict[str, Any]) -> None:
    """neo4j/graphql 3560 and 5534: a field that could not be read could be guessed, prefix by prefix."""
    assert scene.refusal("desk", "event", PEOPLE, {"w": where}) == "FIELD_NOT_FILTERABLE"


@pytest.mark.parametrize("field", ["idNumber", "address", "birthDate"])
def test_sort_on_a_protected_field(scene: Scene, field: str) -> None:
    """The order of rows tells the order of hidden values; and a cursor that held one would tell the value."""
    document = "query($o: [PersonOrder!]) { people(orderBy: $o) { edges { cursor node { id } } } }"
    for order in ([{field: "ASC"}], [{"name": "ASC"}, {field: "DESC"}]):
        assert scene.refusal("desk", "event", document, {"o": order}) == "FIELD_NOT_FILTERABLE"
    nested = f"{{ dwellings {{ edges {{ node {{ residents(orderBy: [{{{field}: ASC}}]) {{ id }} }} }} }} }}"
    assert scene.refusal("desk", "event", nested) == "FIELD_NOT_FILTERABLE"


def test_sort_on_a_field_that_is_clear_in_some_rows_only(scene: Scene) -> None:
    """The telephone is clear in one's own street: there it sorts; elsewhere it counts as null, whatever it is."""
    document = "query($o: [PersonOrder!]) { people(orderBy: $o) { edges { node { id } } } }"
    nulls = sorted(("here-2", "there", "there-2"), key=lambda name: place("grid", "event", name))
    for way, wanted in (("ASC", ["here", *nulls]), ("DESC", [*nulls, "here"])):
        found = scene.desk(document, {"o": [{"phone": way}]}).answer.data["people"]["edges"]
        assert [edge["node"]["id"] for edge in found] == [scene.id(name) for name in wanted], way


def test_aggregates_ignoring_filters(scene: Scene) -> None:
    """neo4j/graphql 4702: pages kept to the rules, counts ran over everyone."""
    count = "query($w: PersonAggregateWhere) { peopleAggregate(where: $w) { count } }"

    def counted(where: dict[str, Any] | None) -> int | None:
        document = "{ peopleAggregate { count } }" if where is None else count
        rows = scene.ask("counter", "stat", document, {"w": where}).answer.data["peopleAggregate"]
        found: int | None = rows[0]["count"]
        return found

    # Seven people are in the graph: one is deleted, one lives in another district, one nowhere.
    assert counted(None) == 4
    assert counted({"regionStreet": {"eq": "14/03/22/001/"}}) is None
    assert counted({"or": [{"gender": {"eq": "MALE"}}, {"gender": {"in": ["MALE", "FEMALE"]}}]}) == 4
    refused = {"w": {"or": [{"gender": {"eq": "MALE"}}, {"phone": {"isNull": False}}]}}
    assert scene.refusal("counter", "stat", count, refused) == "FIELD_NOT_FILTERABLE"


def test_aggregates_of_what_may_not_be_counted(scene: Scene) -> None:
    """A type without a grant has no count either, and statistics' own rows open no list."""
    assert scene.ask("counter", "stat", "{ eventsAggregate { count } }").codes == ["FIELD_DENIED"]
    assert scene.ask("counter", "stat", "{ people { edges { node { id } } } }").codes == ["FIELD_DENIED"]


def test_nested_rules_missed(scene: Scene) -> None:
    """A rule on people held at the root, and was not asked for on the way from a dwelling or an event."""
    dwellings = scene.desk("{ dwellings { edges { node { code residents { name dwellings { code } } } } } }")
    flats = {edge["node"]["code"]: edge["node"]["residents"] for edge in dwellings.answer.data["dwellings"]["edges"]}
    # Of four who live in D1, one is another district's and one is deleted; of him next door, no dwelling is told.
    assert sorted(each["name"] for each in flats["D1"]) == ["祁**", "祁鸩仁"]
    assert [each["dwellings"] for each in flats["D1"] if each["name"] == "祁**"] == [[]]
    events = scene.desk("{ events { edges { node { number reporter { name } } } } }")
    told = {edge["node"]["number"]: edge["node"]["reporter"] for edge in events.answer.data["events"]["edges"]}
    assert told == {"E1": {"name": "祁鸩仁"}, "E2": None}


def test_nested_rules_missed_in_a_filter(scene: Scene) -> None:
    """A filter that walks to hidden people finds none of them: E2 was reported by someone of another district."""
    document = "query($w: EventWhere) { events(where: $w) { edges { node { number } } } }"

    def found(where: dict[str, Any]) -> list[str]:
        return [edge["node"]["number"] for edge in scene.desk(document, {"w": where}).answer.data["events"]["edges"]]

    assert found({"reporter": {"some": {"name": {"isNull": False}}}}) == ["E1"]
    assert found({"reporter": {"none": {"name": {"isNull": False}}}}) == ["E2"]
    assert found({"reporter": {"some": {"phone": {"eq": "13811110005"}}}}) == []


@pytest.mark.parametrize(("name", "found"), [("祁鸩仁", ["D1"]), ("祁鸩智", [])], ids=["there", "deleted"])
def test_nested_filter_that_finds_the_deleted(scene: Scene, name: str, found: list[str]) -> None:
    """A row that is deleted has the region and the fields that it had: nothing but its deletion hides it."""
    where = {"residents": {"some": {"name": {"eq": name}}}}
    document = "query($w: DwellingWhere) { dwellings(where: $w) { edges { node { code } } } }"
    dwellings = scene.desk(document, {"w": where}).answer.data["dwellings"]["edges"]
    assert [each["node"]["code"] for each in dwellings] == found


def test_ids_that_join_across_departments(scene: Scene) -> None:
    """The same key stood for a person everywhere, so that two departments could put their answers together."""
    document = "{ people { edges { node { id } } } }"
    told = {
        application: {
            edge["node"]["id"] for edge in scene.ask(application, "event", document).answer.data["people"]["edges"]
        }
        for application in ("desk", "next-desk")
    }
    # Both see the same four people.
    assert [len(ids) for ids in told.values()] == [4, 4]
    assert told["desk"] & told["next-desk"] == set()
    lookup = "query($id: ID!) { person(id: $id) { id } node(id: $id) { id } }"
    for foreign in sorted(told["next-desk"]):
        assert scene.desk(lookup, {"id": foreign}).answer.data == {"person": None, "node": None}


def test_ids_that_join_across_purposes(scene: Scene) -> None:
    """Nor can one department join what it was told for one purpose to what it was told for another."""
    document = "{ people { edges { node { id } } } }"
    told = [
        {edge["node"]["id"] for edge in scene.ask("desk", purpose, document).answer.data["people"]["edges"]}
        for purpose in ("event", "event.call")
    ]
    assert [len(ids) for ids in told] == [4, 4]
    assert told[0] & told[1] == set()
