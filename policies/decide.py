"""Turns a policy version, a subject and a purpose into a decision: a table of the effects on each coordinate.

The table says on which rows a coordinate is clear, masked (and how), open to aggregates, or open to a match. It depends
on nothing else: neither data nor the query nor the order of rules. A prohibition takes everything from its coordinates,
whatever the grants say. The design's section 4, semantics 1–6, 10 and 11; LeFevre et al., "Limiting disclosure in
Hippocratic databases" (2004).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from policies.model import (
    DEFAULT_BUCKETS,
    DEFAULT_CONTRIBUTORS,
    Decision,
    FieldDecision,
    PolicySet,
    Purpose,
    Reason,
    TypeDecision,
)
from policies.obligations import standing, strictest
from policies.reuse import readable
from policies.rule_index import lineage
from policies.rules import VERIFY, Actor, Asked, Grant, Prohibition, Subject, effect_in_words
from schema.catalogue import Catalogue, Field
from schema.predicate import (
    All,
    Any_,
    Compare,
    Not,
    Op,
    Placeholder,
    Predicate,
    Related,
    conjuncts,
    negation_normal,
)


def applicable(policy: PolicySet, subject: Subject, purpose: str, today: dt.date) -> tuple[Grant, ...]:
    """Grants in force for this subject and purpose; none for an unknown or expired one, or one it is not bound to.

    Where an application acts for a user of another one, a grant counts only if it is to both, so that neither sees more
    than it would see by itself.
    """
    actor = subject.actor
    if actor is not None and not policy.may_act(actor.application, subject.application):
        return ()
    if subject.purposes is not None and purpose not in subject.purposes:
        return ()
    if purpose not in policy.purposes or any(_expired(each, today) for each in _lineage(policy, purpose)):
        return ()
    return tuple(
        grant
        for grant in policy.index.grants(subject, purpose)
        if grant.valid.holds(today)
        and grant.to.selects(subject)
        and (actor is None or (grant.to.selects(actor) and _means_one(grant, subject, actor)))
    )


def _means_one(grant: Grant, subject: Subject, actor: Actor) -> bool:
    """Whether the rows of a grant hold no row for the one that they do not hold for the other.

    They have one department, and the jurisdiction is the narrower of both. What else differs may stand in no condition,
    and no condition may hold outside of a jurisdiction.
    """
    differ = {f"subject.{name}" for name in ("application", "role", "level") if _differs(name, subject, actor)}
    differ.add(OUTSIDE)
    return not any(differ.intersection(_depends_on(rows)) for rows in grant.rows.values())


OUTSIDE = "outside of subject.jurisdiction"


def _differs(name: str, subject: Subject, actor: Actor) -> bool:
    return bool(getattr(subject, name) != getattr(actor, name))


def _depends_on(rows: Predicate, *, negated: bool = False) -> Iterator[str]:
    """The attributes of a subject that a condition compares with; OUTSIDE where it is not only within a place."""
    match rows:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _depends_on(part, negated=negated)
        case Not(part):
            yield from _depends_on(part, negated=not negated)
        case Related(_, some, where):
            yield from _depends_on(where, negated=negated or not some)
        case Compare(_, op, value):
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, Placeholder):
                    within = each.name == "subject.jurisdiction" and op is Op.STARTS_WITH and not negated
                    yield each.name if each.name != "subject.jurisdiction" else "" if within else OUTSIDE


def _lineage(policy: PolicySet, purpose: str) -> tuple[Purpose, ...]:
    """The purpose and those above it."""
    return tuple(policy.purposes[each] for each in lineage(purpose) if each in policy.purposes)


def _expired(purpose: Purpose, today: dt.date) -> bool:
    return purpose.expires is not None and today > purpose.expires


def purposes_of(policy: PolicySet, subject: Subject, today: dt.date) -> tuple[str, ...]:
    """Purposes for which this subject has a grant in force: what a refusal may name."""
    return tuple(each for each in policy.purposes if applicable(policy, subject, each, today))


def decide(catalogue: Catalogue, policy: PolicySet, subject: Subject, purpose: str, today: dt.date) -> Decision:
    """The table of effects for one subject and purpose."""
    grants = applicable(policy, subject, purpose, today)
    table = _Table(catalogue, policy, purpose, grants)
    types = {entity.name: found for entity in catalogue if (found := table.of(entity.name)).rows}
    return Decision(
        policy.version,
        subject,
        purpose,
        today,
        types,
        tuple(grant.id for grant in grants),
        strictest(grant.obligations for grant in grants),
        {name: tuple(found) for name, found in table.reasons.items()},
        tuple(cap for grant in grants for cap in standing(grant.id, grant.obligations)),
        readable(policy.collecting, policy.purposes, purpose, today),
    )


def prohibitions_on(policy: PolicySet, purpose: str) -> dict[str, tuple[Prohibition, ...]]:
    """Coordinate → the prohibitions that take every effect from it for this purpose."""
    found: dict[str, tuple[Prohibition, ...]] = {}
    for rule in policy.index.prohibitions(purpose):
        for name in rule.coordinates:
            found[name] = (*found.get(name, ()), rule)
    return found


class _Table:
    """Builds the decision on each type from the grants in force, and keeps why."""

    def __init__(self, catalogue: Catalogue, policy: PolicySet, purpose: str, grants: tuple[Grant, ...]) -> None:
        self.catalogue = catalogue
        self.grants = grants
        self.forbidden = prohibitions_on(policy, purpose)
        lineage = _lineage(policy, purpose)
        self.contributors = max((each.contributors for each in lineage), default=0)
        self.rounding = max((each.rounding for each in lineage), default=1)
        self.reasons: dict[str, list[Reason]] = {
            name: [Reason(rule.id, "prohibited", None, rule.place) for rule in rules]
            for name, rules in self.forbidden.items()
        }

    def of(self, entity: str) -> TypeDecision:
        """The decision on one type."""
        rows: dict[Predicate, int] = {}
        effects: dict[str, _Effects] = {}
        visible: set[int] = set()
        accesses: set[int] = set()
        verified: dict[tuple[str, ...], set[int]] = {}
        contributing: set[int] = set()
        counting: list[Grant] = []
        for grant in self.grants:
            given, asked = self._given(grant, entity), self._asked(grant, entity)
            together = self._verified(grant, entity)
            if not (given or asked or together):
                continue
            row = rows.setdefault(negation_normal(grant.rows[entity]), len(rows))
            if together:
                verified.setdefault(together, set()).add(row)
            accesses |= {row} if asked else set()
            for name, effect, of in given:
                effects.setdefault(name, _Effects()).add(effect, of, row)
                reason = Reason(grant.id, effect_in_words(effect, of), grant.rows[entity], grant.place)
                self.reasons.setdefault(name, []).append(reason)
            kinds = {effect for _, effect, _ in given}
            if kinds - {"match", "answer"}:
                contributing.add(row)
                counting.append(grant)
            if kinds & {"clear", "mask"}:
                visible.add(row)
        within = _within(tuple(rows))
        return TypeDecision(
            tuple(rows),
            frozenset(visible),
            frozenset(contributing),
            {name.partition(".")[2]: each.table(self._ladder(name), within) for name, each in effects.items()},
            max(self.contributors, max((grant.contributors for grant in counting), default=DEFAULT_CONTRIBUTORS)),
            max(self.rounding, max((grant.rounding for grant in counting), default=1)),
            min((grant.buckets for grant in counting), default=DEFAULT_BUCKETS),
            frozenset(inner for row in accesses for inner in within[row]),
            {names: frozenset(inner for row in verified[names] for inner in within[row]) for names in sorted(verified)},
        )

    def _verified(self, grant: Grant, entity: str) -> tuple[str, ...]:
        """The fields of a type that a grant verifies together; none if one of them is prohibited."""
        names = sorted(name for name in grant.verify if name.startswith(f"{entity}."))
        if self.forbidden.keys() & set(names):
            return ()
        for name in names:
            reason = Reason(grant.id, VERIFY, grant.rows[entity], grant.place)
            self.reasons.setdefault(name, []).append(reason)
        return tuple(name.partition(".")[2] for name in names)

    def _asked(self, grant: Grant, entity: str) -> bool:
        """Whether a grant lets it be asked who saw the data of people of this type."""
        return grant.accesses and entity in grant.rows and self.catalogue.entity(entity).subjects == ()

    def _ladder(self, coordinate: str) -> tuple[str, ...]:
        found = self.catalogue.coordinate(coordinate)
        return found.masks if isinstance(found, Field) else ()

    def _given(self, grant: Grant, entity: str) -> list[tuple[str, str, Asked]]:
        """(coordinate, effect, its mask or what is asked) of what a grant gives on a type, prohibitions taken away."""
        prefix = f"{entity}."
        given: list[tuple[str, str, Asked]] = [
            (name, effect.name, of)
            for name, effect in grant.fields.items()
            if name.startswith(prefix)
            for of in (effect.asked or (effect.mask,))
        ]
        given += [(name, "match", None) for name in sorted(grant.match) if name.startswith(prefix)]
        return [each for each in given if each[0] not in self.forbidden]


def _within(rows: tuple[Predicate, ...]) -> tuple[frozenset[int], ...]:
    """For each row predicate, those that demand at least as much: whatever holds on its rows holds on theirs.

    So a field that is clear on a whole jurisdiction needs no guard on the rented dwellings in it.
    """
    demands = [conjuncts(each) for each in rows]
    return tuple(frozenset(j for j, more in enumerate(demands) if less <= more) for less in demands)


class _Effects:
    """Rows gathered for one coordinate while the grants are read; order does not matter."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Asked], set[int]] = {}

    def add(self, effect: str, of: Asked, row: int) -> None:
        """`of` is the mask, or the value of an answer's argument."""
        self.rows.setdefault((effect, of), set()).add(row)

    def table(self, ladder: tuple[str, ...], within: tuple[frozenset[int], ...]) -> FieldDecision:
        """Most revealing rung first; a rung keeps no row that something stronger already covers."""

        def of(effect: str, of_what: Asked = None) -> frozenset[int]:
            return frozenset(inner for row in self.rows.get((effect, of_what), ()) for inner in within[row])

        shown = of("clear")
        masks: list[tuple[str, frozenset[int]]] = []
        for rung in reversed(ladder):
            left = of("mask", rung) - shown
            if left:
                masks.append((rung, left))
                shown |= left
        asked = sorted((of_what for effect, of_what in self.rows if effect == "answer"), key=str)
        answers = tuple((each, of("answer", each)) for each in asked)
        return FieldDecision(of("clear"), tuple(masks), of("aggregate"), of("match"), answers)


def purposes_that_would(
    catalogue: Catalogue, policy: PolicySet, subject: Subject, coordinate: str, today: dt.date
) -> tuple[str, ...]:
    """Purposes for which the same subject would see the coordinate (or the type), in clear or masked."""
    return tuple(
        purpose
        for purpose in purposes_of(policy, subject, today)
        if shows(catalogue, decide(catalogue, policy, subject, purpose, today), coordinate)
    )


def shows(catalogue: Catalogue, decision: Decision, coordinate: str) -> bool:
    """Whether a decision shows a type, a field, or an edge together with the type that it leads to; or answers."""
    entity, _, name = coordinate.partition(".")
    if not name:
        return bool(decision.of(entity).visible)
    target = hidden_target(catalogue, decision, coordinate)
    return decision.of(entity).of(name).told and target is None


def hidden_target(catalogue: Catalogue, decision: Decision, coordinate: str) -> str | None:
    """The type that an edge leads to, if the decision shows nothing of it: then the edge shows nothing either."""
    entity, _, name = coordinate.partition(".")
    edge = catalogue.entity(entity).edges.get(name)
    return edge.target if edge is not None and not decision.of(edge.target).visible else None


def tells_accesses(decision: Decision, entity: str) -> bool:
    """Whether a decision tells who saw the data of people of this type, whom a match names."""
    table = decision.of(entity)
    return bool(table.matchable and table.accesses)


def told_to_residents(policy: PolicySet, purpose: str, day: dt.date, today: dt.date) -> bool:
    """Whether residents are told today what was seen of them for a purpose on a day."""
    delay = days_until_told(policy, purpose)
    return delay is not None and day + dt.timedelta(days=delay) <= today


def days_until_told(policy: PolicySet, purpose: str) -> int | None:
    """After how many days residents are told what was seen of them for a purpose; None: never.

    They are not told of a purpose that is withheld, or that the policy no longer knows: then it is not known either
    whether it is withheld.
    """
    if purpose not in policy.purposes:
        return None
    line = _lineage(policy, purpose)
    return None if any(each.withheld for each in line) else max(each.delayed_days for each in line)
