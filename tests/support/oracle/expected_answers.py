"""The answer that a document must get: data, errors and refusals, worked out from the naive view alone.

Cursors stand as `cursor:<surrogate>`, so that a page after one can be found again; sealed ids are made with the
world's seals. A refusal is a set of codes: the hub may name any one fault of a document that has several.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    get_variable_values,
    parse,
)
from graphql.execution.values import VariableValues

from schema.catalogue import Answer, EdgeEnd, Entity
from schema.graphql import bucket_value
from schema.predicate import All, Compare, Not, Op, Predicate
from tests.support.oracle import sources
from tests.support.oracle.expected import Expected
from tests.support.oracle.naive_answers import answered, may_be_asked
from tests.support.oracle.naive_conditions import LIST_MAX, ConditionReader
from tests.support.oracle.naive_counts import aggregate, counts_a_list, picks_rows
from tests.support.oracle.naive_pages import CURSOR, Part, asks_backward, part_of
from tests.support.oracle.naive_verifications import agreement, may_be_verified, whole_values
from tests.support.oracle.naive_view import Sight
from tests.support.small_graph import SEALS, schema_of, sid

CELLS_MAX = 2_000


def expected(sight: Sight, document: str, variables: Mapping[str, Any]) -> Expected:
    """The oracle's answer to a valid document of one operation."""
    parsed = parse(document)
    operation = next(each for each in parsed.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
    values = get_variable_values(schema_of(sight.catalogue), operation.variable_definitions or (), dict(variables))
    assert isinstance(values, VariableValues), values
    reader = _Reader(sight, fragments, values)
    for name, nodes in reader.fields("Query", [operation]).items():
        reader.out.data[name] = reader.root(name, nodes)
    return reader.out


class _Reader(ConditionReader):
    def root(self, name: str, nodes: list[FieldNode]) -> Any:
        """One root field."""
        wanted = nodes[0].name.value
        if wanted == "__typename":
            return "Query"
        arguments = self.arguments("Query", nodes[0])
        if wanted == "nodes":
            return self.several(nodes, arguments["ids"], (name,))
        if "id" in arguments and not SEALS.is_id(arguments["id"]):
            return self.out.faults.add("VALIDATION")
        if wanted == "node":
            return self.any_node(name, nodes, arguments["id"])
        if wanted == "verify":
            return self.verify(name, arguments["where"])
        for entity in self.catalogue:
            if wanted == entity.plural:
                return self.page(name, entity, nodes, arguments)
            if wanted == f"{entity.plural}Aggregate":
                return self.aggregate(name, entity, nodes, arguments)
            if wanted == entity.name[0].lower() + entity.name[1:]:
                return self.lookup(name, entity, nodes, arguments["id"])
        raise AssertionError(wanted)

    def verify(self, name: str, where: Any) -> Any:
        person = self.catalogue.person
        assert person is not None
        if not any(rule.verify for rule in self.sight.rules[person.name]):
            return self.deny((name,))
        predicate = self.condition(person, where)
        values = {} if predicate is None else whole_values(predicate)
        if predicate is None or not may_be_verified(self.sight, person.name, values):
            return self.out.faults.add("VALIDATION" if predicate is None else "FIELD_NOT_FILTERABLE")
        told, found = agreement(self.sight, person, values)
        self.out.people.update(found)
        self.out.verified.add(told)
        return told

    def deny(self, path: tuple[str, ...]) -> None:
        """A static denial: told once, whatever the rows."""
        self.out.errors["FIELD_DENIED", path] += 1

    def found(self, text: str) -> str | None:
        """The name of the visible node with this sealed id."""
        for name, (label, _) in self.sight.world.nodes.items():
            tag = self.catalogue.entity(label).tag
            if SEALS.seal_id(self.department, self.purpose, tag, sid(name)) == text:
                return name if self.sight.alive(name) and self.sight.visible(name) else None
        return None

    def any_node(self, name: str, nodes: list[FieldNode], text: str) -> Any:
        opened = SEALS.open_id(self.department, self.purpose, text)
        entity = self.catalogue.by_tag(opened[0]) if opened else None
        if entity is None or not self.sight.opens(entity.name):
            self.out.forged.add(name)
            self.out.maybe |= self.possible(nodes)
            return None
        self.denials((name,), entity, nodes)
        found = self.found(text)
        return None if found is None else self.node(entity, found, nodes)

    def several(self, nodes: list[FieldNode], ids: list[str], path: tuple[str, ...]) -> Any:
        """What is told of hidden fields is that of all open types; each place is a node, or null."""
        if len(ids) > LIST_MAX or not all(map(SEALS.is_id, ids)):
            return self.out.faults.add("VALIDATION")
        for entity in filter(lambda each: self.sight.opens(each.name), self.catalogue):
            self.denials(path, entity, nodes)
        found = [self.found(each) for each in ids]
        return [None if each is None else self.node(self.sight.entity(each), each, nodes) for each in found]

    def possible(self, nodes: list[FieldNode]) -> set[str]:
        """The faults of a selection, whatever type it is on."""
        kept, self.out = self.out, Expected()
        for entity in self.catalogue:
            if self.sight.opens(entity.name):
                self.denials((), entity, nodes)
        found, self.out = self.out.faults, kept
        return found

    def lookup(self, name: str, entity: Entity, nodes: list[FieldNode], text: str) -> Any:
        if not self.sight.opens(entity.name):
            return self.deny((name,))
        self.denials((name,), entity, nodes)
        found = self.found(text)
        if found is None or self.sight.entity(found) is not entity:
            return None
        return self.node(entity, found, nodes)

    # Pages.

    def page(self, name: str, entity: Entity, nodes: list[FieldNode], arguments: dict[str, Any]) -> Any:
        if not (self.sight.opens(entity.name) or self.sight.finds(entity.name)):
            return self.deny((name,))
        predicate = self.condition(entity, arguments.get("where"))
        matched = self.matched(entity, predicate)
        if predicate is not None and matched is None and not self.sight.opens(entity.name):
            return self.deny((name,))
        backward = asks_backward(arguments)
        if backward is None:
            self.out.faults.add("VALIDATION")
        first = self.first(arguments, "last" if backward else "first")
        if matched:
            first = 1
            rows = self.sight.match(entity, matched.field, matched.value)
        else:
            checked = self.check(entity, self.bounded(entity, predicate or All(())))
            order = self.page_order(entity, arguments.get("orderBy"))
            rows = [] if self.out.faults else self.sight.page(entity, checked, order)
        self.connection_denials((name,), entity, nodes)
        cursor = arguments.get("before" if backward else "after")
        part = part_of(rows, first, cursor, backward=bool(backward))
        if part is None:
            self.out.faults.add("BAD_CURSOR")
        return self.connection(entity, nodes, part or Part([], before=False, after=False))

    def matched(self, entity: Entity, predicate: Predicate | None) -> Compare | None:
        """A match is one complete value of one coordinate that is not clear, alone."""
        while isinstance(predicate, Not) and isinstance(predicate.part, Not):
            predicate = predicate.part.part
        if not isinstance(predicate, Compare) or predicate.op is not Op.EQ:
            return None
        return predicate if self.sight.matches(entity.name, predicate.field) else None

    def page_order(self, entity: Entity, source: list[dict[str, Any]] | None) -> list[tuple[str, bool]]:
        if source is None:
            return [("region", False)] if entity.located and self.sight.region_always_clear(entity.name) else []
        return self.order(entity, source)

    def connection(self, entity: Entity, nodes: list[FieldNode], part: Part) -> Any:
        rows = part.rows
        ends = {
            "__typename": "PageInfo",
            "hasNextPage": part.after,
            "hasPreviousPage": part.before,
            "startCursor": CURSOR + sid(rows[0]) if rows else None,
            "endCursor": CURSOR + sid(rows[-1]) if rows else None,
        }
        shown: dict[str, Any] = {}
        for name, found in self.fields(f"{entity.name}Connection", nodes).items():
            wanted = found[0].name.value
            if wanted == "__typename":
                shown[name] = f"{entity.name}Connection"
            elif wanted == "pageInfo":
                inner = self.fields("PageInfo", found)
                shown[name] = {key: ends[each[0].name.value] for key, each in inner.items()}
            else:
                shown[name] = [self.edge_of(entity, row, found) for row in rows]
        return shown

    def edge_of(self, entity: Entity, row: str, nodes: list[FieldNode]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, found in self.fields(f"{entity.name}Edge", nodes).items():
            wanted = found[0].name.value
            if wanted == "node":
                shown[name] = self.node(entity, row, found)
            else:
                shown[name] = CURSOR + sid(row) if wanted == "cursor" else f"{entity.name}Edge"
        return shown

    def connection_denials(self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode]) -> None:
        for edges, found in self.fields(f"{entity.name}Connection", nodes).items():
            if found[0].name.value == "edges":
                for name, inner in self.fields(f"{entity.name}Edge", found).items():
                    if inner[0].name.value == "node":
                        self.denials((*path, edges, name), entity, inner)

    # Nodes.

    def denials(self, path: tuple[str, ...], entity: Entity, nodes: list[FieldNode]) -> None:
        """What is denied or refused in a selection, whatever the rows."""
        for name, found in self.fields(entity.name, nodes).items():
            wanted = found[0].name.value
            if wanted in {"id", "__typename"}:
                continue
            answer = entity.answer(wanted)
            if answer is not None:
                if not self.sight.gives(entity.name, wanted, "answer"):
                    self.deny((*path, name))
                elif not may_be_asked(self.sight, entity.name, answer, self.asked(entity, found[0])):
                    self.out.faults.add("VALIDATION")
                continue
            end = entity.edges.get(wanted) or entity.edges.get(wanted.removesuffix("List"))
            if not self.sight.gives(entity.name, end.name if end else wanted, "clear", "mask") or (
                end and not self.sight.opens(end.target)
            ):
                self.deny((*path, name))
            elif end:
                self.list_arguments(entity, end, found[0])
                target = self.catalogue.entity(end.target)
                for inner, selected in [((), found)] if wanted == end.name else self.nodes_of_list(target, found):
                    self.denials((*path, name, *inner), target, selected)

    def nodes_of_list(self, target: Entity, nodes: list[FieldNode]) -> list[tuple[tuple[str, ...], list[FieldNode]]]:
        """The selections of nodes in a list with its page info, each with its name."""
        fields = self.fields(f"{target.name}List", nodes)
        return [((name,), found) for name, found in fields.items() if found[0].name.value == "nodes"]

    def list_arguments(self, entity: Entity, end: EdgeEnd, node: FieldNode) -> tuple[list[tuple[str, bool]], int]:
        if not end.many:
            return [], 1
        arguments = self.arguments(entity.name, node)
        return self.order(self.catalogue.entity(end.target), arguments.get("orderBy") or []), self.first(arguments)

    def node(self, entity: Entity, row: str, nodes: list[FieldNode]) -> dict[str, Any]:
        """One visible node."""
        return {name: self.cell(entity, row, found) for name, found in self.fields(entity.name, nodes).items()}

    def cell(self, entity: Entity, row: str, nodes: list[FieldNode]) -> Any:
        wanted = nodes[0].name.value
        if wanted == "__typename":
            return entity.name
        if wanted == "id":
            return SEALS.seal_id(self.department, self.purpose, entity.tag, sid(row))
        if wanted == "provenance":
            told, cells = sources.provenance(self.sight, row), self.fields("Provenance", nodes)
            return told and [{name: each[of[0].name.value] for name, of in cells.items()} for each in told]
        answer = entity.answer(wanted)
        if answer is not None:
            return self.told(entity, row, answer, self.asked(entity, nodes[0]))
        end = entity.edges.get(wanted) or entity.edges.get(wanted.removesuffix("List"))
        if end is None:
            return self.shown(entity, row, wanted)
        target = self.catalogue.entity(end.target)
        if not self.sight.gives(entity.name, end.name, "clear") or not self.sight.opens(end.target):
            return None
        order, first = self.list_arguments(entity, end, nodes[0])
        rows = self.sight.sorted(self.sight.reached(row, end.name), order)
        if end.many and len(rows) > first:
            self.out.cut[end.coordinate, first, len(rows)] += 1
        if wanted != end.name:
            return self.list_with_info(target, nodes, rows, first)
        shown = [self.node(target, each, nodes) for each in islice(rows, first)]
        return shown if end.many else next(iter(shown), None)

    def list_with_info(self, target: Entity, nodes: list[FieldNode], rows: list[str], first: int) -> dict[str, Any]:
        """A nested list with what it says of itself."""
        info = {"__typename": "ListInfo", "hasNextPage": len(rows) > first, "totalCount": len(rows)}
        shown: dict[str, Any] = {}
        for name, found in self.fields(f"{target.name}List", nodes).items():
            wanted = found[0].name.value
            if wanted == "nodes":
                shown[name] = [self.node(target, each, found) for each in islice(rows, first)]
            elif wanted == "pageInfo":
                inner = self.fields("ListInfo", found)
                shown[name] = {key: info[each[0].name.value] for key, each in inner.items()}
            else:
                shown[name] = f"{target.name}List"
        return shown

    def shown(self, entity: Entity, row: str, name: str) -> Any:
        """A field of a visible node; the record must name whom it tells about."""
        value = self.sight.shown(row, name)
        self.out.shown += value is not None
        if value is not None and entity.field(name).personal and entity.subjects is not None:
            self.out.people |= self.sight.subjects(row)
        return value

    def asked(self, entity: Entity, node: FieldNode) -> Any:
        """What an answer is asked with; None for nothing."""
        return next(iter(self.arguments(entity.name, node).values()), None)

    def told(self, entity: Entity, row: str, answer: Answer, argument: Any) -> Any:
        """An answer of a visible node; the record must name whom it tells about."""
        value = answered(self.sight, row, answer, argument)
        self.out.answers += value is not None
        self.out.shown += value is not None
        if value is not None and answer.personal and entity.subjects is not None:
            self.out.people |= self.sight.subjects(row)
        return value

    # Aggregates.

    def aggregate(self, name: str, entity: Entity, nodes: list[FieldNode], arguments: dict[str, Any]) -> Any:
        if not any(rule.counts for rule in self.sight.rules[entity.name]):
            return self.deny((name,))
        predicate = self.condition(entity, arguments.get("where"), aggregate=True) or All(())
        where = self.check(entity, self.bounded(entity, predicate), aggregate=True)
        known = {bucket_value(bucket): (each, bucket) for each, bucket in entity.buckets()}
        wanted = arguments.get("groupBy") or []
        if len(set(wanted)) < len(wanted):
            self.out.faults.add("VALIDATION")
        if len(wanted) > self.sight.most_buckets(entity.name):
            self.out.faults.add("COST_LIMIT")
        buckets = [known[each] for each in wanted]
        for each, _ in buckets:
            self.require(entity, each.name, "clear", "aggregate")
        if picks_rows(where) and not counts_a_list(self.sight, entity, where, buckets):
            self.out.faults.add("FIELD_NOT_FILTERABLE")
        first = arguments.get("first")
        if first is not None and not 0 <= first <= CELLS_MAX:
            self.out.faults.add("VALIDATION")
        if self.out.faults:
            return None
        cells = aggregate(self.sight, entity, where, buckets)[:first]
        if first is None and len(cells) > CELLS_MAX:
            self.out.faults.add("COST_LIMIT")
            return None
        self.out.shown += sum(bool(count) for _, count in cells)
        if any(count is None for _, count in cells):
            self.out.errors["SUPPRESSED", (name,)] += 1
        return [self.aggregate_row(entity, nodes, buckets, *cell) for cell in cells]

    def aggregate_row(
        self, entity: Entity, nodes: list[FieldNode], buckets: list[Any], key: tuple[Any, ...], count: int | None
    ) -> dict[str, Any]:
        values = {bucket.name: value for (_, bucket), value in zip(buckets, key, strict=True)}
        values |= {"__typename": f"{entity.name}Aggregate", "count": count, "cursor": f"{CURSOR}{key}"}
        fields = self.fields(f"{entity.name}Aggregate", nodes)
        return {name: values.get(found[0].name.value) for name, found in fields.items()}
