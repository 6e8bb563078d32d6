"""Writes the part of a statement that finds the sources which assert a node.

It reads nothing of a row on which provenance is not clear. How old a reading is, the graph says by its own clock, by
which the run was noted too: no moment is part of a plan, and no two clocks have to agree.
"""

from __future__ import annotations

from hub.request.cypher import REQUEST, Cypher, Node
from hub.request.template import Reference
from schema.catalogue import PROVENANCE

MOST = 20
"""The sources of a node that an answer tells, the newest first."""


def sources_of(cypher: Cypher, node: Node) -> str:
    """A list of a row for each source (`entries.Found`), null where provenance is not clear.

    Of several records of a source the newest one speaks; that it has several is not told.
    """
    cypher.references.append(Reference(f"{node.entity.name}.{PROVENANCE}", "select", REQUEST))
    record, source, run = (cypher.variable() for _ in range(3))
    newest = f"ORDER BY {record}.asOf IS NULL, {record}.asOf DESC"
    stale = f"{run}.good IS NULL OR {run}.good < datetime() - duration({{seconds: {run}.freshFor}})"
    told = [
        source, f"{record}.asOf", f"{record}.said", f"{run}.assertedBy", f"{run}.good",
        f"CASE WHEN {run}.freshFor IS NOT NULL THEN {stale} END",
    ]  # fmt: skip
    found = (
        f"COLLECT {{ MATCH ({node.var})<-[:ASSERTS]-({record}) WITH {record} {newest}, {record}.key DESC "
        f"WITH {record}.source AS {source}, head(collect({record})) AS {record} "
        f"OPTIONAL MATCH ({run}:SourceRun {{source: {source}}}) "
        f"RETURN [{', '.join(told)}] {newest}, {source} LIMIT {cypher.parameter(MOST)} }}"
    )
    clear = cypher.table(node.entity).of(PROVENANCE).clear
    return found if node.within <= clear else f"CASE WHEN {cypher.rows(node, clear)} THEN {found} END"
