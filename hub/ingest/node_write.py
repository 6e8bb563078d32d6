"""Writes the nodes of a batch, each with its records and edges.

A node that is new, with one record, is created with both in one statement: that costs half of merging the node, and
then its record and each edge, which have to find it again (140 against 330 µs of Neo4j's processor a row). So is a new
record of a node that is there. All others are merged, so that writing them again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
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
    """A record to be written: its node, its provenance, and whether it is in the graph.

    `targets` are the surrogates of the nodes to which its edges lead, by the name of the edge. `fresh`: it brings its
    node. `further`: its node is there, and no other record of the batch describes it.
    """

    record: Record
    sid: str
    provenance: Mapping[str, Any]
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
        complete, others = self._whole(fresh, values, there)
        names = sorted({name for each in fresh for name in values[each.sid]})
        moments = {name for each in fresh for name, value in values[each.sid].items() if isinstance(value, dt.datetime)}
        via = self._plan.derivation.edge if self._plan.derivation else None
        for rows, given in ((complete, edges), (others, ())):
            if rows:
                text = cypher.create(self._plan.entity, names, moments, given, via)
                plain = [_without_moments(each) for each in rows] if moments else rows
                self._tx.run(text, rows=plain, shared=self._shared)
                self._regions.created([row["sid"] for row in rows], settled=via in given)
        return {row["key"] for row in complete}

    def _extend(self, further: Sequence[Write], values: Mapping[str, Mapping[str, Any]], there: set[str]) -> set[str]:
        """Write records that have all their edges to other entities on nodes that are there; returns their keys."""
        rows, _ = self._whole(further, values, there)
        if rows:
            self._tx.run(cypher.extend(self._plan.entity, self._outward()), rows=rows, shared=self._shared)
        return {row["key"] for row in rows}

    def _outward(self) -> Sequence[EdgePlan]:
        """The edges to other entities: a target of their own may be made by a later row of the same statement."""
        return tuple(each for each in self._plan.edges if each.target != self._plan.entity)

    def _whole(
        self, writes: Sequence[Write], values: Mapping[str, Mapping[str, Any]], there: set[str]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows of records whose edges to other entities all have their target, and the rows of the others."""
        edges = self._outward()
        complete, others = [], []
        for each in writes:
            row = {**each.provenance, "node": values[each.sid]}
            if all(each.targets.get(edge.name) in there for edge in edges):
                row |= {f"t{number}": each.targets[edge.name] for number, edge in enumerate(edges)}
                complete.append(row)
            else:
                others.append(row)
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


def _without_moments(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a node with its moments as text."""
    node = {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row["node"].items()}
    return {**row, "node": node}
