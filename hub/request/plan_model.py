"""The plan of an operation, as frozen data.

It holds catalogue names and checked values only: nothing denied, and no raw text of the request. `hub/request/plan.py`
makes it of a document and a decision, `hub/request/compile.py` turns it into Cypher, and `hub/request/respond.py` turns
it into the answer. Each `name` is a response name (an alias or the field's own).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from policies.model import Decision
from schema.catalogue import Bucket, Entity, Field
from schema.predicate import Compare, Predicate


@dataclass(frozen=True, slots=True)
class FieldCell:
    """A property, shown as its decision says."""

    name: str
    field: Field


@dataclass(frozen=True, slots=True)
class IdCell:
    """The sealed id of the node."""

    name: str


@dataclass(frozen=True, slots=True)
class TypenameCell:
    """`__typename`, whose text is known without asking the graph."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class DeniedCell:
    """A field that is not open to the purpose: null, with FIELD_DENIED."""

    name: str
    coordinate: str


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One sort key."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class EdgeCell:
    """Nodes over an edge: a list of at most `first`, or one (`first` is None)."""

    name: str
    edge: str
    first: int | None
    order: tuple[OrderKey, ...]
    node: NodePlan


Cell = FieldCell | IdCell | TypenameCell | DeniedCell | EdgeCell


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What is asked of a node: its cells, in order."""

    entity: Entity
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One node by its surrogate; an id that does not open gives an empty surrogate, which no node has."""

    name: str
    sid: str
    node: NodePlan


@dataclass(frozen=True, slots=True)
class NodePart:
    """`node` of a Relay edge; `index` is that of its node plan in the page."""

    name: str
    index: int


@dataclass(frozen=True, slots=True)
class CursorPart:
    """`cursor` of a Relay edge."""

    name: str


@dataclass(frozen=True, slots=True)
class EdgesPart:
    """`edges` of a connection."""

    name: str
    parts: tuple[NodePart | CursorPart | TypenameCell, ...]


@dataclass(frozen=True, slots=True)
class PageInfoPart:
    """`pageInfo` of a connection: pairs of response name and field name (or `__typename`)."""

    name: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A connection. `after` holds the last row's keys, place and surrogate, `match` the one comparison of a match."""

    name: str
    entity: Entity
    where: Predicate
    order: tuple[OrderKey, ...]
    first: int
    after: tuple[Any, ...] | None
    binding: bytes
    match: Compare | None
    shape: tuple[EdgesPart | PageInfoPart | TypenameCell, ...]
    nodes: tuple[NodePlan, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Counts by buckets. `cells` pairs a response name with `count`, a bucket's name, or `__typename`.

    `exact`: the rows are those of a list with the same condition, so nothing is withheld or rounded. Otherwise `fields`
    are those whose buckets it reads: a row that is listed, with all of them in clear, is nobody's secret.
    """

    name: str
    entity: Entity
    where: Predicate
    buckets: tuple[tuple[Field, Bucket], ...]
    cells: tuple[tuple[str, str], ...]
    exact: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accesses:
    """Who saw the data of one person, from `since` to `until` (days, both in), if the graph says they are visible.

    `cells` pairs a response name with a field of the answer's rows, or `__typename`.
    """

    name: str
    entity: Entity
    sid: str
    since: dt.date | None
    until: dt.date | None
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NullRoot:
    """A root that is null without an error: an id of a type that is not open to the purpose."""

    name: str


@dataclass(frozen=True, slots=True)
class Introspection:
    """`__schema` or `__type`, answered by graphql-core."""

    name: str


Root = Lookup | Page | Aggregate | Accesses | DeniedCell | TypenameCell | NullRoot | Introspection
FetchedRoot = Lookup | Page | Aggregate | Accesses
"""Roots for which the graph is asked."""


@dataclass(frozen=True, slots=True)
class CoordinatesByEffect:
    """The coordinates that an operation read, by effect, for its audit record; sorted, each once."""

    clear: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    aggregated: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denial:
    """One denied selection: the response names that lead to it (no list index: it holds for every row)."""

    path: tuple[str, ...]
    coordinate: str
    accesses: bool = False
    """Whether what is denied is to ask who saw the data of people of that type."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The result of stage 6: all that the later stages need."""

    decision: Decision
    roots: tuple[Root, ...]
    order_key: tuple[int, ...] = field(repr=False)
    """The key of the order in which this department is shown lists for this purpose."""
    denials: tuple[Denial, ...] = ()
    coordinates: CoordinatesByEffect = field(default_factory=CoordinatesByEffect)

    @property
    def fetched(self) -> tuple[FetchedRoot, ...]:
        """Roots for which the graph is asked, in order; the statement returns them as r0, r1, …"""
        return tuple(root for root in self.roots if isinstance(root, Lookup | Page | Aggregate | Accesses))
