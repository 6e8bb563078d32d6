"""Answers root fields that need no data with graphql-core's executor: introspection, from the schema alone.

No data field is ever resolved with it: that part of an operation is cut out and given to the executor, and the rest is
the compiled statement's. The schema is public to authenticated applications.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode
from graphql.execution import execute_sync

from hub.errors import Code, HubError
from hub.request.limits import Validated
from hub.request.plan_model import Introspection, Planned
from hub.request.selection import Selections


def introspect(validated: Validated, planned: Planned, schema: GraphQLSchema) -> Mapping[str, Any]:
    """Response name → value of each introspection field of a validated operation; empty if it has none."""
    return execute_roots(validated, schema, [each.name for each in planned.roots if isinstance(each, Introspection)])


def execute_roots(
    validated: Validated, schema: GraphQLSchema, names: Collection[str], root_value: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Response name → value of the root fields of these response names, resolved from `root_value`.

    Raises VALIDATION where an argument is null that may not be, and the HubError of what `root_value` holds.
    """
    if not names:
        return {}
    operation, fragments = validated.document.operation, validated.document.fragments
    fields = Selections(schema, fragments, validated.variables).collect("Query", [operation.selection_set])
    nodes = tuple(node for name in names for node in fields[name])
    cut = OperationDefinitionNode(
        operation=operation.operation,
        variable_definitions=operation.variable_definitions,
        directives=(),
        selection_set=SelectionSetNode(selections=nodes),
    )
    document = DocumentNode(definitions=(cut, *fragments.values()))
    variables = dict(validated.purposed.identified.request.variables)
    result = execute_sync(schema, document, root_value, variable_values=variables)
    for error in result.errors or ():
        if isinstance(error.original_error, HubError):
            raise error.original_error
    if result.errors or result.data is None:
        raise HubError(
            Code.VALIDATION,
            "introspection or myAccess has a null where none is taken; leave the variable out, or give it a value",
        )
    return result.data
