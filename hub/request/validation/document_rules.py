"""The rules of GraphQL's validation with texts of ours: field, type and the nearest name, and never a value.

A nearest name is one of the schema, which every authenticated application may read, or one that the document defines
itself. Everything else is graphql-core's. Source: GraphQL specification, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from graphql import (
    SKIP,
    ArgumentNode,
    ASTValidationRule,
    FieldNode,
    FieldsOnCorrectTypeRule,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    InlineFragmentNode,
    KnownArgumentNamesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    MaxIntrospectionDepthRule,
    NamedTypeNode,
    Node,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    ScalarLeafsRule,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VariableNode,
    VisitorAction,
    is_composite_type,
    is_input_type,
    specified_rules,
)
from graphql.utilities.validate_input_value import validate_input_literal
from graphql.validation.rules.max_introspection_depth_rule import MAX_LIST_DEPTH

from schema.nearest_name import nearest_name
from schema.value_faults import literal_fault

MAX_PLACE: Final = 120
"""Characters of a place that are told."""
MOST_COMPARED: Final = 300
"""Names of the schema that are compared with one that is not known; the first of a larger schema."""
LIKE: Final = 0.6
"""How like one that is told must be."""


class Undefined(GraphQLError):
    """A variable that the operation does not define; `meant` is the definition whose name is most like its own."""

    meant: VariableDefinitionNode | None = None


class Unused(GraphQLError):
    """A variable that the operation defines and nobody reads."""


def _nearest(word: str, known: Iterable[str], sign: str = "") -> str:
    near = nearest_name(word, known, LIKE, most=MOST_COMPARED)
    return f" The nearest is '{sign}{near}'." if near else ""


class _ValuesOfCorrectType(ValuesOfCorrectTypeRule):
    """The rule with a text of ours: graphql-core's quotes the value, and does not say where it stands."""

    _field = _place = ""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Keep the field whose arguments follow."""
        self._field = node.name.value

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Keep the argument whose value follows."""
        self._place = f"{self._field}: {node.name.value}"

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Keep the variable whose default follows."""
        self._place = f"the default of ${node.variable.name.value}"

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report each fault of a literal."""

        def report(error: GraphQLError, path: list[str | int]) -> None:
            at = error.nodes[0] if error.nodes else node
            text = literal_fault(self._place[:MAX_PLACE], cast(GraphQLInputType, input_type), path, at)
            self.report_error(GraphQLError(text, at))

        if input_type is not None:
            validate_input_literal(node, input_type, report, None, None, True)
        return SKIP


class _FieldsOnCorrectType(FieldsOnCorrectTypeRule):
    """The rule with the nearest field of the type."""

    def report_error(self, error: GraphQLError) -> None:
        node, parent = error.nodes[0] if error.nodes else None, self.context.get_parent_type()
        if isinstance(node, FieldNode) and isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            error = GraphQLError(error.message + _nearest(node.name.value, parent.fields), node)
        super().report_error(error)


class _KnownArgumentNames(KnownArgumentNamesRule):
    """The rule with the nearest argument of the field."""

    def enter_argument(self, node: ArgumentNode, *args: Any) -> None:
        """Report an argument that the field does not take."""
        field, parent, of = self.context.get_field_def(), self.context.get_parent_type(), args[-1][-1]
        if self.context.get_argument() is None and field and parent and isinstance(of, FieldNode):
            name = node.name.value
            text = f"Unknown argument '{name}' on field '{parent.name}.{of.name.value}'.{_nearest(name, field.args)}"
            self.report_error(GraphQLError(text, node))


class _KnownTypeNames(KnownTypeNamesRule):
    """The rule with the nearest type that may stand there."""

    def enter_named_type(self, node: NamedTypeNode, _key: Any, parent: Node, *_: Any) -> None:
        """Report a type that the schema does not hold."""
        name, types = node.name.value, self.existing_types_map
        if name not in types:
            of_fragment = isinstance(parent, InlineFragmentNode | FragmentDefinitionNode)
            fits = is_composite_type if of_fragment else is_input_type
            known = (each for each, kind in types.items() if fits(kind) and not each.startswith("__"))
            self.report_error(GraphQLError(f"Unknown type '{name}'.{_nearest(name, known)}", node))


class _KnownFragmentNames(KnownFragmentNamesRule):
    """The rule with the nearest fragment that the document itself defines."""

    def report_error(self, error: GraphQLError) -> None:
        node = error.nodes[0] if error.nodes else None
        name = getattr(node, "value", "")
        definitions = self.context.document.definitions
        defined = (each.name.value for each in definitions if isinstance(each, FragmentDefinitionNode))
        super().report_error(GraphQLError(error.message + _nearest(name, defined), node))


class _ScalarLeafs(ScalarLeafsRule):
    """The rule without the suggestion that it makes even where suggestions are hidden."""

    def report_error(self, error: GraphQLError) -> None:
        node = error.nodes[0] if error.nodes else None
        if isinstance(node, FieldNode):
            text = f"Field '{node.name.value}' of type '{self.context.get_type()}' must have a selection of subfields."
            error = GraphQLError(text, node)
        super().report_error(error)


class _NoUndefinedVariables(NoUndefinedVariablesRule):
    """The rule with the nearest name that the operation itself defines; no name of the schema is told."""

    def report_error(self, error: GraphQLError) -> None:
        used, operation = error.nodes or (None, None)
        found = Undefined(error.message, error.nodes)
        if isinstance(used, VariableNode) and isinstance(operation, OperationDefinitionNode):
            defined = {each.variable.name.value: each for each in operation.variable_definitions or ()}
            near = nearest_name(used.name.value, defined)
            if near is not None:
                found = Undefined(f"{error.message} The nearest is '${near}'.", error.nodes)
                found.meant = defined[near]
        super().report_error(found)


class _NoUnusedVariables(NoUnusedVariablesRule):
    """The rule with an error by which it is known: a variable that is mistyped where it is read is one fault."""

    def report_error(self, error: GraphQLError) -> None:
        super().report_error(Unused(error.message, error.nodes))


class _MaxIntrospectionDepth(MaxIntrospectionDepthRule):
    """The rule with a text that names the limit."""

    def report_error(self, error: GraphQLError) -> None:
        lists = "fields, interfaces, possibleTypes and inputFields"
        text = f"introspection takes {MAX_LIST_DEPTH - 1} lists within each other of {lists}; ask for less"
        super().report_error(GraphQLError(text, error.nodes))


_OURS: Mapping[type[ASTValidationRule], type[ASTValidationRule]] = {
    ValuesOfCorrectTypeRule: _ValuesOfCorrectType,
    FieldsOnCorrectTypeRule: _FieldsOnCorrectType,
    KnownArgumentNamesRule: _KnownArgumentNames,
    KnownTypeNamesRule: _KnownTypeNames,
    KnownFragmentNamesRule: _KnownFragmentNames,
    ScalarLeafsRule: _ScalarLeafs,
    NoUndefinedVariablesRule: _NoUndefinedVariables,
    NoUnusedVariablesRule: _NoUnusedVariables,
    MaxIntrospectionDepthRule: _MaxIntrospectionDepth,
}
RULES: Final = tuple(_OURS.get(rule, rule) for rule in specified_rules)
"""Every rule of the specification, in its order."""
