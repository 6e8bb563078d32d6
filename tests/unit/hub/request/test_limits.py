"""A document is counted, chosen and validated; refusals name places and names, never values."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError
from hub.home.settings import Settings
from hub.request.auth import Identified, registered
from hub.request.cost import Cost, Limits
from hub.request.endpoint import Arrival, read
from hub.request.limits import Validated, validate
from hub.request.normalise import normalise
from hub.request.purpose import check_purpose
from policies.language import load
from schema import SPINE
from tests.support.serving import COUNTY
from tests.support.small_graph import SCHEMA

pytestmark = pytest.mark.unit

POLICY = load(COUNTY, SPINE)
SUBJECT = registered(POLICY, "fire-inspection", "inspector-1")
SETTINGS = Settings(home=Path("unused"))


def check(query: str, limits: Limits | None = None, **members: Any) -> Validated:
    body = json.dumps({"query": query, **members}).encode()
    headers = (("content-type", "application/json"), ("access-purpose", "safety.fire.rental"))
    arrival = Arrival("r", dt.datetime.now(dt.UTC), 0, "POST", "/graphql", headers, body)
    assert SUBJECT is not None
    purposed = check_purpose(Identified(read(arrival, SETTINGS), POLICY, SUBJECT), dt.date(2026, 6, 30))
    return validate(purposed, SCHEMA, limits or Limits())


def refusal(query: str, **members: Any) -> HubError:
    with pytest.raises(HubError) as caught:
        check(query, **members)
    return caught.value


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", Cost(1, 1, 0)),
        ('{ person(id: "x") { name } }', Cost(2, 2, 1)),
        ("{ people { edges { node { name } } } }", Cost(4, 4, 40)),
        ("{ people(first: 5) { edges { node { name } } } }", Cost(4, 4, 10)),
        ("{ people(first: 5) { pageInfo { hasNextPage } } }", Cost(3, 3, 5)),
        ("{ people(first: 1000) { edges { node { name } } } }", Cost(4, 4, 400)),
        ("{ people(first: 0) { edges { node { name } } } }", Cost(4, 4, 2)),
        ("{ people(first: 5) { edges { node { dwellings(first: 3) { usage } } } } }", Cost(5, 5, 5 * (1 + 1 + 3))),
        ("{ people(last: 5) { edges { node { name } } } }", Cost(4, 4, 10)),
        ("{ people(first: null, last: 5) { edges { node { name } } } }", Cost(4, 4, 10)),
        ("{ people(first: 5, last: 30) { edges { node { name } } } }", Cost(4, 4, 60)),
        ("{ people(first: 5, last: null) { edges { node { name } } } }", Cost(4, 4, 10)),
        ("{ people(first: null, last: null) { edges { node { name } } } }", Cost(4, 4, 40)),
        (
            "{ people(first: 5) { edges { node { "
            "dwellingsList(first: 3) { nodes { usage } pageInfo { totalCount } } } } } }",
            Cost(6, 8, 5 * (1 + 1 + 3 * 2)),
        ),
        ("{ peopleAggregate { count } }", Cost(2, 2, 100)),
        ("{ a: __typename b: __typename }", Cost(1, 2, 0)),
        ("{ ...F ...F } fragment F on Query { __typename }", Cost(1, 4, 0)),
        ("{ ... { __typename } }", Cost(1, 2, 0)),
        ("{ __typename @skip(if: true) }", Cost(1, 1, 0)),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', Cost(2, 2, 3)),
        ('{ nodes(ids: "a") { ... on Building { dwellings(first: 5) { id } } } }', Cost(3, 4, 6)),
    ],
)
def test_cost(query: str, cost: Cost) -> None:
    assert check(query).cost == cost


@pytest.mark.parametrize(("given_", "pages"), [({}, 20), ({"n": 7}, 7), ({"n": None}, 20), ({"n": 9_000}, 200)])
def test_cost_of_a_variable_page(given_: dict[str, Any], pages: int) -> None:
    found = check("query ($n: Int) { people(first: $n) { edges { node { name } } } }", variables=given_)
    assert found.cost.nodes == pages * 2


@pytest.mark.parametrize(("ids", "nodes"), [([], 1), ("a", 1), (["a"] * 7, 7), (["a"] * 900, 200)])
def test_cost_of_a_list_of_ids_in_a_variable(ids: Any, nodes: int) -> None:
    assert check("query ($i: [ID!]!) { nodes(ids: $i) { id } }", variables={"i": ids}).cost.nodes == nodes


def test_the_usual_introspection_fits() -> None:
    assert check(get_introspection_query(descriptions=True, input_value_deprecation=True)).cost.nodes < 20_000


@pytest.mark.parametrize(
    ("query", "name", "chosen"),
    [
        ("{ __typename }", None, None),
        ("query A { __typename }", None, "A"),
        ("query A { __typename }", "A", "A"),
        ("query A { __typename } query B { a: __typename }", "B", "B"),
    ],
)
def test_b14_the_operation_chosen(query: str, name: str | None, chosen: str | None) -> None:
    assert check(query, operationName=name).document.operation_name == chosen


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("{ __typename }", ""),
        ("{ __typename }", "A"),
        ("query A { __typename }", ""),
        ("query A { __typename }", "a"),
        ("query A { __typename } query B { __typename }", None),
        ("query A { __typename } query B { __typename }", ""),
        ("query A { __typename } query B { __typename }", "C"),
        ("query A { __typename } query A { __typename }", "A"),
        ("fragment F on Query { __typename }", None),
        ("query A { __typename } mutation B { x }", "A"),
    ],
)
def test_b14_no_operation_or_two(query: str, name: str | None) -> None:
    assert str(refusal(query, operationName=name).code) == "VALIDATION"


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename @defer }",
        "{ ... @defer { __typename } }",
        "query @live { __typename }",
        "query ($a: Int @x) { __typename }",
        "{ people @stream(initialCount: 0) { edges { node { id } } } }",
        "type X { a: Int }",
        "{ __typename } schema { query: X }",
    ],
)
def test_b21_nothing_besides_skip_and_include(query: str) -> None:
    assert str(refusal(query).code) == "VALIDATION"


CANARY = "CANARY13800000000"


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (f'{{ people(first: "{CANARY}") {{ edges {{ node {{ id }} }} }} }}', {}),
        (f'{{ people(where: "{CANARY}") {{ edges {{ node {{ id }} }} }} }}', {}),
        (f"{{ people(where: {{ name: {{ eq: {CANARY} }} }}) {{ edges {{ node {{ id }} }} }} }}", {}),
        (f'{{ people(where: {{ birthDate: {{ eq: "{CANARY}" }} }}) {{ edges {{ node {{ id }} }} }} }}', {}),
        (f"{{ people(orderBy: [{{ name: {CANARY} }}]) {{ edges {{ node {{ id }} }} }} }}", {}),
        (f"{{ peopleAggregate(groupBy: [{CANARY}]) {{ count }} }}", {}),
        (f'{{ people(first: 1 "{CANARY}") {{ edges {{ node {{ id }} }} }} }}', {}),
        (f'{{ people( "{CANARY}', {}),
        (f'{{ __typename @skip(if: "{CANARY}") }}', {}),
        (f'query ($n: Int = "{CANARY}") {{ people(first: $n) {{ edges {{ node {{ id }} }} }} }}', {}),
        ("query ($n: Int) { people(first: $n) { edges { node { id } } } }", {"n": CANARY}),
        ("query ($n: Int!) { people(first: $n) { edges { node { id } } } }", {"n": [CANARY]}),
        ("query ($w: PersonWhere) { people(where: $w) { edges { node { id } } } }", {"w": {CANARY: 1}}),
        (
            "query ($w: PersonWhere) { people(where: $w) { edges { node { id } } } }",
            {"w": {"name": {"eq": {"x": CANARY}}}},
        ),
        ("query ($d: Date) { people(where: {birthDate: {eq: $d}}) { edges { node { id } } } }", {"d": CANARY}),
        ("query ($o: [PersonOrder!]) { people(orderBy: $o) { edges { node { id } } } }", {"o": [{"name": CANARY}]}),
    ],
)
def test_e13_no_value_in_an_error(query: str, variables: dict[str, Any]) -> None:
    found = refusal(query, variables=variables)
    assert str(found.code) == "VALIDATION"
    told = [found, *found.also]
    assert all(each.locations for each in told)
    for each in told:
        assert CANARY not in each.public_message
        assert CANARY not in str(each)
        assert len(each.public_message) <= 300


TOKENS = Limits().tokens
NESTING = Limits().nesting


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{" + " a" * (TOKENS - 2) + " }", "COST_LIMIT"),  # in its fields: the tokens are within the limit
        ("{" + " a" * (TOKENS - 1) + " }", "COST_LIMIT"),
        ("{" + " a" * (TOKENS - 1), "VALIDATION"),
        ("{" + " a" * TOKENS, "COST_LIMIT"),
        ("{" + " a" * (TOKENS - 2) + " 1 }", "VALIDATION"),
        ("{" + " a" * TOKENS + ' "', "COST_LIMIT"),
        ("{ 1" + " a" * TOKENS, "VALIDATION"),
        ("# 13800000000\n" * TOKENS + "{ __typename", "VALIDATION"),
        ("# 13800000000\n" * (TOKENS + 1) + "{ __typename }", "COST_LIMIT"),
        ("#\n" * 30_000, "COST_LIMIT"),
        ("{ a " * (NESTING + 1), "DEPTH_LIMIT"),
        ("{ a " * NESTING, "VALIDATION"),
        ("{ a(b: " + "[" * 600, "DEPTH_LIMIT"),
        ("{ a(b: " + "[" * 600 + "]" * 600 + ") }", "DEPTH_LIMIT"),
        ("query ($a: " + "[" * 600 + "Int" + "]" * 600 + ") { a }", "DEPTH_LIMIT"),
        ("{ a }" * 100 + " }", "VALIDATION"),
        ("", "BAD_REQUEST"),
        ("\ufeff", "VALIDATION"),
        ("{ \u0000 }", "VALIDATION"),
    ],
    ids=range(19),
)
def test_a_limit_of_the_parser_is_told_from_a_mistake(query: str, code: str) -> None:
    found = refusal(query)
    assert str(found.code) == code
    assert bool(found.locations) == (code == "VALIDATION")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"b": 1}, "the variable $a is missing or has a value that does not fit its type"),
        ({"a": 1, "b": "x"}, "$b: expected Int (a whole number of at most 32 bits)"),
        ({"a": None, "b": 1}, "$a: expected Int (a whole number of at most 32 bits)"),
    ],
)
def test_the_name_of_a_bad_variable_is_told(variables: dict[str, Any], says: str) -> None:
    query = "query ($a: Int!, $b: Int) { people(first: $a) { edges { node { dwellings(first: $b) { id } } } } }"
    found = refusal(query, variables=variables)
    assert found.public_message == says


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"b": 1}, ["the variable $a is missing or has a value that does not fit its type"]),
        ({"a": "x"}, ["$a: expected Int (a whole number of at most 32 bits)"]),
        ({"b": 1.5}, ["$b: expected Int", "the variable $a is missing or has a value that does not fit its type"]),
    ],
)
def test_a_bad_variable_is_told_once(variables: dict[str, Any], says: list[str]) -> None:
    query = "query ($a: Int!, $b: Int) { people(first: $a) { edges { node { dwellings(first: $b) { id } } } } }"
    found = refusal(query, variables=variables)
    told = [found, *found.also]
    assert len(told) == len(says)
    assert all(each.public_message.startswith(text) for each, text in zip(told, says, strict=True))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("query ($first: Int) { people(first: $fisrt)", ["Variable '$fisrt' is not defined. The nearest is '$first'."]),
        # Comparing long names takes long.
        (
            f"query (${'a' * 40}: Int) {{ people(first: ${'a' * 39})",
            [f"Variable '${'a' * 39}' is not defined.", f"Variable '${'a' * 40}' is never used."],
        ),
        (
            "query Q($first: Int) { people(first: $frist)",
            ["Variable '$frist' is not defined by operation 'Q'. The nearest is '$first'."],
        ),
        (
            "query ($first: Int, $other: Int) { people(first: $fisrt)",
            ["Variable '$fisrt' is not defined. The nearest is '$first'.", "Variable '$other' is never used."],
        ),
        (
            "query ($first: Int) { people(first: $zz)",
            ["Variable '$zz' is not defined.", "Variable '$first' is never used."],
        ),
        ("{ people(first: $first)", ["Variable '$first' is not defined."]),
        ("query ($first: Int) { people", ["Variable '$first' is never used."]),
    ],
)
def test_a_mistyped_variable_is_one_fault_with_the_nearest_that_the_operation_defines(
    query: str, says: list[str]
) -> None:
    found = refusal(f"{query} {{ edges {{ node {{ id }} }} }} }}")
    told = [found, *found.also]
    assert [each.public_message for each in told] == says
    assert all(each.locations for each in told)


def test_a_leaf_rule_keeps_its_text_but_for_the_guess() -> None:
    expected = "Field 'people' of type 'PersonConnection' must have a selection of subfields."
    assert refusal("{ people }").public_message == expected
    expected = "Field 'name' must not have a selection since type 'String' has no subfields."
    assert refusal("{ people { edges { node { name { x } } } } }").public_message == expected


def test_a_long_name_is_cut() -> None:
    assert len(refusal("{ " + "x" * 5_000 + " }").public_message) <= 300


@pytest.mark.parametrize(
    ("query", "text", "literals"),
    [
        ("{a}", "{ a }", ()),
        ("{ # 13800000000\n a }", "{ a }", ()),
        (
            '{ x: a(b: "secret", c: 12, d: -1.5e3, e: RED) }',
            '{ a1: a(b: "" c: 0 d: 0.0 e: RED) }',
            ("secret", "12", "-1.5e3"),
        ),
        ('{ zhang: a ... { li: a(b: """block""") } }', '{ a1: a ...{ a2: a(b: "") } }', ("block",)),
        (
            "query Q($n: Int = 7) { a(b: {c: [1, 2]}) }",
            "query q1($v1: Int = 0) { a(b: { c: [0 0] }) }",
            ("7", "1", "2"),
        ),
        ("query ($ # li\n li: Int) { zhang # wang\n : a(b: $ # c\n li) }", "query($v1: Int) { a1: a(b: $v1) }", ()),
        (
            "query ($li: Int) { ...wang query: query(on: $li) ... on T { f } } fragment wang on T { fragment }",
            "query($v1: Int) { ...f1 a1: query(on: $v1) ...on T { f } } fragment f1 on T { fragment }",
            (),
        ),
    ],
)
def test_f06_the_logged_form_has_no_values(query: str, text: str, literals: tuple[str, ...]) -> None:
    found = normalise(parse(query))
    assert (found.text, found.literals) == (text, literals)


@given(st.integers(0, 10**9), st.text(alphabet="abc甲乙😀", max_size=8))
def test_f06_two_askings_of_one_operation_are_one_text(number: int, word: str) -> None:
    where = f"{{name: {{eq: {json.dumps(word)}}}}}"
    query = f"{{ p{number}: people(first: {number}, where: {where}) {{ edges {{ node {{ id }} }} }} }}"
    assert normalise(parse(query)).text == (
        '{ a1: people(first: 0 where: { name: { eq: "" } }) { edges { node { id } } } }'
    )
