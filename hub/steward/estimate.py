"""Estimates, on today's graph, how many rows a draft would make visible or hide.

The log cannot say which rows would newly appear, because they were never answered. For each type, one statement counts
the nodes that are visible under one decision and not under the other.

A steward sees no real row, and asks by writing a rule: so a count must not tell whether a person is there, or what
holds of them. A count below the contributor threshold is told as such, none at all like one; another is rounded. Rows
that are chosen by what points at single people, such as a name or a number, are not counted at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from hub.graph.driver import Graph
from hub.request.cypher import Cypher, Node, both
from hub.request.template import Binding, fill_in
from policies.aggregate import rounded
from policies.model import DEFAULT_CONTRIBUTORS, Decision, RowSet, TypeDecision
from schema.catalogue import Catalogue, Entity
from schema.classification import Kind
from schema.declarations import Field
from schema.predicate import All, Any_, Compare, Not, Op, Placeholder, Predicate, Related

ROUNDING: Final = 10
"""Counts are told to the nearest multiple of it."""
POINTING: Final = frozenset({Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.ADDRESS, Kind.FREE_TEXT, Kind.BIRTH})
"""Kinds of fields a value of which may point at one person; so does a code by which things are found."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many nodes of a type would appear and vanish on today's graph, rounded; None is too few to show, or none.

    `other`: how many are seen before and after, on rows where a field is shown otherwise, such as by another mask; only
    `estimate_fields` counts them. `pointed`: nothing was counted, because the rows are chosen by values that may point
    at single people.
    """

    application: str
    purpose: str
    entity: str
    appear: int | None
    vanish: int | None
    pointed: bool = False
    other: int | None = 0


async def estimate(
    graph: Graph, catalogue: Catalogue, before: Decision, after: Decision, deadline_seconds: float
) -> list[Estimate]:
    """The estimates for each type whose visible rows differ between two decisions of one application and purpose.

    Raises HubError as `Graph.fetch` does.
    """
    found, subject = [], after.subject.application
    for entity in _differing(catalogue, before, after):
        if _points(catalogue, entity, _rows(before, entity) ^ _rows(after, entity)):
            found.append(Estimate(subject, after.purpose, entity.name, None, None, pointed=True))
            continue
        counts = list[int | None]()
        for one, other in ((before, after), (after, before)):
            if _holds_all(one, other, entity):
                counts.append(0)
                continue
            text, parameters = difference(catalogue, entity, one, other)
            rows = await graph.fetch(text, parameters, deadline_seconds=deadline_seconds, byte_cap=1_024)
            counts.append(_shown_count(int(rows[0]["amount"])))
        found.append(Estimate(subject, after.purpose, entity.name, counts[0], counts[1]))
    return found


async def estimate_fields(
    graph: Graph, catalogue: Catalogue, before: Decision, after: Decision, deadline_seconds: float
) -> list[Estimate]:
    """The same for each type of which the same rows are seen, and a field of some of them otherwise than before.

    Raises HubError as `Graph.fetch` does.
    """
    found, apart = [], {each.name for each in _differing(catalogue, before, after)}
    for entity in catalogue:
        rows = frozenset[int]() if entity.name in apart else shown_otherwise(before, after, entity)
        if not rows:
            continue
        answer = Estimate(after.subject.application, after.purpose, entity.name, 0, 0, other=None)
        if _points(catalogue, entity, (after.of(entity.name).rows[each] for each in rows)):
            found.append(replace(answer, pointed=True))
            continue
        text, parameters = nodes_on_rows(catalogue, entity, after, rows)
        counted = await graph.fetch(text, parameters, deadline_seconds=deadline_seconds, byte_cap=1_024)
        found.append(replace(answer, other=_shown_count(int(counted[0]["amount"]))))
    return found


def shown_otherwise(before: Decision, after: Decision, entity: Entity) -> frozenset[int]:
    """The rows of the later decision on which some field of a type has another effect than in the earlier one."""
    one, other, found = before.of(entity.name), after.of(entity.name), set[Predicate]()
    for name in {*one.fields, *other.fields}:
        effects = _effects(one, name), _effects(other, name)
        for effect in {*effects[0], *effects[1]}:
            found |= effects[0].get(effect, frozenset()) ^ effects[1].get(effect, frozenset())
    return frozenset(at for at, rows in enumerate(other.rows) if rows in found)


def _effects(table: TypeDecision, name: str) -> dict[str, frozenset[Predicate]]:
    """Each effect on a field, with the rows on which it holds."""
    field = table.of(name)
    found = {"clear": field.clear, "aggregate": field.aggregate, "match": field.match, **dict(field.masks)}
    found |= {f"answer {asked}": rows for asked, rows in field.answers}
    return {effect: frozenset(table.rows[each] for each in rows) for effect, rows in found.items()}


def nodes_on_rows(
    catalogue: Catalogue, entity: Entity, decision: Decision, rows: RowSet
) -> tuple[str, dict[str, object]]:
    """The statement that counts the nodes that a decision shows on some of its rows, and its parameters."""
    cypher = Cypher(catalogue, decision)
    node = Node(cypher.variable(), entity, decision.of(entity.name).visible)
    where = both(f"{node.var}.sid IS NOT NULL", cypher.node_is_there(node))
    where = both(where, f"coalesce({cypher.rows(node, rows)}, false)")
    text = f"MATCH ({node.var}:{entity.name}) WHERE {where} RETURN count({node.var}) AS amount"
    return text, cypher.parameters | fill_in(cypher.sources, Binding(decision))


def difference(catalogue: Catalogue, entity: Entity, less: Decision, more: Decision) -> tuple[str, dict[str, object]]:
    """The statement that counts the nodes visible under `more` and not under `less`, and its parameters."""
    wide, narrow = Cypher(catalogue, more), Cypher(catalogue, less, prefix="q")
    node = Node(wide.variable(), entity, more.of(entity.name).visible)
    same = Node(narrow.variable(), entity, less.of(entity.name).visible)
    # The variables of each side are in its own subqueries.
    hidden = f"NOT coalesce({narrow.rows(same, same.within)}, false)"
    where = both(f"{node.var}.sid IS NOT NULL", wide.node_is_there(node), hidden)
    text = f"MATCH ({node.var}:{entity.name}) WHERE {where} RETURN count({node.var}) AS amount"
    filled = fill_in(wide.sources, Binding(more)) | fill_in(narrow.sources, Binding(less))
    return text, wide.parameters | narrow.parameters | filled


def _rows(decision: Decision, entity: Entity) -> frozenset[Predicate]:
    table = decision.of(entity.name)
    return frozenset(table.rows[each] for each in table.visible)


def _differing(catalogue: Catalogue, before: Decision, after: Decision) -> Iterator[Entity]:
    for entity in catalogue:
        one, other = _rows(before, entity), _rows(after, entity)
        if one != other or (one and before.subject.attributes != after.subject.attributes):
            yield entity


def _holds_all(wide: Decision, narrow: Decision, entity: Entity) -> bool:
    """Whether one decision shows all rows of a type that the other shows, whatever the graph holds."""
    rows = _rows(narrow, entity)
    return not rows or (rows <= _rows(wide, entity) and wide.subject.attributes == narrow.subject.attributes)


def _points(catalogue: Catalogue, entity: Entity, rows: Iterable[Predicate]) -> bool:
    """Whether a condition names a value that may point at one person."""
    for each in rows:
        match each:
            case All(parts) | Any_(parts):
                found = _points(catalogue, entity, parts)
            case Not(part):
                found = _points(catalogue, entity, (part,))
            case Related(edge, _, where):
                found = _points(catalogue, catalogue.entity(entity.edge(edge).target), (where,))
            case Compare(name, op, value, bucket):
                named = isinstance(value, Placeholder) or op is Op.IS_NULL or bucket is not None
                found = not named and _may_point(catalogue.coordinate(f"{entity.name}.{name}"))
            case _:
                found = False  # the case of a request: there is none here
        if found:
            return True
    return False


def _may_point(field: object) -> bool:
    if not isinstance(field, Field) or field.values:
        return False
    return field.kind in POINTING or (field.kind is Kind.CODE and field.indexed)


def _shown_count(amount: int) -> int | None:
    return rounded(amount, ROUNDING) if amount >= DEFAULT_CONTRIBUTORS else None
