"""An answer as lines of JSON, with a mark at each name whose value is masked or denied."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
)

from hub.console.steward.matrix import Effect

MOST: Final = 2_000
"""Lines of an answer that a page shows."""
MOST_PATHS: Final = 5_000
"""Fields of an operation that are looked at for masks."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer: how deep it stands, its text, and what marks it if anything does."""

    depth: int
    text: str
    mark: Effect | None = None


def lines_of(data: Any, marks: Mapping[Path, Effect]) -> tuple[tuple[Line, ...], bool]:
    """The lines of the data of an answer, and whether these are all; marks are by path of response names."""
    found = tuple(islice(_lines(data, (), 0, "", "", marks), MOST + 1))
    return found[:MOST], len(found) <= MOST


def _lines(value: Any, path: Path, depth: int, name: str, end: str, marks: Mapping[Path, Effect]) -> Iterator[Line]:
    mark = marks.get(path) if name else None
    if not isinstance(value, dict | list) or not value:
        yield Line(depth, f"{name}{json.dumps(value, ensure_ascii=False)}{end}", mark)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield Line(depth, name + opening, mark)
    within: list[tuple[str, Path, Any]] = (
        [(f"{json.dumps(key, ensure_ascii=False)}: ", (*path, key), each) for key, each in value.items()]
        if isinstance(value, dict)
        else [("", path, each) for each in value]
    )
    for at, (label, of, each) in enumerate(within):
        yield from _lines(each, of, depth + 1, label, "," if at < len(within) - 1 else "", marks)
    yield Line(depth, closing + end)


def masked_paths(schema: GraphQLSchema, document: str, masked: Collection[str]) -> Iterator[Path]:
    """The paths of response names at which a valid document of one operation selects one of these coordinates."""
    definitions = parse(document).definitions
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    operation = next(each for each in definitions if isinstance(each, OperationDefinitionNode))
    every = _Selected(schema, fragments).fields(schema.query_type, operation.selection_set, ())
    return (path for path, coordinate in islice(every, MOST_PATHS) if coordinate in masked)


@dataclass(frozen=True, slots=True)
class _Selected:
    """Finds the fields that a valid document selects."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]

    def fields(self, parent: Any, selected: SelectionSetNode, path: Path) -> Iterator[tuple[Path, str]]:
        """Each field with its path and its coordinate, as deep as the selection goes."""
        for each in selected.selections:
            if isinstance(each, FieldNode):
                yield from self._field(parent, each, path)
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                within = self.schema.type_map[condition.name.value] if condition else parent
                yield from self.fields(within, each.selection_set, path)
            elif isinstance(each, FragmentSpreadNode):
                fragment = self.fragments[each.name.value]
                within = self.schema.type_map[fragment.type_condition.name.value]
                yield from self.fields(within, fragment.selection_set, path)

    def _field(self, parent: Any, node: FieldNode, path: Path) -> Iterator[tuple[Path, str]]:
        name = node.name.value
        here = (*path, node.alias.value if node.alias else name)
        yield here, f"{parent.name}.{name}"
        found = parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None
        if node.selection_set is not None and found is not None:
            yield from self.fields(get_named_type(found.type), node.selection_set, here)
