"""The Cypher statements of a purge. Identifiers come from the catalogue alone, values are parameters.

A purge is a real deletion: no tombstone is left. Each statement does the same again without harm, so that a purge may
be killed between any two of them.
"""

from __future__ import annotations

from typing import Final

RECORD_KINDS: Final = {"SourceRecord": "ASSERTS", "VanishedRecord": "ASSERTED"}
"""The kinds of records, each with the edge to the node that it describes; those that are in force come first."""
_MINE: Final = "(r.collectedFor = $purpose OR r.collectedFor STARTS WITH $below)"
FOUND: Final = f"""
MATCH (r:SourceRecord|VanishedRecord) WHERE {_MINE}
RETURN r.source AS source, r:VanishedRecord AS vanished, count(*) AS records ORDER BY source, vanished"""
FOUND_NODES: Final = f"""
MATCH (r:SourceRecord|VanishedRecord)-[:ASSERTS|ASSERTED]->(n) WHERE {_MINE}
WITH DISTINCT n
RETURN head(labels(n)) AS type, count(*) AS nodes, sum(CASE WHEN EXISTS {{
  MATCH (n)<-[:ASSERTS|ASSERTED]-(r) WHERE NOT {_MINE}
}} THEN 0 ELSE 1 END) AS gone ORDER BY type"""
ANY_LEFT: Final = """
OPTIONAL MATCH (r:SourceRecord|VanishedRecord {source: $source}) WITH r LIMIT 1 RETURN r IS NOT NULL AS some"""

READ_STATE: Final = (
    "MATCH (p:PurgeState {purpose: $purpose}) RETURN p.counts AS counts, toString(p.begun) AS begun, p.ended AS ended"
)
BEGIN: Final = """
MERGE (p:PurgeState {purpose: $purpose})
SET p.counts = $counts, p.begun = $begun, p.ended = null"""
COUNT: Final = "MATCH (p:PurgeState {purpose: $purpose}) SET p.counts = $counts"
END: Final = "MATCH (p:PurgeState {purpose: $purpose}) SET p.ended = datetime.realtime()"

FORGET_LEFTOVERS: Final = {
    "quarantined": "MATCH (x:Quarantined {source: $source}) WITH x LIMIT $most DETACH DELETE x RETURN count(*) AS gone",
    "cursors": (
        "MATCH (x:SourceCursor) WHERE x.source STARTS WITH $beginning WITH x LIMIT $most DETACH DELETE x "
        "RETURN count(*) AS gone"
    ),
    "delivered": (
        "MATCH (x:DeliveredEvent {source: $source}) WITH x LIMIT $most DETACH DELETE x RETURN count(*) AS gone"
    ),
}
"""What a source leaves beside its records, by how it is called in the report."""


def keys_of(kind: str) -> str:
    """The keys of all records of a source that were collected for the purpose, in one row, in order."""
    return f"""
MATCH (r:{kind} {{source: $source}}) WHERE {_MINE}
WITH r.key AS key ORDER BY key
RETURN collect(key) AS keys"""


def _records(kind: str) -> str:
    return f"UNWIND $keys AS key MATCH (r:{kind} {{key: key}}) USING INDEX SEEK r:{kind}(key)"


def described(kind: str) -> str:
    """The nodes that records describe, by type, each with the streams of those records."""
    return f"""
{_records(kind)}
MATCH (r)-[:{RECORD_KINDS[kind]}]->(n)
WITH n, collect(DISTINCT r.stream) AS streams
RETURN head(labels(n)) AS type, n.sid AS sid, streams"""


CLAIMS: Final = f"""
{_records("SourceRecord")}
MATCH (r)-[:ASSERTS]->(n)-[l]-() WHERE key IN l.records
WITH DISTINCT l
SET l.records = [each IN l.records WHERE NOT each IN $keys]
WITH l, type(l) AS type WHERE size(l.records) = 0
DELETE l
RETURN type, count(*) AS edges"""
"""Takes back what records claim of edges; an edge without a claim goes."""


def forget_records(kind: str) -> str:
    """Delete records; returns how many there were."""
    return f"{_records(kind)} DETACH DELETE r RETURN count(*) AS gone"


def _nodes(entity: str) -> str:
    return f"UNWIND $sids AS sid MATCH (n:{entity} {{sid: sid}}) USING INDEX SEEK n:{entity}(sid)"


def others(entity: str) -> str:
    """Of nodes, what is left that describes them: records in force, vanished ones; and what the nodes hold."""
    return f"""
{_nodes(entity)}
RETURN sid, COLLECT {{ MATCH (n)<-[:ASSERTS]-(r) RETURN [r.stream, coalesce(r.said, '')] }} AS records,
  EXISTS {{ (n)<-[:ASSERTED]-() }} AS vanished, n.deletedAt IS NOT NULL AS dead, properties(n) AS held"""


def read_again(entity: str) -> str:
    """Have the records that describe nodes, or that claim an edge of one, read again at their next pull."""
    return f"""
{_nodes(entity)}
CALL (n) {{
  MATCH (n)<-[:ASSERTS]-(r) SET r:Stale
  UNION ALL
  MATCH (n)-[l]-() WHERE l.records IS NOT NULL AND $edges
  UNWIND l.records AS key
  MATCH (r:SourceRecord {{key: key}}) USING INDEX SEEK r:SourceRecord(key)
  SET r:Stale
}}"""


def neighbours(entity: str) -> str:
    """The nodes to which nodes have edges, by type: their region may have come from there."""
    return f"""
{_nodes(entity)}
MATCH (n)-[l]-(o) WHERE o.sid IS NOT NULL
RETURN head(labels(o)) AS type, collect(DISTINCT o.sid) AS sids"""


def delete_edges(entity: str) -> str:
    """Delete all edges of nodes; returns how many of each kind."""
    return f"""
{_nodes(entity)}
MATCH (n)-[l]-()
WITH DISTINCT l, type(l) AS type
DELETE l
RETURN type, count(*) AS edges"""


def delete_nodes(entity: str) -> str:
    """Delete nodes."""
    return f"{_nodes(entity)} DETACH DELETE n"


def take_back(entity: str) -> str:
    """Remove values from nodes."""
    return f"""
UNWIND $rows AS row
MATCH (n:{entity} {{sid: row.sid}}) USING INDEX SEEK n:{entity}(sid)
SET n += row.values"""


def bury(entity: str) -> str:
    """Make nodes tombstones, which another source's vanished record described last."""
    return f"{_nodes(entity)} SET n.deletedAt = coalesce(n.deletedAt, datetime.realtime())"


def nobodys(entity: str) -> str:
    """Tombstones of which no record says any more where they came from."""
    return f"""
MATCH (n:{entity}) WHERE n.deletedAt IS NOT NULL AND NOT EXISTS {{ (n)<-[:ASSERTS|ASSERTED]-() }}
RETURN n.sid AS sid, properties(n) AS held LIMIT $most"""
