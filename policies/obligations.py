"""The obligations that a grant may attach: a case, and caps on nodes, operations and matches.

An obligation is met, or nothing is answered; where several grants apply, the strictest of each kind holds. Each is one
small registered class: it reads its value when a policy is loaded and says which of two is stricter, and its docstring
names the stage at which the hub meets it. An unknown obligation refuses the load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class ObligationError(ValueError):
    """An obligation is not registered, or its value is wrong; `name` is what it is called."""

    def __init__(self, text: str, name: str = "") -> None:
        super().__init__(text)
        self.name = name


@dataclass(frozen=True, slots=True)
class CaseRequired:
    """The grant holds only with a case that the subject may work on. Met in the statement: it joins the rows."""

    def stricter(self, _other: Obligation) -> Obligation:
        """One case is as strict as another."""
        return self


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` of something; what is counted, and where it is met, its name says.

    `nodeCap`: nodes in one answer, met when it is shaped. `answerDailyCap`: answers of nodes, counted when they are
    known and before they are told. `dailyCap`: operations, and `matchDailyCap`: matches, of one
    application in a day, over all purposes for which the grant holds; `{limit: N, per: person}` counts each person of
    the application by themselves. These two are met before the graph is
    asked.
    """

    limit: int
    personal: bool = False

    def stricter(self, other: Obligation) -> Obligation:
        """The lower of the two."""
        return self if not isinstance(other, Cap) or self.limit <= other.limit else other


Obligation = CaseRequired | Cap


@dataclass(frozen=True, slots=True)
class StandingCap:
    """A daily cap where it stands: what it counts (`kind`), and the grant over whose purposes it is counted."""

    kind: str
    grant: str
    cap: Cap

    def __str__(self) -> str:
        return f"{self.cap.limit}{' for each person' if self.cap.personal else ''} ({self.grant})"


def _case(value: Any) -> Obligation:
    if value != "required":
        raise ObligationError("takes `required`")
    return CaseRequired()


def _cap(value: Any) -> Obligation:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ObligationError("takes a whole number of at least 1")
    return Cap(value)


def _daily_cap(value: Any) -> Obligation:
    if not isinstance(value, Mapping):
        return _cap(value)
    if set(value) != {"limit", "per"} or value["per"] != "person":
        raise ObligationError("takes a whole number of at least 1, or {limit: N, per: person}")
    _cap(value["limit"])
    return Cap(value["limit"], personal=True)


CASE, NODE_CAP, DAILY_CAP, MATCH_DAILY_CAP = "case", "nodeCap", "dailyCap", "matchDailyCap"
ANSWER_DAILY_CAP = "answerDailyCap"
OBLIGATIONS: Mapping[str, Callable[[Any], Obligation]] = {
    CASE: _case,
    NODE_CAP: _cap,
    DAILY_CAP: _daily_cap,
    MATCH_DAILY_CAP: _daily_cap,
    ANSWER_DAILY_CAP: _daily_cap,
}
COUNTED_DAILY = (DAILY_CAP, MATCH_DAILY_CAP, ANSWER_DAILY_CAP)
"""Caps that are counted over a day, where they stand."""
BOUND_A_MATCH = (CASE, MATCH_DAILY_CAP, DAILY_CAP)
"""A grant of `match` has one of these: else whole id numbers can be guessed, one after the other."""


def parse(given: Mapping[str, Any]) -> dict[str, Obligation]:
    """The obligations that a grant states; raises ObligationError naming the one that is wrong."""
    obligations = {}
    for name, value in given.items():
        if name not in OBLIGATIONS:
            raise ObligationError(f"unknown obligation {name!r}; known: {', '.join(OBLIGATIONS)}", name)
        try:
            obligations[name] = OBLIGATIONS[name](value)
        except ObligationError as wrong:
            raise ObligationError(f"obligation {name} {wrong}", name) from None
    return obligations


def with_case(given: Mapping[str, Obligation]) -> Mapping[str, Obligation]:
    """The obligations of a grant whose rows name `$case`: it does not apply without a case."""
    return {**given, CASE: CaseRequired()}


def standing(grant: str, given: Mapping[str, Obligation]) -> tuple[StandingCap, ...]:
    """The daily caps of a grant, each with the place where it stands."""
    return tuple(
        StandingCap(name, grant, each)
        for name, each in sorted(given.items())
        if name in COUNTED_DAILY and isinstance(each, Cap)
    )


def strictest(each_grants: Iterable[Mapping[str, Obligation]]) -> dict[str, Obligation]:
    """What holds where several grants apply."""
    found: dict[str, Obligation] = {}
    for obligations in each_grants:
        for name, obligation in obligations.items():
            found[name] = obligation.stricter(found[name]) if name in found else obligation
    return found
