"""Collects the fields of a selection as the GraphQL specification says (section 6.3.2).

Aliases and fragments change nothing in what is collected. A skipped field is not requested: `@skip` and `@include` are
applied here, before anything is decided or recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from schema.graphql import NODE


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
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not include or bool(include["if"])

    def arguments(self, type_name: str, node: FieldNode) -> dict[str, Any]:
        """Coerced arguments of a field. Absent arguments are absent."""
        owner = self.schema.type_map[type_name]
        return get_argument_values(cast(GraphQLObjectType, owner).fields[node.name.value], node, self.variables)
