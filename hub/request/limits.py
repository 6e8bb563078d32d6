"""Parses, limits and validates the document of a request, and coerces its variables.

What a document may cost is known before anything that could cost it runs. Stage 4. Tokens are bounded while parsing;
nesting, fields and nodes are counted in one pass that visits each fragment once, however often it is spread; only then
is the document validated (GraphQL specification, section 5) and are its variables coerced (section 6.1.2). Texts of
refusals hold names, never values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Lexer,
    OperationDefinitionNode,
    OperationType,
    Source,
    Token,
    TokenKind,
    VariableDefinitionNode,
    get_variable_values,
    is_input_type,
    parse,
    type_from_ast,
)
from graphql import validate as check_document
from graphql.execution.values import VariableValues
from graphql.utilities.validate_input_value import validate_input_value
from graphql.validation.validate import ValidationAbortedError

from hub.errors import Code, HubError
from hub.request.cost import LIMITS, Cost, Limits, measure
from hub.request.normalise import NormalisedDocument, normalise
from hub.request.purpose import Purposed
from hub.request.validation.closed_schema import SchemaFault
from hub.request.validation.document_rules import MAX_PLACE, RULES, Undefined, Unused
from schema.value_faults import variable_fault

MAX_ERRORS = 5
MAX_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Document:
    """A document within the limits and valid, with the one of its operations that will be executed."""

    operations: tuple[OperationDefinitionNode, ...]
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    normalised: NormalisedDocument

    @property
    def operation_name(self) -> str | None:
        """The name that the application gave its operation."""
        return self.operation.name.value if self.operation.name else None


@dataclass(frozen=True, slots=True)
class Validated:
    """A request whose document is valid and within the limits, with the values of its variables."""

    purposed: Purposed
    document: Document
    variables: VariableValues = field(repr=False)
    cost: Cost

    @property
    def operation_text(self) -> str:
        """The document for the log: literals are placeholders, aliases are numbered."""
        return self.document.normalised.text


def validate(purposed: Purposed, schema: GraphQLSchema, limits: Limits = LIMITS) -> Validated:
    """The operation that a request asks for.

    Raises HubError: VALIDATION, DEPTH_LIMIT or COST_LIMIT.
    """
    request = purposed.identified.request
    parsed = _parse(request.query, limits)
    operations, fragments = _definitions(parsed)
    _check_directives(parsed)
    if len(operations) > limits.operations:
        raise HubError(Code.COST_LIMIT, f"the document has more than {limits.operations} operations; send fewer")
    operation = _select_operation(operations, request.operation_name)
    cost = measure(operations, fragments, schema, request.variables, limits)[id(operation)]
    _validate(parsed, schema)
    variables = coerce_variables(operation, schema, request.variables)
    document = Document(tuple(operations), operation, fragments, normalise(parsed))
    return Validated(purposed, document, variables, cost)


def cost_of(document: Document, schema: GraphQLSchema, variables: Mapping[str, Any], limits: Limits = LIMITS) -> Cost:
    """What a valid document costs with the variables of a request, which are not coerced yet; raises COST_LIMIT."""
    return measure(document.operations, document.fragments, schema, variables, limits)[id(document.operation)]


def coerce_variables(
    operation: OperationDefinitionNode, schema: GraphQLSchema, given: Mapping[str, Any]
) -> VariableValues:
    """The values of an operation's variables; raises VALIDATION, which names places and no values."""
    definitions = operation.variable_definitions or ()
    variables = get_variable_values(schema, definitions, dict(given), max_errors=MAX_ERRORS, hide_suggestions=True)
    if isinstance(variables, list):
        placed = _variable_faults(operation, schema, given)
        told = {each.locations for each in placed}
        unplaced = (_unplaced_fault(each) for each in variables)
        raise _combine([*placed, *(each for each in unplaced if each.locations not in told)])
    return variables


def _parse(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise HubError(Code.COST_LIMIT, f"the document is longer than {limits.characters} characters; split the query")
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
    except GraphQLSyntaxError as error:
        # graphql-core tells a limit from a mistake by its text only, which may quote a value; so it is not read here.
        raise _syntax_fault(text, error, limits) from None


def _syntax_fault(text: str, error: GraphQLSyntaxError, limits: Limits) -> HubError:
    """Which limit the parser had reached where it stopped, if any; else the document is wrong at that place."""
    stopped_at = next(iter(error.positions or ()), 0)
    counts = _count_tokens(text[:stopped_at])
    comments = counts[TokenKind.COMMENT]
    tokens = counts.total() - comments
    if stopped_at < len(text) and max(tokens, comments) >= limits.tokens:
        return HubError(Code.COST_LIMIT, f"the document has more than {limits.tokens} tokens; split the query")
    open_brackets = sum(counts[kind] for kind in _OPENING) - sum(counts[kind] for kind in _CLOSING)
    if open_brackets > limits.nesting:
        return HubError(Code.DEPTH_LIMIT, f"the document nests more than {limits.nesting} brackets; ask in two queries")
    text = "the document is not GraphQL at this place"
    return HubError(Code.VALIDATION, text, locations=_locations(error), strict_status=400)


_OPENING = (TokenKind.BRACE_L, TokenKind.PAREN_L, TokenKind.BRACKET_L)
_CLOSING = (TokenKind.BRACE_R, TokenKind.PAREN_R, TokenKind.BRACKET_R)


def _count_tokens(text: str) -> Counter[TokenKind]:
    """How many tokens of each kind a text holds, as far as it can be read."""
    lexer = Lexer(Source(text))
    token: Token | None = lexer.token
    with suppress(GraphQLSyntaxError):
        while lexer.advance().kind is not TokenKind.EOF:
            pass
    counts: Counter[TokenKind] = Counter()
    while token is not None:
        counts[token.kind] += token.kind not in {TokenKind.SOF, TokenKind.EOF}
        token = token.next
    return counts


def _definitions(
    document: DocumentNode,
) -> tuple[list[OperationDefinitionNode], dict[str, FragmentDefinitionNode]]:
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            operations.append(each)
        elif not isinstance(each, FragmentDefinitionNode):
            text = "the document may hold nothing besides operations and fragments"
            raise HubError(Code.VALIDATION, text, locations=_locations(GraphQLError(text, each)))
        elif each.name.value in fragments:
            text = "two fragments have the same name; give each its own"
            raise HubError(Code.VALIDATION, text, locations=_locations(GraphQLError(text, each)))
        else:
            fragments[each.name.value] = each
    return operations, fragments


def _select_operation(operations: list[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    """The operation to execute: the only one, or the one named. Every operation must be a query."""
    other = next((each for each in operations if each.operation is not OperationType.QUERY), None)
    if other is not None:
        text = "only queries are answered as JSON; subscribe over a WebSocket or with Accept: text/event-stream"
        raise HubError(Code.VALIDATION, text, locations=_locations(GraphQLError(text, other)))
    if name is None:
        if len(operations) != 1:
            raise HubError(
                Code.VALIDATION, "the document must hold one operation, or `operationName` must name one of several"
            )
        return operations[0]
    named = [each for each in operations if each.name is not None and each.name.value == name]
    if len(named) != 1:
        raise HubError(Code.VALIDATION, "`operationName` must name one operation of the document")
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
    errors = check_document(schema, document, RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
    mistyped = {id(each.meant) for each in errors if isinstance(each, Undefined)}
    faults = [
        _document_fault(each)
        for each in errors
        if not isinstance(each, ValidationAbortedError)
        and not (isinstance(each, Unused) and each.nodes and id(each.nodes[0]) in mistyped)
    ]
    if faults:
        raise _combine(faults)
    if errors:
        raise HubError(Code.DEPTH_LIMIT, "the fragments are nested deeper than validation can follow; spread fewer")


def _document_fault(error: GraphQLError) -> HubError:
    return HubError(Code.VALIDATION, error.message[:MAX_MESSAGE], locations=_locations(error))


def _variable_faults(
    operation: OperationDefinitionNode, schema: GraphQLSchema, given: Mapping[str, Any]
) -> list[HubError]:
    """What does not fit in the values of variables, by place."""
    faults: list[HubError] = []
    for definition in operation.variable_definitions or ():
        name, kind = definition.variable.name.value, type_from_ast(schema, definition.type)
        if name in given and is_input_type(kind):
            value, place = given[name], f"${name}"[:MAX_PLACE]

            def report(
                _: GraphQLError,
                path: list[str | int],
                definition: VariableDefinitionNode = definition,
                kind: Any = kind,
                place: str = place,
                value: Any = value,
            ) -> None:
                text = variable_fault(place, kind, path, value)
                faults.append(_document_fault(GraphQLError(text, definition)))

            validate_input_value(value, kind, report, True)
    return faults


def _unplaced_fault(error: GraphQLError) -> HubError:
    node = error.nodes[0] if error.nodes else None
    name = f"the variable ${node.variable.name.value}" if isinstance(node, VariableDefinitionNode) else "a variable"
    text = f"{name[:MAX_MESSAGE]} is missing or has a value that does not fit its type"
    return HubError(Code.VALIDATION, text, locations=_locations(error))


def _combine(faults: list[HubError]) -> SchemaFault:
    first = faults[0]
    return SchemaFault(first.code, first.public_message, locations=first.locations, also=tuple(faults[1:MAX_ERRORS]))


def _locations(error: GraphQLError) -> tuple[tuple[int, int], ...]:
    return tuple((each.line, each.column) for each in (error.locations or ())[:MAX_ERRORS])
