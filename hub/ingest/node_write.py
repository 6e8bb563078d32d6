"""Writes the nodes of a batch, each with its records and edges.

A node that is new, with one record, is created with both in one statement: that costs half of merging the node, and
then its record and each edge, which have to find it again (140 against 330 µs of Neo4j's processor a row). So is a new
record of a node that is there. All others are merged, so that writing them again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import Batch, EdgePlan, Record
from hub.graph.driver import Transaction
from hub.ingest import sink_statements as cypher
from hub.ingest.batch_rows import shared_provenance, waiting_edge
from hub.ingest.derived_regions import DerivedRegions
from hub.ingest.known_plans import KnownPlans


@dataclass(frozen=True, slots=True)
class Write:
    """A record to be written: its node, its provenance as a row, and whether it is in the graph.

    `targets` are the surrogates of the nodes to which its edges lead, by the name of the edge. `fresh`: it brings its
    node. `further`: its node is there, and no other record of the batch describes it.
    """

    record: Record
    sid: str
    provenance: Sequence[Any]
    targets: Mapping[str, str]
    known: bool
    fresh: bool
    further: bool


class NodeWrite:
    """The nodes of one transaction; `linked` and `unlinked` count edges that had waited, and that wait now."""

    def __init__(self, plans: KnownPlans, transaction: Transaction, batch: Batch, regions: DerivedRegions) -> None:
        self._plans, self._tx, self._plan, self._regions = plans, transaction, batch.plan, regions
        self._run, self._shared = batch.run, shared_provenance(batch.plan, batch.run)
        self.linked = self.unlinked = 0

    def write(self, writes: Sequence[Write], values: Mapping[str, Mapping[str, Any]], there: set[str]) -> None:
        """Write nodes with these `values`, by surrogate; `there` are the targets of edges that exist."""
        complete = self._create([each for each in writes if each.fresh], values, there)
        complete |= self._extend([each for each in writes if each.further], values, there)
        others = [each for each in writes if not each.fresh and each.record.key not in complete]
        if others:
            merged = [{"sid": sid, "values": values[sid]} for sid in dict.fromkeys(each.sid for each in others)]
            self._tx.run(cypher.upsert(self._plan.entity), rows=merged)
            self._records(others)
        self._link(writes, there, complete)
        self._waiting_links(sorted(values))

    def _create(self, fresh: Sequence[Write], values: Mapping[str, Mapping[str, Any]], there: set[str]) -> set[str]:
        """Create nodes; returns the keys of records that have all their edges to other entities now."""
        edges = self._outward()
        complete, others = self._whole(fresh, edges, there)
        via = self._plan.derivation.edge if self._plan.derivation else None
        for some, given in ((complete, edges), (others, ())):
            if some:
                columns, cells = _columns([values[each.sid] for each in some])
                text = cypher.create(self._plan.entity, columns, given, via)
                rows = [row + list(node) for row, node in zip(_rows(some, given), cells, strict=True)]
                self._tx.run(text, rows=rows, shared=self._shared)
                self._regions.created([each.sid for each in some], settled=via in given)
        return {each.record.key for each in complete}

    def _extend(self, further: Sequence[Write], values: Mapping[str, Mapping[str, Any]], there: set[str]) -> set[str]:
        """Write records that have all their edges to other entities on nodes that are there; returns their keys."""
        edges = self._outward()
        complete, _ = self._whole(further, edges, there)
        if complete:
            rows = [[*row, values[each.sid]] for row, each in zip(_rows(complete, edges), complete, strict=True)]
            self._tx.run(cypher.extend(self._plan.entity, edges), rows=rows, shared=self._shared)
        return {each.record.key for each in complete}

    def _outward(self) -> Sequence[EdgePlan]:
        """The edges to other entities: a target of their own may be made by a later row of the same statement."""
        return tuple(each for each in self._plan.edges if each.target != self._plan.entity)

    def _whole(
        self, writes: Sequence[Write], edges: Sequence[EdgePlan], there: set[str]
    ) -> tuple[Sequence[Write], Sequence[Write]]:
        """Those of which each of the edges has its target, and the others."""
        if not edges:
            return writes, ()
        complete: list[Write] = []
        others: list[Write] = []
        for each in writes:
            whole = all(each.targets.get(edge.name) in there for edge in edges)
            (complete if whole else others).append(each)
        return complete, others

    def _records(self, writes: Sequence[Write]) -> None:
        for known, statement in ((False, cypher.create_records), (True, cypher.change_records)):
            rows = [each.provenance for each in writes if each.known is known]
            if rows:
                self._tx.run(statement(self._plan.entity), rows=rows, shared=self._shared)

    def _link(self, writes: Sequence[Write], there: set[str], complete: set[str]) -> None:
        """Create the edges whose target exists, but for those that were created with their node; the others wait."""
        written = {each.sid for each in writes}
        # This stream's own: another that states the edge too may require its target.
        edges = {each.name: each for each in self._plan.edges}
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in edges}
        missing = []
        for each in writes:
            key = each.record.key
            for name, target in each.targets.items():
                edge = edges[name]
                inward = edge.target == self._plan.entity
                if key in complete and not inward:
                    continue
                if target in there or (inward and target in written):
                    rows[name].append({"sid": each.sid, "target": target, "key": key})
                else:
                    missing.append(waiting_edge(self._plan, self._run, edge, each.record, target))
        for name, claims in rows.items():
            if claims:
                self._tx.run(cypher.link(edges[name]), rows=claims)
        if missing:
            self._tx.run(cypher.ENTER, rows=missing)
        self.unlinked += len(missing)

    def _waiting_links(self, arrived: Sequence[str]) -> None:
        """Create the edges that waited for these nodes, whichever stream claimed them."""
        entity = self._plan.entity
        (row,) = self._tx.run(cypher.MAY_WAIT, entity=entity)
        if not (row["may"] and self._tx.run(cypher.ANY_WAITING, sids=arrived, entity=entity)):
            return
        for edge in self._plans.edges_to(entity):
            rows = self._tx.run(cypher.link_waiting(edge), sids=arrived)
            self.linked += len(rows)
            self._regions.touch(edge.entity, (row["sid"] for row in rows))


def _rows(writes: Sequence[Write], edges: Sequence[EdgePlan]) -> Iterator[list[Any]]:
    """What is the records' own, and the targets of these edges."""
    names = [each.name for each in edges]
    return ([*each.provenance, *[each.targets[name] for name in names]] for each in writes)


def _columns(nodes: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], Iterator[tuple[Any, ...]]]:
    """How each property of some nodes goes to the graph (`cypher.create`), and the values of each node.

    Days and moments go as text: the driver takes 5 and 90 µs for one of them.
    """
    columns, cells = {}, []
    for name in sorted({name for node in nodes for name in node}):
        column = [node.get(name) for node in nodes]
        # All values of a property are of one type, but for those that are absent.
        first = next((value for value in column if value is not None), None)
        columns[name] = ""
        if isinstance(first, dt.date):
            columns[name] = "datetime" if isinstance(first, dt.datetime) else "date"
            column = [None if value is None else value.isoformat() for value in column]
        cells.append(column)
    return columns, zip(*cells, strict=True)
