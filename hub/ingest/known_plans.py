"""What the streams of all sources write together, and how the nodes that they describe are named.

A batch needs it because nodes of one stream wait for, or take their region from, nodes of another.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from typing import NamedTuple

from connectors.base import Derivation, EdgePlan, Record, StreamPlan
from connectors.resolve import as_held
from connectors.stream_plans import order_derivations
from hub.home.surrogates import KeyedDigest, surrogate

KEPT = 32_768
"""How many surrogates, and digests of values, are kept: more than two batches have."""

SAID_BYTES = 8
"""The length of a digest of a value: two values are taken for one by chance once in 10^19."""


class Foreseen(NamedTuple):
    """What depends on a record alone, and so on its fingerprint.

    `said` is what it says in the fields that other sources write too, each with a keyed digest of its value: a field
    without a value says nothing, and None stands where no other source writes any of the stream's fields. `targets` are
    the surrogates of the nodes to which its edges lead, by the name of the edge.
    """

    said: str | None
    targets: Mapping[str, str]


class KnownPlans:
    """The edges and derivations of all streams; `key` is the key of the home's surrogates.

    `told` are the types whose changes are noted, for those who subscribe to them.
    """

    def __init__(self, plans: Mapping[str, StreamPlan], key: bytes, told: frozenset[str] = frozenset()) -> None:
        self.told = told
        # Of each record and target it is asked several times while a batch is written (3 µs a time).
        self._sid = lru_cache(maxsize=KEPT)(partial(surrogate, KeyedDigest(key)))
        self._digest_said = partial(_digest, hmac.digest(key, b"what records say", "sha256"))
        self._said = lru_cache(maxsize=KEPT, typed=True)(self._digest_said)
        self._edges = {(e.entity, e.name): e for plan in plans.values() for e in plan.edges}
        self._derivations = order_derivations(plans.values())
        writers: dict[tuple[str, str], set[str]] = {}
        for plan in plans.values():
            for name in (*plan.fields, *(("region",) if plan.derivation else ())):
                writers.setdefault((plan.entity, name), set()).add(plan.name)
        self._foreseen: dict[tuple[str, str], Foreseen] = {}
        self._foreseen_before = self._foreseen
        self._writers = {field: frozenset(names) for field, names in writers.items()}

    def sid(self, entity: str, identity: str) -> str:
        """The `sid` of a node, under this home's key."""
        return self._sid(entity, identity)

    def edge(self, entity: str, name: str) -> EdgePlan:
        """The plan of an edge that some stream writes."""
        return self._edges[entity, name]

    def writers(self, entity: str, field: str) -> frozenset[str]:
        """The names of the streams that write a field; the region may follow an edge."""
        return self._writers.get((entity, field), frozenset())

    def of(self, plan: StreamPlan, record: Record) -> Foreseen:
        """What depends on a record alone; it is computed where it was not foreseen."""
        key = plan.name, record.fingerprint
        found = self._foreseen.get(key) or self._foreseen_before.get(key)
        return found or Foreseen(self._said_of(plan, record), self.targets(plan.entity, record))

    def _said_of(self, plan: StreamPlan, record: Record) -> str | None:
        if not plan.shared:
            return None
        stated = ((name, record.values.get(name)) for name in plan.shared)
        return " ".join([f"{name}={self._said(name, value)}" for name, value in stated if value is not None])

    def as_said(self, name: str, value: object) -> str:
        """How a record that states a value says so, where other sources write the field too."""
        return f"{name}={self._digest_said(name, value)}"

    def foresee(self, plan: StreamPlan, records: Iterable[Record]) -> None:
        """Compute what depends on the records of a batch alone; it is kept until that of the second next is.

        A thread that waits for the graph has the time; the one that writes has not (a tenth of its work).
        """
        foreseen = {}
        for record in records:
            self.sid(plan.entity, record.identity)
            foreseen[plan.name, record.fingerprint] = self.of(plan, record)
        self._foreseen_before, self._foreseen = self._foreseen, foreseen

    def targets(self, entity: str, record: Record) -> dict[str, str]:
        """The surrogates of the nodes to which the edges of a record of an entity lead, by the name of the edge."""
        return {each.edge: self.sid(self.edge(entity, each.edge).target, each.identity) for each in record.links}

    def edges_to(self, entity: str) -> list[EdgePlan]:
        """The edges that may wait for a node of this entity."""
        return [each for each in self._edges.values() if each.target == entity]

    def derivations(self) -> Sequence[Derivation]:
        """The rules by which regions follow edges; a rule comes after those that it depends on."""
        return self._derivations


def _digest(key: bytes, name: str, value: object) -> str:
    # A moment is the same in each zone.
    plain = value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
    content = f"{name}={as_held(plain)}".encode("utf-8", "surrogatepass")
    return blake2b(content, key=key, digest_size=SAID_BYTES).hexdigest()
