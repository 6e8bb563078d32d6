"""Splits the variables of a request into their shape, which its plan depends on, and the values that fill it.

The shape is which keys there are, what is null or empty, booleans, the values of enums and page sizes. Everything else
(texts, ids, numbers, days) is a value, and a slot stands in its place.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues
from graphql.type import GraphQLBoolean, get_nullable_type

from hub.request.lists.arguments import PAGE_MAX
from schema.slot import Slot

MAX_PARTS = 200
"""How many values, lists and objects the variables of a request have whose plan is kept."""
VALUE = "$"
"""Stands for a value in a shape; no enum has a value of this name."""


@dataclass(frozen=True, slots=True)
class SplitVariables:
    """The shape of a request's variables, their values in order, and the variables with slots for values."""

    shape: Hashable
    values: tuple[Any, ...] = field(repr=False)
    slotted: VariableValues = field(repr=False)


class Variables:
    """The declared variables of one operation; `sizes` are those that say how long a list is."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, sizes: Iterable[str]) -> None:
        definitions = operation.variable_definitions or ()
        self._types = {each.variable.name.value: type_from_ast(schema, each.type) for each in definitions}
        self._sizes = frozenset(sizes)

    def split(self, given: VariableValues) -> SplitVariables | None:
        """The coerced variables of a request, split; None for a shape that is too large, or a size that no list has."""
        splitter = _Splitter()
        shapes: list[Hashable] = []
        slotted: dict[str, Any] = {}
        for name, kind in self._types.items():
            if name not in given.coerced:
                shapes.append(None)
            elif name in self._sizes:
                size = slotted[name] = given.coerced[name]
                if size is not None and not 0 <= size <= PAGE_MAX:
                    return None
                shapes.append((size,))
            else:
                try:
                    shape, slotted[name] = splitter.split(kind, given.coerced[name])
                except _TooLarge:
                    return None
                shapes.append((shape,))
        return SplitVariables(tuple(shapes), tuple(splitter.values), VariableValues(given.sources, slotted))


class _TooLarge(Exception):
    """A shape has more parts than one that is kept may have."""


class _Splitter:
    """Gathers the values of all variables of a request."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._parts = 0

    def split(self, kind: Any, value: Any) -> tuple[Hashable, Any]:
        """The shape of one value, and what stands in its place; the values in it are added to `values`."""
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _TooLarge
        kind = get_nullable_type(kind)
        if value is None or is_enum_type(kind) or kind is GraphQLBoolean:
            return value, value
        if is_list_type(kind) and (not value or not _is_value(kind)):
            parts = [self.split(kind.of_type, each) for each in value]
            return tuple(shape for shape, _ in parts), [put for _, put in parts]
        if is_input_object_type(kind):
            fields: Mapping[str, Any] = kind.fields
            named = {name: self.split(fields[name].type, each) for name, each in value.items()}
            shape = tuple((name, shape) for name, (shape, _) in named.items())
            return shape, {name: put for name, (_, put) in named.items()}
        self.values.append(value)
        return VALUE, Slot(len(self.values) - 1)


def _is_value(kind: GraphQLInputType) -> bool:
    """Whether a list of this type is one value: a list of texts, numbers or days."""
    named = get_named_type(kind)
    return not (is_enum_type(named) or is_input_object_type(named) or named is GraphQLBoolean)
