"""One open operation of a subscriber: what it asks, and which changed nodes wait to be told.

A node that changes again while it waits is told once, as it is then. No more than `WAITING` wait: a subscriber that
cannot follow is told so and ended, instead of being remembered without bound.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import Code, HubError
from hub.request.endpoint import Arrival, Head, Request
from hub.subscriptions.as_query import AsQuery
from hub.subscriptions.stated import Stated
from policies.model import Decision, PolicySet, TypeDecision
from policies.rules import Subject

WAITING: Final = 2_000
"""How many changed nodes may wait to be told to one operation."""


@dataclass(slots=True, eq=False)
class Operation:
    """An operation that was let in. `woken` is called when there is something to tell.

    `subject` and `types` are what it was decided by; `policy` and `day` are those under which that was last checked.
    Notes of changes up to the number `since` came before it.
    `ended` is why nothing more will be told.
    """

    stated: Stated
    query: AsQuery
    variables: Mapping[str, Any] = field(repr=False)
    subject: Subject = field(repr=False)
    types: Mapping[str, TypeDecision] = field(repr=False)
    policy: PolicySet = field(repr=False)
    day: dt.date
    woken: Callable[[], None] = field(repr=False, default=lambda: None)
    ended: HubError | None = None
    since: int = 0
    _waiting: dict[str, None] = field(default_factory=dict, repr=False)

    @property
    def has_waiting(self) -> bool:
        """Whether a changed node waits to be told."""
        return bool(self._waiting)

    def request(self, arrival: Arrival, head: Head, node: str) -> Request:
        """The query of a delivery, for the node with this sealed id; that of an alert names none."""
        variables = values_for(self.query, self.variables, node)
        return Request(
            arrival,
            self.query.text,
            self.query.operation_name,
            variables,
            head.purpose_header,
            head.case_header,
            head.bearer,
        )

    def offer(self, sids: Iterable[str]) -> None:
        """Let changed nodes wait, each once."""
        if self.ended is not None:
            return
        self._waiting.update(dict.fromkeys(sids))
        if len(self._waiting) > WAITING:
            text = f"more than {WAITING} nodes wait to be told; ask for them with a query, then subscribe again"
            self.end(HubError(Code.OVERLOADED, text))
        elif self._waiting:
            self.woken()

    def take(self) -> str:
        """The node that waits longest; it waits no more."""
        sid = next(iter(self._waiting))
        del self._waiting[sid]
        return sid

    def end(self, why: HubError) -> None:
        """Tell nothing more but why."""
        if self.ended is None:
            self.ended = why
            self._waiting.clear()
            self.woken()

    def require_same(self, decision: Decision) -> None:
        """Raise POLICY_CHANGED where a decision is not that by which the operation was let in."""
        if decision.subject != self.subject or decision.types != self.types:
            raise policy_changed()


def values_for(query: AsQuery, variables: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The values of the variables of a query, for the node with this sealed id if it asks for one."""
    return {**variables, **({query.variable: node} if query.variable is not None else {})}


def policy_changed() -> HubError:
    """The end of an operation whose subscriber may see something else than when it was opened."""
    return HubError(
        Code.POLICY_CHANGED, "what this purpose may see has changed, so nothing more is told; subscribe again"
    )
