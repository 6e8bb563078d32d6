"""Identifiers come from the catalogue alone, values are parameters, and the same data again writes nothing.

The sink's Cypher, one statement for one purpose. Labels and relationship types cannot be parameters, so that those
statements are made here from an `EdgePlan` or an entity's name, both checked against the catalogue when the sources
were loaded. Patterns start at a node found by its key, and what hangs on it carries no label: a plan made while the
graph was nearly empty, and kept, must not scan a label later. Hence the index hints too.
"""

from __future__ import annotations

from connectors.base import EdgePlan

POSITION = (
    "MATCH (c:SourceCursor {source: $stream}) RETURN c.position AS position, c.manifest AS manifest, c.rows AS rows"
)
WAITING = (
    "MATCH (q:Quarantined {stream: $stream}) WHERE q.whole AND q.target IS NOT NULL "
    "RETURN q.row AS record, q.target AS target, q.entity AS entity, q.asOf AS asOf"
)
STALE = "MATCH (r:Stale {stream: $stream}) RETURN r.record AS record, r.asOf AS asOf"
STORED = """
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key}) USING INDEX SEEK r:SourceRecord(key)
OPTIONAL MATCH (r)-[:ASSERTS]->(n)
RETURN key, CASE WHEN r:Stale THEN '' ELSE r.hash END AS hash, r.asOf.epochMillis AS asOf, r.rejected AS rejected,
  n.sid AS sid"""
ANY_WAITING = """
UNWIND $sids AS sid
MATCH (q:Quarantined {target: sid}) USING INDEX SEEK q:Quarantined(target) WHERE NOT q.whole AND q.entity = $entity
RETURN q.key AS key LIMIT 1"""
ENTER = "UNWIND $rows AS row MERGE (q:Quarantined {key: row.key}) SET q = row.told, q.key = row.key"
# The run is no part of what an entry says: the same entry again is not a write.
ENTER_CHANGED = """
UNWIND $rows AS row
OPTIONAL MATCH (old:Quarantined {key: row.key}) USING INDEX SEEK old:Quarantined(key)
WITH row, old
WHERE old IS NULL OR old.rule <> row.told.rule OR old.field <> row.told.field OR old.reason <> row.told.reason
  OR coalesce(old.target, '') <> coalesce(row.told.target, '')
MERGE (q:Quarantined {key: row.key})
SET q = row.told, q.key = row.key, q.run = $run"""
FORGET = "UNWIND $keys AS key MATCH (q:Quarantined {key: key}) USING INDEX SEEK q:Quarantined(key) DELETE q"
FORGET_UNSEEN = """
MATCH (q:Quarantined {stream: $stream})
WHERE q.whole AND NOT q.key IN $keys
DELETE q"""
REJECT = """
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.key}) USING INDEX SEEK r:SourceRecord(key)
SET r.rejected = row.rejected"""
MOVE_CURSOR = """
OPTIONAL MATCH (old:SourceCursor {source: $stream})
WITH old
WHERE old IS NULL OR coalesce(old.manifest, '') <> $told.manifest OR coalesce(old.rows, -1) <> coalesce($told.rows, -1)
  OR old.position IS NULL AND $told.position IS NOT NULL OR old.position <> $told.position
MERGE (c:SourceCursor {source: $stream})
SET c += $told"""


def existing(entity: str) -> str:
    """Which of `$sids` are nodes."""
    return f"UNWIND $sids AS sid {_by_sid('n', entity, 'sid')} WHERE n.deletedAt IS NULL RETURN n.sid AS sid"


def assertions(entity: str) -> str:
    """The records that assert the nodes `$sids`."""
    return (
        f"UNWIND $sids AS sid {_by_sid('n', entity, 'sid')} MATCH (n)<-[:ASSERTS]-(r) "
        "RETURN sid, r.key AS key, r.stream AS stream, r.asOf.epochMillis AS asOf"
    )


def upsert(entity: str) -> str:
    """Nodes with their values; a null value removes the property, a tombstone is lifted."""
    return f"UNWIND $rows AS row MERGE (n:{entity} {{sid: row.sid}}) SET n += row.values REMOVE n.deletedAt"


def create_records(entity: str) -> str:
    """Provenance of records that are new."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", entity, "row.sid")}
CREATE (r:SourceRecord {{key: row.key}})-[:ASSERTS]->(n)
SET r += row.told"""


def change_records(entity: str) -> str:
    """Provenance of records that changed."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", entity, "row.sid")}
MATCH (r:SourceRecord {{key: row.key}}) USING INDEX SEEK r:SourceRecord(key)
SET r += row.told
REMOVE r:Stale
MERGE (r)-[:ASSERTS]->(n)"""


def release() -> str:
    """Records that now speak of another node leave their old one.

    What else speaks of it is read again (`Stale`); a node of which nothing speaks any more is tombstoned.
    """
    return """
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key}) USING INDEX SEEK r:SourceRecord(key)
MATCH (r)-[a:ASSERTS]->(n)
DELETE a
WITH DISTINCT n
CALL (n) {
  MATCH (n)<-[:ASSERTS]-(other)
  SET other:Stale
  RETURN count(other) AS others
}
SET n.deletedAt = CASE WHEN others = 0 THEN $now ELSE n.deletedAt END
RETURN n.sid AS sid"""


def link(edge: EdgePlan) -> str:
    """Edges claimed by records; a second claim joins the first."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", edge.entity, "row.sid")}
{_by_sid("t", edge.target, "row.target")}
MERGE {_arrow(edge)}
{_claim("row.key")}"""


def link_waiting(edge: EdgePlan) -> str:
    """Edges that waited for the nodes `$sids`, drawn now."""
    return f"""
UNWIND $sids AS sid
MATCH (q:Quarantined {{target: sid}}) USING INDEX SEEK q:Quarantined(target)
WHERE NOT q.whole AND q.entity = '{edge.target}' AND q.owner = '{edge.entity}' AND q.field = '{edge.name}'
{_by_sid("t", edge.target, "sid")}
MATCH (r:SourceRecord {{key: q.record}}) USING INDEX SEEK r:SourceRecord(key)
MATCH (r)-[:ASSERTS]->(n)
MERGE {_arrow(edge)}
{_claim("q.record")}
DELETE q
RETURN n.sid AS sid"""


def unlink(edge: EdgePlan) -> str:
    """Take records' claims from their edges; an edge that nothing claims goes."""
    return f"""
UNWIND $keys AS key
MATCH (r:SourceRecord {{key: key}}) USING INDEX SEEK r:SourceRecord(key)
MATCH (r)-[:ASSERTS]->(n)
MATCH {_arrow(edge)} WHERE key IN l.records
SET l.records = [each IN l.records WHERE each <> key]
WITH DISTINCT l WHERE size(l.records) = 0
DELETE l"""


def owners(edge: EdgePlan) -> str:
    """The nodes from which an edge leads to one of `$sids`."""
    return f"""
UNWIND $sids AS sid
{_by_sid("t", edge.target, "sid")}
MATCH {_arrow(edge)}
RETURN DISTINCT n.sid AS sid"""


def derive(edge: EdgePlan) -> str:
    """Give the nodes `$sids` the region of the node that `edge` leads to.

    Of several, the one that the stream's latest record claims (then the largest key). Left alone where a better
    stream speaks of the node.
    """
    return f"""
UNWIND $sids AS sid
{_by_sid("n", edge.entity, "sid")}
WHERE NOT EXISTS {{ (n)<-[:ASSERTS]-(b) WHERE b.stream IN $better }}
  AND EXISTS {{ (n)<-[:ASSERTS]-(b) WHERE b.stream = $stream }}
CALL (n) {{
  MATCH (n)<-[:ASSERTS]-(r) WHERE r.stream = $stream
  MATCH {_arrow(edge)} WHERE r.key IN l.records AND t.region IS NOT NULL
  WITH r, t ORDER BY r.asOf DESC, r.key DESC LIMIT 1
  RETURN collect(t.region) AS regions
}}
WITH n, head(regions) AS region
WHERE coalesce(n.region, '') <> coalesce(region, '')
SET n.region = region
RETURN n.sid AS sid"""


def _by_sid(name: str, entity: str, value: str) -> str:
    return f"MATCH ({name}:{entity} {{sid: {value}}}) USING INDEX SEEK {name}:{entity}(sid)"


def _arrow(edge: EdgePlan) -> str:
    middle = f"[l:{edge.relationship}]"
    return f"(n)-{middle}->(t)" if edge.outgoing else f"(n)<-{middle}-(t)"


def _claim(key: str) -> str:
    return (
        f"SET l.records = COLLECT {{ UNWIND coalesce(l.records, []) + [{key}] AS each "
        "RETURN DISTINCT each ORDER BY each }"
    )
