"""A decision depends on policy version, subject and purpose alone, never on data, rule order or the query.

`decide` turns the grants in force into a table: for each coordinate, on which rows it is clear, masked (and how),
open to aggregates, or to a match. A prohibition takes everything from its coordinates, whatever the grants say.
The design's section 4, semantics 1–6, 10 and 11; LeFevre et al., "Limiting disclosure in Hippocratic databases" (2004).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from policies.model import (
    DEFAULT_CONTRIBUTORS,
    Decision,
    FieldDecision,
    Grant,
    PolicySet,
    Subject,
    TypeDecision,
)
from policies.purposes import covered, struck
from schema.catalogue import Catalogue, EdgeEnd
from schema.predicate import Predicate, conjuncts, negation_normal


def applicable(policy: PolicySet, subject: Subject, purpose: str, today: dt.date) -> tuple[Grant, ...]:
    """Grants in force for this subject and purpose; none for an unknown purpose."""
    if purpose not in policy.purposes:
        return ()
    return tuple(
        grant
        for grant in policy.grants
        if covered(grant.purposes, purpose) and grant.valid.holds(today) and grant.to.selects(subject)
    )


def purposes_of(policy: PolicySet, subject: Subject, today: dt.date) -> tuple[str, ...]:
    """Purposes for which this subject has a grant in force: what a refusal may name."""
    return tuple(each for each in policy.purposes if applicable(policy, subject, each, today))


def decide(catalogue: Catalogue, policy: PolicySet, subject: Subject, purpose: str, today: dt.date) -> Decision:
    """The table of effects for one subject and purpose."""
    grants = applicable(policy, subject, purpose, today)
    forbidden = prohibited(policy, purpose)
    types = {
        entity.name: table
        for entity in catalogue
        if (table := _decide_type(catalogue, entity.name, grants, forbidden)).rows
    }
    return Decision(policy.version, subject, purpose, today, types, tuple(grant.id for grant in grants))


def prohibited(policy: PolicySet, purpose: str) -> frozenset[str]:
    """Coordinates from which a prohibition takes every effect for this purpose."""
    names: set[str] = set()
    for rule in policy.prohibitions:
        if struck(rule.purposes, purpose):
            names |= rule.coordinates
    return frozenset(names)


def _decide_type(catalogue: Catalogue, entity: str, grants: Iterable[Grant], forbidden: frozenset[str]) -> TypeDecision:
    rows: dict[Predicate, int] = {}
    effects: dict[str, _Effects] = {}
    visible: set[int] = set()
    contributing: set[int] = set()
    thresholds: list[int] = []
    for grant in grants:
        given = {
            name: effect
            for name, effect in grant.fields.items()
            if name.startswith(f"{entity}.") and name not in forbidden
        }
        matches = {name for name in grant.match if name.startswith(f"{entity}.") and name not in forbidden}
        if not given and not matches:
            continue
        row = rows.setdefault(negation_normal(grant.rows[entity]), len(rows))
        for name, effect in given.items():
            effects.setdefault(name, _Effects()).add(effect.name, effect.mask, row)
        for name in matches:
            effects.setdefault(name, _Effects()).add("match", None, row)
        if given:
            contributing.add(row)
            thresholds.append(grant.contributors)
        if any(effect.name != "aggregate" for effect in given.values()):
            visible.add(row)
    within = _within(tuple(rows))
    fields = {name.partition(".")[2]: each.table(_ladder(catalogue, name), within) for name, each in effects.items()}
    contributors = max(thresholds, default=DEFAULT_CONTRIBUTORS)
    return TypeDecision(tuple(rows), frozenset(visible), frozenset(contributing), fields, contributors)


def _ladder(catalogue: Catalogue, coordinate: str) -> tuple[str, ...]:
    found = catalogue.coordinate(coordinate)
    return () if isinstance(found, EdgeEnd) else found.masks


def _within(rows: tuple[Predicate, ...]) -> tuple[frozenset[int], ...]:
    """For each row predicate, those that demand at least as much: whatever holds on its rows holds on theirs.

    So a field that is clear on a whole jurisdiction needs no guard on the rented dwellings in it.
    """
    demands = [conjuncts(each) for each in rows]
    return tuple(frozenset(j for j, more in enumerate(demands) if less <= more) for less in demands)


class _Effects:
    """Rows gathered for one coordinate while the grants are read; order does not matter."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], set[int]] = {}

    def add(self, effect: str, mask: str | None, row: int) -> None:
        self.rows.setdefault((effect, mask), set()).add(row)

    def table(self, ladder: tuple[str, ...], within: tuple[frozenset[int], ...]) -> FieldDecision:
        """Most revealing rung first; a rung keeps no row that something stronger already covers."""

        def of(effect: str, mask: str | None = None) -> frozenset[int]:
            return frozenset(inner for row in self.rows.get((effect, mask), ()) for inner in within[row])

        shown = of("clear")
        masks: list[tuple[str, frozenset[int]]] = []
        for rung in reversed(ladder):
            left = of("mask", rung) - shown
            if left:
                masks.append((rung, left))
                shown |= left
        return FieldDecision(of("clear"), tuple(masks), of("aggregate"), of("match"))


def purposes_that_would(
    catalogue: Catalogue, policy: PolicySet, subject: Subject, coordinate: str, today: dt.date
) -> tuple[str, ...]:
    """Purposes for which this same subject would be shown the coordinate (or the type), in clear or masked."""
    entity, _, name = coordinate.partition(".")
    would: Mapping[str, Decision] = {
        purpose: decide(catalogue, policy, subject, purpose, today) for purpose in purposes_of(policy, subject, today)
    }
    return tuple(
        purpose
        for purpose, decision in would.items()
        if (decision.of(entity).of(name).shown if name else decision.of(entity).visible)
    )
