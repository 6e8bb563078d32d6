"""The price of an operation in units of its buckets: what it asks for, whatever it finds.

It depends on the document, its page sizes and the schema alone, so that it tells nothing of hidden data. A unit is one
node that the operation could fetch; most find fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.request.cost import Cost

REQUEST: Final = 100
"""What every request costs whose sender is known, also one that cannot be read or is refused."""
VALUES: Final = 10
"""How many values of introspection cost as much as a node."""


def further_price(cost: Cost) -> int:
    """What an operation costs beside its request."""
    return cost.nodes + _introspection(cost)


def told_price(cost: Cost) -> Mapping[str, int]:
    """`extensions.cost`: the sum, and its parts."""
    parts = {"request": REQUEST, "nodes": cost.nodes, "introspection": _introspection(cost)}
    return {"total": sum(parts.values()), **parts}


def _introspection(cost: Cost) -> int:
    return -(-cost.introspected // VALUES)
