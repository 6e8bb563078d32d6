"""Finds which coordinates a logged operation would reach under a decision, and whether it would be refused.

No value is needed. The log keeps the text of an operation without literals, and only the paths of its variables. That
is enough to follow it with a decision as `hub/request/plan.py` does: which coordinates it reaches, and whether its
filters, sorts and groups are allowed. The shape of a condition comes from the text, or from paths such as
`$v1.phone.eq`; an empty list or object in a variable leaves no path, so what it compares is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    ListValueNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    get_variable_values,
    parse,
)
from graphql.error import GraphQLError
from graphql.execution.values import VariableValues

from hub.request.selection import Selections
from policies.aggregate import counts_a_list
from policies.decide import tells_accesses
from policies.model import Decision
from schema.catalogue import Catalogue, CatalogueError, Entity
from schema.derived_names import VERIFY, edge_of_list, list_type
from schema.graphql import ACCESSES, aggregate_type, bucket_value, root_fields
from schema.own_access.types import MY_ACCESS

Shape = Any
"""A condition without its values: nested mappings and lists; None at a leaf."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The coordinates that an operation would show or compare; `refused` names the one for which it is refused."""

    coordinates: frozenset[str]
    refused: str | None = None


class Unreadable(ValueError):
    """A text is not an operation of the present schema; the message holds nothing of the text."""


class _Refused(Exception):
    def __init__(self, coordinate: str) -> None:
        super().__init__(coordinate)
        self.coordinate = coordinate


def variable_paths(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The paths of a record's variables, with the values of booleans, which `@skip` may depend on."""
    paths: dict[str, str] = {}
    for path, value in variables.items():
        if path.startswith("$"):
            steps = path[1:].split(".")
            while len(steps) > 1 and steps[-1].isdecimal():
                steps.pop()
            paths.setdefault(".".join(steps), value if value in {"true", "false"} else "")
    return tuple(sorted(paths.items()))


def reached_coordinates(
    catalogue: Catalogue,
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    paths: tuple[tuple[str, str], ...],
    decision: Decision,
    aggregated: tuple[str, ...] = (),
) -> Reached:
    """What the operation of a normalised document reaches under a decision; raises Unreadable.

    `name` chooses among several operations. `aggregated` are the coordinates that it was recorded to have read through
    buckets: of groups that came in a variable, no more is known.
    """
    operation, fragments = _parsed(text, name)
    try:
        walk = _Walk(catalogue, schema, operation, fragments, dict(paths), decision, aggregated)
        walk.roots(operation)
    except _Refused as refused:
        return Reached(frozenset(), refused.coordinate)
    except (CatalogueError, GraphQLError, KeyError, TypeError, AttributeError):
        raise Unreadable("a logged operation is not one of the present schema") from None
    return Reached(frozenset(walk.reached))


@lru_cache(maxsize=1_024)
def _parsed(text: str, name: str | None) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    try:
        document = parse(text)
    except GraphQLError:
        raise Unreadable("a logged operation is not GraphQL") from None
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    # The log replaces the names of operations, so of several it is not known which one was asked.
    named = [each for each in operations if each.name is not None and each.name.value == name]
    found = operations if len(operations) == 1 else named
    if len(found) != 1:
        raise Unreadable("which operation of a logged document was asked is not known")
    return found[0], fragments


class _Walk:
    def __init__(
        self,
        catalogue: Catalogue,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        paths: Mapping[str, str],
        decision: Decision,
        aggregated: tuple[str, ...],
    ) -> None:
        self.catalogue = catalogue
        self.decision = decision
        self.aggregated = aggregated
        self.paths = paths
        self.defaults = {
            each.variable.name.value: each.default_value
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        self.selections = Selections(schema, fragments, _booleans(schema, operation, paths))
        self.reached: set[str] = set()
        self.root_fields = {
            field: (kind, entity)
            for entity in catalogue
            for field, kind in zip(root_fields(entity), (self._lookup, self._page, self._aggregate), strict=True)
        }

    def roots(self, operation: OperationDefinitionNode) -> None:
        for nodes in self.selections.collect("Query", [operation.selection_set]).values():
            field = nodes[0].name.value
            if field.startswith("__") or field == MY_ACCESS:
                continue
            if field == ACCESSES:
                self._accesses(nodes)
                continue
            if field == VERIFY:
                self._verification(nodes)
                continue
            if field in {"node", "nodes"}:
                # The log does not say of which type an id was.
                for entity in self.catalogue:
                    self._lookup(entity, nodes)
                continue
            kind, entity = self.root_fields[field]
            kind(entity, nodes)

    def _accesses(self, nodes: list[FieldNode]) -> None:
        person = self.catalogue.person
        if person is not None and tells_accesses(self.decision, person.name):
            name = next(iter(self._argument(nodes[0], "where") or ()), "")
            if not self.decision.of(person.name).of(name).match:
                raise _Refused(f"{person.name}.{name}")
            self.reached.add(f"{person.name}.{name}")

    def _verification(self, nodes: list[FieldNode]) -> None:
        person = self.catalogue.person
        if person is not None and (verified := self.decision.of(person.name).verified):
            names = tuple(sorted(_compared(self._argument(nodes[0], "where"))))
            if names not in verified:
                raise _Refused(f"{person.name}.{next(iter(names), '')}")
            self.reached.update(f"{person.name}.{name}" for name in names)

    def _lookup(self, entity: Entity, nodes: list[FieldNode]) -> None:
        if self.decision.of(entity.name).visible:
            self.reached.add(entity.name)
            self._node(entity, nodes)

    def _page(self, entity: Entity, nodes: list[FieldNode]) -> None:
        where = self._argument(nodes[0], "where")
        single = _is_single(where)
        matched = single and self._is_match(entity, next(iter(where)))
        if not (matched or self.decision.of(entity.name).visible):
            return
        self.reached.add(entity.name)
        self._condition(entity, where, aggregate=False, single=single)
        if not matched:
            # A match finds one node or none, so its order is not read.
            self._order(entity, nodes[0])
        for part in self._children(f"{entity.name}Connection", nodes, "edges"):
            for node in self._children(f"{entity.name}Edge", part, "node"):
                self._node(entity, node)

    def _aggregate(self, entity: Entity, nodes: list[FieldNode]) -> None:
        if not self.decision.of(entity.name).contributing:
            return
        self.reached.add(entity.name)
        where = self._argument(nodes[0], "where")
        self._condition(entity, where, aggregate=True, single=False)
        groups = self._groups(entity, nodes)
        for name in groups:
            self._require(entity, name, coarse=True)
        picked, coarse = _picked_by(entity, where)
        if picked and not counts_a_list(self.decision.of(entity.name), {*groups, *coarse}, picks=True):
            raise _Refused(min(picked))

    def _groups(self, entity: Entity, nodes: list[FieldNode]) -> list[str]:
        """The names of the fields that cells are grouped by.

        The log keeps no value of a variable; groups in one are those that were recorded, and what the cells show.
        """
        fields = {bucket_value(bucket): field.name for field, bucket in entity.buckets()}
        value = next((each.value for each in nodes[0].arguments or () if each.name.value == "groupBy"), None)
        if value is None:
            return []
        named = _names(value)
        if named is not None:
            return [fields[each] for each in named]
        cells = self.selections.collect(aggregate_type(entity), [node.selection_set for node in nodes])
        shown = {each[0].name.value for each in cells.values()}
        return [
            field.name
            for field, bucket in entity.buckets()
            if bucket.name in shown or f"{entity.name}.{field.name}" in self.aggregated
        ]

    def _children(self, type_name: str, nodes: list[FieldNode], field: str) -> Iterable[list[FieldNode]]:
        found = self.selections.collect(type_name, [node.selection_set for node in nodes])
        return [each for each in found.values() if each[0].name.value == field]

    def _node(self, entity: Entity, nodes: list[FieldNode]) -> None:
        found = self.selections.collect(entity.name, [node.selection_set for node in nodes])
        for each in found.values():
            asked = each[0].name.value
            counted = edge_of_list(entity, asked)
            field = asked if counted is None else counted.name
            effects = self.decision.of(entity.name).of(field)
            if field in entity.edges:
                target = self.catalogue.entity(entity.edge(field).target)
                if effects.clear and self.decision.of(target.name).visible:
                    self.reached.add(f"{entity.name}.{field}")
                    self._order(target, each[0])
                    listed = [each] if counted is None else self._children(list_type(target), each, "nodes")
                    for node in listed:
                        self._node(target, node)
            elif effects.told:
                self.reached.add(f"{entity.name}.{field}")

    # Conditions.

    def _order(self, entity: Entity, node: FieldNode) -> None:
        for each in _items(self._argument(node, "orderBy")):
            for name in each or ():
                self._require(entity, name, coarse=False)

    def _condition(self, entity: Entity, shape: Shape, *, aggregate: bool, single: bool) -> None:
        for key, value in (shape or {}).items():
            if key in {"and", "or", "not"}:
                for part in _items(value):
                    self._condition(entity, part, aggregate=aggregate, single=False)
            elif key in entity.edges:
                self._require(entity, key, coarse=False)
                target = self.catalogue.entity(entity.edge(key).target)
                for inner in (value or {}).values():
                    self._condition(target, inner, aggregate=False, single=False)
            elif entity.has(key):
                self._require(entity, key, coarse=aggregate and _is_coarse(entity, key, value), match=single)
            else:
                self._require(entity, entity.bucket(key)[0].name, coarse=True)

    def _require(self, entity: Entity, name: str, *, coarse: bool, match: bool = False) -> None:
        effects = self.decision.of(entity.name).of(name)
        if not (effects.clear or (coarse and effects.aggregate) or (match and effects.match)):
            raise _Refused(f"{entity.name}.{name}")
        self.reached.add(f"{entity.name}.{name}")

    def _is_match(self, entity: Entity, name: str) -> bool:
        effects = self.decision.of(entity.name).of(name)
        return bool(effects.match and not effects.clear)

    def _argument(self, node: FieldNode, name: str) -> Shape:
        found = next((each.value for each in node.arguments or () if each.name.value == name), None)
        return self._shape(found)

    def _shape(self, value: ValueNode | None) -> Shape:
        if isinstance(value, ObjectValueNode):
            return {each.name.value: self._shape(each.value) for each in value.fields}
        if isinstance(value, ListValueNode):
            return [self._shape(each) for each in value.values]
        if isinstance(value, VariableNode):
            name = value.name.value
            steps = [path.split(".")[1:] for path in self.paths if path.split(".")[0] == name]
            return _nested(steps) if steps else self._shape(self.defaults.get(name))
        return None


def _booleans(schema: GraphQLSchema, operation: OperationDefinitionNode, paths: Mapping[str, str]) -> VariableValues:
    wanted = []
    for each in operation.variable_definitions or ():
        kind = each.type.type if isinstance(each.type, NonNullTypeNode) else each.type
        if getattr(getattr(kind, "name", None), "value", None) == "Boolean":
            wanted.append(each)
    given = {
        each.variable.name.value: paths[each.variable.name.value] == "true"
        for each in wanted
        if paths.get(each.variable.name.value)
    }
    found = get_variable_values(schema, wanted, given)
    if isinstance(found, list):
        raise Unreadable("a logged operation lacks a variable")
    return found


def _compared(condition: Shape) -> set[str]:
    """The fields that a condition compares, whatever joins it."""
    if isinstance(condition, list):
        return {name for part in condition for name in _compared(part)}
    own = condition or {}
    return {name for name in own if name != "and"} | _compared(list(own["and"]) if own.get("and") else [])


def _nested(paths: list[list[str]]) -> Shape:
    """The mapping that has these paths, such as `[[phone, eq], [and, 0, region, in]]`."""
    shape: dict[str, Shape] = {}
    for path in paths:
        here = shape
        for step in path:
            here = here.setdefault(step, {})
    return _listed(shape)


def _listed(shape: dict[str, Shape]) -> Shape:
    if not shape:
        return None
    if all(key.isdecimal() for key in shape):
        return [_listed(each) for each in shape.values()]
    return {key: _listed(each) for key, each in shape.items()}


def _items(shape: Shape) -> list[Shape]:
    """The items of a list; a single item is a list of one, as in GraphQL, and None is an empty one."""
    if shape is None:
        return []
    return shape if isinstance(shape, list) else [shape]


def _is_single(shape: Shape) -> bool:
    """Whether a condition could be a match: one `eq` on one field and nothing else."""
    if not isinstance(shape, dict) or len(shape) != 1:
        return False
    (inner,) = shape.values()
    return isinstance(inner, dict) and set(inner) == {"eq"}


def _is_coarse(entity: Entity, name: str, comparison: Shape) -> bool:
    """Whether an aggregate compares a field through its bucket: an enum's own, which has no isNull."""
    own = any(bucket.name == name for bucket in entity.field(name).buckets)
    return own and set(comparison or ()) <= {"eq", "in"}


def _picked_by(entity: Entity, shape: Shape) -> tuple[set[str], set[str]]:
    """Coordinates by which an aggregate's condition picks rows, and the fields that it reads through buckets."""
    picked: set[str] = set()
    coarse: set[str] = set()
    for key, value in (shape or {}).items():
        if key in {"and", "or", "not"}:
            for part in _items(value):
                inner = _picked_by(entity, part)
                picked |= inner[0]
                coarse |= inner[1]
        elif not entity.has(key) and key not in entity.edges:
            coarse.add(entity.bucket(key)[0].name)
        elif entity.has(key) and _is_coarse(entity, key, value):
            coarse.add(key)
        else:
            picked.add(f"{entity.name}.{key}")
    return picked, coarse


def _names(value: ValueNode) -> list[str] | None:
    """The enum values that stand in the text of an argument; None if some of them are in a variable."""
    listed = value.values if isinstance(value, ListValueNode) else [value]
    if any(isinstance(each, VariableNode) for each in listed):
        return None
    return [each.value for each in listed if isinstance(each, EnumValueNode)]
