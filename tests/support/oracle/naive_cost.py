"""How many edges the conditions of one operation may follow for each row, path by path, as the documents say it."""

from __future__ import annotations

from schema.catalogue import Catalogue, Entity
from schema.predicate import All, Any_, Compare, Not, Predicate, Related

TO_MANY = 20
"""An edge to many is taken for so many."""
MOST_FOLLOWED = 1_000
MOST_SEARCHES = 4


def searches(condition: Predicate) -> int:
    """How many texts one condition searches."""
    match condition:
        case All(parts) | Any_(parts):
            return sum(searches(each) for each in parts)
        case Not(part) | Related(_, _, part):
            return searches(part)
        case _:
            return int(isinstance(condition, Compare) and condition.op == "contains")


def edges_followed(catalogue: Catalogue, entity: Entity, condition: Predicate, ways: int = 1) -> int:
    """The edges of a condition, each as often as the edges on the way to it multiply it."""
    match condition:
        case All(parts) | Any_(parts):
            return sum(edges_followed(catalogue, entity, each, ways) for each in parts)
        case Not(part):
            return edges_followed(catalogue, entity, part, ways)
        case Related(edge, _, where):
            end = entity.edge(edge)
            ways *= TO_MANY if end.many else 1
            return ways + edges_followed(catalogue, catalogue.entity(end.target), where, ways)
        case _:
            return 0
