"""Rewrites a decision into today's grids, after grids were merged or split.

A grant on a merged grid follows to the successor; a grant on a grid that was split holds nowhere until a steward
decides. A merge rewrites the paths of the nodes in it, so a jurisdiction or a row condition with the old path would
find nothing: `follow` puts in the successor's path before anything is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from policies.model import Decision, TypeDecision
from schema.predicate import FALSE, All, Any_, Compare, Not, Op, Predicate, Related

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


def follow(decision: Decision, successors: Successors) -> Decision:
    """The same decision in today's grids."""
    if not successors:
        return decision
    jurisdiction = successor(decision.subject.jurisdiction, successors)
    subject = replace(decision.subject, jurisdiction=NOWHERE if jurisdiction is None else jurisdiction)
    types = {name: _follow_type(table, successors) for name, table in decision.types.items()}
    return replace(decision, subject=subject, types=types)


def _follow_type(table: TypeDecision, successors: Successors) -> TypeDecision:
    return replace(table, rows=tuple(_follow_rows(each, successors) for each in table.rows))


def _follow_rows(predicate: Predicate, successors: Successors) -> Predicate:
    match predicate:
        case All(parts):
            return All(tuple(_follow_rows(each, successors) for each in parts))
        case Any_(parts):
            return Any_(tuple(_follow_rows(each, successors) for each in parts))
        case Not(part):
            return Not(_follow_rows(part, successors))
        case Related(edge, some, where):
            return Related(edge, some, _follow_rows(where, successors))
        case Compare("region", Op.EQ | Op.STARTS_WITH, str() as path):
            today = successor(path, successors)
            return FALSE if today is None else replace(predicate, value=today)
        case Compare("region", Op.IN, tuple() as paths):
            known = (successor(each, successors) if isinstance(each, str) else each for each in paths)
            return replace(predicate, value=tuple(each for each in known if each is not None))
        case _:
            return predicate
