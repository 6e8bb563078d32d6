"""The work of one transaction: a batch of records, its quarantine and its cursor.

A node's key `sid` is a keyed digest of what identifies it, so that writing it again finds it. Each record leaves a
`SourceRecord` that asserts its node. An edge lists the records that claim it, and is removed with the last of them; an
edge whose target is not in the graph yet waits as a `Quarantined` entry, and is created in the transaction that brings
the target. Everything is read before anything is written.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

from connectors.base import Batch, Record, Refused, Written
from connectors.exchanged import check_exchanged
from connectors.quarantine import SMALL_BATCH
from connectors.resolve import Assertion, Partition, Stored, contested, milliseconds, partition, survive
from hub.graph.change_notes import note_changes
from hub.graph.driver import Transaction
from hub.ingest import sink_statements as cypher
from hub.ingest.batch_rows import orphan, provenance, refused_row, stream_of
from hub.ingest.derived_regions import DerivedRegions
from hub.ingest.known_plans import KnownPlans
from hub.ingest.node_write import NodeWrite, Write
from hub.ingest.text_properties import Reading, Tally


class NotApart(Exception):
    """A batch whose statements were run beside a commit needs to know what that one brings."""


class BatchWrite:
    """The work of one transaction. A new one is made for each attempt, so that each starts from nothing.

    `reading` is kept, because what was found in a text is still true at the next attempt, and so is `made`: where no
    node of the entity was there before the stream, those that it may have made. A node that was not found is created,
    which costs half of merging it. Where another pull creates it at the same moment, the transaction fails as a whole,
    and the next attempt is `careful`: it reads everything, and merges. One that is run `beside` the commit of another
    batch raises NotApart if it turns out to touch a node that it does not name.
    """

    def __init__(
        self,
        plans: KnownPlans,
        transaction: Transaction,
        batch: Batch,
        reading: Reading,
        made: set[str] | None,
        careful: bool,
        beside: bool = False,
    ) -> None:
        self._plans, self._tx, self._batch, self._plan = plans, transaction, batch, batch.plan
        self._reading, self._made, self._careful = reading, made, careful
        self._beside = beside
        self._sids: dict[str, str] = {}
        self._live: dict[str, list[Assertion]] = {}
        self._regions = DerivedRegions(plans, transaction)
        self._nodes = NodeWrite(plans, transaction, batch, self._regions)
        self._contested: Mapping[str, tuple[str, ...]] = {}

    def run(self) -> Written:
        """Write the batch, and return the counts."""
        stored = self._stored()
        parts = partition(self._batch.records, stored)
        writes, targets, orphans = self._resolvable({**parts.inserts, **parts.updates})
        refused = {each.key: each for each in (*self._batch.refused, *orphans)}
        updates = [key for key in parts.updates if key in writes]
        self._sids = {key: self._plans.sid(self._plan.entity, each.identity) for key, each in writes.items()}
        if len(updates) >= SMALL_BATCH:
            self._check_exchanged([writes[key] for key in updates])
        nodes = self._survivors(writes, parts.inserts) if writes else {}
        # Before anything is written, so that no lock is held while texts are checked.
        tally = self._reading.read(nodes.values())
        if updates:
            self._detach(updates, stored)
        if writes:
            self._write(writes, nodes, targets, parts)
        self._rejections(parts, writes, stored)
        self._regions.follow()
        self._quarantine(refused)
        self._cursor()
        written = self._written(parts, writes, orphans, tally)
        note_changes(self._tx, self._regions.touched, self._plans.told)
        return written

    def _written(self, parts: Partition, writes: Mapping[str, Record], orphans: list[Refused], tally: Tally) -> Written:
        lost = sum(1 for key in parts.inserts if key not in writes)
        return Written(
            inserted=len(parts.inserts) - lost,
            updated=parts.updated - (len(orphans) - lost),
            unchanged=parts.unchanged,
            older=parts.older,
            quarantined=len(self._batch.refused) + len(orphans),
            linked=self._nodes.linked,
            unlinked=self._nodes.unlinked,
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
        """What the graph keeps of the records of the batch, by key."""
        records: Sequence[Record] = self._batch.records
        if self._batch.first and not self._careful:
            records = [each for each in records if each.repeated]
        found = self._unchanged(records)
        keys = sorted({each.key for each in records} - found.keys())
        for row in self._tx.run(cypher.STORED, keys=keys) if keys else []:
            found[row["key"]] = Stored(row["hash"], row["asOf"], tuple(row["rejected"] or ()), row["sid"], row["stale"])
        return found

    def _unchanged(self, records: Sequence[Record]) -> dict[str, Stored]:
        """Those that are stored as they came; of a key that comes several times, more has to be known."""
        times = Counter(each.key for each in records)
        once = {each.key: each for each in records if times[each.key] == 1}
        if not once:
            return {}
        (row,) = self._tx.run(cypher.UNCHANGED, rows=[[key, each.fingerprint] for key, each in once.items()])
        return {key: Stored(once[key].fingerprint, milliseconds(once[key].as_of)) for key in row["keys"]}

    def _resolvable(self, records: Mapping[str, Record]) -> tuple[dict[str, Record], set[str], list[Refused]]:
        """The records whose required targets exist; all targets that exist; the other records, refused."""
        wanted: dict[str, set[str]] = {}
        for record in records.values():
            for link in record.links:
                edge = self._plans.edge(self._plan.entity, link.edge)
                wanted.setdefault(edge.target, set()).add(self._plans.sid(edge.target, link.identity))
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
            if not edge.required:
                continue
            for link in (each for each in record.links if each.edge == edge.name):
                if self._plans.sid(edge.target, link.identity) not in there:
                    return orphan(record, edge, link.identity, link.column)
        return None

    def _check_exchanged(self, records: Sequence[Record]) -> None:
        """Raise ConnectorError if the source exchanged two columns since the last pull."""
        sids = {self._sids[each.key]: each for each in records}
        rows = self._tx.run(cypher.values(self._plan.entity), sids=sorted(sids))
        check_exchanged(self._plan, ((row["held"], sids[row["sid"]].values) for row in rows))

    def _survivors(self, writes: Mapping[str, Record], inserts: Container[str]) -> dict[str, dict[str, Any]]:
        """The values that each node will have; the same before and after `_detach`, which touches this batch only."""
        pairs = [(self._sids[key], each) for key, each in writes.items()]
        if self._careful or not self._plan.alone:
            self._find_asserted(inserts)
            self._contested = contested(self._plan, pairs, self._live, self._held(writes))
        return survive(self._plan, pairs, self._live)

    def _held(self, writes: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
        """What those nodes hold that other records of the stream describe, of which each pull tells the differences."""
        mine = self._plan.name
        sids = sorted(
            sid
            for sid, told in self._live.items()
            if any(each.stream == mine and each.key not in writes for each in told)
        )
        rows = self._tx.run(cypher.values(self._plan.entity), sids=sids) if sids else []
        return {row["sid"]: row["held"] for row in rows}

    def _find_asserted(self, inserts: Container[str]) -> None:
        """Find which of the nodes are there, and what asserts them.

        One that will be created is not looked for where it cannot be there: if it is all the same, creating it fails.
        """
        asked = set(self._sids.values())
        if self._made is not None:
            times = Counter(self._sids.values())
            created = {sid for key, sid in self._sids.items() if key in inserts and times[sid] == 1} - self._made
            # At the next attempt they are looked for, and not found.
            self._made |= asked
            asked -= created
        if not asked:
            return
        (row,) = self._tx.run(cypher.assertions(self._plan.entity), sids=sorted(asked))
        for sid, key, moment in row["asserted"]:
            asserted = self._live.setdefault(sid, [])
            if key is not None:
                asserted.append(Assertion(key, stream_of(key), moment))

    def _detach(self, updates: list[str], stored: Mapping[str, Stored]) -> None:
        """Remove what changed records claimed before: edges, waiting edges and, if they moved, their node."""
        moved = [key for key in updates if stored[key].sid != self._sids[key]]
        if moved and self._beside:
            raise NotApart
        for edge in self._plan.edges:
            self._tx.run(cypher.unlink(edge), keys=updates)
        waiting = [f"{key}#{edge.name}" for key in updates for edge in self._plan.edges]
        self._tx.run(cypher.FORGET, keys=waiting)
        if moved:
            rows = self._tx.run(cypher.release(), keys=moved, now=dt.datetime.now(dt.UTC))
            self._regions.touch(self._plan.entity, (row["sid"] for row in rows))

    def _write(
        self, writes: Mapping[str, Record], nodes: Mapping[str, Mapping[str, Any]], targets: set[str], parts: Partition
    ) -> None:
        describing = Counter(self._sids.values())
        rows = []
        for key, record in writes.items():
            sid, known = self._sids[key], key not in parts.inserts
            said, led = self._plans.of(self._plan, record)
            about = provenance(record, sid, parts.rejected.get(key, ()), self._contested.get(key, ()), said)
            # Of a stream that is alone no node was looked for: where its record is new, so is the node.
            alone = not (known or self._careful or describing[sid] > 1)
            there = sid in self._live
            rows.append(Write(record, sid, about, led, known, fresh=alone and not there, further=alone and there))
        self._nodes.write(rows, {sid: self._reading.written(each) for sid, each in nodes.items()}, targets)
        mine = frozenset({self._plan.name})
        others = {sid: mine.union(each.stream for each in told) for sid, told in self._live.items()}
        self._regions.wrote(self._plan.entity, {sid: others.get(sid, mine) for sid in nodes})

    def _rejections(self, parts: Partition, writes: Mapping[str, Record], stored: Mapping[str, Stored]) -> None:
        rows = [
            {"key": key, "rejected": list(digests) or None}
            for key, digests in parts.rejected.items()
            if key not in writes and key in stored and digests != stored[key].rejected
        ]
        if rows:
            self._tx.run(cypher.REJECT, rows=rows)

    def _quarantine(self, refused: Mapping[str, Refused]) -> None:
        batch = self._batch
        rows = [
            refused_row(self._plan, each, self._plans.sid(*each.awaits) if each.awaits else None)
            for each in refused.values()
        ]
        if rows:
            self._tx.run(cypher.ENTER_CHANGED, rows=rows, run=batch.run)
        gone = [key for key in batch.cleared if key not in refused]
        if gone:
            self._tx.run(cypher.FORGET, keys=gone)
        if batch.seen_refused is not None:
            kept = sorted(batch.seen_refused | set(refused))
            self._tx.run(cypher.FORGET_UNSEEN, stream=self._plan.name, keys=kept)

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
                    "files": list(cursor.files) or None,
                    "kinds": [f"{column}={kind}" for column, kind in sorted(cursor.kinds.items())],
                },
            )
