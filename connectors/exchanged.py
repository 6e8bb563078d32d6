"""Finds two fields whose values a source has exchanged, by what the graph holds of the same records.

Each value may fit the other column, so no check of a single row can notice; that most changed records show the other's
value can. A few records prove nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from connectors.base import ConnectorError, StreamPlan
from connectors.quarantine import SMALL_BATCH
from connectors.resolve import as_held

Values = Mapping[str, Any]


def check_exchanged(plan: StreamPlan, pairs: Iterable[tuple[Values, Values]]) -> None:
    """Raise ConnectorError if most of the changed records (before, now) have two values exchanged."""
    counts: Counter[tuple[str, str]] = Counter()
    records = 0
    for before, now in pairs:
        records += 1
        old = {each: before.get(each) for each in plan.fields}
        new = {each: as_held(now.get(each)) for each in plan.fields}
        changed = [each for each in plan.fields if old[each] != new[each]]
        counts.update((a, b) for a, b in combinations(changed, 2) if (old[a], old[b]) == (new[b], new[a]))
    if records < SMALL_BATCH or not counts:
        return
    ((one, other), found) = counts.most_common(1)[0]
    if found > plan.exchanged * records:
        raise ConnectorError(
            plan.name,
            f"the values of {one} and {other} are exchanged in {found} of {records} changed records of a batch, which "
            "is not written. Correct the columns at the source; if the values are right now, set limits.exchanged to 1 "
            "for one pull",
        )
