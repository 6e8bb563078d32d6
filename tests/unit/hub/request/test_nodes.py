"""`nodes(ids:)`: one statement for ids of any types, an answer in their order, and no word about whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import HubError
from hub.request.answers.access import tell_hidden
from hub.request.answers.preferences import Preferences
from hub.request.plan_model import Planned
from hub.request.respond import Answer, respond
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import ALL_CLEAR, SEALS, denial_errors, policy, prepare, sid, subject

pytestmark = pytest.mark.unit
NOT_ALL = ALL_CLEAR.replace("fields: {Person: clear,", "fields: {Person.name: clear,").replace("Event: clear}", "}")
DOCUMENT = """query ($ids: [ID!]!) {
    nodes(ids: $ids) {
        __typename id ... on Person { name phone } ... on Dwelling { phone: code } ... on Event { text }
    }
}"""
FORGED = "A" * 50


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), NOT_ALL)


def sealed(kind: str, name: str, department: str = "fire", purpose: str = "a") -> str:
    return SEALS.seal_id(department, purpose, SPINE.entity(kind).tag, sid(name))


PERSON, OTHER, DWELLING = sealed("Person", "p"), sealed("Person", "q"), sealed("Dwelling", "d")
STRANGE = {
    "forged": FORGED,
    "of another department": sealed("Person", "p", department="police"),
    "of another purpose": sealed("Person", "p", purpose="b"),
    "of a type that is denied": sealed("Event", "e"),
    "of no type": SEALS.seal_id("fire", "a", 7, sid("p")),
}


def planned(policies: PolicySet, *ids: str, document: str = DOCUMENT) -> tuple[Planned, Any]:
    return prepare(policies, subject(policies, "app"), "a", document, {"ids": list(ids)})


def answer_of(policies: PolicySet, row: dict[str, Any], *ids: str) -> Answer:
    """The answer made of a row that the graph could have given, with what it tells as hidden, as errors too."""
    found, _ = planned(policies, *ids)
    denied = denial_errors(policies, found)
    answer = respond(found, row, {}, SPINE, SEALS, denied, 1_000_000)
    return tell_hidden(found, answer, denied, Preferences(lists_errors=True), 1_000_000)


def test_each_type_is_one_part_of_the_statement_whatever_the_number_of_ids(policies: PolicySet) -> None:
    _, statement = planned(policies, PERSON, DWELLING, OTHER, PERSON)
    assert statement.text.count("CALL (") == 2
    lists = sorted((each for each in statement.parameters.values() if isinstance(each, list)), key=len)
    assert [set(each) for each in lists] == [{sid("d")}, {sid("p"), sid("q")}]
    assert planned(policies, OTHER, PERSON, DWELLING)[1].text == statement.text


def test_the_answer_has_the_order_of_the_ids_and_null_where_nothing_is_found(policies: PolicySet) -> None:
    row = {"r0": [[sid("p"), "name p"]], "r1": [[sid("d"), "code d"]]}
    answer = answer_of(policies, row, OTHER, PERSON, DWELLING, PERSON)
    nothing, person, dwelling, again = answer.data["nodes"]
    assert nothing is None
    assert person == again == {"__typename": "Person", "id": PERSON, "name": "name p", "phone": None}
    assert dwelling == {"__typename": "Dwelling", "id": DWELLING, "phone": "code d"}
    assert (answer.nodes, answer.subjects) == (3, (sid("p"),))


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_b05_what_is_told_and_recorded_does_not_depend_on_the_ids(policies: PolicySet, strange: str) -> None:
    plain, statement = planned(policies, PERSON)
    other, asked = planned(policies, strange)
    assert [(each.path, each.coordinate) for each in plain.denials] == [(("nodes", "phone"), "Person.phone")]
    assert (other.denials, other.coordinates) == (plain.denials, plain.coordinates)
    assert asked is not None and statement is not None, "the graph is asked for a forged id too"
    answers = [answer_of(policies, {"r0": []}, each) for each in (PERSON, strange)]
    assert answers[0] == answers[1]
    assert (answers[0].data, answers[0].errors) == ({"nodes": [None]}, ())
    assert answers[0].access is not None
    assert [each["coordinate"] for each in answers[0].access["denied"]] == ["Person.phone"]


def test_an_error_stands_at_the_null_of_the_type_that_it_is_about(policies: PolicySet) -> None:
    answer = answer_of(policies, {"r0": [[sid("d"), "code d"]], "r1": [[sid("p"), "n"]]}, DWELLING, PERSON, OTHER)
    assert [each.path for each in answer.errors] == [("nodes", 1, "phone")]


def test_no_id_is_no_question(policies: PolicySet) -> None:
    found, statement = planned(policies)
    assert (statement, found.fetched) == (None, ())
    assert answer_of(policies, {}).data == {"nodes": []}


def test_where_no_type_is_open_each_is_null(tmp_path_factory: pytest.TempPathFactory) -> None:
    counted = NOT_ALL.partition("grants:")[0] + (
        "grants: [{id: c, to: {application: [app]}, for: [a], basis: law, contributors: 3, rows: {Person: {}}, "
        "fields: {Person.gender: aggregate}}]\n"
    )
    none = policy(tmp_path_factory.mktemp("none"), counted)
    found, statement = planned(none, PERSON, FORGED)
    assert statement is None
    answer = respond(found, {}, {}, SPINE, SEALS, denial_errors(none, found), 1_000)
    assert (answer.data, answer.errors) == ({"nodes": [None, None]}, ())


@pytest.mark.parametrize("ids", [["Person:1"], [PERSON, "x"], [PERSON] * 201])
def test_more_than_a_page_and_what_is_no_id_are_refused(policies: PolicySet, ids: list[str]) -> None:
    with pytest.raises(HubError) as refused:
        planned(policies, *ids)
    assert refused.value.code == "VALIDATION"
    assert not any(each in refused.value.public_message for each in ids)


def test_two_names_for_the_same_ids_are_fetched_once(policies: PolicySet) -> None:
    twice = "query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: nodes(ids: $ids) { ... on Person { name } } }"
    found, statement = planned(policies, PERSON, document=twice)
    assert statement.text.count("CALL (") == 1
    answer = respond(found, {"r0": [[sid("p"), "n"]]}, {}, SPINE, SEALS, denial_errors(policies, found), 1_000)
    assert answer.data == {"a": [{"id": PERSON}], "b": [{"name": "n"}]}
