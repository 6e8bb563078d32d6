"""The list of the ways out, made from what there is: routes, GraphQL schema, commands and forms of an answer.

Nothing here says what is covered: that is `coverage.py`. A way is a line of text, the same from run to run. What a new
type, field or edge adds is no new way, because probes are generated from the schema; a new kind of root field,
argument, condition key or comparison is one.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

import hub

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""Each is sent to each path, whatever its route says that it takes."""
NOT_SERVED = ("hub.cli", "hub.demo", "hub.ingest", "hub.push", "hub.sample", "hub.steward", "hub.__main__")
"""Rooms that answer no request for data."""
LOGIC = frozenset({"and", "or", "not"})
QUANTIFIERS = frozenset({"some", "none"})


def routes_of(app: Starlette) -> set[str]:
    """`http /path` and `websocket /path` of all routes, mounted ones included."""
    return set(_routes(app.routes, ""))


def _routes(routes: Iterable[BaseRoute], above: str) -> Iterator[str]:
    for each in routes:
        if isinstance(each, Mount):
            yield from _routes(each.routes, above + each.path) if each.routes else [f"mount {above}{each.path}"]
        elif isinstance(each, WebSocketRoute):
            yield f"websocket {above}{each.path}"
        elif isinstance(each, Route):
            yield f"http {above}{each.path}"
        else:
            yield f"{type(each).__name__} {above}"


def commands_of(command: Any, above: str = "") -> set[str]:
    """Each command that does something, such as `audit export`."""
    inner = getattr(command, "commands", None)
    if inner is None:
        return {above}
    return {found for name, each in inner.items() for found in commands_of(each, f"{above} {name}".strip())}


def media_types() -> set[str]:
    """The forms in which the hub answers: the media types that its modules name, without their parameters."""
    names = (each.name for each in pkgutil.walk_packages(hub.__path__, "hub."))
    served = (importlib.import_module(name) for name in names if not name.startswith(NOT_SERVED))
    texts = (value for module in served for value in vars(module).values() if isinstance(value, str))
    found = (re.match(r"(?:application|text|multipart)/[\w.+-]+(?=;|\Z)", text) for text in texts)
    return {each[0] for each in found if each is not None}


# The schema.


def schema_ways(schema: GraphQLSchema) -> set[str]:
    """Kinds of root fields, of arguments, of keys of conditions and of comparisons."""
    found: set[str] = set()
    for operation in ("query", "subscription", "mutation"):
        root: GraphQLObjectType | None = getattr(schema, f"{operation}_type")
        for name, each in root.fields.items() if root else ():
            found.add(f"{operation} {root_kind(name, each)}")
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            arguments = (one for each in type_.fields.values() for one in each.args.items())
            found |= {f"argument {argument_kind(name, each)}" for name, each in arguments}
        elif isinstance(type_, GraphQLInputObjectType):
            found |= set(_keys(type_))
    return found


def root_kind(name: str, field: GraphQLField) -> str:
    """What a root field leads to: one node, several, pages, counts; any other is called by its name."""
    named, arguments = get_named_type(field.type), set(field.args)
    if arguments == {"ids"}:
        return "several"
    if arguments == {"id"}:
        return "one"
    if isinstance(named, GraphQLObjectType):
        if {"edges", "pageInfo"} <= set(named.fields):
            return "pages"
        if is_count(named) and is_list_type(get_nullable_type(field.type)):
            return "counts"
        if not arguments and is_node(named):
            return "node"
    return name


def is_node(type_: GraphQLOutputType | GraphQLNamedType) -> bool:
    """Whether it is an object with an id."""
    named: Any = get_named_type(type_)
    return isinstance(named, GraphQLObjectType) and any(each.name == "Node" for each in named.interfaces)


def is_count(type_: GraphQLOutputType | GraphQLNamedType) -> bool:
    """Whether it is a cell of an aggregate."""
    named: Any = get_named_type(type_)
    return isinstance(named, GraphQLObjectType) and {"count", "cursor"} <= set(named.fields)


def argument_kind(name: str, argument: GraphQLArgument) -> str:
    """Its name, and what it takes: `where: condition`, `first: Int`."""
    return f"{name}: {input_kind(argument.type)}"


def input_kind(type_: GraphQLInputType) -> str:
    """What an argument or key takes, whatever entity it is about."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return "direction" if named.name == "Direction" else "enum"
    if not isinstance(named, GraphQLInputObjectType):
        return str(named)
    keys = set(named.fields)
    kinds = {get_named_type(each.type).name for each in named.fields.values()}
    if keys >= LOGIC:
        return "condition"
    if keys == QUANTIFIERS:
        return "relation"
    if kinds == {"Direction"}:
        return "order"
    return "comparison" if named.name.endswith("Filter") and "eq" in keys else named.name


def _keys(type_: GraphQLInputObjectType) -> Iterator[str]:
    """The keys of an input object: of conditions by what they take, of comparisons by their name."""
    kind = input_kind(type_)
    for name, each in type_.fields.items():
        if kind == "comparison":
            yield f"comparison {name}"
        elif kind == "order":
            yield f"order {input_kind(each.type)}"
        elif kind in {"condition", "relation"}:
            fixed = name in LOGIC | QUANTIFIERS
            yield f"{kind} {name}" if fixed else f"{kind} key: {input_kind(each.type)}"
        else:
            yield f"input {kind}.{name}"
