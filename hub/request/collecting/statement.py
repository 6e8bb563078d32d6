"""The condition of a statement that a node is asserted only by records which its purpose may read.

It reads the records that the sources left, so that it is true of the graph as it is, and it fails on a node without a
record and on a record without a collecting purpose. A node has few records, and each of its values, and each edge that
one of them claims, is of one of these: where all may be read, each value and edge may.
"""

from __future__ import annotations

from typing import Final

COLLECTED: Final = "collected"
"""The position of what the condition reads."""


def asserted_for(node: str, record: str, purposes: str) -> str:
    """True where every record of a node, and at least one, was collected for one of these purposes.

    `node` and `record` are variables, `purposes` the parameter with a list.
    """
    found = f"MATCH ({node})<-[:ASSERTS]-({record}) RETURN DISTINCT {record}.collectedFor IN {purposes}"
    return f"COLLECT {{ {found} }} = [true]"
