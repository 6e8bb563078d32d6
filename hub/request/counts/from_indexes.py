"""Counts the nodes of divisions from the values of indexes, without reading a node.

Whatever indexes there are, the sums are those that reading each node gives: an index changes the time alone. One holds
deleted nodes too, and no node without a value, so that three counts are added up, each by an index of its own
(`hub/graph/constraints.py`): of all nodes, of those that have a value, by value, and of deleted ones, taken away. Those
of the first that are not among the second have no value. docs/adr/0016-counts-from-indexes.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.graph.constraints import counted_by
from hub.request.cypher import REQUEST, Cypher, Node, both
from hub.request.plan_model import Aggregate
from policies.model import RowSet
from schema.predicate import All, Any_, Compare, Predicate

Hidden = Callable[[Node], str]
"""Whether a node counts towards the threshold; empty where each does."""


def indexes_suffice(cypher: Cypher, root: Aggregate, counted: RowSet, narrowed: bool) -> bool:
    """Whether no node has to be read; for two values beside the region, or a condition on another field, each has.

    That they lie in a division is asked because an index is begun with it. Neo4j takes no value from an index where a
    guard stands before it. What a node was collected for stands in no index.
    """
    if cypher.decision.collected is not None:
        return False
    table, values = cypher.table(root.entity), _values(root)
    divided = narrowed or cypher.lies_in_division(root.entity, counted)
    indexed = len(values) <= 1 and {"region", *values} <= counted_by(root.entity)
    unguarded = all(counted <= table.of(each).clear | table.of(each).aggregate for each in values)
    return divided and indexed and unguarded and all(map(_reads_region_only, (root.where, *table.rows)))


def counts_from_indexes(cypher: Cypher, root: Aggregate, counted: RowSet, narrowed: bool, hidden: Hidden) -> list[str]:
    """Lines that give `b0`, …, `found` and `share` in several rows, which are to be added up; regions are not cut.

    They are right for any condition, but for no more than one value beside the region.
    """
    (value,) = _values(root) or {""}
    parts = _Parts(cypher, root, counted, narrowed, hidden, value)
    every = [parts.all_nodes(), *([parts.nodes_with_value()] if value else []), parts.deleted()]
    union = "\n    UNION ALL\n".join("\n".join(f"    {line}" for line in part) for part in every)
    return [f"  CALL ({cypher.each}) {{", union, "  }"]


def _values(root: Aggregate) -> set[str]:
    """The fields that it counts by, the region apart."""
    return {field.name for field, _ in root.buckets} - {"region"}


def _reads_region_only(predicate: Predicate) -> bool:
    match predicate:
        case All(parts) | Any_(parts):
            return all(map(_reads_region_only, parts))
        case Compare(field, bucket=bucket):
            # Neo4j takes no value from an index where it cuts a path.
            return field == "region" and bucket is None
        case _:
            return False


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of the sum, each with a node of its own. `value` is the one field beside the region, or empty."""

    cypher: Cypher
    root: Aggregate
    counted: RowSet
    narrowed: bool
    hidden: Hidden
    value: str

    def all_nodes(self) -> list[str]:
        """All nodes, in the cell of those without a value; counted first, for one that comes later may have a value."""
        node = self._node()
        return [*self._match(node), *self._counts(node, valued=False), self._row()]

    def nodes_with_value(self) -> list[str]:
        """Nodes with a value, which are put into their cell, and taken out of that of those without one."""
        node = self._node()
        there = f"{self.cypher.read(node, self.root.entity.field(self.value), 'group', REQUEST)} IS NOT NULL"
        return [
            *self._match(node, there),
            *self._counts(node),
            "UNWIND [1, -1] AS sign",
            self._row("sign * ", moved=True),
        ]

    def deleted(self) -> list[str]:
        """Deleted nodes, which are taken out of their cell."""
        node = self._node()
        return [*self._match(node, f"{node.var}.deletedAt IS NOT NULL"), *self._counts(node), self._row("-")]

    def _node(self) -> Node:
        return Node(self.cypher.variable(), self.root.entity, self.counted, self.narrowed)

    def _match(self, node: Node, there: str = "") -> list[str]:
        rows = self.cypher.rows(node, node.within)
        asked = self.cypher.condition(node, self.root.where, REQUEST)
        return [f"MATCH ({node.var}:{node.entity.name})", f"WHERE {both(rows, asked, there)}"]

    def _counts(self, node: Node, valued: bool = True) -> list[str]:
        cells = [
            self.cypher.bucket_cell(node, field, bucket) if valued or field.name != self.value else "null"
            for field, bucket in self.root.buckets
        ]
        named = [f"{cell} AS {name}" for cell, name in zip(cells, self._names, strict=True)]
        counts = ["count(*) AS found"]
        if not self.root.exact:
            hidden = self.hidden(node)
            counts.append(f"count(CASE WHEN {hidden} THEN 1 END) AS share" if hidden else "count(*) AS share")
        return [f"WITH {', '.join([*named, *counts])}"]

    def _row(self, sign: str = "", moved: bool = False) -> str:
        """What a part returns; with `moved`, the rows of the sign -1 are in the cell of those without a value."""
        cells = [
            f"CASE WHEN sign > 0 THEN {name} END AS {name}" if moved and field.name == self.value else name
            for name, (field, _) in zip(self._names, self.root.buckets, strict=True)
        ]
        counts = ["found"] if self.root.exact else ["found", "share"]
        return f"RETURN {', '.join([*cells, *(f'{sign}{name} AS {name}' for name in counts)])}"

    @property
    def _names(self) -> list[str]:
        return [f"b{index}" for index in range(len(self.root.buckets))]
