"""The naive oracle: what a subject may see of each cell, in plain Python, independent of the compiler.

Semantics 1 to 12 of the design's section 4. It reads a `PolicySet`, a `World` and a document, and shares nothing with
the way from document to statement but the catalogue, the predicate's form and the definition of the masks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.home.seals import ORDER_PRIME
from policies import masking
from policies.model import PolicySet
from policies.rules import Effect, Subject
from schema import SPINE
from schema.catalogue import Bucket, Catalogue, Entity, Field
from schema.declarations import TextProperties
from schema.predicate import (
    All,
    Any_,
    CaseHolds,
    Compare,
    IsCase,
    Not,
    Placeholder,
    Predicate,
    Related,
    conjuncts,
    has_case,
    negation_normal,
)
from tests.support.oracle import free_texts
from tests.support.oracle.three_valued import View
from tests.support.small_graph import SEALS, World, sid


@dataclass(frozen=True)
class Rule:
    """What is left of one grant for one type, prohibitions taken away."""

    where: Predicate
    effects: Mapping[str, Effect]
    match: frozenset[str]
    contributors: int
    rounding: int
    buckets: int
    demands: frozenset[Predicate]
    """The parts of the condition as it is written: a condition with more of them has fewer rows."""
    verify: frozenset[str] = frozenset()
    """The fields that it verifies, all together."""

    @property
    def counts(self) -> bool:
        """Whether it lets rows be counted: more than an answer is given."""
        return any(effect.name != "answer" for effect in self.effects.values())

    @property
    def shows(self) -> bool:
        """Whether it makes rows visible."""
        return any(effect.name in {"clear", "mask"} for effect in self.effects.values())


def above_or_same(upper: str, lower: str) -> bool:
    """Whether `upper` is `lower` or one of its ancestors in the purpose tree."""
    return lower.split(".")[: upper.count(".") + 1] == upper.split(".")


def rules_for(
    policies: PolicySet, who: Subject, purpose: str, today: dt.date, catalogue: Catalogue = SPINE
) -> dict[str, list[Rule]]:
    """By type: the rules that apply to this subject and purpose today (semantics 1 to 4)."""
    lineage = [each for each in policies.purposes.values() if above_or_same(each.id, purpose)]
    if any(each.expires is not None and each.expires < today for each in lineage):
        return {entity.name: [] for entity in catalogue}
    least = max(each.contributors for each in lineage)
    coarsest = max(each.rounding for each in lineage)
    struck = {
        coordinate
        for each in policies.prohibitions
        if any(above_or_same(p, purpose) or above_or_same(purpose, p) for p in each.purposes)
        for coordinate in each.coordinates
    }
    found: dict[str, list[Rule]] = {entity.name: [] for entity in catalogue}
    for grant in policies.grants:
        asked = any(above_or_same(each, purpose) for each in grant.purposes)
        if not (asked and grant.to.selects(who) and grant.valid.holds(today)):
            continue
        for name, where in grant.rows.items():
            own = {c: c.split(".")[1] for c in {*grant.fields, *grant.match} - struck if c.split(".")[0] == name}
            effects = {own[c]: effect for c, effect in grant.fields.items() if c in own}
            match = frozenset(own[c] for c in grant.match if c in own)
            demands = conjuncts(negation_normal(where))
            limits = (max(grant.contributors, least), max(grant.rounding, coarsest), grant.buckets)
            verify = frozenset(c.split(".")[1] for c in grant.verify if c.split(".")[0] == name)
            verify = verify if not grant.verify & struck else frozenset()
            found[name].append(Rule(resolved(where, who, today), effects, match, *limits, demands, verify))
    return found


def resolved(predicate: Predicate, who: Subject, today: dt.date, argument: Any = None) -> Predicate:
    """The condition with its placeholders filled in; of an answer, also with what it is asked with."""
    match predicate:
        case All(parts):
            return All(tuple(resolved(each, who, today, argument) for each in parts))
        case Any_(parts):
            return Any_(tuple(resolved(each, who, today, argument) for each in parts))
        case Not(part):
            return Not(resolved(part, who, today, argument))
        case Related(edge, some, where):
            return Related(edge, some, resolved(where, who, today, argument))
        case Compare(name, op, value, bucket):
            if isinstance(value, tuple):
                return Compare(name, op, tuple(_filled(each, who, today, argument) for each in value), bucket)
            return Compare(name, op, _filled(value, who, today, argument), bucket)
        case IsCase() | CaseHolds():
            return predicate


def _filled(value: Any, who: Subject, today: dt.date, argument: Any = None) -> Any:
    if not isinstance(value, Placeholder):
        return value
    if value.name == "argument":
        return argument
    if value.name.startswith("today"):
        return today.replace(year=today.year - (value.years_ago if value.name == "today" else argument))
    return getattr(who, value.name.removeprefix("subject."))


def coarse(field_: Field, bucket: Bucket, value: Any, today: dt.date) -> Any:
    """A raw value in one of its buckets; None stays None."""
    if value is None or bucket.kind == "value":
        return value
    if bucket.kind == "age_band":
        return masking.age_band(value, today)
    assert bucket.level is not None
    return masking.cut_region(value, bucket.level)


def place(department: str, purpose: str, name: str) -> tuple[int, str]:
    """Where a node stands among equals: no two departments or purposes share an order."""
    at = int(sid(name)[:15], 16)
    for key in SEALS.order_key(department, purpose):
        at = pow(at + key, 3, ORDER_PRIME)
    return at, sid(name)


@dataclass
class Sight:
    """What one subject sees of one world for one purpose: each question is answered for one node at a time."""

    world: World
    rules: Mapping[str, list[Rule]]
    who: Subject
    purpose: str
    today: dt.date
    case: str | None = None
    readable: Callable[[str], bool] = lambda _: True
    """Whether all that its sources say of a node was collected for what the purpose may read."""
    _edges: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _holds: dict[tuple[str, int], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source, edge, target in self.world.edges:
            if self.alive(source) and self.alive(target):
                inverse = self.entity(source).edge(edge).inverse.split(".")[1]
                self._edges.setdefault((source, edge), []).append(target)
                self._edges.setdefault((target, inverse), []).append(source)
        self.raw = View(lambda name, leaf: self.value(name, leaf.field), self.neighbours, case=self.is_case)
        self.answering = View(
            lambda name, leaf: self.value(name, leaf.field),
            lambda name, edge: [each for each in self.neighbours(name, edge) if self.readable(each)],
        )
        self.seen = View(lambda name, leaf: self.clear_value(name, leaf.field), self.reached)
        self.counted = View(self._countable, self.reached, self.seen)

    @property
    def catalogue(self) -> Catalogue:
        """What the world is made of."""
        return self.world.catalogue

    def alive(self, name: str) -> bool:
        """Whether the node is no tombstone."""
        return self.world.nodes[name][1].get("deletedAt") is None

    def entity(self, name: str) -> Entity:
        """The node's type."""
        return self.catalogue.entity(self.world.nodes[name][0])

    def names(self, entity: Entity) -> Iterator[str]:
        """All living nodes of a type, by surrogate."""
        alive = (name for name, (label, _) in self.world.nodes.items() if label == entity.name and self.alive(name))
        return iter(sorted(alive, key=sid))

    def value(self, name: str, field_: str) -> Any:
        """The raw value, None if there is none."""
        return self.world.nodes[name][1].get(field_)

    def neighbours(self, name: str, edge: str) -> list[str]:
        """Living nodes over an edge, whoever asks."""
        return sorted(set(self._edges.get((name, edge), [])), key=sid)

    def holding(self, name: str) -> list[Rule]:
        """The rules whose row condition holds for the node; conditions of policies read raw values."""
        rules = self.rules[self.entity(name).name] if self.readable(name) else []
        for index, rule in enumerate(rules):
            if (name, index) not in self._holds:
                self._holds[name, index] = self.raw.truth(rule.where, name) is True
        return [rule for index, rule in enumerate(rules) if self._holds[name, index]]

    def is_case(self, name: str | None) -> bool:
        """Semantics 12: an open event of the subject's department with that number, visible without the case."""
        case = self.catalogue.case
        assert case is not None
        if name is None:
            return any(self.is_case(each) for each in self.names(self.catalogue.entity(case.entity)))
        without = [rule for rule in self.rules[case.entity] if rule.shows and not has_case(rule.where)]
        return (
            self.case is not None
            and self.value(name, case.number) == self.case
            and self.value(name, case.status) in case.open
            and self.value(name, case.department) == self.who.department
            and any(self.raw.truth(rule.where, name) is True for rule in without)
        )

    def visible(self, name: str) -> bool:
        """Semantics 6."""
        return any(rule.shows for rule in self.holding(name))

    def contributes(self, name: str) -> bool:
        """Whether an aggregate counts the node."""
        return any(rule.counts for rule in self.holding(name))

    def effect(self, name: str, field_: str) -> Effect | None:
        """The strongest effect on one cell (semantics 5)."""
        given = [rule.effects[field_] for rule in self.holding(name) if field_ in rule.effects]
        strength = {"clear": 3, "mask": 2, "aggregate": 1}

        def strongest(effect: Effect) -> tuple[int, int]:
            rung = self.entity(name).field(field_).masks.index(effect.mask) if effect.mask else 0
            return strength[effect.name], rung

        return max(given, key=strongest, default=None)

    def shown(self, name: str, field_: str) -> Any:
        """What a cell shows: the raw value, a masked one, or None."""
        value, effect = self.value(name, field_), self.effect(name, field_)
        if value is None or effect is None or effect.name == "aggregate":
            return None
        if effect.mask is not None and effect.mask.startswith("text"):
            return free_texts.masked(effect.mask, value, free_texts.trusted(*self.beside(name, field_)))
        if effect.mask is not None:
            return self.masked(effect.mask, value)
        return value.isoformat() if isinstance(value, dt.date) else value

    def beside(self, name: str, field_: str) -> tuple[Mapping[str, Any], TextProperties]:
        """A node's properties, and what those beside a free text are called."""
        return self.world.nodes[name][1], TextProperties(field_)

    def masked(self, rung: str, value: Any) -> Any:
        """A value under one rung; a pseudonym has a key for each department and purpose."""
        if rung == "pseudonym":
            key = SEALS.pseudonym_key(self.who.department, self.purpose)
            return masking.parse(rung).apply(value, self.today, key)
        return masking.parse(rung).apply(value, self.today)

    def clear_value(self, name: str, field_: str) -> Any:
        """The value if the cell is clear; a masked or hidden cell is null to filters and sorts (semantics 9)."""
        effect = self.effect(name, field_)
        return self.value(name, field_) if effect is not None and effect.name == "clear" else None

    def reached(self, name: str, edge: str) -> list[str]:
        """Visible nodes over a visible edge (semantics 7)."""
        effect = self.effect(name, edge)
        if effect is None or effect.name != "clear":
            return []
        return [each for each in self.neighbours(name, edge) if self.visible(each)]

    def bucket(self, name: str, field_: Field, bucket: Bucket) -> Any:
        """The bucket a node is counted in; None where no grant gives clear or aggregate on the cell."""
        given = {rule.effects[field_.name].name for rule in self.holding(name) if field_.name in rule.effects}
        open_ = bool(given & {"clear", "aggregate"})
        return coarse(field_, bucket, self.value(name, field_.name), self.today) if open_ else None

    def falls(self, name: str, field_: Field, bucket: Bucket) -> list[Any]:
        """The groups of a bucket that a node falls into: of words each that it uses, of others just one."""
        if bucket.kind != "words":
            return [self.bucket(name, field_, bucket)]
        given = {rule.effects[field_.name].name for rule in self.holding(name) if field_.name in rule.effects}
        return free_texts.countable(*self.beside(name, field_.name)) if given & {"clear", "aggregate"} else []

    def _countable(self, name: str, leaf: Compare) -> Any:
        if leaf.bucket is None:
            return self.clear_value(name, leaf.field)
        return self.bucket(name, *self.entity(name).bucket(leaf.bucket))

    def subjects(self, name: str) -> set[str]:
        """The people a node tells about; of a type about nobody, the node itself."""
        paths = self.entity(name).subjects or ((),)
        return {person for path in paths for person in self._at_the_end(name, path)}

    def _at_the_end(self, name: str, path: tuple[str, ...]) -> set[str]:
        found = {name}
        for step in path:
            found = {target for each in found for target in self.neighbours(each, step)}
        return found

    # What depends on no row, and may therefore be told.

    def gives(self, entity: str, field_: str, *effects: str) -> bool:
        """Whether some rule gives one of these effects on a coordinate."""
        return any(rule.effects[field_].name in effects for rule in self.rules[entity] if field_ in rule.effects)

    def filterable(self, entity: str, field_: str) -> bool:
        """Whether a request may filter and sort by the coordinate: it is clear somewhere."""
        return self.gives(entity, field_, "clear")

    def opens(self, entity: str) -> bool:
        """Whether some rule may show rows of the type."""
        return any(rule.shows for rule in self.rules[entity])

    def most_buckets(self, entity: str) -> int:
        """How many buckets an aggregate of the type may be grouped by."""
        return min(rule.buckets for rule in self.rules[entity] if rule.counts)

    def matches(self, entity: str, field_: str) -> bool:
        """Whether some rule permits a match on the coordinate; what is clear somewhere is filtered by instead."""
        permitted = any(field_ in rule.match for rule in self.rules[entity])
        return permitted and not self.gives(entity, field_, "clear")

    def finds(self, entity: str) -> bool:
        """Whether some rule permits a match on the type, even if it shows nothing of it."""
        return any(rule.match for rule in self.rules[entity])

    def region_always_clear(self, entity: str) -> bool:
        """Whether each row condition that shows rows also gives `region` in clear."""
        rules = self.rules[entity]
        clear = [rule.demands for rule in rules if rule.effects.get("region") == Effect("clear")]
        return all(any(less <= rule.demands for less in clear) for rule in rules if rule.shows)

    # Whole answers of one root field.

    def page(self, entity: Entity, where: Predicate, order: list[tuple[str, bool]]) -> list[str]:
        """Visible nodes that satisfy the condition, in order."""
        found = [name for name in self.names(entity) if self.visible(name) and self.seen.truth(where, name) is True]
        return self.sorted(found, order)

    def match(self, entity: Entity, field_: str, value: Any) -> list[str]:
        """The one node whose value is exactly this, under a rule that permits the match; of two, neither.

        It need not be visible: whoever names a node in full may be told that it is there.
        """
        found = [
            name
            for name in self.names(entity)
            if self.value(name, field_) == value and any(field_ in rule.match for rule in self.holding(name))
        ]
        return found if len(found) == 1 else []

    def sorted(self, names: list[str], order: list[tuple[str, bool]]) -> list[str]:
        """By the keys as the subject sees them: null last ascending, first descending; ties by their place."""
        found = sorted(names, key=lambda name: place(self.who.department, self.purpose, name))
        for field_, descending in reversed(order):
            values = {name: self.clear_value(name, field_) for name in found}
            nulls = [name for name in found if values[name] is None]
            known = [name for name in found if values[name] is not None]
            known.sort(key=values.__getitem__, reverse=descending)  # stable in both directions
            found = nulls + known if descending else known + nulls
        return found
