"""Says what is wrong with a value of a request: where it stands, which type is expected, and the nearest name.

It names places and names of the schema, which every authenticated application may read, and never repeats a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    EnumValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLScalarType,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
    get_named_type,
    is_list_type,
)
from graphql.type import get_nullable_type

from schema.nearest_name import nearest_name

FILTER = "Filter"
"""How the types of comparisons are called; their fields are the operators."""
MOST_NAMES = 12
MOST_COMPARED = 100
"""Names of an enum or an object that are compared with one that is not known."""
EXAMPLES: Mapping[str, str] = {
    "Date": "such as 1957-03-01",
    "DateTime": "such as 2026-06-30T08:00:00+08:00",
    "RegionPath": "such as 14/03/21/",
    "Int": "a whole number of at most 32 bits",
    "String": "in quotes",
    "ID": "in quotes",
}

Path = Iterable[str | int]


def literal_fault(place: str, declared: GraphQLInputType, path: Path, node: Node | None) -> str:
    """What is wrong at `path` in a value that is written in the document; `node` is what stands there."""
    value = node.value if isinstance(node, EnumValueNode | StringValueNode) else None
    quoted = isinstance(node, StringValueNode)
    steps = list(path)
    return _fault(_place(place, steps), _type_at(declared, steps), value, quoted, _names(node))


def variable_fault(place: str, declared: GraphQLInputType, path: Path, value: Any) -> str:
    """What is wrong at `path` in the value of a variable."""
    steps = list(path)
    for step in steps:
        value = value[step]
    names = list(value) if isinstance(value, dict) else []
    text = value if isinstance(value, str) else None
    return _fault(_place(place, steps), _type_at(declared, steps), text, False, names)


def _fault(place: str, expected: GraphQLInputType | None, value: str | None, quoted: bool, names: list[str]) -> str:
    if expected is None:
        return f"{place}: a value here is not of the type that the schema asks for"
    named = get_named_type(get_nullable_type(expected))
    if isinstance(named, GraphQLEnumType):
        return f"{place}: expected {named.name}{_one_of(named.values, value, quoted)}"
    if isinstance(named, GraphQLInputObjectType):
        return f"{place}: expected {_object(named, names)}"
    listed = f" in a list, with brackets: [{named.name}]" if is_list_type(get_nullable_type(expected)) else ""
    example = EXAMPLES.get(named.name) if isinstance(named, GraphQLScalarType) else None
    return f"{place}: expected {named.name}{listed}{f' ({example})' if example else ''}"


def _one_of(values: Iterable[str], value: str | None, quoted: bool) -> str:
    known = list(values)
    if quoted:
        return ", which is written without quotes"
    listed = f", one of {', '.join(known)}" if len(known) <= MOST_NAMES else ""
    return listed + _nearest(value or "", known)


def _object(named: GraphQLInputObjectType, names: list[str]) -> str:
    unknown = next((each for each in names if each not in named.fields), "")
    near = _nearest(unknown, list(named.fields))
    if not named.name.endswith(FILTER):
        return f"{named.name}, an object with the fields that introspection lists for it{near}"
    return f"{named.name}, which takes {', '.join(named.fields)}{near}"


def _nearest(word: str, known: list[str]) -> str:
    near = nearest_name(word, known, most=MOST_COMPARED)
    return f"; the nearest is {near}" if near else ""


def _place(place: str, path: Path) -> str:
    return ".".join((place, *map(str, path)))


def _names(node: Node | None) -> list[str]:
    if isinstance(node, ObjectFieldNode):
        return [node.name.value]
    return [each.name.value for each in node.fields] if isinstance(node, ObjectValueNode) else []


def _type_at(declared: GraphQLInputType, path: Path) -> GraphQLInputType | None:
    """The type of what stands at a path in a value of the declared type."""
    here: Any = declared
    for step in path:
        bare = get_nullable_type(here)
        if isinstance(step, int):
            here = bare.of_type if is_list_type(bare) else bare
        elif isinstance(bare, GraphQLInputObjectType) and step in bare.fields:
            here = bare.fields[step].type
        else:
            return None
    return here  # type: ignore[no-any-return]
