"""Lets regions follow edges, for the nodes that a batch touched and those that depend on them.

A rule is asked about no node of which the batch knows that it does not apply, because a question costs 80 µs a node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from connectors.base import Derivation
from hub.graph.driver import Transaction
from hub.ingest import sink_statements as cypher
from hub.ingest.known_plans import KnownPlans


class DerivedRegions:
    """The nodes whose region may have to change in one transaction."""

    def __init__(self, plans: KnownPlans, transaction: Transaction) -> None:
        self._plans, self._tx = plans, transaction
        self._touched: dict[str, set[str]] = {}
        self._streams: Mapping[str, frozenset[str]] = {}
        self._created: set[str] = set()
        self._settled: set[str] = set()

    @property
    def touched(self) -> Mapping[str, Collection[str]]:
        """The nodes that were changed, by type."""
        return self._touched

    def touch(self, entity: str, sids: Iterable[str]) -> None:
        """These nodes, or their edges, were changed."""
        self._touched.setdefault(entity, set()).update(sids)

    def wrote(self, entity: str, streams: Mapping[str, frozenset[str]]) -> None:
        """These nodes of an entity were written; all streams that assert them now are known."""
        self._streams = streams
        self.touch(entity, streams)

    def created(self, sids: Sequence[str], *, settled: bool) -> None:
        """These nodes are new: no edge leads to them but those that waited. `settled` ones have their region."""
        self._created.update(sids)
        if settled:
            self._settled.update(sids)

    def follow(self) -> None:
        """Change the regions; a rule comes after those that it depends on."""
        for rule in self._plans.derivations():
            owners = {sid for sid in self._touched.get(rule.edge.entity, ()) if self._may_follow(rule, sid)}
            targets = self._touched.get(rule.edge.target, set()) - self._created
            if targets and rule.edge.target != rule.edge.entity:
                rows = self._tx.run(cypher.owners(rule.edge), sids=sorted(targets))
                owners |= {row["sid"] for row in rows}
            if owners:
                rows = self._tx.run(
                    cypher.derive(rule.edge), sids=sorted(owners), stream=rule.stream, better=list(rule.better)
                )
                self.touch(rule.edge.entity, (row["sid"] for row in rows))

    def _may_follow(self, rule: Derivation, sid: str) -> bool:
        """Whether a rule may say something of a node; of one that this batch did not write nothing is known."""
        if sid in self._settled:
            return False
        streams = self._streams.get(sid)
        return streams is None or (rule.stream in streams and streams.isdisjoint(rule.better))
