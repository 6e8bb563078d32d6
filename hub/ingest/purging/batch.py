"""The work of one transaction of a purge: some records of one source, and what they alone said.

A node that no other record describes is deleted with its edges. One that others describe keeps what a better stream
states, or what another says just so; every other value is removed, and comes back with the next pull of the others,
whose records are marked to be read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import StreamPlan
from hub.graph.change_notes import note_changes
from hub.graph.driver import Transaction
from hub.ingest.derived_regions import DerivedRegions
from hub.ingest.known_plans import KnownPlans
from hub.ingest.purging import statements as cypher
from hub.ingest.purging.counts import Counts, add
from schema.catalogue import Catalogue, Entity


@dataclass(frozen=True, slots=True)
class Known:
    """What a purge knows of all sources: their streams, how these go together, and the catalogue."""

    catalogue: Catalogue
    streams: Mapping[str, StreamPlan]
    plans: KnownPlans

    def fields(self, stream: str) -> frozenset[str]:
        """The fields that a stream writes; none of one whose source has no file any more."""
        plan = self.streams.get(stream)
        return frozenset() if plan is None else frozenset((*plan.fields, *(("region",) if plan.derivation else ())))

    def decides(self, stream: str, field: str, others: Collection[str]) -> bool:
        """Whether what a node holds in a field may be from this stream, where `others` describe the node too."""
        plan = self.streams.get(stream)
        if plan is None:
            return True
        if field not in self.fields(stream):
            return not any(field in self.fields(each) for each in others)
        return plan.better.get(field, frozenset()).isdisjoint(others)


class PurgeBatch:
    """One transaction; a new one is made for each attempt, with counts of its own that begin where others ended."""

    def __init__(self, known: Known, transaction: Transaction, counts: Counts) -> None:
        self._known, self._tx, self._counts = known, transaction, counts
        self._regions = DerivedRegions(known.plans, transaction)

    def run(self, source: str, kind: str, keys: Sequence[str]) -> None:
        """Remove records of one kind."""
        given = list(keys)
        by_type: dict[str, dict[str, list[str]]] = {}
        for row in self._tx.run(cypher.described(kind), keys=given):
            by_type.setdefault(row["type"], {})[row["sid"]] = row["streams"]
        if kind == "SourceRecord":
            self._counts.edges_gone(self._tx.run(cypher.CLAIMS, keys=given))
        (gone,) = self._tx.run(cypher.forget_records(kind), keys=given)
        self._counts.of_source(source, "records" if kind == "SourceRecord" else "vanished", gone["gone"])
        for entity, streams in sorted(by_type.items()):
            self._nodes(self._known.catalogue.entity(entity), streams)
        self._finish()

    def bury_nobodys(self, entity: Entity, most: int) -> int:
        """Delete tombstones that nobody describes; returns how many."""
        found = self._tx.run(cypher.nobodys(entity.name), most=most)
        self._delete(entity, {row["sid"]: row["held"] for row in found}, [row["sid"] for row in found])
        self._finish()
        return len(found)

    def _finish(self) -> None:
        self._regions.follow()
        note_changes(self._tx, self._regions.touched, self._known.plans.told)

    def _nodes(self, entity: Entity, streams: Mapping[str, Sequence[str]]) -> None:
        left = self._tx.run(cypher.others(entity.name), sids=sorted(streams))
        alone = [row for row in left if not row["records"] and not row["vanished"]]
        shared = [row for row in left if row["records"] or row["vanished"]]
        held = {row["sid"]: row["held"] for row in alone}
        self._delete(entity, held, [row["sid"] for row in alone if row["dead"]])
        if shared:
            self._keep(entity, shared, streams)

    def _delete(self, entity: Entity, held: Mapping[str, Mapping[str, Any]], dead: Collection[str]) -> None:
        """Delete nodes; whoever had an edge to one is read again, and so may their regions have to follow."""
        sids = sorted(held)
        if not sids:
            return
        self._tx.run(cypher.read_again(entity.name), sids=sids, edges=True)
        for row in self._tx.run(cypher.neighbours(entity.name), sids=sids):
            self._regions.touch(row["type"], row["sids"])
        self._counts.edges_gone(self._tx.run(cypher.delete_edges(entity.name), sids=sids))
        self._tx.run(cypher.delete_nodes(entity.name), sids=sids)
        self._regions.touch(entity.name, sids)
        add(self._counts.nodes, entity.name, len(sids))
        add(self._counts.tombstones, entity.name, len(dead))
        for name in (each.name for each in entity.fields):
            add(self._counts.properties, f"{entity.name}.{name}", _holding(held.values(), name))

    def _keep(self, entity: Entity, rows: Sequence[Mapping[str, Any]], streams: Mapping[str, Sequence[str]]) -> None:
        """Let nodes stay without what the purged streams may have said."""
        taken = []
        for row in rows:
            unsaid = [name for name in _held_fields(entity, row["held"]) if not self._is_anothers(name, row, streams)]
            for name in unsaid:
                add(self._counts.properties, f"{entity.name}.{name}", 1)
            if unsaid:
                taken.append({"sid": row["sid"], "values": _nulls(entity, unsaid)})
        if taken:
            self._tx.run(cypher.take_back(entity.name), rows=taken)
        sids = [row["sid"] for row in rows]
        self._tx.run(cypher.read_again(entity.name), sids=sids, edges=False)
        dying = [row["sid"] for row in rows if not row["records"]]
        if dying:
            self._tx.run(cypher.bury(entity.name), sids=dying)
        self._regions.touch(entity.name, sids)
        add(self._counts.kept, entity.name, len(sids))

    def _is_anothers(self, field: str, row: Mapping[str, Any], streams: Mapping[str, Sequence[str]]) -> bool:
        """Whether a value that a node holds is what another source states."""
        others = [stream for stream, _ in row["records"]]
        said = self._known.plans.as_said(field, row["held"][field])
        if any(said in told.split(" ") for _, told in row["records"]):
            return True
        if not others:
            # A vanished record of another source, whose stream is not asked: what it said is not served.
            return False
        return not any(self._known.decides(each, field, others) for each in streams[row["sid"]])


def _held_fields(entity: Entity, held: Mapping[str, Any]) -> list[str]:
    return [each.name for each in entity.fields if held.get(each.name) is not None]


def _holding(nodes: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(1 for each in nodes if each.get(name) is not None)


def _nulls(entity: Entity, names: Sequence[str]) -> dict[str, None]:
    """The values without which a node stays, with what is kept beside a text, and the old path of a place."""
    beside = [
        each
        for field in entity.fields
        if field.name in names and field.text_properties
        for each in field.text_properties.names
    ]
    return dict.fromkeys([*names, *beside, *(("formerRegion",) if "region" in names else ())])
