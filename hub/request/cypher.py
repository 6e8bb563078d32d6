"""The parts of a Cypher statement: comparisons, row predicates and cells of a plan.

They hold catalogue identifiers and parameters only, and each property that they read says who asked for it. Every
property reference is written by `Cypher.read`, which notes its coordinate, its position and its origin: `request` for
what the client named, `policy` for what a rule reads, `audit` for the way to the people that the record must name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

from hub.request import cypher_masks
from hub.request.collecting.statement import COLLECTED, asserted_for
from hub.request.template import (
    LIST_ORDER,
    Reference,
    is_filled_in,
    is_of_request,
    shared_path,
    stored,
)
from policies import masking
from policies.model import Decision, RowSet, TypeDecision
from schema.catalogue import PROVENANCE, Bucket, Catalogue, EdgeEnd, Entity, Field, Scalar, TextProperties
from schema.predicate import (
    All,
    Any_,
    CaseHolds,
    Compare,
    IsCase,
    Not,
    Op,
    Placeholder,
    Predicate,
    Related,
    conjuncts,
    has_case,
)

SORT_CHARACTERS = 100
"""Texts are sorted by that many of their first characters; what is equal in them stands in the purpose's own order."""
REQUEST = "request"
POLICY = "policy"
ANSWER = "answer"
AUDIT = "audit"

_COMPARISONS = {
    Op.EQ: "{left} = {right}",
    Op.NOT_EQ: "{left} <> {right}",
    Op.IN: "{left} IN {right}",
    Op.NOT_IN: "NOT {left} IN {right}",
    Op.STARTS_WITH: "{left} STARTS WITH {right}",
    Op.NOT_STARTS_WITH: "NOT {left} STARTS WITH {right}",
    Op.CONTAINS: "{left} CONTAINS {right}",
    Op.NOT_CONTAINS: "NOT {left} CONTAINS {right}",
    Op.LT: "{left} < {right}",
    Op.LTE: "{left} <= {right}",
    Op.GT: "{left} > {right}",
    Op.GTE: "{left} >= {right}",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node variable in a statement, and the rows it is already narrowed to (visible, or contributing).

    `narrowed` says that it is found without the division of the policy, so that no index is to seek that: because the
    request names a narrower one, or because it is reached over an edge. Of two ways to begin, Neo4j takes either: for
    each dwelling of a page it once sought all buildings of the county, and took six times as long.
    """

    var: str
    entity: Entity
    within: RowSet
    narrowed: bool = False


class Cypher:
    """Gathers the parameters and references of one statement while its text is written.

    `detector` is the version whose spans are trusted; without one, every free text is redacted whole. A parameter is a
    value, or the source of one that a request fills in; `prefix` begins its name. Where `each` names a
    map, what two requests of one decision may fill in differently is read from that.
    """

    def __init__(
        self, catalogue: Catalogue, decision: Decision, detector: str = "", prefix: str = "p", each: str = ""
    ) -> None:
        self.catalogue = catalogue
        self.decision = decision
        self.detector = detector
        self.prefix = prefix
        self.each = each
        self.own: list[str] = []
        self.parameters: dict[str, Any] = {}
        self.sources: dict[str, Any] = {}
        self.references: list[Reference] = []
        self._variables = 0
        self._shared: dict[Any, str] = {}

    def variable(self) -> str:
        """A fresh variable name."""
        self._variables += 1
        return f"n{self._variables - 1}"

    def parameter(self, value: Any) -> str:
        """`$p0`: the value is sent as a parameter, never in the text; a source is filled in for each request."""
        name = f"{self.prefix}{len(self.parameters) + len(self.sources)}"
        if is_filled_in(value):
            self.sources[name] = value
        else:
            self.parameters[name] = stored(value)
        if not self.each or not is_of_request(value):
            return f"${name}"
        self.own.append(name)
        return f"{self.each}.{name}"

    def operand(self, value: Any) -> str:
        """The parameter for the value of a comparison; all uses of one placeholder share one parameter."""
        return self.constant(value) if isinstance(value, Placeholder) else self.parameter(value)

    def constant(self, value: Any) -> str:
        """The parameter for a value of the hub's own; all uses of one value share one parameter."""
        if value not in self._shared:
            self._shared[value] = self.parameter(value)
        return self._shared[value]

    def read(self, node: Node, field: Field, position: str, origin: str) -> str:
        """`n0.phone`, noted as a reference."""
        self.references.append(Reference(f"{node.entity.name}.{field.name}", position, origin))
        return f"{node.var}.{field.name}"

    def pattern(self, node: Node, end: EdgeEnd, var: str, position: str, origin: str) -> str:
        """`(n0)-[:LIVES_IN]->(n1:Dwelling)`, noted as a reference.

        A condition names no label, for with one the graph may read all of the target by an index for each row. The
        relationship alone tells the type.
        """
        self.references.append(Reference(end.coordinate, position, origin))
        arrow = f"-[:{end.relationship}]->" if end.outgoing else f"<-[:{end.relationship}]-"
        return f"({node.var}){arrow}({var})" if position == "exists" else f"({node.var}){arrow}({var}:{end.target})"

    def way(self, node: Node, path: tuple[str, ...], position: str, origin: str) -> Iterator[tuple[str, Node]]:
        """Each step of a path of edges: its pattern, and the node to which it leads, whatever may be shown of it."""
        for step in path:
            end = node.entity.edge(step)
            other = Node(self.variable(), self.catalogue.entity(end.target), frozenset())
            yield self.pattern(node, end, other.var, position, origin), other
            node = other

    def table(self, entity: Entity) -> TypeDecision:
        """The decision on one type."""
        return self.decision.of(entity.name)

    # Rows.

    def rows(self, node: Node, rows: RowSet) -> str:
        """True where at least one of the row predicates holds; the jurisdiction that they share comes first."""
        table = self.table(node.entity)
        predicates = _widest([table.rows[index] for index in sorted(rows)])
        if not predicates:
            return "false"
        parts = [self.condition(node, each, POLICY) for each in predicates]
        if len(parts) == 1:
            return parts[0]
        either = f"({' OR '.join(parts)})"
        path = shared_path(predicates)
        if not path:
            return either
        region = self.read(node, node.entity.field("region"), "where", POLICY)
        return f"{_within(node, region, self.parameter(path))} AND {either}"

    def lies_in_division(self, entity: Entity, rows: RowSet) -> bool:
        """Whether the policy names a division for each of these rows, so that an index on the region finds them."""
        return bool(shared_path([self.table(entity).rows[index] for index in rows]))

    def node_is_there(self, node: Node) -> str:
        """Not deleted, within the rows that the node is narrowed to, and collected for what may be read."""
        return both(f"{node.var}.deletedAt IS NULL", self.rows(node, node.within), self.may_be_read(node))

    def may_be_read(self, node: Node) -> str:
        """Collected for purposes that the request's may read; empty where the policy does not ask for it."""
        if self.decision.collected is None:
            return ""
        self.references.append(Reference(f"{node.entity.name}.{PROVENANCE}", COLLECTED, POLICY))
        return asserted_for(node.var, self.variable(), self.constant(self.decision.collected))

    # Conditions.

    def condition(self, node: Node, predicate: Predicate, origin: str) -> str:
        """A predicate in negation normal form: a request's is guarded cell by cell, a policy's reads raw values."""
        match predicate:
            case All(parts):
                return self._joined(node, parts, origin, " AND ", "true")
            case Any_(parts):
                return self._joined(node, parts, origin, " OR ", "false")
            case Related():
                return self._related(node, predicate, origin)
            case Compare():
                return self._compare(node, predicate, origin)
            case IsCase():
                return self._is_case(node)
            case CaseHolds():
                return self._case_holds()
            case Not():
                raise AssertionError("a condition is compiled in negation normal form")
        assert_never(predicate)

    def _is_case(self, node: Node) -> str:
        """The node is the request's case, and the subject may work on it; false if the request names no case."""
        case = self.catalogue.case
        if case is None or self.decision.case is None:
            return "false"
        table = self.table(node.entity)
        sees = frozenset(row for row in table.visible if not has_case(table.rows[row]))
        number, status, department = (
            self.read(node, node.entity.field(name), "case", POLICY)
            for name in (case.number, case.status, case.department)
        )
        conditions = both(
            f"{number} = {self.operand(Placeholder('case'))}",
            f"{status} IN {self.parameter(case.open)}",
            f"{department} = {self.operand(Placeholder('subject.department'))}",
            f"{node.var}.deletedAt IS NULL",
            self.rows(node, sees),
        )
        return f"({conditions})"

    def _case_holds(self) -> str:
        case = self.catalogue.case
        if case is None or self.decision.case is None:
            return "false"
        node = Node(self.variable(), self.catalogue.entity(case.entity), frozenset())
        return f"EXISTS {{ MATCH ({node.var}:{case.entity}) WHERE {self._is_case(node)} }}"

    def _joined(self, node: Node, parts: tuple[Predicate, ...], origin: str, by: str, empty: str) -> str:
        texts = [self.condition(node, each, origin) for each in parts]
        return texts[0] if len(texts) == 1 else f"({by.join(texts)})" if texts else empty

    def _related(self, node: Node, predicate: Related, origin: str) -> str:
        pattern, other, there = self.followed(node, predicate, origin)
        wanted = self.condition(other, predicate.where, origin)
        exists = f"EXISTS {{ MATCH {pattern} WHERE {both(there, wanted)} }}"
        return exists if predicate.some else f"NOT {exists}"

    def followed(self, node: Node, relation: Related, origin: str) -> tuple[str, Node, str]:
        """The pattern of a relation, the node that it leads to, and which nodes it may be and be reached from."""
        end = node.entity.edge(relation.edge)
        target = self.catalogue.entity(end.target)
        visible = self.table(target).visible if origin == REQUEST else frozenset()
        other = Node(self.variable(), target, visible, narrowed=True)
        pattern = self.pattern(node, end, other.var, "exists", origin)
        there = self.node_is_there(other) if origin == REQUEST else f"{other.var}.deletedAt IS NULL"
        if origin == ANSWER:
            there = both(there, self.may_be_read(other))
        guard = self._guard(node, self.table(node.entity).of(end.name).clear) if origin == REQUEST else ""
        return pattern, other, both(guard, there)

    def _compare(self, node: Node, leaf: Compare, origin: str) -> str:
        field = node.entity.field(leaf.field)
        effects = self.table(node.entity).of(field.name)
        allowed = effects.clear | effects.aggregate if leaf.bucket else effects.clear
        guard = self._guard(node, allowed) if origin == REQUEST else ""
        value = self.read(node, field, "where", origin)
        if leaf.bucket:
            value = cypher_masks.bucket(value, node.entity.bucket(leaf.bucket)[1], self.operand)
        if leaf.op is Op.IS_NULL:
            return self._is_null(value, bool(leaf.value), guard)
        if origin == POLICY and leaf.field == "region" and leaf.op is Op.STARTS_WITH:
            return _within(node, value, self.operand(leaf.value))
        text = self._comparison(leaf, value)
        return f"({text} AND {guard})" if guard else text

    def _comparison(self, leaf: Compare, value: str) -> str:
        if leaf.op in {Op.IN, Op.NOT_IN} and not leaf.value:
            # In Cypher `null IN []` is false; here a comparison with null is unknown, so that it does not reveal nulls.
            return "false" if leaf.op is Op.IN else f"{value} IS NOT NULL"
        return _COMPARISONS[leaf.op].format(left=value, right=self.operand(leaf.value))

    def _is_null(self, value: str, expected: bool, guard: str) -> str:
        """A hidden cell counts as null like an empty one; otherwise a filter could tell the two apart."""
        if not guard:
            return f"{value} IS NULL" if expected else f"{value} IS NOT NULL"
        shown = f"coalesce({guard}, false)"
        return f"({value} IS NULL OR NOT {shown})" if expected else f"({value} IS NOT NULL AND {shown})"

    def _guard(self, node: Node, allowed: RowSet) -> str:
        """The condition for rows on which a cell may be read; empty if that is every row of the node."""
        return "" if node.within <= allowed else f"({self.rows(node, allowed)})"

    # Cells.

    def cell(self, node: Node, field: Field, position: str = "select") -> str:
        """The value that each row may show: clear, masked by the most revealing rung granted, or null."""
        effects = self.table(node.entity).of(field.name)
        if node.within <= effects.clear:
            return self.read(node, field, position, REQUEST)
        branches = []
        if effects.clear:
            branches.append((effects.clear, self.read(node, field, position, REQUEST)))
        for rung, rows in effects.masks:
            branches.append((rows, self._masked(node, field, position, rung)))
        if len(branches) == 1 and node.within <= branches[0][0]:
            return branches[0][1]
        return f"CASE {' '.join(f'WHEN {self.rows(node, rows)} THEN {text}' for rows, text in branches)} END"

    def _masked(self, node: Node, field: Field, position: str, rung: str) -> str:
        """The masked form, or a pair of rung and value for `hub/request/respond.py` if Cypher cannot mask it."""
        mask = masking.parse(rung)
        value = self.read(node, field, position, REQUEST)
        if isinstance(mask, masking.Text):
            return self._cut_later(node, field, value, rung)
        if mask.after_fetch:
            return f"CASE WHEN {value} IS NOT NULL THEN {{m: {self.parameter(rung)}, v: {value}}} END"
        return cypher_masks.mask(value, field, mask, self.constant)

    def _cut_later(self, node: Node, field: Field, value: str, rung: str) -> str:
        """A text with its spans; a text without spans of the detector in force does not leave the database."""
        if field.text_properties is None:
            return cypher_masks.mask(value, field, masking.Redact(), self.operand)
        found = self._detected(node, field.text_properties)
        spans, check = f"{node.var}.{field.text_properties.spans}", f"{node.var}.{field.text_properties.check}"
        pair = f"{{m: {self.parameter(rung)}, v: {value}, s: {spans}, c: {check}}}"
        return f"CASE WHEN {value} IS NULL THEN null WHEN {found} THEN {pair} ELSE '{masking.REDACTED}' END"

    def _detected(self, node: Node, beside: TextProperties) -> str:
        """The text was judged by the detector in force."""
        detector = self.parameter(self.detector)
        return f"{node.var}.{beside.spans} IS NOT NULL AND {node.var}.{beside.detector} = {detector}"

    def words(self, node: Node, field: Field) -> str:
        """The words of a free text where it is clear or open to aggregates; none that another detector found."""
        if field.text_properties is None:
            return "[]"
        effects = self.table(node.entity).of(field.name)
        self.read(node, field, "group", REQUEST)
        guard = self._guard(node, effects.clear | effects.aggregate)
        words = f"{node.var}.{field.text_properties.words}"
        return f"CASE WHEN {both(self._detected(node, field.text_properties), guard)} THEN {words} ELSE [] END"

    def place(self, node: Node) -> str:
        """Where the node stands among those with equal sort keys, for this department and purpose only."""
        return cypher_masks.place(node.var, self.constant(LIST_ORDER))

    def clear_cell(self, node: Node, field: Field, position: str) -> str:
        """The value where it is clear, null elsewhere; a request may sort by it."""
        clear = self.table(node.entity).of(field.name).clear
        value = self.read(node, field, position, REQUEST)
        return value if node.within <= clear else f"CASE WHEN {self.rows(node, clear)} THEN {value} END"

    def sort_cell(self, node: Node, field: Field, position: str) -> str:
        """What a request sorts by: the clear value, of a text its first characters, so that cursors stay small."""
        cell = self.clear_cell(node, field, position)
        return f"left({cell}, {self.operand(SORT_CHARACTERS)})" if field.scalar is Scalar.STRING else cell

    def bucket_cell(self, node: Node, field: Field, bucket: Bucket) -> str:
        """The bucket a row falls into where the field is clear or open to aggregates, null elsewhere.

        A region is in the place of the division that it lies in: it is cut when the rows of a region are one.
        """
        effects = self.table(node.entity).of(field.name)
        allowed = effects.clear | effects.aggregate
        value = self.read(node, field, "group", REQUEST)
        if bucket.level is None:
            value = cypher_masks.bucket(value, bucket, self.operand)
        return value if node.within <= allowed else f"CASE WHEN {self.rows(node, allowed)} THEN {value} END"


def _within(node: Node, region: str, path: str) -> str:
    """Whether a region lies in that of a policy; written so that no index seeks it where the request names its own."""
    return f"left({region}, size({path})) = {path}" if node.narrowed else f"{region} STARTS WITH {path}"


def both(*conditions: str) -> str:
    """All conditions joined by AND, without those that are always true."""
    return " AND ".join(each for each in conditions if each not in {"", "true"}) or "true"


def _widest(predicates: list[Predicate]) -> list[Predicate]:
    """The predicates without those that another one includes: `a OR (a AND b)` is `a`."""
    demands = [conjuncts(each) for each in predicates]
    return [each for each, more in zip(predicates, demands, strict=True) if not any(less < more for less in demands)]
