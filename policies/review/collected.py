"""Compares what two versions let be read of what was collected for other purposes.

Whatever one purpose may read more counts as widening, whether or not a grant shows it by now: the next one may.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from policies.model import PolicySet
from policies.reuse import Reuse, readable
from policies.review.changes import Change, Kind, Shown

THING = "collected for"
_DAY = dt.timedelta(days=1)


def changed_collecting(before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """Each purpose that may read what was collected for others than before, today or from a later day on."""
    told: set[tuple[str, Kind]] = set()
    for day in _days(before, after, today):
        for change in _on(before, after, day):
            if (change.purpose, change.kind) not in told:
                told.add((change.purpose, change.kind))
                yield change


def faults_of_collecting(policy: PolicySet, today: dt.date) -> Iterator[tuple[str, str]]:
    """Rules of reuse that open nothing today: place, and what to do."""
    for rule in () if policy.collecting is None else policy.collecting.rules:
        if rule.valid.end is not None and rule.valid.end < today:
            yield rule.place, f"{rule.id} has expired; remove it or correct it"
        if rule.allowed:
            yield from _prohibited(policy, rule)


def _prohibited(policy: PolicySet, rule: Reuse) -> Iterator[tuple[str, str]]:
    rules = () if policy.collecting is None else policy.collecting.rules
    for collected in sorted(rule.collected):
        for asked in sorted(rule.purposes):
            against = [each.id for each in rules if each.forbids(collected, asked)]
            if against:
                text = f"{rule.id} lets {asked} read what was collected for {collected}, but {', '.join(against)}"
                yield rule.place, f"{text} prohibits it; the prohibition wins: remove it from the rule"


def _on(before: PolicySet, after: PolicySet, day: dt.date) -> Iterator[Change]:
    if (before.collecting is None) != (after.collecting is None):
        kind = Kind.NARROWED if before.collecting is None else Kind.WIDENED
        yield Change("*", "*", THING, kind, _shown(_switch(before)), _shown(_switch(after)), day)
        return
    for purpose in dict.fromkeys([*before.purposes, *after.purposes]):
        old, new = (readable(each.collecting, each.purposes, purpose, day) or () for each in (before, after))
        # A purpose of one version only reads what is its own: that it comes or goes is no reuse.
        gone, come = ({*less} - {*more} - {purpose} for less, more in ((old, new), (new, old)))
        if gone or come:
            kind = Kind.NARROWED if not come else Kind.CHANGED if gone else Kind.WIDENED
            yield Change("*", purpose, THING, kind, _shown(*old), _shown(*new), day)


def _switch(policy: PolicySet) -> str:
    return "anything" if policy.collecting is None else "enforced"


def _shown(*texts: str) -> tuple[Shown, ...]:
    return tuple(map(Shown, texts))


def _days(before: PolicySet, after: PolicySet, today: dt.date) -> list[dt.date]:
    """Today, and each later day on which a rule begins or has ended."""
    rules = [rule for each in (before, after) if each.collecting for rule in each.collecting.rules]
    starts = {rule.valid.start for rule in rules}
    ends = {rule.valid.end + _DAY for rule in rules if rule.valid.end and rule.valid.end < dt.date.max}
    return [today, *sorted(day for day in {*starts, *ends} if day and day > today)]
