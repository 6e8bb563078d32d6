"""Estimates, on today's graph, how many rows a draft would make visible or hide.

The log cannot say which rows would newly appear, because they were never answered. For each type, one statement counts
the nodes that are visible under one decision and not under the other. A count below the contributor threshold is not
shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.graph.driver import Graph
from hub.request.cypher import Cypher, Node, both
from hub.request.template import Binding, fill_in
from policies.model import DEFAULT_CONTRIBUTORS, Decision
from schema.catalogue import Catalogue, Entity


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many nodes of a type would appear and vanish on today's graph; None means some, but too few to show."""

    application: str
    purpose: str
    entity: str
    appear: int | None
    vanish: int | None


async def estimate(
    graph: Graph, catalogue: Catalogue, before: Decision, after: Decision, deadline_seconds: float
) -> list[Estimate]:
    """The estimates for each type whose visible rows differ between two decisions of one application and purpose.

    Raises HubError as `Graph.fetch` does.
    """
    found = []
    for entity in _differing(catalogue, before, after):
        counts = []
        for one, other in ((before, after), (after, before)):
            text, parameters = difference(catalogue, entity, one, other)
            rows = await graph.fetch(text, parameters, deadline_seconds=deadline_seconds, byte_cap=1_024)
            counts.append(_shown_count(int(rows[0]["amount"])))
        if counts != [0, 0]:
            subject = after.subject.application
            found.append(Estimate(subject, after.purpose, entity.name, counts[0], counts[1]))
    return found


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


def _differing(catalogue: Catalogue, before: Decision, after: Decision) -> Iterator[Entity]:
    for entity in catalogue:
        one, other = before.of(entity.name), after.of(entity.name)
        rows = [{table.rows[each] for each in table.visible} for table in (one, other)]
        if rows[0] != rows[1] or (rows[0] and before.subject.attributes != after.subject.attributes):
            yield entity


def _shown_count(amount: int) -> int | None:
    return amount if amount == 0 or amount >= DEFAULT_CONTRIBUTORS else None
