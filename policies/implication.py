"""Proves that one row condition implies another: `implies(p, q)`, wherever `p` holds, `q` holds, whatever the data.

A True is always right; a False means only that no proof was found. Conjuncts and alternatives are taken apart, and
leaves on one field are compared by their values. Conditions are in negation normal form; `resolve` first puts a
subject's own values in place of the placeholders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.rules import Subject, placeholder_value
from schema.predicate import TRUE, All, Any_, CaseHolds, Compare, IsCase, Not, Op, Placeholder, Predicate, Related

_CASE, _CASE_HOLDS = "$case", "$case holds"


@dataclass(frozen=True, slots=True)
class _Case:
    """Which cases count: those of a department, among the events that it sees without naming a case."""

    department: str
    seen: Predicate

    def __str__(self) -> str:
        return self.department

    def within(self, other: _Case) -> bool:
        return self.department == other.department and implies(self.seen, other.seen)


def resolve(predicate: Predicate, subject: Subject, today: dt.date, seen: Predicate = TRUE) -> Predicate:
    """The condition as it stands for one subject on one day; `seen`: which events it sees without naming a case."""
    match predicate:
        case All(parts):
            return All(tuple(resolve(each, subject, today, seen) for each in parts))
        case Any_(parts):
            return Any_(tuple(resolve(each, subject, today, seen) for each in parts))
        case Not(part):
            return Not(resolve(part, subject, today, seen))
        case Related(edge, some, where):
            return Related(edge, some, resolve(where, subject, today, seen))
        case IsCase():
            return Compare(_CASE, Op.EQ, _Case(subject.department, seen))
        case CaseHolds():
            return Compare(_CASE_HOLDS, Op.EQ, _Case(subject.department, seen))
        case Compare(field, op, value, bucket):
            return Compare(field, op, _value(value, subject, today), bucket)


def _value(value: Any, subject: Subject, today: dt.date) -> Any:
    if isinstance(value, tuple):
        return tuple(_value(each, subject, today) for each in value)
    if not isinstance(value, Placeholder):
        return value
    return placeholder_value(value, subject, today)


def implies(narrow: Predicate, wide: Predicate) -> bool:
    """Whether it is proved that `wide` holds wherever `narrow` does."""
    if narrow == wide:
        return True
    if isinstance(narrow, Any_):
        return all(implies(each, wide) for each in narrow.parts)
    if isinstance(wide, All):
        return all(implies(narrow, each) for each in wide.parts)
    if isinstance(wide, Any_) and any(implies(narrow, each) for each in wide.parts):
        return True
    if isinstance(narrow, All):
        return any(implies(each, wide) for each in narrow.parts)
    if isinstance(narrow, Related) and isinstance(wide, Related):
        return _related(narrow, wide)
    return isinstance(narrow, Compare) and isinstance(wide, Compare) and _leaf(narrow, wide)


def _related(narrow: Related, wide: Related) -> bool:
    if (narrow.edge, narrow.some) != (wide.edge, wide.some):
        return False
    return implies(narrow.where, wide.where) if narrow.some else implies(wide.where, narrow.where)


def _leaf(narrow: Compare, wide: Compare) -> bool:
    if isinstance(narrow.value, _Case) and isinstance(wide.value, _Case):
        return narrow.field in {_CASE, wide.field} and narrow.value.within(wide.value)
    if (narrow.field, narrow.bucket) != (wide.field, wide.bucket):
        return False
    if wide.op is Op.IS_NULL:
        # Any comparison that holds has a value to compare with.
        return wide.value is False and narrow.op is not Op.IS_NULL
    if narrow.op in {Op.EQ, Op.IN}:
        return all(_holds(wide, value) for value in _values(narrow))
    prove = _PROOFS.get((_kind(narrow.op), _kind(wide.op)))
    return prove is not None and prove(narrow, wide)


def _values(leaf: Compare) -> tuple[Any, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


_TESTS: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda value, wanted: value == wanted,
    Op.IN: lambda value, wanted: value in wanted,
    Op.NOT_EQ: lambda value, wanted: value != wanted,
    Op.NOT_IN: lambda value, wanted: value not in wanted,
    Op.STARTS_WITH: lambda value, wanted: value.startswith(wanted),
    Op.NOT_STARTS_WITH: lambda value, wanted: not value.startswith(wanted),
    Op.LT: lambda value, wanted: value < wanted,
    Op.LTE: lambda value, wanted: value <= wanted,
    Op.GT: lambda value, wanted: value > wanted,
    Op.GTE: lambda value, wanted: value >= wanted,
}


def _holds(leaf: Compare, value: Any) -> bool:
    """Whether a leaf holds for one value; False where the two cannot be compared."""
    try:
        return _TESTS[leaf.op](value, leaf.value)
    except (TypeError, AttributeError):
        return False


def _kind(op: Op) -> Op:
    return {Op.NOT_EQ: Op.NOT_IN, Op.LTE: Op.LT, Op.GTE: Op.GT}.get(op, op)


def _bounded(narrow: Compare, wide: Compare) -> bool:
    """`x < 3` within `x < 5`: a closed bound lies within an open one only where it is beyond it."""
    strict = {Op.LTE: Op.LT, Op.GTE: Op.GT}
    closed = narrow.op in strict and wide.op not in strict
    beyond = wide.op if closed else {Op.LT: Op.LTE, Op.GT: Op.GTE}.get(wide.op, wide.op)
    return _holds(Compare(wide.field, beyond, wide.value), narrow.value)


_PROOFS: Mapping[tuple[Op, Op], Callable[[Compare, Compare], bool]] = {
    (Op.STARTS_WITH, Op.STARTS_WITH): lambda p, q: p.value.startswith(q.value),
    (Op.STARTS_WITH, Op.NOT_IN): lambda p, q: not any(each.startswith(p.value) for each in _values(q)),
    (Op.NOT_STARTS_WITH, Op.NOT_STARTS_WITH): lambda p, q: q.value.startswith(p.value),
    (Op.NOT_IN, Op.NOT_IN): lambda p, q: set(_values(q)) <= set(_values(p)),
    (Op.LT, Op.LT): _bounded,
    (Op.GT, Op.GT): _bounded,
}
