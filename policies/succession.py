"""Rewrites a decision into today's grids, after grids were merged or split.

A grant on a merged grid follows to the successor; a grant on a grid that was split holds nowhere until a steward
decides. What a condition leaves out stays out: it leaves out the successor too, and holds nowhere if that is unknown. A
merge rewrites the paths of the nodes in it, so `follow` puts in today's paths before anything is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.model import Decision, TypeDecision
from schema.predicate import FALSE, TRUE, All, Any_, Compare, Op, Placeholder, Predicate, Related, negation_normal

NOWHERE = "nowhere/"
"""A path that no node has."""

Successors = Mapping[str, str | None]
"""Path of an ended grid → path of the one that took its place; None where there is none, or more than one."""


def successor(path: str, successors: Successors) -> str | None:
    """Where a path leads today, through any number of merges; None where it leads nowhere, or in a circle."""
    seen = set()
    here: str | None = path
    while here is not None and here in successors:
        if here in seen:
            return None
        seen.add(here)
        here = successors[here]
    return here


def _hops(path: str, successors: Successors) -> tuple[str, ...] | None:
    """Each grid that took an ended one's place in turn: a node may lie in any of them until the next pull."""
    if successor(path, successors) is None:
        return None
    hops = []
    while (following := successors.get(path)) is not None:
        hops.append(path := following)
    return tuple(hops)


def follow(decision: Decision, successors: Successors) -> Decision:
    """The same decision in today's grids."""
    if not successors:
        return decision
    before = decision.subject.jurisdiction
    jurisdiction = successor(before, successors)
    subject = replace(decision.subject, jurisdiction=NOWHERE if jurisdiction is None else jurisdiction)
    types = {name: _follow_type(table, _Grids(successors, before)) for name, table in decision.types.items()}
    return replace(decision, subject=subject, types=types)


def _follow_type(table: TypeDecision, grids: _Grids) -> TypeDecision:
    return replace(table, rows=tuple(grids.granted(negation_normal(each)) for each in table.rows))


@dataclass(frozen=True)
class _Grids:
    """Puts today's paths into conditions in negation normal form; `jurisdiction` is the subject's, as granted."""

    successors: Successors
    jurisdiction: str

    def granted(self, rows: Predicate) -> Predicate:
        """What a grant gives: it moves with its grid."""
        match rows:
            case All(parts):
                return All(tuple(self.granted(each) for each in parts))
            case Any_(parts):
                return Any_(tuple(self.granted(each) for each in parts))
            case Related(edge, True, where):
                return Related(edge, some=True, where=self.granted(where))
            case Compare("region", Op.EQ | Op.STARTS_WITH, str() as path):
                today = successor(path, self.successors)
                return FALSE if today is None else replace(rows, value=today)
            case Compare("region", Op.IN, tuple() as paths):
                known = (successor(each, self.successors) if isinstance(each, str) else each for each in paths)
                return replace(rows, value=tuple(each for each in known if each is not None))
            case _:
                return self.narrowed(rows)

    def narrowed(self, rows: Predicate) -> Predicate:
        """At most the rows that were meant: what is left out stays out, wherever it went."""
        match rows:
            case All(parts):
                return All(tuple(self.narrowed(each) for each in parts))
            case Any_(parts):
                return Any_(tuple(self.narrowed(each) for each in parts))
            case Related(edge, some, where):
                return Related(edge, some, self.narrowed(where) if some else self.widened(where))
            case Compare("region", Op.NOT_EQ | Op.NOT_IN | Op.NOT_STARTS_WITH):
                return negation_normal(self.widened(negation_normal(rows, negate=True)), negate=True)
            case _:
                return rows

    def widened(self, rows: Predicate) -> Predicate:
        """At least the rows that were meant, for a condition of which none may hold."""
        match rows:
            case All(parts):
                return All(tuple(self.widened(each) for each in parts))
            case Any_(parts):
                return Any_(tuple(self.widened(each) for each in parts))
            case Related(edge, some, where):
                return Related(edge, some, self.widened(where) if some else self.narrowed(where))
            case Compare("region", Op.EQ | Op.IN | Op.STARTS_WITH, value):
                paths = value if isinstance(value, tuple) else (value,)
                return self._with_successors(rows, tuple(self._as_granted(each) for each in paths))
            case _:
                return rows

    def _as_granted(self, path: Any) -> str:
        """A path as the steward wrote it; the jurisdiction is the one before any merge."""
        return self.jurisdiction if isinstance(path, Placeholder) else str(path)

    def _with_successors(self, leaf: Compare, paths: tuple[str, ...]) -> Predicate:
        """The leaf, or whatever the ended grids in it became; true where that is not known."""
        below = leaf.op is Op.STARTS_WITH
        ended = [
            grid for grid in self.successors if any(grid == path or (below and grid.startswith(path)) for path in paths)
        ]
        if not ended:
            return leaf
        passed = [_hops(grid, self.successors) for grid in ended]
        if None in passed:
            return TRUE
        today = sorted({hop for hops in passed if hops for hop in hops})
        before = replace(leaf, value=paths if leaf.op is Op.IN else paths[0])
        return Any_((before, *(Compare("region", Op.STARTS_WITH if below else Op.EQ, each) for each in today)))
