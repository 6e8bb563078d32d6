"""Evaluates a condition on one node in Kleene's three-valued logic: true, false or unknown.

It is the naive reading of `schema.predicate` that the oracle uses; a `View` says what the reader may see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schema.predicate import All, Any_, CaseHolds, Compare, IsCase, Not, Op, Predicate, Related

Kleene = bool | None
"""True, false, or None for unknown."""


@dataclass(frozen=True)
class View:
    """How a condition reads the graph: the value a comparison sees, and the nodes an edge leads to."""

    value: Callable[[str, Compare], Any]
    targets: Callable[[str, str], list[str]]
    beyond: View | None = None
    """The view behind an edge; None: the same."""
    case: Callable[[str | None], bool] = lambda _: False
    """Whether a node is the request's case; of None, whether the case holds at all. For conditions of policies."""

    def truth(self, predicate: Predicate, name: str) -> Kleene:
        """Three-valued truth of a condition on a node."""
        match predicate:
            case All(parts):
                return _all([self.truth(each, name) for each in parts])
            case Any_(parts):
                return _not(_all([_not(self.truth(each, name)) for each in parts]))
            case Not(part):
                return _not(self.truth(part, name))
            case Related(edge, some, where):
                behind = self.beyond or self
                return some == any(behind.truth(where, each) is True for each in self.targets(name, edge))
            case Compare():
                return _compare(self.value(name, predicate), predicate.op, predicate.value)
            case IsCase():
                return self.case(name)
            case CaseHolds():
                return self.case(None)


def _all(parts: list[Kleene]) -> Kleene:
    if False in parts:
        return False
    return None if None in parts else True


def _not(part: Kleene) -> Kleene:
    return None if part is None else not part


def _compare(value: Any, op: Op, operand: Any) -> Kleene:
    if op is Op.IS_NULL:
        return bool((value is None) == operand)
    if value is None:
        return None
    tests: Mapping[Op, Callable[[], bool]] = {
        Op.EQ: lambda: value == operand,
        Op.IN: lambda: value in operand,
        Op.STARTS_WITH: lambda: value.startswith(operand),
        Op.CONTAINS: lambda: operand in value,
        Op.NOT_CONTAINS: lambda: operand not in value,
        Op.NOT_EQ: lambda: value != operand,
        Op.NOT_IN: lambda: value not in operand,
        Op.NOT_STARTS_WITH: lambda: not value.startswith(operand),
        Op.LT: lambda: value < operand,
        Op.LTE: lambda: value <= operand,
        Op.GT: lambda: value > operand,
        Op.GTE: lambda: value >= operand,
    }
    return tests[op]()
