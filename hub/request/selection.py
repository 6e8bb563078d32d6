"""Collects the fields of a selection as the GraphQL specification says (section 6.3.2).

Aliases and fragments change nothing in what is collected. A variable without a value never makes a condition say less,
and what the conditions of one operation may cost the graph is bounded before they are read. A skipped field is not
requested: `@skip` and `@include` are applied here, before anything is decided or recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from hub.errors import Code, HubError
from schema.graphql import NODE

CONDITIONS = frozenset({"where", "since", "until"})
"""Arguments that narrow an answer: left out by a variable without a value, the answer would be wider than meant."""
FILTER_DEPTH = 8
"""Levels of and, or, not, some and none in one condition. The graph's planner takes twice as long with each level."""
FILTER_EDGES_IN_A_ROW = 4
FILTER_EDGES = 16
FILTER_COMPARISONS = 64
"""How many some and none stand within each other; how many of them, and of comparisons, one operation has in all."""
_JOINING = frozenset({"and", "or", "not"})
_QUANTIFIERS = frozenset({"some", "none"})


class Selections:
    """Reads the selections of one validated operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables
        self._edges = self._comparisons = 0

    def collect(self, type_name: str, sets: Iterable[SelectionSetNode | None]) -> dict[str, list[FieldNode]]:
        """Response name → its field nodes, in document order, for an object of `type_name`."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for each in sets:
            if each is not None:
                self._collect(type_name, each.selections, found, spread)
        return found

    def _collect(
        self,
        type_name: str,
        nodes: Iterable[SelectionNode],
        found: dict[str, list[FieldNode]],
        spread: set[str],
    ) -> None:
        for node in nodes:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or node.type_condition.name.value in {type_name, NODE}:
                    self._collect(type_name, node.selection_set.selections, found, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if fragment.type_condition.name.value in {type_name, NODE}:
                    self._collect(type_name, fragment.selection_set.selections, found, spread)

    def _included(self, node: SelectionNode) -> bool:
        try:
            skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
            include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        except GraphQLError:
            raise self._null_where_none_is_taken(node, "the condition of @skip or @include") from None
        return not (skip and skip["if"]) and (not include or bool(include["if"]))

    def arguments(self, type_name: str, node: FieldNode) -> dict[str, Any]:
        """Coerced arguments of a field. Absent arguments are absent.

        Raises VALIDATION for a condition that is null, or for one or a sort key that a variable without a value would
        leave out; DEPTH_LIMIT or COST_LIMIT for conditions that would cost the graph too much.
        """
        for argument in node.arguments or ():
            if argument.name.value in CONDITIONS:
                self._require_condition(node, argument)
            elif argument.name.value == "orderBy":
                keys = argument.value.values if isinstance(argument.value, ListValueNode) else (argument.value,)
                for key in keys:
                    if isinstance(key, ObjectValueNode):
                        self._require_values(key, f"orderBy of {node.name.value}")
        owner = self.schema.type_map[type_name]
        field = cast(GraphQLObjectType, owner).fields[node.name.value]
        try:
            values = get_argument_values(field, node, self.variables)
        except GraphQLError:
            raise self._null_where_none_is_taken(node, f"an argument of {node.name.value}") from None
        self._measure(values.get("where"))
        return values

    def _null_where_none_is_taken(self, node: Node, place: str) -> HubError:
        """The refusal of null for a variable that may be left out: it has a default, and validation knows no values."""
        read = (variable for each in _arguments(node) for variable in _variables(each.value))
        null = [each for each in read if self.variables.coerced.get(each.name.value) is None]
        names = ", ".join(sorted({f"${each.name.value}" for each in null})) or "a variable"
        return _says_nothing(f"{names} is null, and {place} takes no null; leave it out, or give it a value", node)

    def _measure(self, condition: Any) -> None:
        """Add a condition to what those before it cost; each object that joins nothing is a comparison."""
        stack: list[tuple[Any, int, int]] = [(condition, 0, 0)]
        while stack:
            value, depth, in_a_row = stack.pop()
            if depth > FILTER_DEPTH:
                text = f"the condition nests and, or, not, some and none deeper than {FILTER_DEPTH} levels; flatten it"
                raise HubError(Code.DEPTH_LIMIT, text)
            if in_a_row > FILTER_EDGES_IN_A_ROW:
                text = f"the condition goes over more than {FILTER_EDGES_IN_A_ROW} edges in a row; ask in two queries"
                raise HubError(Code.DEPTH_LIMIT, text)
            if isinstance(value, list):
                stack.extend((each, depth, in_a_row) for each in value if isinstance(each, dict))
            elif isinstance(value, dict):
                for name, each in value.items():
                    joins, goes = name in _JOINING, name in _QUANTIFIERS
                    self._edges += goes and each is not None
                    self._comparisons += isinstance(each, dict) and not (joins or goes)
                    if isinstance(each, dict | list):
                        stack.append((each, depth + (joins or goes), in_a_row + goes))
            self._check_totals()

    def _check_totals(self) -> None:
        if self._edges > FILTER_EDGES:
            text = f"the conditions have more than {FILTER_EDGES} times some or none; ask in two queries"
            raise HubError(Code.COST_LIMIT, text)
        if self._comparisons > FILTER_COMPARISONS:
            text = f"the conditions have more than {FILTER_COMPARISONS} comparisons; use `in`, or ask in two queries"
            raise HubError(Code.COST_LIMIT, text)

    def _require_condition(self, field: FieldNode, argument: ArgumentNode) -> None:
        place = f"the condition {argument.name.value} of {field.name.value}"
        if isinstance(argument.value, NullValueNode):
            raise _says_nothing(f"{place} is null and says nothing; leave it out, or give it a value", argument)
        self._require_values(argument.value, place)

    def _require_values(self, value: ValueNode, place: str) -> None:
        for variable in _variables(value):
            name = variable.name.value
            if self.variables.coerced.get(name) is None:
                problem = f"the variable ${name} has no value, so {place} would say less than it is written to"
                raise _says_nothing(f"{problem}; give it a value, or leave what it stands in out", variable)


def _arguments(node: Node) -> Iterator[ArgumentNode]:
    """The arguments of a field or spread, and of its directives."""
    yield from getattr(node, "arguments", None) or ()
    for directive in getattr(node, "directives", None) or ():
        yield from directive.arguments or ()


def _variables(value: ValueNode) -> Iterator[VariableNode]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, VariableNode):
            yield each
        elif isinstance(each, ListValueNode):
            stack.extend(each.values)
        elif isinstance(each, ObjectValueNode):
            stack.extend(entry.value for entry in each.fields)


def _says_nothing(text: str, node: Node) -> HubError:
    return HubError(Code.VALIDATION, text, locations=location_of(node))


def location_of(node: Node) -> tuple[tuple[int, int], ...]:
    """Line and column of a node, as `locations` of a refusal."""
    start = node.loc.start_token if node.loc else None
    return ((start.line, start.column),) if start else ()
