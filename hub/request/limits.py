"""What a document may cost is known before anything that could cost it is run.

Stage 4. Tokens are bounded while parsing; nesting, fields and nodes are counted in one pass that visits each
fragment once, whatever it is spread into; only then is the document validated (GraphQL specification,
section 5) and are its variables coerced (section 6.1.2). Texts of refusals hold names, never values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_variable_values,
    parse,
    specified_rules,
)
from graphql import (
    validate as check_document,
)
from graphql.execution.values import VariableValues

from hub.errors import Code, HubError
from hub.request.cost import LIMITS, Cost, Limits, measure
from hub.request.normalise import Normal, normalise
from hub.request.purpose import Purposed

MAX_ERRORS = 5
MAX_MESSAGE = 300
_VARIABLE = re.compile(r"Variable '\$(\w+)'")
_NAMES_ONLY = re.compile(r"(Field '\w+' (is not defined by type|of required type) '|Unknown input field)")


@dataclass(frozen=True, slots=True)
class Validated:
    """A request whose document is sound and affordable, with the one operation that will be executed."""

    purposed: Purposed
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues = field(repr=False)
    operation_name: str | None
    normal: Normal
    cost: Cost

    @property
    def operation_text(self) -> str:
        """The document for the log: literals are placeholders, aliases are numbered."""
        return self.normal.text


def validate(purposed: Purposed, schema: GraphQLSchema, limits: Limits = LIMITS) -> Validated:
    """The operation that a request asks for.

    Raises HubError: VALIDATION, DEPTH_LIMIT or COST_LIMIT.
    """
    request = purposed.identified.request
    document = _parse(request.query, limits)
    operations, fragments = _definitions(document)
    _check_directives(document)
    if len(operations) > limits.operations:
        raise HubError(Code.COST_LIMIT, f"the document has more than {limits.operations} operations")
    operation = _chosen(operations, request.operation_name)
    costs = measure(operations, fragments, schema, request.variables, limits)
    _validate(document, schema)
    variables = get_variable_values(
        schema,
        operation.variable_definitions or (),
        dict(request.variables),
        max_errors=MAX_ERRORS,
        hide_suggestions=True,
    )
    if isinstance(variables, list):
        raise _several([_variable_fault(each) for each in variables])
    name = operation.name.value if operation.name else None
    return Validated(purposed, operation, fragments, variables, name, normalise(document), costs[id(operation)])


def _parse(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise HubError(Code.COST_LIMIT, f"the document is longer than {limits.characters} characters")
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
    except GraphQLSyntaxError as error:
        # graphql-core's text quotes the token it stumbled over, which may be a value.
        if re.fullmatch(r"Syntax Error: Document contains more than \d+ \w+\. Parsing aborted\.", error.message):
            raise HubError(Code.COST_LIMIT, f"the document has more than {limits.tokens} tokens") from None
        if "nested too deeply" in error.message:
            raise HubError(Code.DEPTH_LIMIT, "the document is nested too deeply") from None
        raise HubError(Code.VALIDATION, "the document is not GraphQL at this place", locations=_places(error)) from None


def _definitions(
    document: DocumentNode,
) -> tuple[list[OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            operations.append(each)
        elif not isinstance(each, FragmentDefinitionNode):
            raise HubError(Code.VALIDATION, "the document holds something besides operations and fragments")
        elif each.name.value in fragments:
            raise HubError(Code.VALIDATION, "two fragments share a name")
        else:
            fragments[each.name.value] = each
    return operations, fragments


def _chosen(operations: list[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    """The operation to execute: the only one, or the one named. Every operation must be a query."""
    if any(each.operation is not OperationType.QUERY for each in operations):
        raise HubError(Code.VALIDATION, "only queries are offered; there is no mutation and no subscription")
    if name is None:
        if len(operations) != 1:
            raise HubError(Code.VALIDATION, "the document needs one operation, or an operationName")
        return operations[0]
    named = [each for each in operations if each.name is not None and each.name.value == name]
    if len(named) != 1:
        raise HubError(Code.VALIDATION, "operationName names no operation of the document")
    return named[0]


def _check_directives(document: DocumentNode) -> None:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        follower = token.next
        if token.kind.value == "@" and (follower is None or follower.value not in {"skip", "include"}):
            raise HubError(
                Code.VALIDATION,
                "only the directives @skip and @include are offered",
                locations=((token.line, token.column),),
            )
        token = follower


def _validate(document: DocumentNode, schema: GraphQLSchema) -> None:
    errors = check_document(schema, document, _RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
    if errors and errors[0].message == "Validation aborted.":
        raise HubError(Code.DEPTH_LIMIT, "the fragments are nested too deeply")
    if errors:
        raise _several([_document_fault(each) for each in errors[:MAX_ERRORS]])


def _labelled(rule: type[ASTValidationRule]) -> type[ASTValidationRule]:
    """The rule, with its name on each error it reports: graphql-core does not say which rule was broken."""

    def report_error(self: ASTValidationRule, error: GraphQLError) -> None:
        error.extensions = {"rule": rule.__name__}
        self.context.report_error(error)

    return type(rule.__name__, (rule,), {"report_error": report_error})


_RULES = tuple(_labelled(rule) for rule in specified_rules)


def _document_fault(error: GraphQLError) -> HubError:
    rule = (error.extensions or {}).get("rule")
    text = error.message
    if rule == "ValuesOfCorrectTypeRule" and not _NAMES_ONLY.match(text):
        text = "a value here is not of the type that the schema asks for"
    # Suggestions are off, but one rule makes them all the same.
    text = text.partition(" Did you mean")[0]
    return HubError(Code.VALIDATION, text[:MAX_MESSAGE], locations=_places(error))


def _variable_fault(error: GraphQLError) -> HubError:
    found = _VARIABLE.search(error.message)
    name = f"${found.group(1)[:MAX_MESSAGE]}" if found else "of the request"
    return HubError(
        Code.VALIDATION,
        f"the variable {name} is missing or has a value that does not fit its type",
        locations=_places(error),
    )


def _several(faults: list[HubError]) -> HubError:
    first = faults[0]
    return HubError(first.code, first.public_message, locations=first.locations, also=tuple(faults[1:MAX_ERRORS]))


def _places(error: GraphQLError) -> tuple[tuple[int, int], ...]:
    return tuple((each.line, each.column) for each in (error.locations or ())[:MAX_ERRORS])
