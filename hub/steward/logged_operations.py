"""What a logged operation would show or refuse under a decision is told from its text, without one of its values.

The log keeps an operation's text without literals, and of its variables the paths alone. That is enough to walk it
beside a decision as `hub/request/plan.py` does: which coordinates it reaches, and whether its filters, sorts and groups
are allowed. A condition's shape comes from the text, or from paths such as `$v1.phone.eq`; an empty list or object in a
variable leaves no path, so what it compares is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
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
from policies.model import Decision
from schema.catalogue import Catalogue, CatalogueError, Entity
from schema.graphql import ACCESSES, aggregate_type, bucket_value, root_fields

Shape = Any
"""What is left of a condition without its values: nested mappings and lists; None at a leaf."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Coordinates that an operation would show or compare; `refused` names the one for which all of it is refused."""

    coordinates: frozenset[str]
    refused: str | None = None


class Unreadable(ValueError):
    """The text is not an operation of the present schema; the text of the error holds nothing of it."""


class _Refused(Exception):
    def __init__(self, coordinate: str) -> None:
        super().__init__(coordinate)
        self.coordinate = coordinate


def paths_of(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The variables of a record as this module reads them: paths, and the booleans that `@skip` may ask for."""
    told: dict[str, str] = {}
    for path, value in variables.items():
        if path.startswith("$"):
            steps = path[1:].split(".")
            while len(steps) > 1 and steps[-1].isdecimal():
                steps.pop()
            told.setdefault(".".join(steps), value if value in {"true", "false"} else "")
    return tuple(sorted(told.items()))


def reach(
    catalogue: Catalogue,
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    paths: tuple[tuple[str, str], ...],
    decision: Decision,
) -> Reach:
    """What the operation of a normalised document reaches under a decision; Unreadable if it is none.

    `name` chooses among several operations.
    """
    operation, fragments = _parsed(text, name)
    try:
        walk = _Walk(catalogue, schema, operation, fragments, dict(paths), decision)
        walk.roots(operation)
    except _Refused as refused:
        return Reach(frozenset(), refused.coordinate)
    except (CatalogueError, GraphQLError, KeyError, TypeError, AttributeError):
        raise Unreadable("a logged operation is not one of the present schema") from None
    return Reach(frozenset(walk.found))


@lru_cache(maxsize=1_024)
def _parsed(text: str, name: str | None) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    try:
        document = parse(text)
    except GraphQLError:
        raise Unreadable("a logged operation is not GraphQL") from None
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    # The log numbers the names of operations, so only a lone one is known to be the one that was asked.
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
    ) -> None:
        self.catalogue = catalogue
        self.decision = decision
        self.paths = paths
        self.defaults = {
            each.variable.name.value: each.default_value
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        self.selections = Selections(schema, fragments, _booleans(schema, operation, paths))
        self.found: set[str] = set()
        self.root_fields = {
            field: (kind, entity)
            for entity in catalogue
            for field, kind in zip(root_fields(entity), (self._lookup, self._page, self._aggregate), strict=True)
        }

    def roots(self, operation: OperationDefinitionNode) -> None:
        for nodes in self.selections.collect("Query", [operation.selection_set]).values():
            field = nodes[0].name.value
            if field.startswith("__") or field == ACCESSES:
                continue
            if field == "node":
                # Which type the id was of, the log does not say.
                for entity in self.catalogue:
                    self._lookup(entity, nodes)
                continue
            kind, entity = self.root_fields[field]
            kind(entity, nodes)

    def _lookup(self, entity: Entity, nodes: list[FieldNode]) -> None:
        if self.decision.of(entity.name).visible:
            self.found.add(entity.name)
            self._node(entity, nodes)

    def _page(self, entity: Entity, nodes: list[FieldNode]) -> None:
        if not self.decision.of(entity.name).visible:
            return
        self.found.add(entity.name)
        where = self._argument(nodes[0], "where")
        single = _is_single(where)
        self._condition(entity, where, aggregate=False, single=single)
        if not (single and self._is_match(entity, next(iter(where)))):
            # A match finds one node or none, so its order is not read.
            self._order(entity, nodes[0])
        for part in self._children(f"{entity.name}Connection", nodes, "edges"):
            for node in self._children(f"{entity.name}Edge", part, "node"):
                self._node(entity, node)

    def _aggregate(self, entity: Entity, nodes: list[FieldNode]) -> None:
        if not self.decision.of(entity.name).contributing:
            return
        self.found.add(entity.name)
        self._condition(entity, self._argument(nodes[0], "where"), aggregate=True, single=False)
        named = {bucket_value(bucket): field.name for field, bucket in entity.buckets()}
        for each in _names(nodes[0], "groupBy") or self._asked(entity, nodes):
            self._require(entity, named[each], coarse=True)

    def _asked(self, entity: Entity, nodes: list[FieldNode]) -> list[str]:
        """Groups that came in a variable are not in the log: the buckets that the answer shows stand for them."""
        if not any(each.name.value == "groupBy" for each in nodes[0].arguments or ()):
            return []
        found = self.selections.collect(aggregate_type(entity), [node.selection_set for node in nodes])
        shown = {each[0].name.value for each in found.values()}
        return [bucket_value(bucket) for _, bucket in entity.buckets() if bucket.name in shown]

    def _children(self, type_name: str, nodes: list[FieldNode], field: str) -> Iterable[list[FieldNode]]:
        found = self.selections.collect(type_name, [node.selection_set for node in nodes])
        return [each for each in found.values() if each[0].name.value == field]

    def _node(self, entity: Entity, nodes: list[FieldNode]) -> None:
        found = self.selections.collect(entity.name, [node.selection_set for node in nodes])
        for each in found.values():
            field = each[0].name.value
            effects = self.decision.of(entity.name).of(field)
            if field in entity.edges:
                target = self.catalogue.entity(entity.edge(field).target)
                if effects.clear and self.decision.of(target.name).visible:
                    self.found.add(f"{entity.name}.{field}")
                    self._order(target, each[0])
                    self._node(target, each)
            elif effects.shown:
                self.found.add(f"{entity.name}.{field}")

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
                # An enum open to aggregates is compared through its bucket, which is never asked whether it is null.
                own = any(bucket.name == key for bucket in entity.field(key).buckets)
                coarse = aggregate and own and set(value or ()) <= {"eq", "in"}
                self._require(entity, key, coarse=coarse, match=single)
            else:
                self._require(entity, entity.bucket(key)[0].name, coarse=True)

    def _require(self, entity: Entity, name: str, *, coarse: bool, match: bool = False) -> None:
        effects = self.decision.of(entity.name).of(name)
        if not (effects.clear or (coarse and effects.aggregate) or (match and effects.match)):
            raise _Refused(f"{entity.name}.{name}")
        self.found.add(f"{entity.name}.{name}")

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
            told = [path.split(".")[1:] for path in self.paths if path.split(".")[0] == name]
            return _nested(told) if told else self._shape(self.defaults.get(name))
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


def _nested(paths: list[list[str]]) -> Shape:
    """`[[phone, eq], [and, 0, region, in]]` as the mapping those are paths of."""
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
    """A list as it is, one item as GraphQL coerces it to a list, nothing as none."""
    if shape is None:
        return []
    return shape if isinstance(shape, list) else [shape]


def _is_single(shape: Shape) -> bool:
    """Whether a condition could be a match: one `eq` on one field and nothing else."""
    if not isinstance(shape, dict) or len(shape) != 1:
        return False
    (inner,) = shape.values()
    return isinstance(inner, dict) and set(inner) == {"eq"}


def _names(node: FieldNode, argument: str) -> list[str]:
    """Enum values that stand in an argument's text."""
    value = next((each.value for each in node.arguments or () if each.name.value == argument), None)
    listed = value.values if isinstance(value, ListValueNode) else [value]
    return [each.value for each in listed if each is not None and hasattr(each, "value")]
