"""Random documents, valid against the schema; the same `random.Random` gives the same document.

Fragments, aliases, inline fragments on `Node`, variables, `@include` and `@skip`, nested lists, filters, sorts,
cursors, aggregates, lookups and several roots. About one in eight asks for something that must be refused.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.masking import AGE_BANDS
from schema import SPINE
from schema.catalogue import Answer, Bucket, Catalogue, EdgeEnd, Entity, Field, Scalar
from schema.graphql import bucket_value
from tests.support.oracle import sources
from tests.support.oracle.naive_verifications import drawn_together
from tests.support.oracle.random_worlds import ASKED, PLACES, Word, leaf, literal, matchable, value_of

Likes = Callable[[str, str], bool]
"""Whether a type's coordinate is clear somewhere: filters and sorts go there more often than not."""


def entities_of(catalogue: Catalogue) -> tuple[Entity, ...]:
    """Types to ask for: people and cases more often than others, and what slices add most often."""
    case = catalogue.case
    people = [each for each in catalogue if each.subjects == ()]
    cases = [each for each in catalogue if case and each.name == case.entity]
    new = [each for each in catalogue if each.slice]
    return (*catalogue, *people, *cases, *cases, *new * 10)


ENTITIES = entities_of(SPINE)
ROOTS = (1, 1, 1, 2, 3)
FIRSTS = (0, 1, 1, 2, 3, 3, 5, 20, 200)
PAGED = "paged"


@dataclass(frozen=True)
class Document:
    """One operation and its variables; `paged`: the variable for the cursor of its root `paged`, if it has one."""

    text: str
    variables: dict[str, Any]
    paged: str


def document(
    rng: random.Random,
    ids: Sequence[str],
    likes: Likes,
    aliases: str = "a",
    entities: Sequence[Entity] = ENTITIES,
    roots: Sequence[int] = ROOTS,
    catalogue: Catalogue = SPINE,
) -> Document:
    """A valid document; `ids` are sealed ids to look up, `aliases` begins each alias and each name in it.

    `entities` and `roots` are what its root fields are about and how many there are, the oftener the likelier.
    """
    return _Drawing(rng, ids, likes, aliases, entities, roots, catalogue).document()


@dataclass
class _Drawing:
    rng: random.Random
    ids: Sequence[str]
    likes: Likes
    prefix: str
    entities: Sequence[Entity]
    counts: Sequence[int]
    catalogue: Catalogue
    declared: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, list[str]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    count: int = 0
    budget: int = 40
    paged: str = ""

    def document(self) -> Document:
        roots = [self.root(each) for each in range(self.rng.choice(self.counts))]
        if self.rng.random() < 0.1:
            roots.append("__typename")
        roots += self.verification()
        head = f"query {self.name('Q')}" + (f"({', '.join(self.declared)})" if self.declared else "")
        text = " ".join([head, "{", *roots, "}", *self.bodies])
        return Document(text, self.values, self.paged)

    def name(self, start: str) -> str:
        self.count += 1
        return f"{self.prefix}{start}{self.count}"

    def variable(self, type_name: str, value: Any) -> str:
        name = self.name("v")
        self.declared.append(f"${name}: {type_name}")
        self.values[name] = value
        return f"${name}"

    def maybe_variable(self, type_name: str, value: Any) -> str:
        return self.variable(type_name, value) if self.rng.random() < 0.4 else literal(value)

    # Roots.

    def root(self, index: int) -> str:
        entity = self.rng.choice(self.entities)
        draw = self.rng.random()
        alias = self.name("r")
        if draw < 0.07:
            return f"{alias}: node(id: {self.identifier()}) {self.node_interface()}"
        if draw < 0.12:
            return f"{alias}: nodes(ids: {self.identifiers()}) {self.node_interface()}"
        if draw < 0.2:
            one = entity.name[0].lower() + entity.name[1:]
            return f"{alias}: {one}(id: {self.identifier()}) {self.node(entity, 2)}"
        if draw < 0.42:
            return f"{alias}: {self.aggregate(entity)}"
        if index == 0 and draw < 0.6:
            return self.paged_root(entity)
        return f"{alias}: {self.page(entity)}"

    def verification(self) -> list[str]:
        """Sometimes a person is verified, and seldom with something else than a grant may list."""
        person = self.catalogue.person
        names = drawn_together(self.rng, person)
        if person is None or not names or self.rng.random() > 0.2:
            return []
        where: dict[str, Any] = {name: {"eq": value_of(self.rng, person.field(name))} for name in names}
        if self.rng.random() < 0.06:
            where |= leaf(self.rng, self.rng.choice(person.fields))
        elif self.rng.random() < 0.2:
            where = {"and": [{name: part} for name, part in where.items()]}
        return [f"{self.name('y')}: verify(where: {self.maybe_variable(f'{person.name}Where!', where)})"]

    def identifier(self) -> str:
        forged = ("A" * 50, "B" * 50, "x")
        return self.maybe_variable("ID!", self.rng.choice([*self.ids, *self.ids, *forged] if self.ids else forged))

    def identifiers(self) -> str:
        """Some ids, the same one twice too; one by one, or in a variable."""
        count = self.rng.choice((0, 1, 2, 3, 5))
        if self.rng.random() < 0.5:
            return f"[{', '.join(self.identifier() for _ in range(count))}]"
        chosen = [self.rng.choice([*self.ids, "A" * 50]) for _ in range(count)]
        return self.variable("[ID!]!", chosen)

    def paged_root(self, entity: Entity) -> str:
        self.paged = self.rng.choice(("after", "after", "before"))
        self.declared.append(f"${self.paged}: String")
        if self.rng.random() < 0.08:
            self.values[self.paged] = "bm90IGEgY3Vyc29y"
        size = "last" if self.paged == "before" else "first"
        # Without a size a page is asked for forwards, until it has a cursor.
        needed = self.paged == "before"
        arguments = [f"{self.paged}: ${self.paged}", *self.page_arguments(entity, size, needed=needed)]
        page_info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        return f"{PAGED}: {entity.plural}({', '.join(arguments)}) {{ edges {self.edge(entity)} {page_info} }}"

    def page(self, entity: Entity) -> str:
        arguments = self.page_arguments(entity, self.rng.choice(("first", "first", "last")))
        head = f"{entity.plural}({', '.join(arguments)})" if arguments else entity.plural
        parts = [f"{self.alias()}edges {self.edge(entity)}"]
        if self.rng.random() < 0.4:
            parts.append(f"{self.alias()}pageInfo {{ {self.alias()}hasNextPage hasPreviousPage endCursor __typename }}")
        if self.rng.random() < 0.2:
            parts.append(f"... on {entity.name}Connection {{ edges {{ cursor node {{ id }} }} }}")
        return f"{head} {{ {' '.join(parts)} }}"

    def edge(self, entity: Entity) -> str:
        extra = self.rng.choice(("", "", " cursor", " __typename"))
        return f"{{ node {self.node(entity, 2)}{extra} }}"

    def page_arguments(self, entity: Entity, size: str, *, needed: bool = False) -> list[str]:
        arguments = []
        if self.rng.random() < 0.7:
            matches = matchable(entity) and self.rng.random() < 0.25
            where = self.matching(entity) if matches else self.condition(entity, 2)
            arguments.append(f"where: {self.maybe_variable(f'{entity.name}Where', where)}")
        if needed or self.rng.random() < 0.6:
            first = -1 if self.rng.random() < 0.01 else 201 if self.rng.random() < 0.01 else self.rng.choice(FIRSTS)
            arguments.append(f"{size}: {self.maybe_variable('Int', first)}")
            if self.rng.random() < 0.01:
                arguments.append(f"{'first' if size == 'last' else 'last'}: 3")  # both ways: refused
        if self.rng.random() < 0.5:
            arguments.append(f"orderBy: {self.order(entity)}")
        return arguments

    def matching(self, entity: Entity) -> dict[str, Any]:
        key = self.rng.choice(matchable(entity))
        return {key.name: {"eq": value_of(self.rng, key)}}

    def order(self, entity: Entity) -> str:
        count = self.rng.choice((0, 1, 1, 1, 2, 3))
        names = dict.fromkeys(self.liked(entity) for _ in range(count))
        keys: list[Any] = [{name: Word(self.rng.choice(("ASC", "DESC")))} for name in names]
        if self.rng.random() < 0.02:
            keys.append({each.name: Word("ASC") for each in (entity.fields[0], entity.fields[-1])})
        return self.maybe_variable(f"[{entity.name}Order!]", keys)

    def liked(self, entity: Entity) -> str:
        """A field that is clear somewhere, mostly."""
        names = [each.name for each in entity.fields]
        clear = [name for name in names if self.likes(entity.name, name)]
        return self.rng.choice(clear if clear and self.rng.random() < 0.95 else names)

    # Conditions.

    def condition(self, entity: Entity, depth: int, *, aggregate: bool = False) -> dict[str, Any]:
        """A whole condition; one in four leads over a relation, or more, to a node by its key."""
        by_key = self.by_key(entity, self.rng.randint(1, depth)) if self.rng.random() < 0.25 else {}
        return by_key or self.where(entity, depth, aggregate=aggregate)

    def by_key(self, entity: Entity, edges: int) -> dict[str, Any]:
        """`some` over so many edges, to a comparison with a key; empty if none of these is clear."""
        if edges:
            ends = [end for end in entity.edges.values() if self.likes(entity.name, end.name)]
            for end in self.rng.sample(ends, len(ends)):
                if inner := self.by_key(self.catalogue.entity(end.target), edges - 1):
                    beside = self.where(entity, 0) if self.rng.random() < 0.3 else {}
                    return {**beside, end.name: {"some": inner}}
            return {}
        keys = [each for each in entity.fields if each.indexed and each.scalar is Scalar.STRING]
        clear = [each for each in keys if self.likes(entity.name, each.name)]
        if not clear:
            return {}
        key = self.rng.choice(clear)
        values = [value_of(self.rng, key) for _ in range(self.rng.randint(1, 3))]
        return {key.name: {"eq": values[0]} if self.rng.random() < 0.5 else {"in": values}}

    def where(self, entity: Entity, depth: int, *, aggregate: bool = False) -> dict[str, Any]:
        draw = self.rng.random()
        if draw < 0.005:
            return {}  # says nothing: refused
        if draw < 0.25 and depth:
            parts = [self.where(entity, depth - 1, aggregate=aggregate) for _ in range(self.rng.choice((1, 1, 2, 2)))]
            return {self.rng.choice(("and", "or")): parts}
        if draw < 0.4 and depth:
            return {"not": self.where(entity, depth - 1, aggregate=aggregate)}
        ends = [end for end in entity.edges.values() if self.likes(entity.name, end.name)]
        if draw < 0.6 and depth and ends:
            end = self.rng.choice(ends)
            inner = self.catalogue.entity(end.target)
            quantifiers = self.rng.choice((["some"], ["none"], ["some", "none"]))
            return {end.name: {each: self.where(inner, depth - 1) for each in quantifiers}}
        if aggregate and draw < 0.8 and _comparable(entity):
            return self.bucket_leaf(entity)
        made = leaf(self.rng, entity.field(self.liked(entity)))
        return made if self.rng.random() < 0.8 else made | leaf(self.rng, entity.field(self.liked(entity)))

    def bucket_leaf(self, entity: Entity) -> dict[str, Any]:
        each, bucket = self.rng.choice(_comparable(entity))
        if bucket.kind == "value":
            return leaf(self.rng, each)
        pool = AGE_BANDS if bucket.kind == "age_band" else PLACES[:-1]
        value = self.rng.choice(pool)
        return {bucket.name: {"in": [value, self.rng.choice(pool)]} if self.rng.random() < 0.5 else {"eq": value}}

    # Aggregates.

    def aggregate(self, entity: Entity) -> str:
        arguments = []
        if self.rng.random() < 0.6:
            where = self.condition(entity, 1, aggregate=True)
            arguments.append(f"where: {self.maybe_variable(f'{entity.name}AggregateWhere', where)}")
        names = [bucket for _, bucket in entity.buckets()]
        chosen = self.rng.sample(names, min(len(names), self.rng.choice((0, 1, 1, 2, 2, 3))))
        words = [bucket for bucket in names if bucket.kind == "words" and bucket not in chosen]
        chosen += words if self.rng.random() < 0.4 else []
        if names and self.rng.random() < 0.8:
            keys = [Word(bucket_value(each)) for each in chosen]
            arguments.append(f"groupBy: {self.maybe_variable(f'[{entity.name}Bucket!]', keys)}")
        if self.rng.random() < 0.25:
            arguments.append(
                f"first: {self.maybe_variable('Int', self.rng.choice((0, 1, 2, 3, 5, 2_000, 2_001, None)))}"
            )
        head = f"{entity.plural}Aggregate" + (f"({', '.join(arguments)})" if arguments else "")
        cells = " ".join(each.name for each in chosen)
        return f"{head} {{ {cells} {self.rng.choice(('count', 'count __typename cursor', f'{self.alias()}count'))} }}"

    # Nodes.

    def alias(self) -> str:
        return f"{self.name('f')}: " if self.rng.random() < 0.25 else ""

    def directive(self) -> str:
        if self.rng.random() > 0.12:
            return ""
        flag = self.rng.random() < 0.6
        return f" @{self.rng.choice(('include', 'skip'))}(if: {self.maybe_variable('Boolean!', flag)})"

    def node_interface(self) -> str:
        entity = self.rng.choice(tuple(self.catalogue))
        other = self.rng.choice(tuple(self.catalogue))
        return f"{{ id __typename ... on {entity.name} {self.node(entity, 1)} ... on {other.name} {{ id }} }}"

    def node(self, entity: Entity, depth: int) -> str:
        """A selection set on a type."""
        parts = ["id"] if self.rng.random() < 0.5 else []
        for _ in range(self.rng.randint(1, 5)):
            self.budget -= 1
            parts.append(self.part(entity, depth if self.budget > 0 else 0))
        return "{ " + " ".join(parts) + " }"

    def part(self, entity: Entity, depth: int) -> str:
        draw = self.rng.random()
        if draw < 0.08:
            on = self.rng.choice((entity.name, "Node"))
            return f"... on {on}{self.directive()} {{ id {self.alias()}__typename }}"
        if draw < 0.16 and depth:
            return f"...{self.directive()} {self.node(entity, depth - 1)}" if draw < 0.1 else self.spread(entity, depth)
        if draw > 0.9:
            return f"{self.name('p')}: {sources.selection(self.rng)}"
        if draw < 0.45 and depth and entity.edges:
            return self.nested(self.edge_of(entity), depth)
        if entity.answers and draw < 0.62:
            return f"{self.question(self.rng.choice(entity.answers))}{self.directive()}"
        return f"{self.alias()}{self.field(entity)}{self.directive()}"

    def edge_of(self, entity: Entity) -> EdgeEnd:
        """An edge, mostly one that is clear somewhere, to many rather than to one."""
        ends = list(entity.edges.values())
        clear = [end for end in ends if self.likes(entity.name, end.name)]
        chosen = clear if clear and self.rng.random() < 0.6 else ends
        return self.rng.choice([*chosen, *(end for end in chosen if end.many)])

    def field(self, entity: Entity) -> str:
        """A field's name; a free text, of which there are few, more often than others."""
        texts = [each for each in entity.fields if each.text_properties]
        return self.rng.choice(texts if texts and self.rng.random() < 0.3 else entity.fields).name

    def question(self, answer: Answer) -> str:
        """An answer, asked with what a grant may list."""
        if answer.argument is None:
            return f"{self.alias()}{answer.name}"
        scalar = answer.argument.scalar
        value = self.maybe_variable(f"{scalar}!", self.rng.choice(ASKED[scalar]))
        return f"{self.name('q')}: {answer.name}({answer.argument.name}: {value})"

    def spread(self, entity: Entity, depth: int) -> str:
        known = self.fragments.setdefault(entity.name, [])
        if known and self.rng.random() < 0.4:
            return f"...{self.rng.choice(known)}{self.directive()}"
        body = self.node(entity, depth - 1)
        name = self.name("F")
        self.bodies.append(f"fragment {name} on {entity.name} {body}")
        known.append(name)
        return f"...{name}{self.directive()}"

    def nested(self, end: EdgeEnd, depth: int) -> str:
        target = self.catalogue.entity(end.target)
        arguments = []
        if end.many and self.rng.random() < 0.5:
            arguments.append(f"first: {self.maybe_variable('Int', self.rng.choice(FIRSTS))}")
        if end.many and self.rng.random() < 0.5:
            arguments.append(f"orderBy: {self.order(target)}")
        alias = f"{self.name('e')}: " if arguments else self.alias()
        of = f"({', '.join(arguments)})" if arguments else ""
        if end.many and self.rng.random() < 0.4:
            return f"{alias}{end.name}List{of} {self.counted(target, depth)}"
        head = f"{alias}{end.name}{of}"
        if any(each.startswith("first") for each in arguments) or not end.many or depth < 2:
            return f"{head}{self.directive()} {self.node(target, depth - 1)}"
        return f"{head} {self.node(target, depth - 1)}"

    def counted(self, target: Entity, depth: int) -> str:
        """The selection set of a nested list with its page info: its nodes under one name, two, or none."""
        nodes = [f"{self.alias()}nodes {self.node(target, depth - 1)}" for _ in range(self.rng.choice((0, 1, 1, 2)))]
        info = f"{self.alias()}pageInfo{self.directive()} {{ {self.alias()}totalCount hasNextPage __typename }}"
        return f"{{ {' '.join(nodes)} {info} __typename }}"


def _comparable(entity: Entity) -> list[tuple[Field, Bucket]]:
    """The buckets that a condition may name."""
    return [(each, bucket) for each, bucket in entity.buckets() if bucket.comparable]
