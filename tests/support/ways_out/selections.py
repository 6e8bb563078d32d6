"""Selection sets made from the GraphQL schema: everything of a type that is not a relation, or with its relations.

A new field or type is selected by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from tests.support.ways_out.lists import is_node

MOST_LISTED = 5
"""How many of a nested list are asked for."""


def selection(schema: GraphQLSchema, type_: GraphQLOutputType, depth: int, only: str = "") -> str:
    """All fields of a type that need no argument, with relations so deep; `only` takes one field beside the id.

    Empty for a leaf.
    """
    named = get_named_type(type_)
    if isinstance(named, GraphQLInterfaceType):
        # Fields of two types that are called the same may differ in what they give: each type has names of its own.
        each_of = [(each.name, _parts(schema, each, depth, "")) for each in schema.get_possible_types(named)]
        on = (
            f"... on {of} {{ {' '.join(f'{of}_{_called(part)}: {part}' for part in parts)} }}" for of, parts in each_of
        )
        return f"{{ __typename {' '.join(on)} }}"
    if is_leaf_type(named):
        return ""
    assert isinstance(named, GraphQLObjectType)
    return f"{{ {' '.join(_parts(schema, named, depth, only))} }}"


def _parts(schema: GraphQLSchema, type_: GraphQLObjectType, depth: int, only: str) -> Iterator[str]:
    for name, each in type_.fields.items():
        if any(isinstance(argument.type, GraphQLNonNull) for argument in each.args.values()):
            continue
        if only and name not in {"id", only}:
            continue
        if is_node(type_) and leads_on(each):
            if depth > 0:
                yield field(schema, name, each, depth)
        else:
            yield f"{name} {selection(schema, each.type, _below(each, depth))}".strip()


def _called(part: str) -> str:
    return re.match(r"\w+", part)[0]  # type: ignore[index]  # each part begins with a name


def field(schema: GraphQLSchema, name: str, of: GraphQLField, depth: int, order: str = "") -> str:
    """A relation with what it leads to, in an order if one is given."""
    first = f"first: {MOST_LISTED}" if "first" in of.args else ""
    given = ", ".join(each for each in (first, f"orderBy: [{order}]" if order else "") if each)
    return f"{name}{f'({given})' if given else ''} {selection(schema, of.type, _below(of, depth))}"


def _below(each: GraphQLField, depth: int) -> int:
    return depth - 1 if is_node(each.type) else depth


def leads_on(each: GraphQLField) -> bool:
    """Whether a field of a node leads to other nodes."""
    named = get_named_type(each.type)
    return is_node(named) or (isinstance(named, GraphQLObjectType) and "nodes" in named.fields)


def relations(type_: GraphQLObjectType) -> Iterator[tuple[str, GraphQLField]]:
    """The relations of a node: each field that leads on."""
    return ((name, each) for name, each in type_.fields.items() if leads_on(each))
