"""Registered operations over HTTP: asked by id, for their purpose alone, and recorded by their id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from policies.operations.registered import document_id
from tests.support.registered.county import BUILDINGS, RENTAL, RESIDENTS, TYPE_NAME, county_with, entry
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.conformance
ENTRIES = (
    entry(TYPE_NAME),
    entry(BUILDINGS, "safety.fire"),
    entry(RESIDENTS),
    entry(TYPE_NAME, "stat", "statistics"),
    entry("query Mine { myAccess { purposes { purpose } } }"),
)
MINE = document_id("query Mine { myAccess { purposes { purpose } } }")
TYPE = document_id(TYPE_NAME)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("loose") / "home", policy=county_with(*ENTRIES)) as hub:
        yield hub


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("bound") / "home", policy=county_with(*ENTRIES, bound=True)) as hub:
        yield hub


def by_id(hub: Served, asked: Any, purpose: str | None = RENTAL, **members: Any) -> httpx.Response:
    return hub.ask(None, purpose=purpose, documentId=asked, **members)


def test_a_document_is_asked_by_its_id(served: Served) -> None:
    for hub_purpose in (RENTAL, None):
        answer = by_id(served, TYPE, hub_purpose)
        assert answer.json()["data"] == {"__typename": "Query"}
        (record,) = served.records()[-1:]
        assert (record.operation_name, record.purpose, record.result) == (TYPE, RENTAL, "OK")
        assert record.policy_version == served.hub.policy.version


def test_an_operation_may_be_named_and_takes_variables(served: Served) -> None:
    assert code_of(by_id(served, document_id(BUILDINGS), None, variables={"n": 2})) == "GRAPH_UNAVAILABLE"
    assert code_of(by_id(served, document_id(BUILDINGS), None, variables={"n": "two"})) == "VALIDATION"
    assert code_of(by_id(served, TYPE, operationName="TypeName")) == "OK"
    assert code_of(by_id(served, TYPE, operationName="Other")) == "VALIDATION"


def test_the_record_of_a_refusal_after_it_was_found_names_it(served: Served) -> None:
    by_id(served, document_id(BUILDINGS), None, variables={"n": 2})
    assert served.records()[-1].operation_name == document_id(BUILDINGS)


def test_another_purpose_is_refused_and_the_right_one_told(served: Served) -> None:
    refused = by_id(served, TYPE, "safety.fire")
    assert (refused.status_code, code_of(refused)) == (403, "PURPOSE_DENIED")
    (error,) = refused.json()["errors"]
    assert "registered for safety.fire.rental" in error["message"]
    assert error["extensions"]["access"]["purposesThatWould"] == [RENTAL]


NOT_FOUND = [
    document_id("query Q { __typename }"),
    document_id(TYPE_NAME).upper(),
    document_id(TYPE_NAME).removeprefix("sha256:"),
    "sha256:",
    "",
    "13800000000",
    "x" * 5_000,
]


@pytest.mark.parametrize("asked", NOT_FOUND)
def test_an_id_that_is_not_registered_is_refused_with_how_to_register_it(served: Served, asked: str) -> None:
    for hub_purpose in (RENTAL, None):
        refused = by_id(served, asked, hub_purpose)
        assert (refused.status_code, code_of(refused)) == (403, "OPERATION_NOT_REGISTERED")
        (error,) = refused.json()["errors"]
        assert "sluicegate operations add" in error["message"] and "13800000000" not in refused.text
        assert served.records()[-1].operation_name is None


def test_an_id_of_another_application_is_not_registered(served: Served) -> None:
    assert code_of(by_id(served, TYPE)) == "OK"
    assert code_of(served.ask(None, app="statistics", purpose=None, documentId=TYPE)) == "OK"
    refused = served.ask(None, app="grid-desk", purpose="event.dispatch", documentId=TYPE)
    assert code_of(refused) == "OPERATION_NOT_REGISTERED"
    assert code_of(served.ask(None, app="statistics", purpose=None, documentId=MINE)) == "OPERATION_NOT_REGISTERED"


MALFORMED: list[dict[str, Any]] = [
    {"documentId": 1},
    {"documentId": [TYPE]},
    {"documentId": {"sha256": TYPE}},
    {"documentId": TYPE, "query": TYPE_NAME},
    {"documentId": "sha256:x", "query": "{ __typename }"},
    {"extensions": {"persistedQuery": {"sha256Hash": 1}}},
    {"extensions": {"persistedQuery": [TYPE]}},
    {"documentId": TYPE, "extensions": []},
]


@pytest.mark.parametrize("members", MALFORMED)
def test_what_names_no_document_or_two_is_refused(served: Served, members: dict[str, Any]) -> None:
    assert (
        code_of(served.ask(members.get("query"), **{n: m for n, m in members.items() if n != "query"})) == "BAD_REQUEST"
    )


def test_the_persisted_queries_of_clients_are_found(served: Served) -> None:
    digest = TYPE.removeprefix("sha256:")
    named = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    assert code_of(served.ask(None, purpose=None, extensions=named)) == "OK"
    # Beside a text it says nothing: the text is what is asked.
    asked = served.ask("{ __typename }", extensions=named)
    assert code_of(asked) == "OK" and served.records()[-1].operation_name is None
    # What is not there is not taken from the client either.
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    assert code_of(served.ask(None, extensions=unknown)) == "OPERATION_NOT_REGISTERED"
    assert code_of(served.ask("query Q { __typename }", extensions=unknown)) == "OK"
    assert code_of(served.ask(None, extensions=unknown)) == "OPERATION_NOT_REGISTERED"


def test_an_application_that_is_not_bound_asks_what_it_likes(served: Served) -> None:
    assert code_of(served.ask("{ __typename }", purpose="safety.fire")) == "OK"
    # Its own text under another purpose is its own document, not the registered one.
    assert code_of(served.ask(TYPE_NAME, purpose="safety.fire")) == "OK"
    assert served.records()[-1].operation_name != TYPE


def test_what_it_may_see_is_told_for_the_purpose_of_the_operation_alone(served: Served) -> None:
    told = by_id(served, MINE).json()["data"]["myAccess"]["purposes"]
    assert [each["purpose"] for each in told] == [RENTAL]


OTHERS = [
    "{ __typename }",
    TYPE_NAME + " ",
    TYPE_NAME.strip(),
    "{ __schema { types { name } } }",
    "query TypeName { id }",
    "(",
]


@pytest.mark.parametrize("document", OTHERS)
def test_a_bound_application_asks_nothing_else(bound: Served, document: str) -> None:
    refused = bound.ask(document)
    assert (refused.status_code, code_of(refused)) == (403, "OPERATION_NOT_REGISTERED")
    assert "registered operations alone" in refused.text and "sluicegate operations add" in refused.text
    assert bound.records()[-1].result == "OPERATION_NOT_REGISTERED"


def test_a_bound_application_asks_its_own_by_id_or_by_the_whole_text(bound: Served) -> None:
    assert code_of(by_id(bound, TYPE, None)) == "OK"
    assert code_of(bound.ask(TYPE_NAME)) == "OK"
    assert bound.records()[-1].operation_name == TYPE
    # A text is no statement of a purpose, and only the registered one may be stated.
    assert code_of(bound.ask(TYPE_NAME, purpose=None)) == "PURPOSE_REQUIRED"
    assert code_of(bound.ask(TYPE_NAME, purpose="safety.fire")) == "PURPOSE_DENIED"


def test_other_applications_are_not_bound(bound: Served) -> None:
    assert code_of(bound.ask("{ __typename }", app="statistics", purpose="stat")) == "OK"


def test_a_refusal_is_told_in_chinese(bound: Served) -> None:
    assert "该操作未登记" in bound.ask("{ __typename }", headers={"Accept-Language": "zh"}).text
