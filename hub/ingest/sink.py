"""Writes the batches of connectors into the graph. Implements `connectors.base.GraphSink`.

A batch is written in one transaction with its provenance, its quarantine and its cursor, or not at all. A node's key
`sid` is a keyed digest of what identifies it, so that an upsert is a MERGE and no id holds a value. Each record leaves
a `SourceRecord` that asserts its node. An edge lists the records that claim it, and is removed with the last of them;
an edge whose target is not in the graph yet waits as a `Quarantined` entry, and is created in the transaction that
brings the target.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.base import (
    Batch,
    Derivation,
    EdgePlan,
    Place,
    Position,
    Record,
    Refused,
    StreamPlan,
    TextAnnotator,
    Written,
)
from connectors.exchanged import check_exchanged
from connectors.quarantine import SMALL_BATCH
from connectors.resolve import Assertion, Partition, Stored, partition, survive
from connectors.stream_plans import order_derivations
from hub.graph.driver import GraphWriter, Transaction
from hub.home.surrogates import surrogate
from hub.ingest import sink_statements as cypher
from hub.ingest.contested import find_contested
from hub.ingest.positions import read_position
from hub.ingest.text_properties import Reading, Tally
from schema.catalogue import Catalogue

TARGET_MISSING = "target-not-found"
_PLACES = (
    "MATCH (n:Region) WHERE n.deletedAt IS NULL RETURN n.code AS code, n.region AS path, n.level AS level, "
    "n.validTo AS ended, n.successorCode AS successor"
)


class Sink:
    """Writes batches. `plans` are those of all sources, because survivorship needs to know every writer of a field.

    `annotator` checks each free text that is written, in the same transaction.
    """

    def __init__(
        self,
        writer: GraphWriter,
        key: bytes,
        plans: Mapping[str, StreamPlan],
        catalogue: Catalogue,
        annotator: TextAnnotator,
        today: dt.date,
    ) -> None:
        self._writer, self._key, self._plans = writer, key, plans
        self._catalogue, self._annotator = catalogue, annotator
        self._digest_key = hmac.digest(key, b"record fingerprint", "sha256")
        self._today = today
        self._edges = {(e.entity, e.name): e for plan in plans.values() for e in plan.edges}
        self._derivations = order_derivations(plans.values())

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest, so that whoever reads the graph cannot guess the content of a record from it."""
        return hmac.digest(self._digest_key, content, "sha256").hex()[:32]

    def places(self) -> Mapping[str, Place]:
        """All divisions in the graph, by official code."""
        return {
            row["code"]: Place(
                row["path"],
                row["level"] == "GRID",
                row["ended"] is not None and row["ended"] < self._today.isoformat(),
                row["successor"],
            )
            for row in self._writer.read(_PLACES)
        }

    def position(self, plan: StreamPlan) -> Position:
        """The stream's cursor, and the refused or outdated records that reading again would change."""
        return read_position(self._writer, plan)

    def write(self, batch: Batch) -> Written:
        """Write a batch in one transaction; raises GraphWriteError."""
        reading = Reading(self._catalogue.entity(batch.plan.entity), self._annotator)
        return self._writer.write(lambda transaction: _BatchWrite(self, transaction, batch, reading).run())

    def sid(self, entity: str, identity: str) -> str:
        """The `sid` of a node, under this home's key."""
        return surrogate(self._key, entity, identity)

    def edge(self, entity: str, name: str) -> EdgePlan:
        """The plan of an edge that some stream writes."""
        return self._edges[entity, name]

    def edges_to(self, entity: str) -> list[EdgePlan]:
        """The edges that may wait for a node of this entity."""
        return [each for each in self._edges.values() if each.target == entity]

    def derivations(self) -> Sequence[Derivation]:
        """The rules by which regions follow edges; a rule comes after those that it depends on."""
        return self._derivations


class _BatchWrite:
    """The work of one transaction. A new one is made for each attempt, so that each starts from nothing.

    Only `reading` is kept: what was found in a text is still true at the next attempt.
    """

    def __init__(self, sink: Sink, transaction: Transaction, batch: Batch, reading: Reading) -> None:
        self._sink, self._tx, self._batch, self._plan = sink, transaction, batch, batch.plan
        self._reading = reading
        self._moved: set[str] = set()
        self._touched: dict[str, set[str]] = {}
        self._linked = self._unlinked = 0
        self._contested: Mapping[str, tuple[str, ...]] = {}

    def run(self) -> Written:
        """Write the batch, and return the counts."""
        stored = self._stored()
        parts = partition(self._batch.records, stored)
        writes, targets, orphans = self._resolvable({**parts.inserts, **parts.updates})
        refused = {each.key: each for each in (*self._batch.refused, *orphans)}
        updates = [key for key in parts.updates if key in writes]
        if len(updates) >= SMALL_BATCH:
            self._check_exchanged([writes[key] for key in updates])
        nodes = self._survivors(writes) if writes else {}
        # Before anything is written, so that no lock is held while texts are checked.
        tally = self._reading.read(nodes.values())
        if updates:
            self._detach(writes, updates, stored)
        if writes:
            self._nodes(nodes)
            self._records(writes, parts)
            self._link(writes, targets)
            self._waiting_links([self._sink.sid(self._plan.entity, each.identity) for each in writes.values()])
        self._rejections(parts, writes, stored)
        self._derive()
        self._quarantine(refused)
        self._cursor()
        return self._written(parts, writes, orphans, tally)

    def _written(self, parts: Partition, writes: Mapping[str, Record], orphans: list[Refused], tally: Tally) -> Written:
        lost = sum(1 for key in parts.inserts if key not in writes)
        return Written(
            inserted=len(parts.inserts) - lost,
            updated=parts.updated - (len(orphans) - lost),
            unchanged=parts.unchanged,
            quarantined=len(self._batch.refused) + len(orphans),
            linked=self._linked,
            unlinked=self._unlinked,
            changes=sum(self._tx.totals.values()),
            orphans=tuple(orphans),
            stored=tuple(writes),
            contested=tuple((writes[key].number, fields) for key, fields in self._contested.items()),
            outvoted=tuple(parts.outvoted.values()),
            texts=tally.texts,
            personal=tally.personal,
            whole=tally.whole,
        )

    def _stored(self) -> dict[str, Stored]:
        keys = sorted({each.key for each in self._batch.records})
        rows = self._tx.run(cypher.STORED, keys=keys) if keys else []
        return {row["key"]: Stored(row["hash"], row["asOf"], tuple(row["rejected"] or ()), row["sid"]) for row in rows}

    def _resolvable(self, records: Mapping[str, Record]) -> tuple[dict[str, Record], set[str], list[Refused]]:
        """The records whose required targets exist; all targets that exist; the other records, refused."""
        wanted: dict[str, set[str]] = {}
        for record in records.values():
            for link in record.links:
                edge = self._sink.edge(self._plan.entity, link.edge)
                wanted.setdefault(edge.target, set()).add(self._sink.sid(edge.target, link.identity))
        there: set[str] = set()
        for entity, sids in wanted.items():
            (row,) = self._tx.run(cypher.existing(entity), sids=sorted(sids))
            there.update(row["sids"])
        writes: dict[str, Record] = {}
        orphans = []
        for key, record in records.items():
            refusal = self._orphaned(record, there)
            if refusal is None:
                writes[key] = record
            else:
                orphans.append(refusal)
        return writes, there, orphans

    def _orphaned(self, record: Record, there: set[str]) -> Refused | None:
        for edge in self._plan.edges:
            links = [each for each in record.links if each.edge == edge.name]
            if not edge.required:
                continue
            for link in links:
                if self._sink.sid(edge.target, link.identity) not in there:
                    return Refused(
                        record.key, record.number, link.column, TARGET_MISSING,
                        f"no known {edge.target} has this identity", record.as_of, (edge.target, link.identity),
                    )  # fmt: skip
        return None

    def _detach(self, writes: Mapping[str, Record], updates: list[str], stored: Mapping[str, Stored]) -> None:
        """Remove what changed records claimed before: edges, waiting edges and, if they moved, their node."""
        for edge in self._plan.edges:
            self._tx.run(cypher.unlink(edge), keys=updates)
        waiting = [f"{key}#{edge.name}" for key in updates for edge in self._plan.edges]
        self._tx.run(cypher.FORGET, keys=waiting)
        entity = self._plan.entity
        moved = [key for key in updates if stored[key].sid != self._sink.sid(entity, writes[key].identity)]
        if moved:
            rows = self._tx.run(cypher.release(), keys=moved, now=dt.datetime.now(dt.UTC))
            self._touch(entity, (row["sid"] for row in rows))

    def _check_exchanged(self, records: Sequence[Record]) -> None:
        """Raise ConnectorError if the source exchanged two columns since the last pull."""
        sids = {self._sink.sid(self._plan.entity, each.identity): each for each in records}
        rows = self._tx.run(cypher.values(self._plan.entity), sids=sorted(sids))
        check_exchanged(self._plan, ((row["held"], sids[row["sid"]].values) for row in rows))

    def _survivors(self, writes: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
        """The values that each node will have; the same before and after `_detach`, which touches this batch only."""
        entity = self._plan.entity
        pairs = [(self._sink.sid(entity, each.identity), each) for each in writes.values()]
        live: dict[str, list[Assertion]] = {}
        sids = [] if self._plan.alone else sorted({sid for sid, _ in pairs})
        for row in self._tx.run(cypher.assertions(entity), sids=sids):
            live.setdefault(row["sid"], []).append(Assertion(row["key"], row["stream"], row["asOf"]))
        if not self._plan.alone:
            self._contested = find_contested(self._tx, self._plan, pairs, live)
        return survive(self._plan, pairs, live)

    def _nodes(self, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        rows = [{"sid": sid, "values": self._reading.written(each)} for sid, each in nodes.items()]
        self._tx.run(cypher.upsert(self._plan.entity), rows=rows)
        self._touch(self._plan.entity, nodes)

    def _records(self, writes: Mapping[str, Record], parts: Partition) -> None:
        plan, entity = self._plan, self._plan.entity
        shared = {
            "source": plan.source,
            "stream": plan.name,
            "collectedFor": plan.collected_for,
            "trust": plan.trust,
            "run": self._batch.run,
        }
        rows = [
            {
                "sid": self._sink.sid(entity, each.identity),
                "key": key,
                "record": each.number,
                # As text: the driver takes a hundred times as long for a moment.
                "asOf": None if each.as_of is None else each.as_of.isoformat(),
                "hash": each.fingerprint,
                "rejected": list(parts.rejected.get(key, ())) or None,
                "contested": list(self._contested.get(key, ())) or None,
            }
            for key, each in writes.items()
        ]
        created = [each for each in rows if each["key"] in parts.inserts]
        changed = [each for each in rows if each["key"] not in parts.inserts]
        if created:
            self._tx.run(cypher.create_records(entity), rows=created, shared=shared)
        if changed:
            self._tx.run(cypher.change_records(entity), rows=changed, shared=shared)

    def _link(self, writes: Mapping[str, Record], there: set[str]) -> None:
        """Create the edges whose target exists; enter the others as waiting."""
        written = {self._sink.sid(self._plan.entity, each.identity) for each in writes.values()}
        missing = []
        for edge in self._plan.edges:
            known = there | written if edge.target == self._plan.entity else there
            rows = []
            for key, record in writes.items():
                for link in (each for each in record.links if each.edge == edge.name):
                    target = self._sink.sid(edge.target, link.identity)
                    row = {
                        "sid": self._sink.sid(edge.entity, record.identity), "target": target, "key": key,
                    }  # fmt: skip
                    if target in known:
                        rows.append(row)
                    else:
                        missing.append(self._waiting(edge, key, record, target))
            if rows:
                self._tx.run(cypher.link(edge), rows=rows)
        if missing:
            self._tx.run(cypher.ENTER, rows=missing)
        self._unlinked += len(missing)

    def _waiting(self, edge: EdgePlan, key: str, record: Record, target: str) -> dict[str, Any]:
        return {
            "key": f"{key}#{edge.name}",
            "values": {
                "source": self._plan.source,
                "stream": self._plan.name,
                "row": record.number,
                "record": key,
                "field": edge.name,
                "rule": TARGET_MISSING,
                "reason": f"no known {edge.target} has this identity yet; the row is in without the edge",
                "whole": False,
                "target": target,
                "entity": edge.target,
                "owner": edge.entity,
                "asOf": record.as_of,
                "run": self._batch.run,
            },
        }

    def _waiting_links(self, sids: Iterable[str]) -> None:
        """Create the edges that waited for these nodes, whichever stream claimed them."""
        arrived = sorted(set(sids))
        if not self._tx.run(cypher.ANY_WAITING, sids=arrived, entity=self._plan.entity):
            return
        for edge in self._sink.edges_to(self._plan.entity):
            rows = self._tx.run(cypher.link_waiting(edge), sids=arrived)
            self._linked += len(rows)
            self._touch(edge.entity, (row["sid"] for row in rows))

    def _rejections(self, parts: Partition, writes: Mapping[str, Record], stored: Mapping[str, Stored]) -> None:
        rows = [
            {"key": key, "rejected": list(digests) or None}
            for key, digests in parts.rejected.items()
            if key not in writes and key in stored and digests != stored[key].rejected
        ]
        if rows:
            self._tx.run(cypher.REJECT, rows=rows)

    def _derive(self) -> None:
        """Let regions follow their edges, for the nodes touched here and those that depend on them."""
        for rule in self._sink.derivations():
            owners = set(self._touched.get(rule.edge.entity, ()))
            targets = self._touched.get(rule.edge.target)
            if targets and rule.edge.target != rule.edge.entity:
                rows = self._tx.run(cypher.owners(rule.edge), sids=sorted(targets))
                owners |= {row["sid"] for row in rows}
            if owners:
                rows = self._tx.run(
                    cypher.derive(rule.edge), sids=sorted(owners), stream=rule.stream, better=list(rule.better)
                )
                self._touch(rule.edge.entity, (row["sid"] for row in rows))

    def _quarantine(self, refused: Mapping[str, Refused]) -> None:
        batch = self._batch
        rows = [{"key": key, "values": self._entry(each)} for key, each in refused.items()]
        if rows:
            self._tx.run(cypher.ENTER_CHANGED, rows=rows, run=batch.run)
        gone = [key for key in batch.cleared if key not in refused]
        if gone:
            self._tx.run(cypher.FORGET, keys=gone)
        if batch.seen_refused is not None:
            kept = sorted(batch.seen_refused | set(refused))
            self._tx.run(cypher.FORGET_UNSEEN, stream=self._plan.name, keys=kept)

    def _entry(self, refused: Refused) -> dict[str, Any]:
        entity, identity = refused.awaits or (None, "")
        return {
            "source": self._plan.source,
            "stream": self._plan.name,
            "row": refused.row,
            "record": refused.key,
            "field": refused.field,
            "rule": refused.rule,
            "reason": refused.reason,
            "whole": True,
            "target": self._sink.sid(entity, identity) if entity else None,
            "entity": entity,
            "asOf": refused.as_of,
        }

    def _cursor(self) -> None:
        cursor = self._batch.cursor
        if cursor is not None:
            self._tx.run(
                cypher.MOVE_CURSOR,
                stream=self._plan.name,
                values={
                    "position": cursor.moment,
                    "manifest": cursor.manifest,
                    "rows": cursor.rows,
                    "compared": cursor.compared,
                    "columns": list(cursor.columns),
                },
            )

    def _touch(self, entity: str, sids: Iterable[str]) -> None:
        self._touched.setdefault(entity, set()).update(sids)
