"""What a document selects: its fields by response name, fragments and directives followed, and their arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values

from schema.catalogue import Catalogue
from tests.support.oracle.argument_values import plain
from tests.support.small_graph import schema_of


class FieldReader:
    """Reads one operation with these fragments and variables."""

    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues, catalogue: Catalogue
    ) -> None:
        self.fragments, self.variables = fragments, variables
        self.catalogue, self.schema = catalogue, schema_of(catalogue)

    def fields(self, type_name: str, owners: Iterable[Any]) -> dict[str, list[FieldNode]]:
        """Response name → field nodes (GraphQL 6.3.2)."""
        found: dict[str, list[FieldNode]] = {}
        for owner in owners:
            for node in self._flat(type_name, owner.selection_set.selections):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return found

    def _flat(self, type_name: str, nodes: Iterable[SelectionNode]) -> Iterable[FieldNode]:
        for node in nodes:
            skip = get_directive_values(GraphQLSkipDirective, node, self.variables) or {"if": False}
            include = get_directive_values(GraphQLIncludeDirective, node, self.variables) or {"if": True}
            if skip["if"] or not include["if"]:
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            inner = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            assert isinstance(inner, InlineFragmentNode | FragmentDefinitionNode)
            if inner.type_condition is None or inner.type_condition.name.value in {type_name, "Node"}:
                yield from self._flat(type_name, inner.selection_set.selections)

    def arguments(self, type_name: str, node: FieldNode) -> dict[str, Any]:
        """Coerced arguments."""
        owner: Any = self.schema.type_map[type_name]
        return dict(plain(get_argument_values(owner.fields[node.name.value], node, self.variables)))
