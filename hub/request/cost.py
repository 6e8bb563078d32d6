"""Measures what an operation may cost: its depth, its fields after expansion, and the nodes it could fetch.

Each fragment is measured once, so a document of exponential size is measured in linear time. Nodes are the product of
nested page sizes, each clamped to what will be served. A fragment is measured after those that it spreads, so a cycle
is found here, and no chain of fragments can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
)
from graphql.type import get_nullable_type

from hub.errors import Code, HubError
from hub.request.lists.arguments import PAGE_DEFAULT, PAGE_MAX, SIZES
from schema.graphql import ACCESS, PROVENANCE_TYPE
from schema.own_access.types import ENTRIES, MY_ACCESS, TYPE_NAMES, list_sizes

Parent = GraphQLObjectType | GraphQLInterfaceType | None
META = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one document. `cost` counts nodes; introspection may nest deeper, because tools ask that way.

    `introspection` is how many values introspection and `myAccess` may return for each type of the schema; a tool's
    usual query asks for about 340.
    `fields` counts fields, spreads and inline fragments after expansion; `repeats` counts pairs of fields that share a
    place in the answer, which validation compares with each other.
    """

    characters: int = 65_536
    tokens: int = 1_500
    operations: int = 5
    depth: int = 12
    introspection_depth: int = 16
    nesting: int = 60
    fields: int = 400
    repeats: int = 1_000
    cost: int = 20_000
    aggregate_cost: int = 100
    introspection: int = 500
    page_default: int = PAGE_DEFAULT
    page_max: int = PAGE_MAX


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a selection costs: levels of fields, fields after expansion, nodes, and values of introspection."""

    depth: int = 0
    fields: int = 0
    nodes: int = 0
    introspected: int = 0


def measure(
    operations: Iterable[OperationDefinitionNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    schema: GraphQLSchema,
    variables: Mapping[str, Any],
    limits: Limits,
) -> dict[int, Cost]:
    """The cost of each operation, by `id()` of its node; `variables` are the uncoerced ones of the request.

    Raises HubError DEPTH_LIMIT or COST_LIMIT for an operation beyond the limits, and VALIDATION for a fragment that
    spreads itself, even if it is not used.
    """
    costs: dict[int, Cost] = {}
    for operation in operations:
        meter = _Meter(schema, {**_defaults(operation), **variables}, limits)
        for name in _ordered(fragments, limits):
            meter.add(fragments[name])
        cost = meter.of(operation.selection_set, schema.query_type, 0)
        _check(cost, limits, limits.introspection * len(schema.type_map))
        _check_repeats(operation, fragments, limits)
        costs[id(operation)] = cost
    return costs


def _check(cost: Cost, limits: Limits, introspection: int) -> None:
    if cost.depth > limits.depth:
        raise HubError(Code.DEPTH_LIMIT, f"the query is nested deeper than {limits.depth} levels; ask in two queries")
    if cost.fields > limits.fields:
        raise HubError(Code.COST_LIMIT, f"the query asks for more than {limits.fields} fields; split it")
    if cost.introspected > introspection:
        text = f"introspection and myAccess could return more than {introspection} values; ask for less, and once"
        raise HubError(Code.COST_LIMIT, text)
    if cost.nodes > limits.cost:
        raise HubError(
            Code.COST_LIMIT, f"the query could fetch more than {limits.cost} nodes; lower `first` or split it"
        )


def _check_repeats(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], limits: Limits
) -> None:
    """Refuse many fields in one place of the answer, because validation compares each with each, which is slow.

    This check takes time linear in the fields after expansion, which are bounded when it is called.
    """
    pairs = 0
    groups = [[operation.selection_set]]
    while groups:
        places: dict[str, list[SelectionSetNode | None]] = {}
        for node in _expanded(groups.pop(), fragments):
            name = node.alias.value if node.alias else node.name.value
            place = places.setdefault(name, [])
            pairs += len(place)
            place.append(node.selection_set)
        if pairs > limits.repeats:
            text = f"the query repeats fields of one place more than {limits.repeats} times; ask for each once"
            raise HubError(Code.COST_LIMIT, text)
        groups += [kept for sets in places.values() if (kept := [each for each in sets if each is not None])]


def _expanded(sets: list[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    stack = list(sets)
    while stack:
        for each in stack.pop().selections:
            if isinstance(each, FieldNode):
                yield each
            elif isinstance(each, InlineFragmentNode):
                stack.append(each.selection_set)
            elif isinstance(each, FragmentSpreadNode) and each.name.value in fragments:
                stack.append(fragments[each.name.value].selection_set)


def _defaults(operation: OperationDefinitionNode) -> Mapping[str, Any]:
    return {
        each.variable.name.value: int(each.default_value.value[:_INT_DIGITS])
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }


_INT_DIGITS = 12


class _Meter:
    """Measures selection sets; `add` must be called for the fragments that one spreads before `of`."""

    def __init__(self, schema: GraphQLSchema, variables: Mapping[str, Any], limits: Limits) -> None:
        self._schema = schema
        self._variables = variables
        self._limits = limits
        self._node = schema.type_map.get("Node")
        self._sizes = _introspection_sizes(schema)
        self._fragments: dict[str, Cost] = {}

    def add(self, fragment: FragmentDefinitionNode) -> None:
        parent = self._condition(fragment.type_condition.name.value)
        self._fragments[fragment.name.value] = self.of(fragment.selection_set, parent, 0)

    def of(self, selections: SelectionSetNode | None, parent: Parent, nesting: int) -> Cost:
        if nesting > self._limits.nesting:
            raise _too_nested(self._limits.nesting)
        depth = fields = nodes = introspected = 0
        for each in selections.selections if selections else ():
            if isinstance(each, FieldNode):
                cost = self._field(each, parent, nesting + 1)
            elif isinstance(each, InlineFragmentNode):
                condition = self._condition(each.type_condition.name.value) if each.type_condition else parent
                cost = _entered(self.of(each.selection_set, condition, nesting + 1))
            elif isinstance(each, FragmentSpreadNode):
                cost = _entered(self._fragments.get(each.name.value, Cost()))
            else:
                raise AssertionError("a selection is a field, an inline fragment or a spread")
            depth, fields, nodes = max(depth, cost.depth), fields + cost.fields, nodes + cost.nodes
            introspected += cost.introspected
        return Cost(depth, fields, nodes, introspected)

    def _field(self, node: FieldNode, parent: Parent, nesting: int) -> Cost:
        name = node.name.value
        definition = META.get(name) or (parent.fields.get(name) if parent is not None else None)
        if definition is None:
            # Unknown: validation refuses it later. Its selections count, so that it cannot hide any.
            inner = self.of(node.selection_set, None, nesting)
            return Cost(inner.depth + 1, inner.fields + 1, inner.nodes, inner.introspected)
        named = get_named_type(definition.type)
        inner = self.of(node.selection_set, _composite(named), nesting)
        depth = inner.depth + 1
        if name in META or (parent is not None and parent.name.startswith("__")):
            if name in META:
                depth = self._introspection_depth(depth)
            times = self._sizes.get(name, 1) if is_list_type(get_nullable_type(definition.type)) else 1
            # Most types are not wrapped, and few twice, whatever number of levels a tool asks for.
            inside = inner.introspected // 4 if name == "ofType" else inner.introspected
            return Cost(depth, inner.fields + 1, 0, times * (1 + inside))
        if name == MY_ACCESS or (parent is not None and parent.name in TYPE_NAMES):
            many = is_list_type(get_nullable_type(definition.type))
            times = _access_sizes(self._schema).get(name, ENTRIES) if many else 1
            return Cost(depth, inner.fields + 1, 0, times * (1 + inner.introspected))
        own, times = self._weight(node, definition, named)
        return Cost(depth, inner.fields + 1, times * max(own + inner.nodes, own), inner.introspected)

    def _introspection_depth(self, depth: int) -> int:
        """Introspection may have more levels than data: only the levels beyond that difference count."""
        limits = self._limits
        if depth > limits.introspection_depth:
            text = f"introspection is nested deeper than {limits.introspection_depth} levels; ask for less"
            raise HubError(Code.DEPTH_LIMIT, text)
        return max(1, depth - (limits.introspection_depth - limits.depth))

    def _weight(self, node: FieldNode, definition: GraphQLField, named: GraphQLNamedType) -> tuple[int, int]:
        """(nodes that the field itself stands for, how many times its selections count)."""
        if named.name.endswith("Aggregate") or named.name == ACCESS:
            return self._limits.aggregate_cost, 1
        if "first" in definition.args:
            return 1, self._page(node)
        if "ids" in definition.args:
            return 1, self._ids(node)
        if named.name == PROVENANCE_TYPE:
            return 1, 1
        entity = isinstance(named, GraphQLObjectType) and self._node in named.interfaces
        return (1 if entity or named is self._node else 0), 1

    def _page(self, node: FieldNode) -> int:
        """The size that is asked for; of `first` and `last` the larger one, though both together are refused later."""
        sizes = (self._size(each.value) for each in node.arguments or () if each.name.value in SIZES)
        return max((each for each in sizes if each is not None), default=self._limits.page_default)

    def _ids(self, node: FieldNode) -> int:
        """How many nodes are asked for by their ids; as many as a page has at most where that is not known."""
        value = next((each.value for each in node.arguments or () if each.name.value == "ids"), None)
        given = self._variables.get(value.name.value) if isinstance(value, VariableNode) else value
        listed = given.values if isinstance(given, ListValueNode) else given
        if isinstance(listed, list | tuple):
            return min(max(len(listed), 1), self._limits.page_max)
        return self._limits.page_max if listed is None else 1

    def _size(self, value: ValueNode) -> int | None:
        given: object = None
        if isinstance(value, VariableNode):
            given = self._variables.get(value.name.value)
        elif isinstance(value, IntValueNode):
            given = int(value.value[:_INT_DIGITS])
        elif not isinstance(value, NullValueNode):
            return self._limits.page_max
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int):
            return self._limits.page_max
        return min(max(given, 1), self._limits.page_max)

    def _condition(self, name: str) -> Parent:
        return _composite(self._schema.type_map.get(name))


@lru_cache(maxsize=8)
def _introspection_sizes(schema: GraphQLSchema) -> Mapping[str, int]:
    """How many entries a list of introspection has: all types, and of the others the mean of those that have any.

    The types of an interface are asked of all types, of which few are one, or by way of the types that have it: of each
    all of them. Their number is spread over all types.
    """
    types = list(schema.type_map.values())
    fields = [each.fields for each in types if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    inputs = [each.fields for each in types if isinstance(each, GraphQLInputObjectType)]
    enums = [each.values for each in types if isinstance(each, GraphQLEnumType)]
    arguments = [field.args for each in fields for field in each.values()]
    return {
        "types": len(types),
        "fields": _mean(fields),
        "inputFields": _mean(inputs),
        "enumValues": _mean(enums),
        "args": _mean(arguments),
        "possibleTypes": -(-(_implementations(schema) ** 2) // len(types)),
        "directives": len(schema.directives),
    }


@lru_cache(maxsize=8)
def _access_sizes(schema: GraphQLSchema) -> Mapping[str, int]:
    return list_sizes(schema)


def _implementations(schema: GraphQLSchema) -> int:
    """How many types the interface with the most of them has."""
    interfaces = [each for each in schema.type_map.values() if isinstance(each, GraphQLInterfaceType)]
    return max((len(schema.get_implementations(each).objects) for each in interfaces), default=0)


def _mean(lists: Iterable[Sized]) -> int:
    """Of those lists that have entries at all: most of the lists that a tool asks for are empty."""
    sizes = [len(each) for each in lists if each]
    return -(-sum(sizes) // len(sizes)) if sizes else 1


def _too_nested(most: int) -> HubError:
    return HubError(Code.DEPTH_LIMIT, f"the query nests selections deeper than {most} levels; ask in two queries")


def _entered(inner: Cost) -> Cost:
    # A fragment counts as a field even if it holds none: otherwise empty ones, doubled thirty times, would be free.
    return Cost(inner.depth, inner.fields + 1, inner.nodes, inner.introspected)


def _composite(named: GraphQLNamedType | None) -> Parent:
    return named if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) else None


def _ordered(fragments: Mapping[str, FragmentDefinitionNode], limits: Limits) -> list[str]:
    """Names of the fragments, each after those that it spreads; raises VALIDATION if there is a cycle."""
    needs = {
        name: {spread for spread in _spreads(each.selection_set, limits.nesting) if spread in fragments}
        for name, each in fragments.items()
    }
    users: dict[str, list[str]] = {name: [] for name in fragments}
    for name, spread in needs.items():
        for each in spread:
            users[each].append(name)
    ready = [name for name, spread in needs.items() if not spread]
    waiting = {name: len(spread) for name, spread in needs.items()}
    ordered: list[str] = []
    while ready:
        name = ready.pop()
        ordered.append(name)
        for user in users[name]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(ordered) < len(fragments):
        raise HubError(Code.VALIDATION, "a fragment spreads itself, directly or through others")
    return ordered


def _spreads(selections: SelectionSetNode, nesting: int) -> Iterator[str]:
    stack: list[tuple[SelectionSetNode, int]] = [(selections, 0)]
    while stack:
        here, level = stack.pop()
        if level > nesting:
            raise _too_nested(nesting)
        for each in here.selections:
            if isinstance(each, FragmentSpreadNode):
                yield each.name.value
            elif isinstance(each, FieldNode | InlineFragmentNode) and each.selection_set is not None:
                stack.append((each.selection_set, level + 1))
