"""The Cypher statements of a delivery, besides those of the sink. Values are parameters."""

from __future__ import annotations

from typing import Final

DELIVERED: Final = """
UNWIND $keys AS key
MATCH (d:DeliveredEvent {key: key}) USING INDEX SEEK d:DeliveredEvent(key)
RETURN key, d.body AS body, d.status AS status, d.field AS field, d.rule AS rule, d.reason AS reason"""
NOTE: Final = """
UNWIND $rows AS row
CREATE (d:DeliveredEvent {key: row.key, body: row.body, source: $source, run: $run, status: row.status, at: $at})
SET d.field = row.field, d.rule = row.rule, d.reason = row.reason"""
ENTRIES: Final = """
UNWIND $keys AS key
MATCH (q:Quarantined {key: key}) USING INDEX SEEK q:Quarantined(key)
WHERE q.whole
RETURN key, coalesce(q.asOf.epochMillis, 0) AS asOf, q.rule AS rule, q.field AS field, q.reason AS reason,
  properties(q) AS held"""
# Days and moments come as text.
PUT_BACK: Final = """
UNWIND $rows AS row
MATCH (q:Quarantined {key: row.key}) USING INDEX SEEK q:Quarantined(key)
SET q = row, q.asOf = datetime(row.asOf)"""
FORGET: Final = """
MATCH (d:DeliveredEvent) USING INDEX SEEK d:DeliveredEvent(at)
WHERE d.at < $before
WITH d LIMIT $most
DELETE d
RETURN count(*) AS forgotten"""
