"""The plan of an operation, as frozen data.

It holds catalogue names and checked values only: nothing denied, and no raw text of the request. It is made in
`plan.py` of a document and a decision, and becomes Cypher in `compile.py` and the answer in `respond.py`. Each `name`
is a response name (an alias or the field's own). What the graph is asked for is kept apart (`Fetch`, `NodeFetch`): each
thing once, whatever names it has in the answer, so that an alias costs the graph nothing and stands in no statement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from audit.record import Coordinates
from hub.request.answering.cell import AnswerCell, AnswerFetch
from hub.request.lists.parts import ConnectionShape, ListShape, TypenameCell
from hub.request.provenance.cell import ProvenanceCell
from hub.request.template import SealedId
from hub.request.verifying.root import Verification
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
    """Nodes over an edge to `target`: a list of at most `first`, or one (`first` is None).

    `shape` is that of a list with its page info; without one the nodes alone are shown, by the one plan of `nodes`.
    """

    name: str
    edge: str
    target: Entity
    first: int | None
    order: tuple[OrderKey, ...]
    nodes: tuple[NodePlan, ...]
    shape: ListShape | None = None


Cell = FieldCell | AnswerCell | IdCell | TypenameCell | DeniedCell | EdgeCell | ProvenanceCell


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What is asked of a node: its cells, in order."""

    entity: Entity
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class FieldFetch:
    """A property of a fetched node, and the place of its value in the node's row."""

    column: int
    field: Field


@dataclass(frozen=True, slots=True)
class EdgeFetch:
    """Nodes over an edge in one order: as many as the longest of its lists in the answer, or one (`first` is None).

    Each row of a list is a pair: how many nodes there are in all, and the row of its node.
    """

    column: int
    edge: str
    first: int | None
    order: tuple[OrderKey, ...]
    node: NodeFetch


AnswerAsked = tuple[str, int | str | None]
"""What cells of one answer must have in common: its name, and what it is asked with."""
EdgeAsked = tuple[str, tuple[tuple[str, bool], ...]]
"""What cells of one edge must have in common to be answered from one list: the edge and the order."""


@dataclass(frozen=True, slots=True)
class NodeFetch:
    """What is asked of a node: each field and edge once, in an order that the request does not choose.

    Its row is a list: the surrogate, the fields, the answers, the edges, its `provenance` if that is asked for (the
    place of it), and at the end, if there is a way `to_people`, theirs.
    """

    entity: Entity
    fields: Mapping[str, FieldFetch]
    answers: Mapping[AnswerAsked, AnswerFetch]
    edges: Mapping[EdgeAsked, EdgeFetch]
    provenance: int | None = None

    def field(self, cell: FieldCell) -> FieldFetch:
        """What answers a cell of a plan that this was made of."""
        return self.fields[cell.field.name]

    def answer(self, cell: AnswerCell) -> AnswerFetch:
        """What answers a cell of a plan that this was made of."""
        return self.answers[cell.asked]

    def edge(self, cell: EdgeCell) -> EdgeFetch:
        """What answers a cell of a plan that this was made of."""
        return self.edges[_edge_asked(cell)]

    @property
    def to_people(self) -> tuple[tuple[str, ...], ...]:
        """The paths to the people who are recorded, because something personal is shown that is about them; or none."""
        told = self.provenance is not None and self.entity.provenance.personal
        answered = any(each.answer.personal for each in self.answers.values())
        is_personal = told or answered or any(each.field.personal for each in self.fields.values())
        return (self.entity.subjects or ()) if is_personal else ()

    @property
    def lists(self) -> int:
        """How many lists over edges it holds, at all levels; provenance is one too."""
        return (self.provenance is not None) + sum(1 + each.node.lists for each in self.edges.values())


def fetch_of_nodes(entity: Entity, plans: Iterable[NodePlan]) -> NodeFetch:
    """What is asked of the nodes of `entity` that each of `plans` shows in its own way."""
    cells = [cell for plan in plans for cell in plan.cells]
    named = {cell.field.name: cell.field for cell in cells if isinstance(cell, FieldCell)}
    fields = {name: FieldFetch(at, named[name]) for at, name in enumerate(sorted(named), 1)}
    questions = {cell.asked: cell for cell in cells if isinstance(cell, AnswerCell)}
    answers = {
        key: AnswerFetch(at, questions[key].answer, questions[key].argument)
        for at, key in enumerate(sorted(questions, key=str), 1 + len(fields))
    }
    alike: dict[EdgeAsked, list[EdgeCell]] = {}
    for cell in cells:
        if isinstance(cell, EdgeCell):
            alike.setdefault(_edge_asked(cell), []).append(cell)
    first = 1 + len(fields) + len(answers)
    edges = {key: _edge_fetch(at, alike[key]) for at, key in enumerate(sorted(alike), first)}
    asked = any(isinstance(cell, ProvenanceCell) for cell in cells)
    return NodeFetch(entity, fields, answers, edges, first + len(edges) if asked else None)


def _edge_asked(cell: EdgeCell) -> EdgeAsked:
    return cell.edge, tuple((key.field.name, key.descending) for key in cell.order)


def _edge_fetch(column: int, alike: list[EdgeCell]) -> EdgeFetch:
    one = alike[0]
    longest = max((each.first for each in alike if each.first is not None), default=None)
    node = fetch_of_nodes(one.target, (plan for each in alike for plan in each.nodes))
    return EdgeFetch(column, one.edge, longest, one.order, node)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One node by its surrogate, or several; an id that does not open gives an empty surrogate, which no node has."""

    name: str
    sid: str | SealedId | tuple[str, ...]
    node: NodePlan


@dataclass(frozen=True, slots=True)
class Nodes:
    """Several nodes: a lookup for each of their types, and for each place of the list its lookup and surrogate."""

    name: str
    lookups: tuple[Lookup, ...]
    places: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A connection: at most `first` rows that come after the row of `after`, or `backward`, before it.

    `after` holds that row's keys, place and surrogate, `match` the one comparison of a match. `binding` is what its
    cursors are sealed for; empty where it shows none.
    """

    name: str
    entity: Entity
    where: Predicate
    order: tuple[OrderKey, ...]
    first: int
    after: tuple[Any, ...] | None
    binding: bytes
    match: Compare | None
    shape: ConnectionShape
    nodes: tuple[NodePlan, ...]
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Counts by buckets. `cells` pairs a response name with `count`, a bucket's name, or `__typename`.

    `exact`: the rows are those of a list with the same condition, so nothing is withheld or rounded. Otherwise `fields`
    are those whose buckets it reads: a row that is listed, with all of them in clear, is nobody's secret. A page has
    `first` cells that come after the cell of the key `after`; without both the answer has every cell. `binding` is what
    its cursors are sealed for.
    """

    name: str
    entity: Entity
    where: Predicate
    buckets: tuple[tuple[Field, Bucket], ...]
    cells: tuple[tuple[str, str], ...]
    exact: bool
    fields: tuple[str, ...]
    first: int | None
    after: tuple[Any, ...] | None
    binding: bytes


@dataclass(frozen=True, slots=True)
class Accesses:
    """Who saw the data of the one person that `match` finds, from `since` to `until` (days, both in).

    `cells` pairs a response name with a field of the answer's rows, or `__typename`.
    """

    name: str
    entity: Entity
    match: Compare
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


@dataclass(frozen=True, slots=True)
class MyAccess:
    """`myAccess`, answered from the policy by graphql-core: the graph is not asked."""

    name: str


FetchedRoot = Lookup | Page | Aggregate | Accesses | Verification
"""Roots for which the graph is asked."""
Match = Page | Accesses | Verification
"""Roots that look for one node by a whole value, or verify one."""
Root = FetchedRoot | Nodes | DeniedCell | TypenameCell | NullRoot | Introspection | MyAccess


@dataclass(frozen=True, slots=True)
class Fetch:
    """One part of the statement, for root fields that ask for the same rows, whatever each shows of them.

    `root` is the one of them with the longest page; `node` is what all of them show of a node.
    """

    root: FetchedRoot
    node: NodeFetch


def fetches_of_roots(roots: Iterable[Root]) -> dict[str, tuple[str, Fetch]]:
    """By response name of each root that the graph answers: its column of the statement (`r0`, …), and its part."""
    groups: dict[tuple[Any, ...], list[FetchedRoot]] = {}
    for root in _asked(roots):
        groups.setdefault(_rows_asked(root), []).append(root)
    return {
        root.name: (f"r{index}", fetch)
        for index, group in enumerate(groups.values())
        for fetch in [_fetch_of_group(group)]
        for root in group
    }


def _asked(roots: Iterable[Root]) -> Iterator[FetchedRoot]:
    for root in roots:
        yield from root.lookups if isinstance(root, Nodes) else (root,) if isinstance(root, FetchedRoot) else ()


def _rows_asked(root: FetchedRoot) -> tuple[Any, ...]:
    """What says which rows a root field asks for, without their number and what is shown of them."""
    match root:
        case Lookup():
            return ("node", root.node.entity.name, root.sid)
        case Page():
            return ("page", root.entity.name, root.where, root.order, root.backward, root.after, root.match)
        case Aggregate():
            return ("aggregate", root.entity.name, root.where, root.buckets, root.exact, root.fields)
        case Accesses():
            return ("accesses", root.entity.name, root.match)
        case Verification():
            return ("verify", root.entity.name, root.compared)


def _fetch_of_group(group: list[FetchedRoot]) -> Fetch:
    longest = max(group, key=lambda root: root.first if isinstance(root, Page) else 0)
    entity = longest.node.entity if isinstance(longest, Lookup) else longest.entity
    return Fetch(longest, fetch_of_nodes(entity, (plan for root in group for plan in _node_plans(root))))


def _is_match(root: FetchedRoot) -> TypeGuard[Page]:
    return isinstance(root, Page) and root.match is not None


def _node_plans(root: FetchedRoot) -> tuple[NodePlan, ...]:
    return (root.node,) if isinstance(root, Lookup) else root.nodes if isinstance(root, Page) else ()


@dataclass(frozen=True, slots=True)
class Denial:
    """One denied selection: the response names that lead to it (no list index: it holds for every row)."""

    path: tuple[str, ...]
    coordinate: str
    accesses: bool = False
    """Whether what is denied is to ask who saw the data of people of that type."""
    verify: bool = False
    """Whether it is to verify one of them."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The result of stage 6: all that the later stages need."""

    decision: Decision
    roots: tuple[Root, ...]
    denials: tuple[Denial, ...] = ()
    coordinates: Coordinates = field(default_factory=Coordinates)
    """What the operation read, by effect, for its audit record; sorted, each once."""

    fetches: Mapping[str, tuple[str, Fetch]] = field(default_factory=dict, repr=False, compare=False)
    """By response name of each root that the graph answers: its column of the statement's row, and what is fetched.

    Made of the roots; where values were put into them later, these still have the slots.
    """

    @property
    def lists(self) -> int:
        """How many lists the statement makes: its parts, and those over edges in them."""
        return sum(1 + each.node.lists for each in self.parts.values())

    @property
    def parts(self) -> dict[str, Fetch]:
        """What is fetched, by its column of the statement's row."""
        return dict(self.fetches.values())

    def result(self, root: FetchedRoot, row: Mapping[str, Any]) -> Any:
        """What the statement's row holds for a root."""
        return row[self.fetches[root.name][0]]

    @property
    def matches(self) -> tuple[Match, ...]:
        """Roots that look for one node by a whole value, or verify one, in order."""
        return tuple(each for each in self.fetched if isinstance(each, Accesses | Verification) or _is_match(each))

    @property
    def fetched(self) -> tuple[FetchedRoot, ...]:
        """Roots for which the graph is asked, in order."""
        return tuple(_asked(self.roots))
