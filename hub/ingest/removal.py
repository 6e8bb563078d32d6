"""The work of one transaction that takes records back: what they alone said is no longer served.

A node that no record describes any more becomes a tombstone (`deletedAt`). One that others describe stays, without the
fields that none of them states; the others are read again at their next pull, because what they say may count now. The
record itself is kept as a `VanishedRecord`, with its provenance and when it vanished, beside the node that it asserted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from connectors.base import StreamPlan, Written
from hub.graph.change_notes import note_changes
from hub.graph.driver import Transaction
from hub.ingest import sink_statements as cypher
from hub.ingest.derived_regions import DerivedRegions
from hub.ingest.known_plans import KnownPlans
from hub.ingest.text_properties import Reading

COUNT_RECORDS = (
    "MATCH (r:SourceRecord) USING INDEX SEEK r:SourceRecord(key) WHERE r.key STARTS WITH $beginning "
    "RETURN count(r) AS records"
)
# In one row: the driver takes ten times as long for a row of each record.
RECORD_KEYS = (
    "MATCH (r:SourceRecord) USING INDEX SEEK r:SourceRecord(key) WHERE r.key STARTS WITH $beginning "
    "RETURN collect(r.key) AS keys"
)
# One that came back and is gone again takes the place of the one before.
FORGET_VANISHED = """
UNWIND $keys AS key
MATCH (v:VanishedRecord {key: key}) USING INDEX SEEK v:VanishedRecord(key)
DETACH DELETE v"""
RETIRE = """
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key}) USING INDEX SEEK r:SourceRecord(key)
OPTIONAL MATCH (r)-[a:ASSERTS]->(n)
FOREACH (_ IN CASE WHEN n IS NULL THEN [] ELSE [1] END | CREATE (r)-[:ASSERTED]->(n))
DELETE a
REMOVE r:SourceRecord, r:Stale
SET r:VanishedRecord, r.vanishedAt = $now, r.vanishedRun = $run
RETURN collect(DISTINCT n.sid) AS sids"""


def bury(entity: str) -> str:
    """Make those of the nodes `$sids` tombstones that no record asserts; the records of the others are read again."""
    return f"""
UNWIND $sids AS sid
MATCH (n:{entity} {{sid: sid}}) USING INDEX SEEK n:{entity}(sid)
OPTIONAL MATCH (n)<-[:ASSERTS]-(r)
WITH n, collect(r) AS others
SET n.deletedAt = CASE WHEN size(others) = 0 THEN $now ELSE n.deletedAt END
FOREACH (r IN others | SET r:Stale)
RETURN n.sid AS sid, [r IN others | r.stream] AS streams"""


def take_back(entity: str) -> str:
    """Remove from nodes the values that nobody states any more."""
    return f"""
UNWIND $rows AS row
MATCH (n:{entity} {{sid: row.sid}}) USING INDEX SEEK n:{entity}(sid)
SET n += row.values"""


class RecordRemoval:
    """The removal of some records of one stream. A new one is made for each attempt of the transaction."""

    def __init__(self, plans: KnownPlans, transaction: Transaction, plan: StreamPlan, reading: Reading) -> None:
        self._plans, self._tx, self._plan, self._reading = plans, transaction, plan, reading

    def run(self, run: str, keys: Sequence[str]) -> Written:
        """Remove the records with these keys, which vanished in this run."""
        keys, now = list(keys), dt.datetime.now(dt.UTC)
        for edge in self._plan.edges:
            self._tx.run(cypher.unlink(edge), keys=keys)
        self._tx.run(cypher.FORGET, keys=[f"{key}#{edge.name}" for key in keys for edge in self._plan.edges])
        self._tx.run(FORGET_VANISHED, keys=keys)
        (row,) = self._tx.run(RETIRE, keys=keys, now=now, run=run)
        left = self._tx.run(bury(self._plan.entity), sids=sorted(row["sids"]), now=now)
        self._take_back({each["sid"]: each["streams"] for each in left if each["streams"]})
        regions = DerivedRegions(self._plans, self._tx)
        regions.touch(self._plan.entity, row["sids"])
        regions.follow()
        buried = sum(1 for each in left if not each["streams"])
        written = Written(removed=buried, changes=sum(self._tx.totals.values()))
        note_changes(self._tx, regions.touched, self._plans.told)
        return written

    def _take_back(self, described: Mapping[str, Collection[str]]) -> None:
        """Remove what no other record states; `described` are the streams that still describe each node."""
        fields = [*self._plan.fields, *(("region",) if self._plan.derivation else ())]
        writers = {name: self._plans.writers(self._plan.entity, name) for name in fields}
        rows: list[dict[str, Any]] = []
        for sid, streams in described.items():
            unsaid = {name: None for name in fields if writers[name].isdisjoint(streams)}
            if unsaid:
                rows.append({"sid": sid, "values": self._reading.written(unsaid)})
        if rows:
            self._tx.run(take_back(self._plan.entity), rows=rows)
