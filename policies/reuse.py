"""Which collecting purposes an access purpose may read, where a policy enforces that.

A purpose reads what was collected for itself or for a purpose above it, and what a rule opens; a prohibition wins
over both. Nothing is read of a collecting purpose that the policy does not know. After Byun & Li, "Purpose based access
control for privacy protection in relational database systems" (2008): intended purposes, allowed and prohibited.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.purposes import covered, implies, prohibited_for
from policies.rules import Validity


@dataclass(frozen=True, slots=True)
class Reuse:
    """A rule on what was collected for some purposes: it may be read for others, or (not `allowed`) never is.

    A rule that allows means the collecting purposes that it names; one that prohibits also those below them.
    """

    id: str
    collected: frozenset[str]
    purposes: frozenset[str]
    allowed: bool
    basis: str
    valid: Validity
    place: str

    def opens(self, collected: str, asked: str, today: dt.date) -> bool:
        """Whether it lets `asked` read today what was collected for a purpose."""
        named = self.allowed and collected in self.collected
        return named and covered(self.purposes, asked) and self.valid.holds(today)

    def forbids(self, collected: str, asked: str) -> bool:
        """Whether it keeps from `asked` what was collected for a purpose."""
        return not self.allowed and covered(self.collected, collected) and prohibited_for(self.purposes, asked)


@dataclass(frozen=True, slots=True)
class Collecting:
    """The rules of a policy that enforces collecting purposes; with none, each purpose reads what is its own."""

    rules: tuple[Reuse, ...] = ()

    def readable(self, known: Iterable[str], asked: str, today: dt.date) -> tuple[str, ...]:
        """Those of the `known` collecting purposes that `asked` may read today, sorted."""
        return tuple(sorted(each for each in known if self._reads(each, asked, today)))

    def _reads(self, collected: str, asked: str, today: dt.date) -> bool:
        if any(each.forbids(collected, asked) for each in self.rules):
            return False
        return implies(collected, asked) or any(each.opens(collected, asked, today) for each in self.rules)


def readable(
    collecting: Collecting | None, purposes: Mapping[str, object], asked: str, today: dt.date
) -> tuple[str, ...] | None:
    """The collecting purposes that `asked` may read today; None where the policy does not enforce them."""
    return None if collecting is None else collecting.readable(purposes, asked, today)
