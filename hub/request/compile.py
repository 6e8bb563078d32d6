"""Compiles a plan into one Cypher statement (stage 7).

An operation is at most one statement, whatever its root fields, fragments and filters, and no byte of its text comes
from the request. Roots that ask for the same rows become one `CALL () { … }` that returns `r0`, `r1`, …; nested
selections are `COLLECT` subqueries in the projection. Each field is read once, as `c0`, `c1`, … in an order of its own,
so that requests that differ in aliases, or in the order of their fields, are one statement to the graph; `s` is the
surrogate.
"""

from __future__ import annotations

from typing import Any, assert_never

from hub.graph.constraints import text_index
from hub.request.answering.statement import answer_of
from hub.request.counts.cells import Cells
from hub.request.cypher import AUDIT, REQUEST, Cypher, Node, both
from hub.request.filters import conditions_of, names_division, relation_to_key, search_to_begin_with
from hub.request.plan_model import (
    Accesses,
    Aggregate,
    EdgeFetch,
    Fetch,
    Lookup,
    NodeFetch,
    OrderKey,
    Page,
    Planned,
)
from hub.request.provenance.sources import sources_of
from hub.request.template import IndexQuery, JointTemplate, Template
from hub.request.verifying.root import Verification
from hub.request.verifying.statement import verified_person
from policies.model import RowSet
from schema.catalogue import Catalogue, Entity
from schema.predicate import All, Compare, Predicate

_ONLY = "CASE WHEN size(found) = 1 THEN found ELSE [] END"
TOUCHED_MAX = 200
"""How many of the people that one node is about the record names at most."""


def compile_plan(planned: Planned, catalogue: Catalogue, detector: str = "") -> Template | None:
    """The statement of a plan, to be filled in; None if nothing is to be fetched.

    `detector` is the version whose spans of free text are trusted; a text with those of another is redacted whole.
    """
    if not planned.fetches:
        return None
    cypher = Cypher(catalogue, planned.decision, detector)
    text = f"{_calls(planned, cypher)}\nRETURN {', '.join(planned.parts)}"
    return Template(text, cypher.parameters, cypher.sources, tuple(cypher.references))


def compile_joint(planned: Planned, catalogue: Catalogue, detector: str = "") -> JointTemplate | None:
    """The statement that answers several requests of one plan; None if nothing is to be fetched.

    Each gets a row of its own, with what it would get alone, and `i`, its number.
    """
    if not planned.fetches:
        return None
    cypher = Cypher(catalogue, planned.decision, detector, each="each")
    text = f"UNWIND $all AS each\n{_calls(planned, cypher)}\nRETURN each.i AS i, {', '.join(planned.parts)}"
    return JointTemplate(text, tuple(cypher.own))


def _calls(planned: Planned, cypher: Cypher) -> str:
    """The parts of a plan, each a subquery."""
    writer = _Compiler(cypher)
    parts = planned.parts.items()
    return "\n".join(f"CALL ({cypher.each}) {{\n{writer.root(part, name)}\n}}" for name, part in parts)


class _Compiler:
    def __init__(self, cypher: Cypher) -> None:
        self.cypher = cypher

    def root(self, part: Fetch, name: str) -> str:
        match part.root:
            case Accesses() as root:
                return self._accessed_person(root, name)
            case Lookup() as root:
                return self._lookup(root, part.node, name)
            case Page() as root:
                return self._page(root, part.node, name)
            case Aggregate() as root:
                return Cells(self.cypher, self._found).statement(root, name)
            case Verification() as root:
                return verified_person(self.cypher, root, name)
        assert_never(part.root)

    def _visible(self, entity: Entity, *, narrowed: bool = False) -> Node:
        """A node on the rows that a list may show."""
        return Node(self.cypher.variable(), entity, self.cypher.table(entity).visible, narrowed)

    def _findable(self, entity: Entity, match: Compare) -> Node:
        """A node on the rows where a grant allows the match, whatever else it may show of them."""
        return Node(self.cypher.variable(), entity, self.cypher.table(entity).of(match.field).match)

    def _lookup(self, root: Lookup, shown: NodeFetch, name: str) -> str:
        node = self._visible(root.node.entity)
        sid, there = self.cypher.parameter(root.sid), self.cypher.node_is_there(node)
        match = f"  MATCH ({node.var}:{node.entity.name} {{sid: {sid}}})\n  WHERE {there}"
        if isinstance(root.sid, tuple):
            match = f"  MATCH ({node.var}:{node.entity.name})\n  WHERE {node.var}.sid IN {sid} AND {there}"
        return f"{match}\n  RETURN collect({self._project(shown, node)}) AS {name}"

    def _accessed_person(self, root: Accesses, name: str) -> str:
        """The surrogate of the one person that the match finds, if it may be asked who saw their data."""
        node, allowed = self._findable(root.entity, root.match), self.cypher.table(root.entity).accesses
        rows = "" if node.within <= allowed else f"({self.cypher.rows(node, allowed)})"
        there = both(self.cypher.node_is_there(node), rows, self._matched(root.match, node))
        lines = [
            f"MATCH ({node.var}:{node.entity.name})",
            f"WHERE {there}",
            f"WITH collect({node.var}.sid) AS found",
            f"RETURN {_ONLY} AS {name}",
        ]
        return "\n".join(f"  {line}" for line in lines)

    # Pages.

    def _page(self, root: Page, shown: NodeFetch, name: str) -> str:
        if root.match is None:
            node, found = self._found(root.entity, self.cypher.table(root.entity).visible, root.where)
        else:
            node = self._findable(root.entity, root.match)
            found = self._found_alone(node, self._matched(root.match, node))
        place = self.cypher.variable()
        lines = [*found, f"WITH {node.var}, {self.cypher.place(node)} AS {place}"]
        if root.after is not None:
            lines += [f"WHERE {self._beyond(root, root.after, node, place)}", f"WITH {node.var}, {place}"]
        lines += [
            self._cut_to_page(root, node, place),
            f"RETURN collect({self._page_row(root, shown, node, place)}) AS {name}",
        ]
        return "\n".join(f"  {line}" for line in lines)

    def _found(self, entity: Entity, rows: RowSet, where: Predicate) -> tuple[Node, list[str]]:
        """A node of `rows`, and the lines that find each one that a condition of the request holds for, once.

        Where relations lead to a node by its key, Neo4j begins there, and no index seeks the rows: of 10,000 people
        those of a building were found in 2 ms, and in 53 ms by asking it of each.
        """
        search = search_to_begin_with(self.cypher.catalogue, entity, where)
        if search is not None:
            return self._searched(entity, rows, where, search)
        relation = relation_to_key(self.cypher.catalogue, entity, where)
        node = Node(self.cypher.variable(), entity, rows, relation is not None or names_division(where))
        if relation is None:
            return node, self._found_alone(node, self.cypher.condition(node, where, REQUEST))
        matches, conditions = self._way_to_key(node, where)
        there = both(self.cypher.node_is_there(node), *conditions)
        return node, [f"MATCH ({node.var}:{entity.name})", *matches, f"WHERE {there}", f"WITH DISTINCT {node.var}"]

    def _searched(self, entity: Entity, rows: RowSet, where: Predicate, search: Compare) -> tuple[Node, list[str]]:
        """As `_found`, by a full-text index: it finds more nodes than hold the text, and each is compared again."""
        node = Node(self.cypher.variable(), entity, rows, narrowed=True)
        index = text_index(entity, entity.field(search.field))
        query = self.cypher.parameter(IndexQuery(search.value))
        there = both(self.cypher.node_is_there(node), self.cypher.condition(node, where, REQUEST))
        found = f"CALL db.index.fulltext.queryNodes('{index}', {query}) YIELD node AS {node.var}"
        return node, [found, f"WITH {node.var}", f"WHERE {there}"]

    def _found_alone(self, node: Node, condition: str) -> list[str]:
        """As `_found`, by the node alone; only with a condition on `sid` can the index on (region, sid) be used."""
        there = both(self.cypher.node_is_there(node), f"{node.var}.sid IS NOT NULL", condition)
        return [f"MATCH ({node.var}:{node.entity.name})", f"WHERE {there}"]

    def _way_to_key(self, node: Node, where: Predicate) -> tuple[list[str], list[str]]:
        """The relations from a node to one by its key, and all that must hold on the way.

        Each is a `MATCH` of its own: within one, no relationship is followed twice, and nobody would be among those who
        live where they live. The label, which no pattern of a relation names, is that of the key's index.
        """
        relation = relation_to_key(self.cypher.catalogue, node.entity, where)
        if relation is None:
            return [], [f"{node.var}:{node.entity.name}", self.cypher.condition(node, where, REQUEST)]
        others = All(tuple(each for each in conditions_of(where) if each is not relation))
        beside = self.cypher.condition(node, others, REQUEST)
        pattern, other, there = self.cypher.followed(node, relation, REQUEST)
        matches, conditions = self._way_to_key(other, relation.where)
        return [f"MATCH {pattern}", *matches], [beside, there, *conditions]

    def _matched(self, match: Compare, node: Node) -> str:
        """`eq` on a findable node; recorded as a match, not as a filter."""
        field = self.cypher.read(node, node.entity.field(match.field), "match", REQUEST)
        return f"{field} = {self.cypher.parameter(match.value)}"

    def _cut_to_page(self, root: Page, node: Node, place: str) -> str:
        if root.match is not None:
            # A match answers one node or none, so that it tells nothing about two people who share a telephone.
            return f"WITH collect({node.var}) AS found, max({place}) AS {place}\n  UNWIND {_ONLY} AS {node.var}"
        # One row more than the page holds shows whether another page follows.
        limit = self.cypher.parameter(root.first + 1)
        return f"ORDER BY {self._order(node, root.order, place, backward=root.backward)} LIMIT {limit}"

    def _page_row(self, root: Page, shown: NodeFetch, node: Node, place: str) -> str:
        keys = [self.cypher.sort_cell(node, key.field, "cursor") for key in root.order]
        return f"[[{', '.join([*keys, place])}], {self._project(shown, node)}]"

    def _order(self, node: Node, order: tuple[OrderKey, ...], place: str, *, backward: bool = False) -> str:
        """The keys asked for, then the purpose's own order: ties must not stand as they do for another purpose.

        Backwards each of them is turned round, and so is where its nulls stand.
        """
        keys = [(self.cypher.sort_cell(node, key.field, "order"), key.descending) for key in order]
        every = [*keys, (place, False), (f"{node.var}.sid", False)]
        return ", ".join(f"{cell} DESC" if descending != backward else cell for cell, descending in every)

    def _beyond(self, root: Page, cursor: tuple[Any, ...], node: Node, place: str) -> str:
        """Rows that come after the cursor's, or backwards before it.

        Null keys included: Cypher sorts null last ascending, first descending.
        """
        at, sid = self.cypher.parameter(cursor[-2]), self.cypher.parameter(cursor[-1])
        further = "<" if root.backward else ">"
        tail = f"({place} {further} {at} OR ({place} = {at} AND {node.var}.sid {further} {sid}))"
        for key, value in reversed(list(zip(root.order, cursor[:-2], strict=True))):
            cell, falling = self.cypher.sort_cell(node, key.field, "cursor"), key.descending != root.backward
            if value is None:
                beyond = f" OR {cell} IS NOT NULL" if falling else ""
                tail = f"({cell} IS NULL AND {tail}{beyond})"
                continue
            bound = self.cypher.parameter(value)
            beyond = f"{cell} < {bound}" if falling else f"{cell} > {bound} OR {cell} IS NULL"
            tail = f"({beyond} OR ({cell} = {bound} AND {tail}))"
        return tail

    # Nodes.

    def _project(self, shown: NodeFetch, node: Node) -> str:
        """The row of a node, as `NodeFetch` says: a list, because the keys of a map would be sent for each node."""
        cells = [f"{node.var}.sid"]
        cells += [self.cypher.cell(node, each.field) for each in shown.fields.values()]
        cells += [answer_of(self.cypher, node, each) for each in shown.answers.values()]
        cells += [self._edge(each, node) for each in shown.edges.values()]
        if shown.provenance is not None:
            cells.append(sources_of(self.cypher, node))
        if shown.to_people:
            cells.append(self._touched(node, shown.to_people))
        return f"[{', '.join(cells)}]"

    def _touched(self, node: Node, paths: tuple[tuple[str, ...], ...]) -> str:
        """Surrogates of the people that a node is about, visible or not; for the audit record only."""
        limit = self.cypher.parameter(TOUCHED_MAX)
        ways = []
        for path in paths:
            steps = list(self.cypher.way(node, path, "touched", AUDIT))
            matches = " ".join(f"MATCH {pattern}" for pattern, _ in steps)
            ways.append(f"{matches} RETURN DISTINCT {steps[-1][1].var}.sid AS touched LIMIT {limit}")
        return f"COLLECT {{ {' UNION '.join(ways)} }}"

    def _edge(self, edge: EdgeFetch, node: Node) -> str:
        """The visible nodes over an edge; of several each once, as two records may assert the same relationship.

        Each row of a list begins with how many there are. To sort them all are read in any case, so that counting them
        takes no longer.
        """
        end = node.entity.edge(edge.edge)
        other = self._visible(edge.node.entity, narrowed=True)
        pattern = self.cypher.pattern(node, end, other.var, "select", REQUEST)
        clear = self.cypher.table(node.entity).of(end.name).clear
        guard = "" if node.within <= clear else self.cypher.rows(node, clear)
        order = self._order(other, edge.order, self.cypher.place(other))
        there = f"MATCH {pattern} WHERE {both(guard, self.cypher.node_is_there(other))}"
        shown = self._project(edge.node, other)
        if edge.first is None:
            limit = self.cypher.parameter(1)
            return f"head(COLLECT {{ {there} WITH {other.var} ORDER BY {order} LIMIT {limit} RETURN {shown} }})"
        every, total = self.cypher.variable(), self.cypher.variable()
        # At least one row, which tells how many there are.
        limit = self.cypher.parameter(max(edge.first, 1))
        counted = (
            f"WITH collect(DISTINCT {other.var}) AS {every} UNWIND {every} AS {other.var} "
            f"WITH {other.var}, size({every}) AS {total}"
        )
        return f"COLLECT {{ {there} {counted} ORDER BY {order} LIMIT {limit} RETURN [{total}, {shown}] }}"
