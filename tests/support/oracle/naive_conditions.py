"""What a document's conditions and orders mean to the oracle, and for which of them it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import FragmentDefinitionNode
from graphql.execution.values import VariableValues

from schema import predicate as conditions
from schema.catalogue import Entity
from schema.predicate import All, Any_, Compare, Not, Op, Predicate, Related
from tests.support.oracle.expected import Expected
from tests.support.oracle.naive_cost import MOST_FOLLOWED, MOST_SEARCHES, edges_followed, searches
from tests.support.oracle.naive_fields import FieldReader
from tests.support.oracle.naive_view import Sight

LIST_DEFAULT, LIST_MAX = 20, 200


class ConditionReader(FieldReader):
    """Reads one operation beside what its asker sees; faults are gathered in `out`."""

    def __init__(
        self,
        sight: Sight,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self.sight, self.department, self.purpose = sight, sight.who.department, sight.purpose
        super().__init__(fragments, variables, sight.catalogue)
        self.out, self.followed = Expected(), 0

    def condition(self, entity: Entity, source: Any, *, aggregate: bool = False) -> Predicate | None:
        if source is None:
            return All(())
        try:
            return conditions.parse(conditions.Grammar(self.catalogue, buckets=aggregate), entity, source)
        except conditions.PredicateError:
            self.out.faults.add("VALIDATION")
            return None

    def bounded(self, entity: Entity, predicate: Predicate) -> Predicate:
        """The condition, which with those before it may follow so many edges and no more."""
        self.followed += edges_followed(self.catalogue, entity, predicate)
        if self.followed > MOST_FOLLOWED or searches(predicate) > MOST_SEARCHES:
            self.out.faults.add("COST_LIMIT")
        return predicate

    def check(self, entity: Entity, predicate: Predicate, *, aggregate: bool = False) -> Predicate:
        """Refuse what is not clear anywhere; an enum open to aggregates becomes its bucket."""
        match predicate:
            case All(parts):
                return All(tuple(self.check(entity, each, aggregate=aggregate) for each in parts))
            case Any_(parts):
                return Any_(tuple(self.check(entity, each, aggregate=aggregate) for each in parts))
            case Not(part):
                return Not(self.check(entity, part, aggregate=aggregate))
            case Related(edge, some, where):
                self.require(entity, edge, "clear")
                return Related(edge, some, self.check(self.catalogue.entity(entity.edge(edge).target), where))
            case Compare(name, op, value, bucket):
                return self.check_leaf(entity, name, op, value, bucket, aggregate=aggregate)
            case _:
                raise AssertionError("the oracle does not know this condition")

    def check_leaf(
        self, entity: Entity, name: str, op: Op, value: Any, bucket: str | None, *, aggregate: bool
    ) -> Compare:
        own = any(each.name == name for each in entity.field(name).buckets)
        if aggregate and own and op is not Op.IS_NULL:
            bucket = name
        self.require(entity, name, "clear", *(["aggregate"] if bucket else []))
        return Compare(name, op, value, bucket)

    def require(self, entity: Entity, name: str, *effects: str) -> None:
        if not self.sight.gives(entity.name, name, *effects):
            self.out.faults.add("FIELD_NOT_FILTERABLE")

    def order(self, entity: Entity, source: list[dict[str, Any]]) -> list[tuple[str, bool]]:
        keys = [next(iter(each.items())) for each in source if len(each) == 1]
        names = [name for name, _ in keys]
        if len(keys) < len(source) or len(set(names)) < len(names) or any(way is None for _, way in keys):
            self.out.faults.add("VALIDATION")
        for name in names:
            self.require(entity, name, "clear")
        return [(name, way == "DESC") for name, way in keys]

    def first(self, arguments: Mapping[str, Any], name: str = "first") -> int:
        first = arguments.get(name)
        if first is not None and not 0 <= first <= LIST_MAX:
            self.out.faults.add("VALIDATION")
            return 0
        return LIST_DEFAULT if first is None else int(first)
