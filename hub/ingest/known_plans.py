"""What the streams of all sources write together, and how the nodes that they describe are named.

A batch needs it because nodes of one stream wait for, or take their region from, nodes of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Derivation, EdgePlan, StreamPlan
from connectors.stream_plans import order_derivations
from hub.home.surrogates import surrogate


class KnownPlans:
    """The edges and derivations of all streams; `key` is the key of the home's surrogates."""

    def __init__(self, plans: Mapping[str, StreamPlan], key: bytes) -> None:
        self._key = key
        self._edges = {(e.entity, e.name): e for plan in plans.values() for e in plan.edges}
        self._derivations = order_derivations(plans.values())

    def sid(self, entity: str, identity: str) -> str:
        """The `sid` of a node, under this home's key."""
        return surrogate(self._key, entity, identity)

    def edge(self, entity: str, name: str) -> EdgePlan:
        """The plan of an edge that some stream writes."""
        return self._edges[entity, name]

    def edges_to(self, entity: str) -> list[EdgePlan]:
        """The edges that may wait for a node of this entity."""
        return [each for each in self._edges.values() if each.target == entity]

    def derivations(self) -> Sequence[Derivation]:
        """The rules by which regions follow edges; a rule comes after those that it depends on."""
        return self._derivations
