"""The part of a statement that verifies a person.

What is compared is read in the database and leaves it as yes, no or null, all values in one word. The same is read
whoever is found: nobody, one or two.
"""

from __future__ import annotations

from hub.request.cypher import Cypher, Node, both
from hub.request.verifying.root import Verification
from schema.predicate import Compare

VERIFY = "verify"
"""The origin of what is compared so: the request names the value and is told nothing of it alone."""


def verified_person(cypher: Cypher, root: Verification, name: str) -> str:
    """The subquery that returns the result of a verification; of two people who are named alike, it says of neither."""
    node = Node(cypher.variable(), root.entity, root.rows)
    named = _equal(cypher, node, root.named)
    known = " AND ".join(f"{_read(cypher, node, each)} IS NOT NULL" for each in root.others)
    agrees = " AND ".join(_equal(cypher, node, each) for each in root.others)
    lines = [
        f"MATCH ({node.var}:{node.entity.name})",
        f"WHERE {both(cypher.node_is_there(node), named)}",
        f"WITH collect([{node.var}.sid, CASE WHEN {known} THEN {agrees} END]) AS found",
        f"RETURN CASE WHEN size(found) = 1 THEN found[0] ELSE [] END AS {name}",
    ]
    return "\n".join(f"  {line}" for line in lines)


def _read(cypher: Cypher, node: Node, compared: Compare) -> str:
    return cypher.read(node, node.entity.field(compared.field), "match", VERIFY)


def _equal(cypher: Cypher, node: Node, compared: Compare) -> str:
    return f"{_read(cypher, node, compared)} = {cypher.parameter(compared.value)}"
