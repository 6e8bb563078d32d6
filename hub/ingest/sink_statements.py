"""The Cypher statements of the sink.

Identifiers come from the catalogue alone, values are parameters, and writing the same data again changes nothing.
Labels and relationship types cannot be parameters, so these statements are made from an `EdgePlan` or an entity's name,
which were checked against the catalogue when the sources were loaded. Each pattern starts at a node found by its key,
and the nodes connected to it carry no label: a plan is made once, perhaps while the graph is nearly empty, and must not
scan a label later. The index hints are there for the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import EdgePlan
from hub.graph.lots import LOT, lot_of
from hub.ingest.batch_rows import OWN

POSITION = (
    "MATCH (c:SourceCursor {source: $stream}) RETURN c.position AS position, c.manifest AS manifest, c.rows AS rows, "
    "c.compared AS compared, c.columns AS columns, c.kinds AS kinds, c.files AS files"
)
WAITING = (
    "MATCH (q:Quarantined {stream: $stream}) WHERE q.whole AND q.target IS NOT NULL "
    "RETURN q.row AS record, q.target AS target, q.entity AS entity, q.asOf AS asOf"
)
STALE = "MATCH (r:Stale {stream: $stream}) RETURN r.record AS record, r.asOf AS asOf"
ANY_RECORD = (
    "MATCH (r:SourceRecord) USING INDEX SEEK r:SourceRecord(key) WHERE r.key STARTS WITH $beginning "
    "RETURN r.key AS key LIMIT 1"
)
# In one row: the driver takes ten times as long for a row of each record.
UNCHANGED = """
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row[0]}) USING INDEX SEEK r:SourceRecord(key)
WHERE r.hash = row[1] AND r.rejected IS NULL AND EXISTS { (r)-[:ASSERTS]->() } AND NOT r:Stale
RETURN collect(row[0]) AS keys"""
STORED = """
UNWIND $keys AS key
MATCH (r:SourceRecord {key: key}) USING INDEX SEEK r:SourceRecord(key)
OPTIONAL MATCH (r)-[:ASSERTS]->(n)
RETURN key, r.hash AS hash, r.asOf.epochMillis AS asOf, r.rejected AS rejected, n.sid AS sid,
  n IS NULL OR r:Stale AS stale"""
# In most graphs few edges wait: to look through them all, up to a bound, is cheaper than to ask for each node.
MAY_WAIT = """
CALL () {
  MATCH (q:Quarantined) USING INDEX q:Quarantined(target) WHERE q.target IS NOT NULL
  RETURN NOT q.whole AND q.entity = $entity AS waits LIMIT 1000
}
RETURN count(*) = 1000 OR any(each IN collect(waits) WHERE each) AS may"""
ANY_WAITING = """
UNWIND $sids AS sid
MATCH (q:Quarantined {target: sid}) USING INDEX SEEK q:Quarantined(target) WHERE NOT q.whole AND q.entity = $entity
RETURN q.key AS key LIMIT 1"""
ENTER = "UNWIND $rows AS row MERGE (q:Quarantined {key: row.key}) SET q = row.values, q.key = row.key"
# The run is not part of the comparison: entering the same again writes nothing.
ENTER_CHANGED = """
UNWIND $rows AS row
OPTIONAL MATCH (old:Quarantined {key: row.key}) USING INDEX SEEK old:Quarantined(key)
WITH row, old
WHERE old IS NULL OR old.rule <> row.values.rule OR old.field <> row.values.field OR old.reason <> row.values.reason
  OR coalesce(old.target, '') <> coalesce(row.values.target, '')
  OR coalesce(old.asOf.epochMillis, 0) <> coalesce(row.values.asOf.epochMillis, 0)
MERGE (q:Quarantined {key: row.key})
SET q = row.values, q.key = row.key, q.run = $run"""
FORGET = "UNWIND $keys AS key MATCH (q:Quarantined {key: key}) USING INDEX SEEK q:Quarantined(key) DELETE q"
FORGET_UNSEEN = """
MATCH (q:Quarantined {stream: $stream}) USING INDEX SEEK q:Quarantined(stream)
WHERE q.whole AND NOT q.key IN $keys
DELETE q"""
REJECT = """
UNWIND $rows AS row
MATCH (r:SourceRecord {key: row.key}) USING INDEX SEEK r:SourceRecord(key)
SET r.rejected = row.rejected"""
MOVE_CURSOR = """
OPTIONAL MATCH (old:SourceCursor {source: $stream})
WITH old
WHERE old IS NULL OR coalesce(old.manifest, '') <> $values.manifest
  OR coalesce(old.rows, -1) <> coalesce($values.rows, -1)
  OR old.position IS NULL AND $values.position IS NOT NULL OR old.position <> $values.position
  OR old.compared IS NULL AND $values.compared IS NOT NULL OR old.compared <> $values.compared
  OR coalesce(old.columns, []) <> $values.columns OR coalesce(old.kinds, []) <> $values.kinds
  OR coalesce(old.files, []) <> coalesce($values.files, [])
MERGE (c:SourceCursor {source: $stream})
SET c += $values"""
_AT = {name: f"row[{place}]" for place, name in enumerate(OWN)}
_FIRST_CLAIM = f" {{records: [{_AT['key']}]}}"
_SHARED = ("source", "stream", "collectedFor", "trust", "run")
_OWN = {
    "record": _AT["record"],
    "asOf": f"datetime({_AT['asOf']})",
    "hash": _AT["hash"],
    "rejected": _AT["rejected"],
    "contested": _AT["contested"],
    "said": _AT["said"],
}
# Written with its properties: setting them on a node that was just created costs a fifth of the whole row more.
_NEW = {"key": _AT["key"]} | {name: f"$shared.{name}" for name in _SHARED} | _OWN
_NEW_RECORD = f"(r:SourceRecord {{{', '.join(f'{name}: {value}' for name, value in _NEW.items())}}})"


def existing(entity: str) -> str:
    """Which of `$sids` exist, in one row."""
    return f"UNWIND $sids AS sid {_by_sid('n', entity, 'sid')} WHERE n.deletedAt IS NULL RETURN collect(sid) AS sids"


def any_node(entity: str) -> str:
    """Whether there is a node of an entity."""
    return f"MATCH (n:{entity}) RETURN n.sid AS sid LIMIT 1"


def values(entity: str) -> str:
    """What the nodes `$sids` hold."""
    return f"UNWIND $sids AS sid {_by_sid('n', entity, 'sid')} RETURN sid, properties(n) AS held"


def assertions(entity: str) -> str:
    """The records that assert those of the nodes `$sids` that exist, in one row: surrogate, key and time of each.

    Of a node without a record, the surrogate alone.
    """
    return (
        f"UNWIND $sids AS sid {_by_sid('n', entity, 'sid')} OPTIONAL MATCH (n)<-[:ASSERTS]-(r) "
        "RETURN collect([sid, r.key, r.asOf.epochMillis]) AS asserted"
    )


def upsert(entity: str) -> str:
    """Write nodes with their values; a null removes the property, and a tombstone is lifted."""
    merged = f"MERGE (n:{entity} {{sid: row.sid}}) SET n += row.values, n.{LOT} = {lot_of('row.sid')}"
    return f"UNWIND $rows AS row {merged} REMOVE n.deletedAt"


def create(entity: str, columns: Mapping[str, str], edges: Sequence[EdgePlan], via: EdgePlan | None) -> str:
    """Create nodes with their record and these edges, of other entities, whose targets exist.

    A row has what is the record's OWN, the targets of the edges, and the values of the `columns`, which say for each
    property whether it comes as the text of a `date` or a `datetime`, or as it is (empty). The region is that of the
    target of `via`, if it is one of the edges. A target that is gone fails the statement.
    """
    values = {"sid": _AT["sid"], LOT: _AT["lot"]}
    places = range(len(OWN) + len(edges), len(OWN) + len(edges) + len(columns))
    values |= {name: f"{read}(row[{at}])" for (name, read), at in zip(columns.items(), places, strict=True)}
    if via in edges:
        values["region"] = f"t{edges.index(via)}.region"
    return "\n".join(
        [
            "UNWIND $rows AS row",
            *_targets(edges),
            # Each property by its name, for the moments: as such, one takes the driver 90 µs.
            f"CREATE (n:{entity} {{{', '.join(f'{name}: {value}' for name, value in values.items())}}})",
            f"CREATE {_NEW_RECORD}-[:ASSERTS]->(n)",
            *(f"CREATE {_arrow(each, f't{number}', f'l{number}', _FIRST_CLAIM)}" for number, each in enumerate(edges)),
        ]
    )


def extend(entity: str, edges: Sequence[EdgePlan]) -> str:
    """Write values on nodes that exist, each with one new record and these edges, whose targets exist.

    A row has what is the record's OWN, the targets of the edges, and a map of the values. A node or a target that is
    gone fails the statement.
    """
    return "\n".join(
        [
            "UNWIND $rows AS row",
            f"OPTIONAL {_by_sid('n', entity, _AT['sid'])}",
            *_targets(edges),
            f"SET n += row[{len(OWN) + len(edges)}] REMOVE n.deletedAt",
            f"CREATE {_NEW_RECORD}-[:ASSERTS]->(n)",
            *(
                f"MERGE {_arrow(each, f't{number}', f'l{number}')} {_claim(_AT['key'], f'l{number}')}"
                for number, each in enumerate(edges)
            ),
        ]
    )


def _targets(edges: Sequence[EdgePlan]) -> Sequence[str]:
    return [
        f"OPTIONAL {_by_sid(f't{number}', each.target, f'row[{len(OWN) + number}]')}"
        for number, each in enumerate(edges)
    ]


def create_records(entity: str) -> str:
    """Provenance of records that are new, each a row of what is its OWN."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", entity, _AT["sid"])}
CREATE {_NEW_RECORD}-[:ASSERTS]->(n)"""


def change_records(entity: str) -> str:
    """Provenance of records that changed, each a row of what is its OWN."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", entity, _AT["sid"])}
MATCH (r:SourceRecord {{key: {_AT["key"]}}}) USING INDEX SEEK r:SourceRecord(key)
SET r += $shared, {", ".join(f"r.{name} = {value}" for name, value in _OWN.items())}
REMOVE r:Stale
MERGE (r)-[:ASSERTS]->(n)"""


def release() -> str:
    """Detach records that now assert another node from their old one.

    The other records of that node are read again (`Stale`); a node without any record becomes a tombstone.
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
    """Create the edges that records claim; a second claim is added to the first."""
    return f"""
UNWIND $rows AS row
{_by_sid("n", edge.entity, "row.sid")}
{_by_sid("t", edge.target, "row.target")}
MERGE {_arrow(edge)}
{_claim("row.key")}"""


def link_waiting(edge: EdgePlan) -> str:
    """Create the edges that waited for the nodes `$sids`."""
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
    """Remove the claims of records from their edges; an edge without a claim is removed."""
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

    Of several, the one that the stream's latest record claims (then the largest key). A node that a better stream
    asserts is left alone.
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


def _arrow(edge: EdgePlan, target: str = "t", name: str = "l", properties: str = "") -> str:
    middle = f"[{name}:{edge.relationship}{properties}]"
    return f"(n)-{middle}->({target})" if edge.outgoing else f"(n)<-{middle}-({target})"


def _claim(key: str, name: str = "l") -> str:
    """Put a key in its place among the claims of an edge, in ascending order and once."""
    others = f"[each IN coalesce({name}.records, []) WHERE each {{}} {key}]"
    return f"SET {name}.records = {others.format('<')} + {key} + {others.format('>')}"
