"""When a purpose has ended, so that nothing more is collected for it, and from when on its data is to be gone. Pure.

A purpose ends with the first that ends of it and those above it. Once it has, every grant for it is void
(`policies/decide.py`), and it may be purged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from policies.model import Purpose
from policies.purposes import implies
from policies.rule_index import lineage

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """A purpose that has an end: the one that says so (itself or one above it), and the first day after the end."""

    purpose: Purpose
    since: dt.date


def end_of(purposes: Mapping[str, Purpose], purpose: str) -> Ended | None:
    """The end of a purpose, whether it has come or not; None for one that has none.

    A purpose that the policy does not know ends with those above it that the policy knows.
    """
    line = (purposes[each] for each in lineage(purpose) if each in purposes)
    ends = [Ended(each, day) for each in line if (day := _first_day_after(each)) is not None]
    return min(ends, key=lambda each: each.since, default=None)


def ended(purposes: Mapping[str, Purpose], purpose: str, today: dt.date) -> Ended | None:
    """The end of a purpose that has ended; None for one that has not."""
    end = end_of(purposes, purpose)
    return end if end is not None and end.since <= today else None


def due_to_purge(purposes: Mapping[str, Purpose], today: dt.date) -> tuple[Purpose, ...]:
    """The purposes whose day of `purge` has come, without those below another one of them; in the order of ids."""
    due = sorted(each.id for each in purposes.values() if each.purge is not None and each.purge <= today)
    return tuple(purposes[each] for each in due if not set(lineage(each)[:-1]) & set(due))


def overdue(purposes: Mapping[str, Purpose], held: Collection[str], today: dt.date) -> tuple[Purpose, ...]:
    """Those of `due_to_purge` for which, or below which, something is `held`."""
    return tuple(each for each in due_to_purge(purposes, today) if any(implies(each.id, mine) for mine in held))


def in_words(purpose: Purpose) -> str:
    """What whoever runs the hub is told of a purpose that is overdue."""
    return (
        f"the data collected for {purpose.id} had to be deleted by {purpose.purge}, and is in the graph; remove it "
        f"with: sluicegate purge {purpose.id}"
    )


def _first_day_after(purpose: Purpose) -> dt.date | None:
    """The day of `purge` counts where it comes before the end: data that is gone cannot be collected again."""
    days = [purpose.expires + _DAY] if purpose.expires else []
    return min([*days, *([purpose.purge] if purpose.purge else [])], default=None)
