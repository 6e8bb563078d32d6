"""A refusal of a value says where it stands, which type is expected and the nearest name, and never the value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.unit

CANARY = "CANARY13800000000"
# A condition, as GraphQL and as a variable; and what the refusal says.
WHERE: list[tuple[str, Any, str]] = [
    ("{usage: {eq: RENTAL}}", {"usage": {"eq": "RENTAL"}}, "usage.eq: expected DwellingUsage, one of "),
    ("{usage: {eq: RENTAL}}", {"usage": {"eq": "RENTAL"}}, "the nearest is RENTED"),
    ("{usage: {eq: rented}}", {"usage": {"eq": "rented"}}, "the nearest is RENTED"),
    ("{usage: {in: [RENTED, CANARY]}}", {"usage": {"in": ["RENTED", "CANARY"]}}, "usage.in.1: expected DwellingUsage"),
    ('{code: {contains: "CANARY"}}', {"code": {"contains": "CANARY"}}, "StringFilter, which takes eq, in, startsWith"),
    ('{code: {startWith: "CANARY"}}', {"code": {"startWith": "CANARY"}}, "the nearest is startsWith"),
    ('{code: "CANARY"}', {"code": "CANARY"}, "code: expected StringFilter, which takes eq"),
    ('{area: {gt: "CANARY"}}', {"area": {"gt": "CANARY"}}, "area.gt: expected Float"),
    ("{code: {eq: 7}}", {"code": {"eq": 7}}, "code.eq: expected String"),
    ("{code: {in: [7]}}", {"code": {"in": [7]}}, "code.in.0: expected String"),
    ("{code: {in: 7}}", {"code": {"in": 7}}, "code.in: expected String in a list, with brackets: [String] (in quotes)"),
    ("{region: {eq: 7}}", {"region": {"eq": 7}}, "region.eq: expected RegionPath (such as 14/03/21/)"),
    ("{cdoe: {eq: 7}}", {"cdoe": {"eq": 7}}, "DwellingWhere"),
    ("{residents: {some: {nme: 1}}}", {"residents": {"some": {"nme": 1}}}, "residents.some: expected PersonWhere"),
    ("{and: [{usage: {eq: SHOP}}]}", {"and": [{"usage": {"eq": "SHOP"}}]}, "and.0.usage.eq: expected DwellingUsage"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("faults") / "home") as running:
        yield running


def message(served: Served, query: str, variables: Any = None) -> str:
    answer = served.ask(query, variables=variables or {})
    assert code_of(answer) == "VALIDATION"
    text: str = answer.json()["errors"][0]["message"]
    assert "CANARY" not in answer.text
    assert "Did you mean" not in answer.text
    return text


@pytest.mark.parametrize(("written", "sent", "says"), WHERE, ids=range(len(WHERE)))
def test_case_3_06_a_value_of_another_type_is_told_by_place_and_type(
    served: Served, written: str, sent: Any, says: str
) -> None:
    page = "edges { node { code } }"
    literal = message(served, f"{{ dwellings(where: {written}) {{ {page} }} }}")
    assert literal.startswith("dwellings: where")
    assert says in literal
    variable = message(served, f"query($w: DwellingWhere) {{ dwellings(where: $w) {{ {page} }} }}", {"w": sent})
    assert variable.startswith("$w")
    assert says in variable


@pytest.mark.parametrize(
    ("query", "variables", "says"),
    [
        ('{ dwellings(first: "x") { edges { node { id } } } }', {}, "dwellings: first: expected Int"),
        ("query($n: Int) { dwellings(first: $n) { edges { node { id } } } }", {"n": "x"}, "$n: expected Int"),
        ("query($n: Int = x) { dwellings(first: $n) { PAGE } }", {}, "the default of $n: expected Int"),
        ('{ __typename @skip(if: "x") }', {}, "__typename: if: expected Boolean"),
        ("{ dwellings(orderBy: [{code: UP}]) { PAGE } }", {}, "orderBy.0.code: expected Direction, one of"),
        ("{ dwellingsAggregate(groupBy: [USAGES]) { count } }", {}, "the nearest is USAGE"),
        ('{ dwellings(where: {usage: {eq: "RENTED"}}) { edges { node { id } } } }', {}, "without quotes"),
        ("query($i: ID!) { person(id: $i) { id } }", {}, "$i is missing"),
        ("query($i: ID!) { person(id: $i) { id } }", {"i": None}, "$i: expected ID"),
        ("query($i: ID!) { person(id: $i) { id } }", {"i": ["x"]}, "$i: expected ID"),
        ("query($d: Date) { accessesOf(where: {name: {eq: \"7\"}}, since: $d) { day } }", {"d": "tomorrow"}, "Date"),
    ],
)  # fmt: skip
def test_case_3_06_so_is_any_argument(served: Served, query: str, variables: dict[str, Any], says: str) -> None:
    assert says in message(served, query.replace("PAGE", "edges { node { id } }"), variables)


PAGES: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("{ dwellings(first: -1) { PAGE } }", {}, (1, 13)),
    ("{\n  dwellings(orderBy: [{code: ASC}],\n    first: 201) { PAGE }\n}", {}, (3, 5)),
    ("{ dwellings { edges { node { residents(first: -1) { id } } } } }", {}, (1, 40)),
    ("{ ...f } fragment f on Query { dwellings(first: 999) { PAGE } }", {}, (1, 42)),
    ("query($n: Int) { dwellings(first: $n) { PAGE } }", {"n": -1}, (1, 18)),
    ("query($n: Int = 201) {\n  many: dwellings(first: $n) { PAGE } }", {}, (2, 3)),
    ("query($n: Int) { dwellings { edges { node { residents(first: $n) { id } } } } }", {"n": 201}, (1, 45)),
]


@pytest.mark.parametrize(("query", "variables", "place"), PAGES, ids=range(len(PAGES)))
def test_a_refused_page_size_is_told_with_the_place_of_the_argument_or_of_the_field_with_a_variable(
    served: Served, query: str, variables: dict[str, Any], place: tuple[int, int]
) -> None:
    # The third time a document without values of its own is a kept one.
    for _ in range(3):
        answer = served.ask(query.replace("PAGE", "edges { node { id } }"), variables=variables)
        (error,) = answer.json()["errors"]
        assert error["message"] == "first takes 0 to 200; get the next page with `after`"
        assert error["locations"] == [{"line": place[0], "column": place[1]}]


def test_so_is_that_of_counts(served: Served) -> None:
    query = "{ peopleAggregate(groupBy: [GENDER], first: 2001) { count } }"
    answer = served.ask(query, app="statistics", person="analyst-1", purpose="stat")
    (error,) = answer.json()["errors"]
    assert error["message"].startswith("first takes 0 to 2000; ")
    assert error["locations"] == [{"line": 1, "column": 38}]
