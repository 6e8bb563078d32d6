"""Variables are split into the shape that a plan depends on and the values that fill it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from hub.request.prepared.variables import SplitVariables, Variables
from schema.slot import Slot
from tests.support.small_graph import SCHEMA

pytestmark = pytest.mark.unit


def split(declared: str, **given: Any) -> SplitVariables:
    found = try_split(declared, **given)
    assert found is not None
    return found


def try_split(declared: str, **given: Any) -> SplitVariables | None:
    operation = parse(f"query ({declared}) {{ __typename }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(SCHEMA, operation.variable_definitions or (), given)
    assert isinstance(values, VariableValues), values
    return Variables(SCHEMA, operation, ("first",)).split(values)


@pytest.mark.parametrize(
    ("declared", "one", "other"),
    [
        ("$x: String", "a", "b"),
        ("$x: ID!", "a", "b"),
        ("$x: Date", "1990-01-01", "2000-01-01"),
        ("$x: Int", 1, 2),
        ("$x: [String!]", ["a"], ["b", "c"]),
        ("$x: PersonWhere", {"idNumber": {"eq": "a"}}, {"idNumber": {"eq": "b"}}),
        ("$x: PersonWhere", {"or": [{"name": {"in": ["a"]}}]}, {"or": [{"name": {"in": ["b", "a"]}}]}),
    ],
)
def test_values_of_one_shape_share_it_and_stand_in_no_shape_and_no_slot(declared: str, one: Any, other: Any) -> None:
    first, second = split(declared, x=one), split(declared, x=other)
    assert first.shape == second.shape
    assert first.values != second.values
    assert first.slotted.coerced == second.slotted.coerced
    assert "'a'" not in repr((first.shape, first.slotted.coerced))


@pytest.mark.parametrize(
    ("declared", "one", "other"),
    [
        ("$x: String", "a", None),
        ("$x: [String!]", ["a"], []),
        ("$x: Boolean", True, False),
        ("$first: Int", 1, 2),
        ("$x: PersonWhere", {"idNumber": {"eq": "a"}}, {"phone": {"eq": "a"}}),
        ("$x: PersonWhere", {"idNumber": {"eq": "a"}}, {"idNumber": {"eq": "a", "isNull": True}}),
        ("$x: PersonWhere", {"idNumber": {"isNull": True}}, {"idNumber": {"isNull": False}}),
        ("$x: PersonWhere", {"idNumber": {"eq": "a"}}, {"idNumber": {"eq": None}}),
        ("$x: PersonWhere", {"residency": {"eq": "LODGER"}}, {"residency": {"eq": "MIGRANT"}}),
        ("$x: PersonWhere", {"or": [{"name": {"eq": "a"}}]}, {"or": [{"name": {"eq": "a"}}] * 2}),
        ("$x: [PersonOrder!]", [{"name": "ASC"}], [{"name": "DESC"}]),
        ("$x: [PersonOrder!]", [{"name": "ASC"}], []),
    ],
)
def test_what_a_plan_depends_on_is_in_the_shape(declared: str, one: Any, other: Any) -> None:
    name = "first" if "$first" in declared else "x"
    assert split(declared, **{name: one}).shape != split(declared, **{name: other}).shape


def test_a_variable_left_out_is_not_one_that_is_null() -> None:
    assert split("$x: String").shape != split("$x: String", x=None).shape
    assert split("$x: String").slotted.coerced == {}


def test_slots_are_numbered_in_the_order_of_their_values() -> None:
    found = split(
        "$a: String, $b: PersonWhere", a="1", b={"name": {"eq": "3", "in": ["4", "5"]}, "idNumber": {"eq": "2"}}
    )
    coerced = found.slotted.coerced
    assert [
        found.values[slot.index] for slot in (coerced["a"], coerced["b"]["name"]["eq"], coerced["b"]["idNumber"]["eq"])
    ] == [
        "1",
        "3",
        "2",
    ]
    assert isinstance(coerced["b"]["name"]["in"], Slot)


@pytest.mark.parametrize(
    ("declared", "given", "kept"),
    [
        ("$x: PersonWhere", {"x": {"or": [{"name": {"eq": "a"}}] * 60}}, True),
        ("$x: PersonWhere", {"x": {"or": [{"name": {"eq": "a"}}] * 70}}, False),
        ("$x: [PersonOrder!]", {"x": [{"name": "ASC"}] * 200}, False),
        ("$x: [String!]", {"x": ["a"] * 5_000}, True),
        ("$first: Int", {"first": 200}, True),
        ("$first: Int", {"first": 201}, False),
        ("$first: Int", {"first": -1}, False),
    ],
)
def test_no_large_shape_and_no_size_that_no_list_has(declared: str, given: dict[str, Any], kept: bool) -> None:
    assert (try_split(declared, **given) is not None) == kept
