"""Which part of a list is asked for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from hub.errors import Code, HubError
from hub.request.lists.arguments import NotOfItsShape, Window, window
from schema.slot import Slot

pytestmark = pytest.mark.unit


def field(text: str = "people") -> FieldNode:
    (operation,) = parse(f"{{ {text} {{ x }} }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    return node


PARTS: list[tuple[dict[str, Any], Window]] = [
    ({}, Window(20, None, backward=False)),
    ({"first": 3}, Window(3, None, backward=False)),
    ({"first": 0}, Window(0, None, backward=False)),
    ({"first": 200, "after": "c"}, Window(200, "c", backward=False)),
    ({"after": "c"}, Window(20, "c", backward=False)),
    ({"last": 3}, Window(3, None, backward=True)),
    ({"last": 0}, Window(0, None, backward=True)),
    ({"last": 3, "before": "c"}, Window(3, "c", backward=True)),
    ({"before": "c"}, Window(20, "c", backward=True)),
    # Relay names all four, and leaves two null.
    ({"first": 3, "after": "c", "last": None, "before": None}, Window(3, "c", backward=False)),
    ({"first": None, "after": None, "last": 3, "before": "c"}, Window(3, "c", backward=True)),
    ({"first": None, "after": None, "last": None, "before": None}, Window(20, None, backward=False)),
]


@pytest.mark.parametrize(("arguments", "part"), PARTS)
def test_the_part_that_is_asked_for(arguments: dict[str, Any], part: Window) -> None:
    assert window(arguments, field()) == part


@pytest.mark.parametrize("size", [-1, 201])
@pytest.mark.parametrize("name", ["first", "last"])
def test_a_size_beyond_the_bounds_is_refused_where_it_stands(name: str, size: int) -> None:
    with pytest.raises(HubError) as refused:
        window({name: size}, field(f"people({name}: {size})"))
    assert refused.value.code is Code.VALIDATION
    assert f"{name} takes 0 to 200" in refused.value.public_message
    assert refused.value.locations == ((1, 10),)


@pytest.mark.parametrize("pair", [("first", "last"), ("first", "before"), ("after", "last"), ("after", "before")])
def test_two_ways_at_once_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(HubError) as refused:
        window({name: 1 if name in {"first", "last"} else "c" for name in pair}, field())
    assert refused.value.code is Code.VALIDATION


@pytest.mark.parametrize("name", ["after", "before"])
def test_no_plan_is_kept_for_a_cursor(name: str) -> None:
    with pytest.raises(NotOfItsShape):
        window({name: Slot(0)}, field())
