"""Plans an operation (stage 6): walks it once beside the decision and keeps what the purpose may see.

Nothing denied enters the plan, and a selection is decided by its schema coordinate, never by its alias. A denied
selection becomes a null with FIELD_DENIED, which is reported once, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from audit.record import Coordinates
from hub.errors import Code, HubError
from hub.home.seals import Seals
from hub.request import filters
from hub.request.answering.cell import AnswerCell, check_asked
from hub.request.lists.arguments import PAGE_MAX, NotOfItsShape, at_most, cursor, size, window
from hub.request.lists.parts import (
    ConnectionShape,
    CursorPart,
    EdgesPart,
    ListShape,
    NodePart,
    PageInfoPart,
    TypenameCell,
    shows_cursors,
)
from hub.request.plan_model import (
    Accesses,
    Aggregate,
    Cell,
    Denial,
    DeniedCell,
    EdgeCell,
    FieldCell,
    IdCell,
    Introspection,
    Lookup,
    MyAccess,
    NodePlan,
    Nodes,
    NullRoot,
    Page,
    Planned,
    Root,
    fetches_of_roots,
)
from hub.request.provenance.cell import ProvenanceCell, compared_fields
from hub.request.selection import Selections
from hub.request.template import SealedId, open_id
from hub.request.verifying.condition import verification
from policies.aggregate import PAGE_CELLS
from policies.decide import tells_accesses
from policies.model import Decision
from schema.catalogue import PROVENANCE, Answer, Catalogue, EdgeEnd, Entity
from schema.derived_names import LIST_INFO, VERIFY, edge_of_list, list_type
from schema.graphql import ACCESS, ACCESSES, PROVENANCE_TYPE, aggregate_type, root_fields
from schema.own_access.types import MY_ACCESS
from schema.predicate import TRUE, Predicate
from schema.slot import Slot, holds_slot

MATCHES = 5
"""How many people one operation may find by a whole value; each of them counts against the caps."""
LISTS = 24
"""How many lists one statement makes: the graph takes about a tenth of a second to plan each, and keeps the plan."""

EDGES_FOLLOWED = 1_000
"""How many edges the conditions of one operation may follow for each row, one to many taken for twenty."""


def plan(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: VariableValues,
    decision: Decision,
    schema: GraphQLSchema,
    catalogue: Catalogue,
    seals: Seals,
) -> Planned:
    """The plan of one operation; raises FIELD_NOT_FILTERABLE, BAD_CURSOR, COST_LIMIT or VALIDATION."""
    return _Planner(Selections(schema, fragments, variables), decision, catalogue, seals).plan(operation)


class _Planner:
    def __init__(self, selections: Selections, decision: Decision, catalogue: Catalogue, seals: Seals) -> None:
        self.selections = selections
        self.decision = decision
        self.catalogue = catalogue
        self.seals = seals
        self.denials: list[Denial] = []
        self.used: dict[str, set[str]] = {}
        self.edges_followed = 0
        self.root_kinds = {
            name: (kind, entity)
            for entity in catalogue
            for name, kind in zip(root_fields(entity), (self._lookup, self._page, self._aggregate), strict=True)
        }

    def plan(self, operation: OperationDefinitionNode) -> Planned:
        fields = self.selections.collect("Query", [operation.selection_set])
        roots = tuple(self._root(name, nodes) for name, nodes in fields.items())
        coordinates = Coordinates(**{how: tuple(sorted(names)) for how, names in self.used.items()})
        planned = Planned(self.decision, roots, tuple(self.denials), coordinates, fetches_of_roots(roots))
        if planned.lists > LISTS:
            text = f"the query asks for more than {LISTS} lists that differ in condition or order; ask in two queries"
            raise HubError(Code.COST_LIMIT, text)
        if len(planned.matches) > MATCHES:
            text = f"the query finds more than {MATCHES} people, each by a whole value; ask in several queries"
            raise HubError(Code.COST_LIMIT, text)
        return planned

    def _count_edges(self, entity: Entity, condition: Predicate) -> None:
        """Add what a condition may follow to what those before it may; raises COST_LIMIT."""
        self.edges_followed += filters.edges_followed(self.catalogue, entity, condition)
        if self.edges_followed > EDGES_FOLLOWED:
            text = (
                f"the conditions could follow more than {EDGES_FOLLOWED:,} edges for each row; go over fewer edges "
                "to many, or ask in two queries, the second by `in`"
            )
            raise HubError(Code.COST_LIMIT, text)

    def _use(self, coordinate: str, how: str) -> None:
        self.used.setdefault(how, set()).add(coordinate)

    def _root(self, name: str, nodes: list[FieldNode]) -> Root:
        field = nodes[0].name.value
        if field == "__typename":
            return TypenameCell(name, "Query")
        if field in {"__schema", "__type"}:
            return Introspection(name)
        if field == MY_ACCESS:
            return MyAccess(name)
        arguments = self.selections.arguments("Query", nodes[0])
        if field == "node":
            return self._any_node(name, nodes, arguments)
        if field == "nodes":
            return self._several(name, nodes, arguments["ids"])
        if field == ACCESSES:
            return self._accesses(name, nodes, arguments)
        if field == VERIFY:
            return self._verification(name, arguments)
        kind, entity = self.root_kinds[field]
        return kind(name, field, entity, nodes, arguments)

    def _deny(self, path: tuple[str, ...], coordinate: str) -> DeniedCell:
        self.denials.append(Denial(path, coordinate))
        self._use(coordinate, "denied")
        return DeniedCell(path[-1], coordinate)

    # One node, or several.

    def _several(self, name: str, nodes: list[FieldNode], ids: Any) -> Nodes:
        """What is told of the selection is that of every type that is open, so that it says nothing of the ids."""
        if holds_slot(ids):
            raise NotOfItsShape("what nodes(ids) answers depends on the types that the ids were sealed for")
        if len(ids) > PAGE_MAX:
            raise HubError(Code.VALIDATION, f"nodes takes at most {PAGE_MAX} ids; ask for the others in another query")
        opened = [open_id(self.seals, self.decision, "nodes(ids)", each) or (-1, "") for each in ids]
        plans = {
            each.tag: self._node((name,), each, nodes) for each in self.catalogue if self.decision.of(each.name).visible
        }
        if not plans:
            return Nodes(name, (), ((-1, ""),) * len(ids))
        # As for one node, the graph is asked for a forged id too: for one of the first type, which no node has.
        found = [(tag, sid) if tag in plans else (next(iter(plans)), "") for tag, sid in opened]
        tags = list(dict.fromkeys(tag for tag, _ in found))
        lookups = tuple(self._lookup_of(name, plans[tag], [sid for at, sid in found if at == tag]) for tag in tags)
        return Nodes(name, lookups, tuple((tags.index(tag), sid) for tag, sid in found))

    def _lookup_of(self, name: str, node: NodePlan, sids: list[str]) -> Lookup:
        """The lookup of several nodes of one type; `/` stands in no response name."""
        return Lookup(f"{name}/{node.entity.name}", tuple(dict.fromkeys(sids)), node)

    def _any_node(self, name: str, nodes: list[FieldNode], arguments: dict[str, Any]) -> Root:
        if isinstance(arguments["id"], Slot):
            raise NotOfItsShape("what node(id) answers depends on the type that the id was sealed for")
        opened = open_id(self.seals, self.decision, "node(id)", arguments["id"])
        entity = self.catalogue.by_tag(opened[0]) if opened else None
        if entity is None or opened is None or not self.decision.of(entity.name).visible:
            # The graph is asked nevertheless, so that a forged id takes as long as one that is not found.
            open_types = [each for each in self.catalogue if self.decision.of(each.name).visible]
            if not open_types:
                return NullRoot(name)
            entity, opened = open_types[0], (open_types[0].tag, "")
        return Lookup(name, opened[1], self._node((name,), entity, nodes))

    def _lookup(self, name: str, field: str, entity: Entity, nodes: list[FieldNode], arguments: dict[str, Any]) -> Root:
        place, given = f"{field}(id)", arguments["id"]
        visible = bool(self.decision.of(entity.name).visible)
        if isinstance(given, Slot):
            if not visible:
                raise NotOfItsShape("a text that is no id is refused before anything is denied")
            return Lookup(name, SealedId(given, place, entity.tag), self._node((name,), entity, nodes))
        opened = open_id(self.seals, self.decision, place, given)
        if not visible:
            return self._deny((name,), entity.name)
        sid = opened[1] if opened and opened[0] == entity.tag else ""
        return Lookup(name, sid, self._node((name,), entity, nodes))

    def _accesses(self, name: str, nodes: list[FieldNode], arguments: dict[str, Any]) -> Root:
        person = self.catalogue.person
        if person is None:
            raise AssertionError("the schema of a catalogue without people has no such field")
        if not tells_accesses(self.decision, person.name):
            self.denials.append(Denial((name,), person.name, accesses=True))
            self._use(person.name, "denied")
            return DeniedCell(name, person.name)
        match = filters.person_match(self.catalogue, self.decision, person, arguments["where"], self._use)
        cells = tuple((key, found[0].name.value) for key, found in self._children(ACCESS, nodes).items())
        return Accesses(name, person, match, arguments.get("since"), arguments.get("until"), cells)

    def _verification(self, name: str, arguments: dict[str, Any]) -> Root:
        person = self.catalogue.person
        if person is None:
            raise AssertionError("the schema of a catalogue without people has no such field")
        if not self.decision.of(person.name).verified:
            self.denials.append(Denial((name,), person.name, verify=True))
            self._use(person.name, "denied")
            return DeniedCell(name, person.name)
        conditions = filters.conditions_of(filters.page_condition(self.catalogue, person, arguments["where"]))
        return verification(name, self.decision, person, conditions, self._use)

    # Pages.

    def _page(self, name: str, field: str, entity: Entity, nodes: list[FieldNode], arguments: dict[str, Any]) -> Root:
        table = self.decision.of(entity.name)
        if not (table.visible or table.matchable):
            return self._deny((name,), entity.name)
        condition = filters.page_condition(self.catalogue, entity, arguments.get("where"))
        self._count_edges(entity, condition)
        match = filters.page_match(self.decision, entity, condition, self._use)
        if match is None and not table.visible:
            if holds_slot(arguments.get("where")):
                raise NotOfItsShape("a value that does not fit is refused before anything is denied")
            return self._deny((name,), entity.name)
        checked = self.catalogue, self.decision, entity, condition, self._use
        where = filters.page_where(*checked) if match is None else TRUE
        order = filters.sort_keys(self.decision, entity, arguments.get("orderBy"), self._use) if match is None else ()
        # A match is bound to its own condition; otherwise the cursor of a list would tell which of two people it meant.
        bound = filters.cursor_binding(self.decision, field, where if match is None else match, order)
        asked = window(arguments, nodes[0])
        at = None if asked.cursor is None else filters.read_cursor(self.seals.open_cursor(bound, asked.cursor), order)
        plans: list[NodePlan] = []
        shape = self._connection((name,), entity, nodes, plans)
        first = 1 if match is not None else asked.size
        binding = bound if shows_cursors(shape) else b""
        return Page(name, entity, where, order, first, at, binding, match, shape, tuple(plans), asked.backward)

    def _connection(
        self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode], plans: list[NodePlan]
    ) -> ConnectionShape:
        parts: list[EdgesPart | PageInfoPart | TypenameCell] = []
        for name, found in self._children(f"{entity.name}Connection", nodes).items():
            field = found[0].name.value
            if field == "__typename":
                parts.append(TypenameCell(name, f"{entity.name}Connection"))
            elif field == "pageInfo":
                inner = self._children("PageInfo", found)
                parts.append(PageInfoPart(name, tuple((key, each[0].name.value) for key, each in inner.items())))
            else:
                parts.append(EdgesPart(name, self._edges((*path, name), entity, found, plans)))
        return tuple(parts)

    def _edges(
        self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode], plans: list[NodePlan]
    ) -> tuple[NodePart | CursorPart | TypenameCell, ...]:
        parts: list[NodePart | CursorPart | TypenameCell] = []
        for name, found in self._children(f"{entity.name}Edge", nodes).items():
            field = found[0].name.value
            if field == "__typename":
                parts.append(TypenameCell(name, f"{entity.name}Edge"))
            elif field == "cursor":
                parts.append(CursorPart(name))
            else:
                plans.append(self._node((*path, name), entity, found))
                parts.append(NodePart(name, len(plans) - 1))
        return tuple(parts)

    # Nodes.

    def _node(self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode]) -> NodePlan:
        fields = self._children(entity.name, nodes)
        return NodePlan(entity, tuple(self._cell((*path, name), entity, found) for name, found in fields.items()))

    def _cell(self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode]) -> Cell:
        name, asked = path[-1], nodes[0].name.value
        if asked == "__typename":
            return TypenameCell(name, entity.name)
        if asked == "id":
            return IdCell(name)
        counted = edge_of_list(entity, asked)
        field = asked if counted is None else counted.name
        coordinate = f"{entity.name}.{field}"
        effects = self.decision.of(entity.name).of(field)
        if not effects.told:
            return self._deny(path, coordinate)
        if (answer := entity.answer(field)) is not None:
            return self._answer(name, entity, answer, nodes)
        if field in entity.edges:
            return self._edge(path, entity.edge(field), nodes, with_page_info=counted is not None)
        if field == PROVENANCE:
            self._use(coordinate, "clear")
            parts = self._children(PROVENANCE_TYPE, nodes).items()
            compared = compared_fields(entity, self.decision.of(entity.name))
            return ProvenanceCell(name, tuple((key, found[0].name.value) for key, found in parts), compared)
        if effects.clear:
            self._use(coordinate, "clear")
        if effects.masks:
            self._use(coordinate, "masked")
        return FieldCell(name, entity.field(field))

    def _answer(self, name: str, entity: Entity, answer: Answer, nodes: list[FieldNode]) -> AnswerCell:
        coordinate = f"{entity.name}.{answer.name}"
        arguments = self.selections.arguments(entity.name, nodes[0])
        argument = None if answer.argument is None else arguments[answer.argument.name]
        effects = self.decision.of(entity.name).of(answer.name)
        check_asked(coordinate, effects, answer, argument, self.decision.subject)
        for each in answer.cases:
            self._count_edges(entity, each.when)
        self._use(coordinate, "answered")
        return AnswerCell(name, answer, argument)

    def _edge(self, path: tuple[str, ...], end: EdgeEnd, nodes: list[FieldNode], *, with_page_info: bool) -> Cell:
        target = self.catalogue.entity(end.target)
        if not self.decision.of(target.name).visible:
            return self._deny(path, end.coordinate)
        self._use(end.coordinate, "clear")
        arguments = self.selections.arguments(end.coordinate.partition(".")[0], nodes[0])
        # No default order, because it would read a coordinate that nobody asked for.
        order = filters.sort_keys(self.decision, target, arguments.get("orderBy") or [], self._use)
        first = size(arguments, nodes[0]) if end.many else None
        plans: list[NodePlan] = []
        shape = self._list(path, target, nodes, plans) if with_page_info else None
        if shape is None:
            plans.append(self._node(path, target, nodes))
        return EdgeCell(path[-1], end.name, target, first, order, tuple(plans), shape)

    def _list(self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode], plans: list[NodePlan]) -> ListShape:
        """A nested list with its page info."""
        parts: list[NodePart | PageInfoPart | TypenameCell] = []
        for name, found in self._children(list_type(entity), nodes).items():
            field = found[0].name.value
            if field == "__typename":
                parts.append(TypenameCell(name, list_type(entity)))
            elif field == "pageInfo":
                inner = self._children(LIST_INFO, found)
                parts.append(PageInfoPart(name, tuple((key, each[0].name.value) for key, each in inner.items())))
            else:
                plans.append(self._node((*path, name), entity, found))
                parts.append(NodePart(name, len(plans) - 1))
        return tuple(parts)

    # Aggregates.

    def _aggregate(
        self, name: str, field: str, entity: Entity, nodes: list[FieldNode], arguments: dict[str, Any]
    ) -> Root:
        if not self.decision.of(entity.name).contributing:
            return self._deny((name,), entity.name)
        where = filters.aggregate_where(self.catalogue, self.decision, entity, arguments.get("where"), self._use)
        self._count_edges(entity, where)
        buckets = filters.group_buckets(self.decision, entity, arguments.get("groupBy"), self._use)
        fields = self._children(aggregate_type(entity), nodes)
        cells = tuple((key, found[0].name.value) for key, found in fields.items())
        read, exact = filters.counted_rows(self.decision, entity, where, buckets)
        bound = filters.cell_cursor_binding(self.decision, entity, where, buckets)
        after = cursor(arguments)
        last = None if after is None else filters.read_cell_cursor(self.seals.open_cursor(bound, after))
        first = arguments.get("first")
        if first is not None or last is not None:
            first = at_most(PAGE_CELLS, PAGE_CELLS if first is None else first, nodes[0])
        return Aggregate(name, entity, where, buckets, cells, exact, read, first, last, bound)

    def _children(self, type_name: str, nodes: list[FieldNode]) -> dict[str, list[FieldNode]]:
        return self.selections.collect(type_name, [node.selection_set for node in nodes])
