"""Makes the query that each delivery of a subscription is: the one changed node by its id, or the counts of an alert.

`subscription { eventChanged { number } }` becomes
`query ($changed: ID!) { eventChanged: event(id: $changed) { number } }`, and
`subscription { eventsAlert(groupBy: [KIND], atLeast: 20) { kind count } }` becomes
`query { eventsAlert: eventsAggregate(groupBy: [KIND]) { kind count } }`. So a delivery goes the way of a query, and
what is refused there is refused here. The document has one operation with one root field, as the GraphQL specification
wants it (5.2.3.1), which stands in it directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    IntValueNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from hub.errors import Code, HubError
from hub.request.cost import LIMITS
from hub.request.validation.closed_schema import SchemaFault
from schema.catalogue import Catalogue, Entity
from schema.derived_names import alert_field, changed_field, root_fields
from schema.nearest_name import nearest_name

VARIABLE: Final = "changed"
AT_LEAST: Final = "atLeast"
ALERT_ARGUMENTS: Final = frozenset({"where", "groupBy", AT_LEAST})
MOST: Final = 2**31 - 1
"""The largest number of GraphQL."""
NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AsQuery:
    """The query of each delivery. `variable` is the one that names the node, `name` the response name.

    `at_least` is the number that a count of an alert must reach; a change has none, and an alert no `variable`.
    """

    text: str
    operation_name: str | None
    variable: str | None
    name: str
    entity: Entity
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The root field of the query, and the variables of its operation."""

    field: str
    arguments: tuple[ArgumentNode, ...]
    declared: tuple[VariableDefinitionNode, ...]
    variable: str | None = None
    at_least: int | None = None


def asks_for_changes(text: str) -> bool:
    """Whether a document holds a subscription; one that cannot be read holds none."""
    try:
        definitions = _parse(text).definitions
    except HubError:
        return False
    operations = (each.operation for each in definitions if isinstance(each, OperationDefinitionNode))
    return OperationType.SUBSCRIPTION in operations


def as_query(
    text: str, operation_name: str | None, catalogue: Catalogue, variables: Mapping[str, Any] = NO_VALUES
) -> AsQuery:
    """The query for the subscription of a document; raises HubError VALIDATION or COST_LIMIT.

    Of the values of `variables` only that of `atLeast` is read. Whether the rest of the document is valid, the pipeline
    says of the query.
    """
    document = _parse(text)
    operation = _operation(document, operation_name)
    field = _root_field(operation)
    told = [each for each in catalogue if each.tells_changes]
    changes, alerts = {changed_field(each): each for each in told}, {alert_field(each): each for each in told}
    name = field.name.value
    if name in changes:
        entity = changes[name]
        asked = _one_node(document, operation, field, entity)
    elif name in alerts:
        entity = alerts[name]
        asked = _counts(operation, field, entity, variables)
    else:
        near = nearest_name(name, [*changes, *alerts])
        hint = f"; did you mean {near}?" if near else ""
        raise SchemaFault(Code.VALIDATION, f"Subscription has no field {name[:100]}{hint}")
    query = DocumentNode(definitions=tuple(_definitions(document, operation, field, asked)))
    named = operation.name.value if operation.name else None
    response_name = field.alias.value if field.alias else name
    return AsQuery(print_ast(query), named, asked.variable, response_name, entity, asked.at_least)


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
    return field


def _one_node(document: DocumentNode, operation: OperationDefinitionNode, field: FieldNode, entity: Entity) -> _Asked:
    """What asks for a changed node, whose id is a variable."""
    if field.arguments:
        raise SchemaFault(Code.VALIDATION, f"{field.name.value} takes no argument")
    variable = _unused_name(document)
    named = VariableNode(name=NameNode(value=variable))
    sought = ArgumentNode(name=NameNode(value="id"), value=named)
    kind = NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="ID")))
    declared = VariableDefinitionNode(variable=named, type=kind, directives=())
    return _Asked(root_fields(entity)[0], (sought,), (*_nodes(operation.variable_definitions), declared), variable)


def _unused_name(document: DocumentNode) -> str:
    """The name of a variable that stands nowhere in the document, so that what it does not declare stays undeclared."""
    taken = set[str]()

    class Names(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            taken.add(node.name.value)

    visit(document, Names())
    name = VARIABLE
    while name in taken:
        name += "_"
    return name


def _counts(
    operation: OperationDefinitionNode, field: FieldNode, entity: Entity, variables: Mapping[str, Any]
) -> _Asked:
    """What asks for the counts of an alert: the aggregate, without the number, which the graph is not told."""
    arguments = {each.name.value: each for each in _nodes(field.arguments)}
    if len(arguments) != len(_nodes(field.arguments)) or not arguments.keys() <= ALERT_ARGUMENTS:
        raise SchemaFault(
            Code.VALIDATION,
            f"{field.name.value} takes {', '.join(sorted(ALERT_ARGUMENTS))}, each once, and nothing else",
        )
    if AT_LEAST not in arguments:
        raise SchemaFault(
            Code.VALIDATION, f"{field.name.value} must be told {AT_LEAST}: the count from which a group is told"
        )
    number = arguments.pop(AT_LEAST).value
    at_least = _at_least(operation, number, variables)
    # A variable that gives the number gives nothing else, so the query does not declare it.
    used = number.name.value if isinstance(number, VariableNode) else None
    declared = [each for each in _nodes(operation.variable_definitions) if each.variable.name.value != used]
    return _Asked(root_fields(entity)[2], tuple(arguments.values()), tuple(declared), at_least=at_least)


def _at_least(operation: OperationDefinitionNode, value: ValueNode, variables: Mapping[str, Any]) -> int:
    given: Any = None
    if isinstance(value, VariableNode):
        name = value.name.value
        for each in _nodes(operation.variable_definitions):
            if each.variable.name.value == name and print_ast(each.type) == "Int!":
                given = variables[name] if name in variables else _number(each.default_value)
    else:
        given = _number(value)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST:
        raise SchemaFault(
            Code.VALIDATION,
            f"{AT_LEAST} takes a whole number of at least 1, or a variable of the type Int! that is one",
        )
    return given


def _number(literal: ValueNode | None) -> int | None:
    # No more digits are read than the largest number has: a number of thousands takes long.
    if not isinstance(literal, IntValueNode) or len(literal.value) > len(str(MOST)):
        return None
    return int(literal.value)


def _definitions(
    document: DocumentNode, operation: OperationDefinitionNode, field: FieldNode, asked: _Asked
) -> list[DefinitionNode]:
    root = FieldNode(
        alias=field.alias or NameNode(value=field.name.value),
        name=NameNode(value=asked.field),
        arguments=asked.arguments,
        directives=(),
        selection_set=field.selection_set,
    )
    query = OperationDefinitionNode(
        operation=OperationType.QUERY,
        name=operation.name,
        variable_definitions=asked.declared,
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
