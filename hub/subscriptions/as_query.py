"""Makes the query that each delivery of a subscription is: the one changed node, by its id.

`subscription { eventChanged { number } }` becomes
`query ($changed: ID!) { eventChanged: event(id: $changed) { number } }`. So a delivery goes the way of a query, and
what is refused there is refused here. The document has one operation with one root field, as the GraphQL specification
wants it (5.2.3.1), which stands in it directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    parse,
    print_ast,
)

from hub.errors import Code, HubError
from hub.request.cost import LIMITS
from hub.request.validation.closed_schema import SchemaFault
from schema.catalogue import Catalogue, Entity
from schema.derived_names import changed_field, root_fields
from schema.nearest_name import nearest_name

VARIABLE: Final = "changed"


@dataclass(frozen=True, slots=True)
class AsQuery:
    """The query of each delivery. `variable` is the one that names the node, `name` the response name."""

    text: str
    operation_name: str | None
    variable: str
    name: str
    entity: Entity


def as_query(text: str, operation_name: str | None, catalogue: Catalogue) -> AsQuery:
    """The query for the subscription of a document; raises HubError VALIDATION or COST_LIMIT.

    Whether the rest of the document is valid, the pipeline says of the query.
    """
    document = _parse(text)
    operation = _operation(document, operation_name)
    field = _root_field(operation)
    told = {changed_field(each): each for each in catalogue if each.tells_changes}
    name = field.name.value
    if name not in told:
        near = nearest_name(name, told)
        hint = f"; did you mean {near}?" if near else ""
        raise SchemaFault(Code.VALIDATION, f"Subscription has no field {name[:100]}{hint}")
    variable = _unused_name(operation)
    entity = told[name]
    query = DocumentNode(definitions=tuple(_definitions(document, operation, field, entity, variable)))
    named = operation.name.value if operation.name else None
    response_name = field.alias.value if field.alias else name
    return AsQuery(print_ast(query), named, variable, response_name, entity)


def _parse(text: str) -> DocumentNode:
    if len(text) > LIMITS.characters:
        raise HubError(Code.COST_LIMIT, f"the document is longer than {LIMITS.characters} characters; ask for less")
    try:
        return parse(text, max_lexical_tokens=LIMITS.tokens, max_comments=LIMITS.tokens)
    except GraphQLError:
        # Its text may quote a value.
        raise _invalid("the document is not GraphQL, or is too long") from None
    except RecursionError:
        raise HubError(Code.DEPTH_LIMIT, "the document nests too deeply; ask for less") from None


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(found) != 1 or found[0].operation is not OperationType.SUBSCRIPTION:
        raise _invalid("the document must hold one operation, a subscription; send queries by POST")
    named = found[0].name.value if found[0].name else None
    if name is not None and name != named:
        raise _invalid("`operationName` must name the operation of the document")
    return found[0]


def _root_field(operation: OperationDefinitionNode) -> FieldNode:
    selected = operation.selection_set.selections
    field = selected[0]
    if len(selected) != 1 or not isinstance(field, FieldNode) or field.directives or operation.directives:
        raise _invalid("a subscription has one root field, without a fragment or a directive around it")
    if field.arguments:
        raise _invalid("the root field of a subscription takes no argument")
    return field


def _unused_name(operation: OperationDefinitionNode) -> str:
    taken = {each.variable.name.value for each in operation.variable_definitions or ()}
    name = VARIABLE
    while name in taken:
        name += "_"
    return name


def _definitions(
    document: DocumentNode, operation: OperationDefinitionNode, field: FieldNode, entity: Entity, variable: str
) -> list[DefinitionNode]:
    named = VariableNode(name=NameNode(value=variable))
    sought = ArgumentNode(name=NameNode(value="id"), value=named)
    declared = VariableDefinitionNode(
        variable=named, type=NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="ID"))), directives=()
    )
    root = FieldNode(
        alias=field.alias or NameNode(value=field.name.value),
        name=NameNode(value=root_fields(entity)[0]),
        arguments=(sought,),
        directives=(),
        selection_set=field.selection_set,
    )
    query = OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=operation.name,
        variable_definitions=(*_nodes(operation.variable_definitions), declared),
        directives=(),
        selection_set=SelectionSetNode(selections=(root,)),
    )
    others = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    if len(others) + 1 != len(document.definitions):
        raise _invalid("the document may hold nothing besides its operation and fragments")
    return [query, *others]


def _nodes(given: Any) -> tuple[Any, ...]:
    return tuple(given or ())


def _invalid(text: str) -> HubError:
    return HubError(Code.VALIDATION, text)
