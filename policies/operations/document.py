"""Checks the text of a document that is to be registered.

It holds one operation with a name, is valid for the schema of the catalogue, and has no value of its own: whatever is
compared comes with a request, as a variable, and is in its record. Words of the schema (enum values, true, false, null)
are no values, nor is the length of a page. Source: GraphQL specification, sections 2 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    GraphQLType,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)

from schema.catalogue import Catalogue
from schema.derived_names import ACCESSES, VERIFY, type_names

MOST_TOKENS = 20_000
PAGE_SIZES = frozenset({"first", "last"})
"""Arguments of a field whose whole number says how long a list is, and compares nothing."""


class DocumentFault(ValueError):
    """A document that cannot be registered; the text names line and column of the document, and what to do."""


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document that may be registered: the name of its operation, and the types of the catalogue that it reads."""

    name: str
    types: frozenset[str]


def check_document(text: str, schema: GraphQLSchema, catalogue: Catalogue) -> CheckedDocument:
    """What a document asks for; raises DocumentFault at the first thing that is wrong."""
    document = _parsed(text)
    named = _named_operation(document)
    visit(document, _Literals())
    try:
        found = next(iter(validate(schema, document, max_errors=1)), None)
    except RecursionError:
        raise DocumentFault("is nested too deeply; spread fewer fragments") from None
    if found is not None:
        raise DocumentFault(f"{_place(found)}: {found.message}")
    return CheckedDocument(named, frozenset(_types_read(document, schema, catalogue)))


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as wrong:
        raise DocumentFault(f"{_place(wrong)}: is not GraphQL here") from None
    except RecursionError:
        raise DocumentFault("is nested too deeply; register two documents") from None


def _named_operation(document: DocumentNode) -> str:
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None:
        raise DocumentFault(
            "must hold one operation with a name, such as `query Residents(…) {…}`; register each alone"
        )
    if operations[0].operation is not OperationType.QUERY:
        raise DocumentFault("must be a query: subscriptions are not registered")
    return operations[0].name.value


class _Literals(Visitor):
    """Refuses each literal that is a value: a text, a number with a point, a whole number that is no page size."""

    def enter_string_value(self, node: StringValueNode, *at: Any) -> None:
        _refuse_literal(node, at[1], at[3])

    def enter_float_value(self, node: FloatValueNode, *at: Any) -> None:
        _refuse_literal(node, at[1], at[3])

    def enter_int_value(self, node: IntValueNode, *at: Any) -> None:
        parent = at[1]
        if not (isinstance(parent, ArgumentNode) and parent.name.value in PAGE_SIZES):
            _refuse_literal(node, parent, at[3])


def _refuse_literal(node: Node, parent: Any, ancestors: list[Any]) -> None:
    around = [each for each in (*ancestors, parent) if isinstance(each, ArgumentNode | VariableDefinitionNode)]
    where, holder = "", around[-1] if around else None
    if isinstance(holder, VariableDefinitionNode):
        where = f" as the default of ${holder.variable.name.value}"
    elif isinstance(holder, ArgumentNode):
        where = f" in the argument {holder.name.value}"
    place = _place(GraphQLError("", node))
    raise DocumentFault(f"{place}: a value is written{where}; take a variable, so that each request sends its own")


def _types_read(document: DocumentNode, schema: GraphQLSchema, catalogue: Catalogue) -> Iterator[str]:
    """The types of the catalogue that a document selects, counts, lists, filters, sorts or groups by.

    Which of its fields the value of a variable names, a request says; so a variable of a condition reads whatever a
    condition of its type may reach.
    """
    owners = {name: each.name for each in catalogue for name, _ in type_names(each)}
    info, seen = TypeInfo(schema), set[str]()

    class Reader(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            seen.update((_name_of(info.get_parent_type()), _name_of(info.get_type())))
            if node.name.value in {ACCESSES, VERIFY} and catalogue.person is not None:
                seen.add(catalogue.person.name)

        def enter_inline_fragment(self, *_: Any) -> None:
            seen.add(_name_of(info.get_type()))

        def enter_fragment_definition(self, *_: Any) -> None:
            seen.add(_name_of(info.get_type()))

        def enter_object_field(self, *_: Any) -> None:
            seen.add(_name_of(info.get_input_type()))

        def enter_variable(self, *_: Any) -> None:
            seen.update(_reached(info.get_input_type()))

    visit(document, TypeInfoVisitor(info, Reader()))
    return iter(sorted({owners[each] for each in seen & owners.keys()}))


def _name_of(found: GraphQLType | None) -> str:
    return str(get_named_type(found))


def _reached(found: GraphQLInputType | None) -> set[str]:
    """The names of an input type and of all that it leads to."""
    reached, stack = set[str](), [get_named_type(found)]
    while stack:
        each = stack.pop()
        if each is not None and each.name not in reached:
            reached.add(each.name)
            fields = each.fields.values() if isinstance(each, GraphQLInputObjectType) else ()
            stack.extend(get_named_type(field.type) for field in fields)
    return reached


def _place(error: GraphQLError) -> str:
    line, column = next(((each.line, each.column) for each in error.locations or ()), (1, 1))
    return f"line {line}, column {column} of the document"
