"""Compares what guards a policy besides its decisions: stewards, prohibitions, expectations, what residents are told.

A guard that goes or becomes weaker counts as widening, whether or not a decision changes by it now: the next draft may
use that it is gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from policies.decide import days_until_told, prohibitions_on
from policies.model import PolicySet
from policies.review.changes import Change, Kind, Shown
from policies.stewards import Steward, changes_of_stewards
from schema.catalogue import Catalogue, Field

PROHIBITION = "prohibition of "
"""What stands before a coordinate where it is prohibited on one side only."""
_Question = tuple[str, str, str]
"""Application, purpose and coordinate of an expectation."""


def changed_guards(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """Each guard that differs in a way that somebody should look at."""
    yield from _stewards(before, after, today)
    yield from _prohibitions(before, after, today)
    yield from _expectations(catalogue, before, after, today)
    yield from _told(before, after, today)


def _stewards(before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """Who changes the policy or reads the log. That one goes may widen too: fewer are left to object."""
    for old, new in changes_of_stewards(before.stewards, after.stewards):
        account = (old or new or Steward("", "")).account
        left, right = ((Shown(str(each)),) if each else () for each in (old, new))
        yield Change(
            "*", "*", f"steward {account}", Kind.CHANGED if old else Kind.NEW, before=left, after=right, since=today
        )


def _prohibitions(before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """What is prohibited no longer or newly, whether or not a grant gives it by now: the next one may."""
    for purpose in dict.fromkeys([*before.purposes, *after.purposes]):
        old, new = (prohibitions_on(policy, purpose) for policy in (before, after))
        for coordinate in sorted(set(old) ^ set(new)):
            left, right = (tuple(Shown(rule.id) for rule in each.get(coordinate, ())) for each in (old, new))
            kind = Kind.WIDENED if left else Kind.NARROWED
            yield Change("*", purpose, f"{PROHIBITION}{coordinate}", kind, left, right, today)


def _expectations(catalogue: Catalogue, before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """What the policy no longer tests of itself, and what its tests let pass that they did not."""
    old, new = _expected(before), _expected(after)
    for question, effects in sorted(old.items()):
        application, purpose, coordinate = question
        asked = application in after.applications and purpose in after.purposes
        kind = _kind_of_test(catalogue, coordinate, effects, new.get(question)) if asked else Kind.GONE
        if kind is not None:
            thing, left = f"expectation of {coordinate}", _shown(effects)
            yield Change(application, purpose, thing, kind, before=left, after=_shown(new.get(question)), since=today)


def _expected(policy: PolicySet) -> dict[_Question, tuple[str, ...]]:
    return {(each.application, each.purpose, each.coordinate): each.effects for each in policy.expectations}


def _shown(effects: tuple[str, ...] | None) -> tuple[Shown, ...]:
    return () if effects is None else (Shown(f"tested: {', '.join(effects) or 'nothing'}"),)


def _kind_of_test(
    catalogue: Catalogue, coordinate: str, old: tuple[str, ...], new: tuple[str, ...] | None
) -> Kind | None:
    """How a test of exactly these effects differs from another, or from none, which lets everything pass."""
    if old == new:
        return None
    field = catalogue.coordinate(coordinate)
    ladder = (*field.masks, "clear") if isinstance(field, Field) else ("clear",)
    passes = ("clear",) if new is None else new
    if all(_covered(ladder, each, old) for each in passes):
        return Kind.GONE if new is None else Kind.NARROWED
    return Kind.WIDENED


def _covered(ladder: tuple[str, ...], effect: str, by: tuple[str, ...]) -> bool:
    """Whether one of the effects shows at least what `effect` shows."""
    shown = [ladder.index(each) for each in by if each in ladder]
    if effect in ladder:
        return any(rung >= ladder.index(effect) for rung in shown)
    return effect in by or bool(shown)


def _told(before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """When residents learn of accesses to their data. Later is no narrowing: fewer are left to object."""
    for purpose in sorted({*before.purposes, *after.purposes}):
        old = days_until_told(before, purpose) if purpose in before.purposes else 0
        new = days_until_told(after, purpose)
        if old != new:
            sooner = new is not None and (old is None or new < old)
            left, right = (Shown(_when(each)) for each in (old, new))
            kind = Kind.WIDENED if sooner else Kind.CHANGED
            yield Change("*", purpose, "told to residents", kind, before=(left,), after=(right,), since=today)


def _when(days: int | None) -> str:
    return "never" if days is None else f"after {days} days"
