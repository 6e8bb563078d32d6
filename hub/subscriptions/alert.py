"""An alert: a subscription that tells which counts have reached a number.

When nodes of its type change, its counts are asked once more, as the query of an aggregate that they are; not more
often than every `SECONDS`, because a busy type changes without end. A group is told when its count is at least the
number and was not when it was last asked. Only counts as that query shows them are compared: what is withheld has
reached nothing, and what is rounded is compared rounded. So an alert tells nothing that the query does not tell.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.answers.access import tell_hidden
from hub.request.denials import DenialErrors
from hub.request.plan_model import Aggregate
from hub.request.prepared.prepare import Prepared
from hub.request.respond import Answer, respond
from hub.subscriptions.operation import Operation
from policies.aggregate import PAGE_CELLS
from schema.catalogue import Catalogue

SECONDS: Final = 10.0
"""The least time between two evaluations of one alert."""

Group = tuple[Any, ...]
"""The values of the buckets of a group; none of them where all is counted together."""
_OWN: Final = "."
"""Begins the names of cells that the hub adds; no name in a document has it."""
_COUNT: Final = f"{_OWN}count"


@dataclass(slots=True, eq=False)
class Alert(Operation):
    """An open alert. `reached` are the groups whose counts had reached the number when they were last asked.

    One that was just opened is due, and has asked nothing yet (None): it begins with the groups that have reached it.
    """

    reached: frozenset[Group] | None = field(default=None, repr=False)
    _changed: bool = True
    _not_before: float = 0.0

    @property
    def has_waiting(self) -> bool:
        """Whether something changed since the counts were asked, and long enough ago."""
        return self._changed and self.ended is None and time.monotonic() >= self._not_before

    def offer(self, sids: Iterable[str]) -> None:
        """Know that nodes of the type changed; which ones does not count."""
        self._changed = True
        if self.has_waiting:
            self.woken()

    def take(self) -> str:
        """Begin an evaluation: what changes from now on leads to another one."""
        self._changed, self._not_before = False, time.monotonic() + SECONDS
        return ""


def require_number(prepared: Prepared, at_least: int) -> None:
    """Raise VALIDATION for a number below the threshold of the purpose, where no count is shown."""
    root = _root(prepared)
    least = 1 if root.exact else prepared.planned.decision.of(root.entity.name).contributors
    if at_least < least:
        text = f"atLeast takes {least} or more here: counts that are about fewer people are withheld for this purpose"
        raise HubError(Code.VALIDATION, text)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation found: the groups that have reached the number, and the answer with those that are new."""

    reached: frozenset[Group] = field(repr=False)
    answer: Answer = field(repr=False)


def evaluate(
    prepared: Prepared, row: Any, alert: Alert, catalogue: Catalogue, errors: DenialErrors, settings: Settings
) -> Evaluated:
    """Compare the counts in the row of the statement with the number; raises HubError COST_LIMIT or RESULT_LIMIT."""
    root, planned, cap = _root(prepared), prepared.planned, settings.result_byte_cap
    names = [f"{_OWN}{at}" for at in range(len(root.buckets))]
    added = ((_COUNT, "count"), *zip(names, (bucket.name for _, bucket in root.buckets), strict=True))
    keyed = replace(root, cells=(*root.cells, *added), first=PAGE_CELLS)
    answer = respond(replace(planned, roots=(keyed,)), row, {}, catalogue, prepared.seals, errors, cap)
    if answer.cut:
        text = f"an alert watches {PAGE_CELLS:,} groups at most; group by fewer or coarser buckets"
        raise HubError(Code.COST_LIMIT, text)
    reached: dict[Group, dict[str, Any]] = {}
    for each in answer.data[root.name]:
        if each[_COUNT] is not None and each[_COUNT] >= (alert.query.at_least or 0):
            reached[tuple(each[name] for name in names)] = each
    new = [_as_asked(each) for group, each in reached.items() if group not in (alert.reached or ())]
    # Groups without a count are no part of what is told, and neither are notices of them.
    told = replace(answer, data={root.name: new}, errors=(), withheld={})
    preferences = prepared.validated.purposed.identified.request.arrival.preferences
    return Evaluated(frozenset(reached), tell_hidden(planned, told, errors, preferences, cap))


def _root(prepared: Prepared) -> Aggregate:
    (root,) = prepared.planned.roots
    if not isinstance(root, Aggregate):
        raise ValueError("the query of an alert is an aggregate")
    return root


def _as_asked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without the cells that the hub added."""
    return {name: each for name, each in row.items() if not name.startswith(_OWN)}
