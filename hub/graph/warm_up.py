"""Has a graph that has just started do once what all statements need, best before anybody waits for it.

A Neo4j loads its planner and its runtime with the first statements. The first point lookup of a hub took 4 to 5.3 s
without this, on a machine with other load beyond the deadline, and 1.6 s after one statement of the same kind.
"""

from __future__ import annotations

from hub.graph.driver import GraphWriter
from schema.catalogue import Catalogue


def warm_up(writer: GraphWriter, catalogue: Catalogue) -> None:
    """Run one statement of the form of a hub's own, which finds nothing; raises GraphWriteError."""
    entity, end = next((entity, end) for entity in catalogue for end in entity.edges.values() if entity.located)
    arrow = f"-[:{end.relationship}]->" if end.outgoing else f"<-[:{end.relationship}]-"
    related = f"MATCH (n){arrow}(m) WHERE m.deletedAt IS NULL AND m:{end.target}"
    writer.read(
        "CALL () {\n"
        f"  MATCH (n:{entity.name})\n"
        "  WHERE n.deletedAt IS NULL AND n.sid IS NOT NULL AND n.region STARTS WITH $nowhere\n"
        f"    AND EXISTS {{ {related} AND m.sid > $nowhere }}\n"
        "  WITH n, n.sid AS place ORDER BY place LIMIT 3\n"
        "  RETURN collect([n.sid, CASE WHEN n.region STARTS WITH $nowhere THEN left(n.region, 3) END, COLLECT {\n"
        f"    {related} WITH m ORDER BY m.sid LIMIT 3 RETURN [m.sid, m.region]\n"
        "  }]) AS found\n"
        "}\n"
        "RETURN found",
        nowhere="nowhere/",
    )
