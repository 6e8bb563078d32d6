"""What is asked of the GraphQL schema on each way, generated from the schema itself for one asker.

Each root field is selected, nested, filtered by each key and comparison, ordered, grouped, paged and looked up. Values
of conditions are canaries: of nodes that the asker may see and of such as they may not.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from policies import masking
from schema.catalogue import Bucket, Entity, Scalar
from schema.predicate import Placeholder
from tests.support.small_graph import SEALS, sid
from tests.support.ways_out import selections
from tests.support.ways_out.canaries import PLACES, Canaries
from tests.support.ways_out.lists import LOGIC, input_kind, is_node, root_kind
from tests.support.ways_out.rules import Asker

AGE_BAND = "90+"
AT_LEAST = 10
"""A count that every purpose may ask for, and that the crowd reaches."""
OTHERS = ("here", "next")
"""Whose values are compared with: one in the asker's street, one outside it."""


@dataclass(frozen=True)
class Probe:
    """One root field and its variables (type and value by name); `way` is the kind of way that it tries.

    `paged` is the variable of its cursor. `compared`: the oracle knows its answer.
    """

    way: str
    root: str
    variables: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    paged: str = ""
    compared: bool = True


def operation(probes: Sequence[Probe]) -> tuple[str, dict[str, Any]]:
    """One operation of some probes, and its variables; the root fields are called `r0` and on."""
    declared, values, roots = [], {}, []
    for number, each in enumerate(probes):
        root = each.root
        for name, (type_, value) in each.variables.items():
            declared.append(f"${name}{number}: {type_}")
            values[f"{name}{number}"] = value
            root = re.sub(rf"\${name}\b", f"${name}{number}", root)
        roots.append(f"r{number}: {root}")
    head = f"query Probe({', '.join(declared)})" if declared else "query Probe"
    return f"{head} {{ {' '.join(roots)} }}", values


@dataclass(frozen=True)
class Probes:
    """The probes of a schema over a graph of canaries, for one asker."""

    schema: GraphQLSchema
    canaries: Canaries
    asker: Asker

    def all(self) -> Iterator[Probe]:
        """All of them."""
        assert self.schema.query_type is not None
        yield from self.wholes()
        for name, each in self.schema.query_type.fields.items():
            kind = root_kind(name, each)
            made = {"pages": self.pages, "counts": self.counts, "one": self.one, "several": self.several}.get(kind)
            # What is neither is asked for as it is, and searched for canaries.
            yield from made(name, each) if made else self.whole(name, each)

    def wholes(self) -> Iterator[Probe]:
        """Everything of each type, by the list of it."""
        assert self.schema.query_type is not None
        for name, each in self.schema.query_type.fields.items():
            if root_kind(name, each) == "pages":
                yield Probe("select", f"{name}(first: 50) {self.select(each.type, 1)}")
                yield from self.questions(name, self.entity(each.type))

    def questions(self, name: str, entity: Entity) -> Iterator[Probe]:
        """Answers that take an argument, each with every value that is listed to the asker, and one that is not."""
        for answer in (each for each in entity.answers if each.argument is not None):
            assert answer.argument is not None
            listed = [
                asked
                for rule in self.asker.sight.rules[entity.name]
                if answer.name in rule.effects
                for asked in rule.effects[answer.name].asked
            ]
            own = self.asker.sight.who.jurisdiction
            values = [own if isinstance(each, Placeholder) else each for each in listed]
            unlisted = 33 if answer.argument.scalar is Scalar.INT else "14/99/"
            for value in dict.fromkeys((*values, unlisted)):
                given = f"{answer.name}({answer.argument.name}: {json.dumps(value)})"
                yield Probe("answer", f"{name}(first: 50) {{ edges {{ node {{ id {given} }} }} }}")

    def select(self, type_: Any, depth: int, only: str = "") -> str:
        """A selection set."""
        return selections.selection(self.schema, type_, depth, only)

    def entity(self, type_: Any) -> Entity:
        """The entity that a type of the schema is about."""
        name = get_named_type(type_).name
        for suffix in ("AggregateWhere", "Where", "Order", "Connection", "Aggregate", "Bucket", "List"):
            name = name.removesuffix(suffix) if name not in self.canaries.catalogue else name
        return self.canaries.catalogue.entity(name)

    # Roots that no kind describes.

    def whole(self, name: str, each: GraphQLField) -> Iterator[Probe]:
        """The root field with all that needs no argument, with each argument that it may take, and what needs one."""
        values = {argument: self.argument(argument, of.type) for argument, of in each.args.items()}
        types = {argument: str(of.type) for argument, of in each.args.items()}
        needed = [argument for argument in values if types[argument].endswith("!")]
        for extra in ((), *((argument,) for argument in values if argument not in needed)):
            given = {argument: (types[argument], values[argument]) for argument in (*needed, *extra)}
            way = f"{name} {' '.join(extra)}".strip()
            yield Probe(way, f"{name}{written(given)} {self.select(each.type, 1)}", given, compared=False)
        named = get_named_type(each.type)
        for inner, below in named.fields.items() if isinstance(named, GraphQLObjectType) else ():
            if below.args and not is_node(named):
                yield from self.below(name, inner, below)

    def below(self, root: str, name: str, each: GraphQLField) -> Iterator[Probe]:
        """A field below such a root that takes arguments, for each coordinate if it takes one."""
        names = [name for name, _ in self.canaries.catalogue.coordinates()] if "coordinate" in each.args else [""]
        for coordinate in names:
            given = {
                argument: (str(of.type), coordinate if argument == "coordinate" else self.asker.purpose)
                for argument, of in each.args.items()
            }
            text = f"{root} {{ {name}{written(given)} {self.select(each.type, 1)} }}"
            yield Probe(f"{root} {name}", text, given, compared=False)

    def argument(self, name: str, type_: Any) -> Any:
        """A value for an argument of a root that no kind describes, or of a subscription."""
        kind = input_kind(type_)
        if kind == "condition":
            entity = self.entity(type_)
            keys = [each for each in entity.fields if each.matchable] or list(entity.fields)
            value = _json(self.canaries.value(entity, "here", keys[0].name))
            return {keys[0].name: {"eq": value}}
        known: dict[str, Any] = {"Int": 1, "Date": "1900-01-01" if name == "since" else "2199-01-01"}
        if kind == "enum":
            named = get_named_type(type_)
            assert isinstance(named, GraphQLEnumType)
            return [next(iter(named.values))]
        if name == "atLeast":
            return AT_LEAST
        return {"role": "auditor"} if kind == "HypotheticalAsker" else known[kind]

    # Nodes by their ids.

    def seal(self, node: str, department: str | None = None) -> str:
        """The id that the asker, or another department, holds for a node."""
        entity = self.asker.sight.entity(node)
        return SEALS.seal_id(department or self.asker.sight.who.department, self.asker.purpose, entity.tag, sid(node))

    def one(self, name: str, each: GraphQLField) -> Iterator[Probe]:
        """One node by its id: each place, another department's id, an id of another type."""
        types = [self.entity(each.type)] if is_node(each.type) else list(self.canaries.catalogue)
        chosen = self.select(each.type, 0)
        for entity in types:
            ids = {place: self.seal(f"{entity.name}:{place}") for place in PLACES}
            ids["foreign"] = self.seal(f"{entity.name}:here", "another department")
            for place, text in ids.items():
                yield Probe(f"id {place}", f"{name}(id: $id) {chosen}", {"id": ("ID!", text)})
        other = next(each for each in self.canaries.catalogue if each not in types[:1])
        yield Probe("id of another type", f"{name}(id: $id) {chosen}", {"id": ("ID!", self.seal(f"{other.name}:here"))})

    def several(self, name: str, each: GraphQLField) -> Iterator[Probe]:
        """Nodes by their ids: those of each place, of every type."""
        for place in PLACES:
            ids = [self.seal(f"{entity.name}:{place}") for entity in self.canaries.catalogue]
            yield Probe("ids", f"{name}(ids: $ids) {self.select(each.type, 0)}", {"ids": ("[ID!]!", ids)})

    # Pages.

    def pages(self, name: str, each: GraphQLField) -> Iterator[Probe]:
        """Everything that can be asked of a list."""
        entity, where, order = self.entity(each.type), each.args["where"].type, each.args["orderBy"].type
        node = self.schema.type_map[entity.name]
        assert isinstance(node, GraphQLObjectType)
        yield from self.nested(name, node)
        for way, key, condition in self.conditions(where):
            chosen = self.select(node, 0, key)
            text = f"{name}(where: $where, first: 50) {{ edges {{ node {chosen} }} }}"
            yield Probe(way, text, {"where": (str(where), condition)})
        for key in _input(order).fields:
            for direction in ("ASC", "DESC"):
                chosen = f"{{ edges {{ node {self.select(node, 0, key)} }} }}"
                yield Probe(f"order {direction}", f"{name}(first: 50, orderBy: [{{{key}: {direction}}}]) {chosen}")
            for size, cursor in (("first", "after"), ("last", "before")):
                info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
                given = f"{size}: 2, {cursor}: $cursor, orderBy: [{{{key}: ASC}}]"
                text = f"{name}({given}) {{ edges {{ node {{ id }} }} {info} }}"
                yield Probe(f"cursor {cursor}", text, {"cursor": ("String", None)}, paged=cursor)

    def nested(self, name: str, node: GraphQLObjectType) -> Iterator[Probe]:
        """Each relation, each relation of what it leads to, and each order of it."""
        for relation, of in selections.relations(node):
            plain = selections.field(self.schema, relation, of, 1)
            yield Probe("nested list" if not is_node(of.type) else "nested", _page(name, plain))
            orders = _input(of.args["orderBy"].type).fields if "orderBy" in of.args else ()
            for key in orders:
                ordered = selections.field(self.schema, relation, of, 1, f"{{{key}: DESC}}")
                yield Probe("nested order", _page(name, ordered))
            target = get_named_type(of.type)
            if is_node(target):
                assert isinstance(target, GraphQLObjectType)
                for further, below in selections.relations(target):
                    inner = selections.field(self.schema, further, below, 1)
                    yield Probe("nested twice", _page(name, f"{relation} {{ id {inner} }}"))

    def conditions(self, type_: Any, *, inside: bool = False) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Way, key and condition: each key by each comparison, over each relation, under `and`, `or` and `not`.

        `inside` a relation each key is compared in one way, the keys after each other in another.
        """
        entity = self.entity(type_)
        for at, (key, each) in enumerate(_input(type_).fields.items()):
            kind = input_kind(each.type)
            if kind == "comparison":
                operators = [*_input(each.type).fields]
                for operator in [operators[at % len(operators)]] if inside else operators:
                    for value in self.compared_with(entity, key, operator):
                        yield f"where {operator}", key, {key: {operator: value}}
                yield from self.joined(entity, key) if not inside else ()
            elif kind == "relation" and not inside:
                for quantifier, target in _input(each.type).fields.items():
                    for _, _, condition in self.conditions(target.type, inside=True):
                        yield f"where {quantifier}", "id", {key: {quantifier: condition}}

    def joined(self, entity: Entity, key: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """A key under each word of logic."""
        value = next(iter(self.compared_with(entity, key, "eq")))
        leaf = {key: {"eq": value}}
        for word in sorted(LOGIC):
            yield f"where {word}", key, {word: leaf if word == "not" else [leaf, leaf]}

    def compared_with(self, entity: Entity, key: str, operator: str) -> Iterator[Any]:
        """Values for a comparison: of a node inside the asker's street, and of one outside."""
        if operator == "isNull":
            yield from (True, False)
            return
        values = [self.known(entity, key, place) for place in OTHERS]
        if operator == "in":
            yield values
            return
        for value in values:
            if operator == "startsWith":
                yield value[: max(1, len(value) - 3)] if "/" not in value else value[: value.index("/", 9) + 1]
            elif operator == "contains":
                yield value[1:]
            else:
                yield value

    def known(self, entity: Entity, key: str, place: str) -> Any:
        """What a node holds in a field, or in a bucket of one."""
        if entity.has(key):
            return _json(self.canaries.value(entity, place, key))
        each, bucket = entity.bucket(key)
        return _in_bucket(bucket, self.canaries.value(entity, place, each.name))

    # Counts.

    def counts(self, name: str, each: GraphQLField) -> Iterator[Probe]:
        """Everything that can be asked of an aggregate."""
        where = each.args["where"].type
        grouped = get_named_type(each.args["groupBy"].type) if "groupBy" in each.args else None
        buckets = list(grouped.values) if isinstance(grouped, GraphQLEnumType) else []
        chosen = self.select(each.type, 0)
        yield Probe("count", f"{name} {chosen}")
        for at, bucket in enumerate(buckets):
            yield Probe("groupBy", f"{name}(groupBy: [{bucket}]) {chosen}")
            yield Probe("groupBy two", f"{name}(groupBy: [{bucket}, {buckets[at - 1]}]) {chosen}")
            yield Probe("groupBy first", f"{name}(groupBy: [{bucket}], first: 1) {chosen}")
            made_up = {"after": ("String", "bm90IGEgY3Vyc29y")}
            text = f"{name}(groupBy: [{bucket}], after: $after) {chosen}"
            yield Probe("groupBy after", text, made_up, compared=False)
        for way, _, condition in self.conditions(where):
            given = {"where": (str(where), condition)}
            yield Probe(f"count {way}", f"{name}(where: $where) {{ count }}", given)


def _page(name: str, inner: str) -> str:
    return f"{name}(first: 50) {{ edges {{ node {{ id {inner} }} }} }}"


def written(given: Mapping[str, Any]) -> str:
    """Arguments that are variables of the same names."""
    return f"({', '.join(f'{name}: ${name}' for name in given)})" if given else ""


def _input(type_: Any) -> GraphQLInputObjectType:
    named = get_named_type(type_)
    assert isinstance(named, GraphQLInputObjectType)
    return named


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _in_bucket(bucket: Bucket, value: Any) -> Any:
    if bucket.kind == "region":
        assert bucket.level is not None
        return masking.cut_region(value, bucket.level)
    return AGE_BAND if bucket.kind == "age_band" else value
