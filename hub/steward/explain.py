"""The explanation of a prepared operation: why each field is shown, masked or absent.

It holds the effects on each coordinate that the operation reads, the rows they apply to, and the Cypher statement with
the names of its parameters, never their values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.request.own_access.row_words import predicate_in_words
from hub.request.plan_model import Planned
from hub.request.template import Statement
from policies.model import Decision, RowSet, TypeDecision
from policies.rules import ANSWER, effect_in_words, verify_in_words
from schema.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Line:
    """One effect on one coordinate, and the rows it applies to, in words."""

    coordinate: str
    effect: str
    rows: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision on what an operation reads, and its statement (None if nothing is fetched)."""

    purpose: str
    policy_version: str
    grants: tuple[str, ...]
    lines: tuple[Line, ...]
    statement: str | None
    parameters: tuple[str, ...]
    notes: tuple[str, ...] = ()


def explain(
    planned: Planned, statement: Statement | None, in_words: Callable[[Predicate], str] = predicate_in_words
) -> Explanation:
    """The explanation of a plan and its statement; `in_words` says as much of a row condition as may be told."""
    decision = planned.decision
    read = {name for names in _coordinates(planned) for name in names}
    lines = tuple(line for name in sorted(read) for line in _lines(decision, name, in_words))
    return Explanation(
        decision.purpose,
        decision.version,
        decision.grants,
        lines,
        statement.text if statement else None,
        tuple(f"${name}: {type(value).__name__}" for name, value in statement.parameters.items()) if statement else (),
        _notes(decision),
    )


def _notes(decision: Decision) -> tuple[str, ...]:
    """What holds on every row, whatever its effects."""
    if decision.collected is None:
        return ()
    read = ", ".join(decision.collected) or "nothing"
    return (f"a node is there if all that its sources say of it was collected for one of: {read}",)


def _coordinates(planned: Planned) -> tuple[tuple[str, ...], ...]:
    account = planned.coordinates
    return account.clear, account.masked, account.aggregated, account.matched, account.answered, account.denied


def _lines(decision: Decision, coordinate: str, in_words: Callable[[Predicate], str]) -> list[Line]:
    entity, _, name = coordinate.partition(".")
    table = decision.of(entity)
    effects = table.of(name)
    shown: list[tuple[str, RowSet]] = [("clear", effects.clear)]
    shown += [(f"mask {rung}", rows) for rung, rows in effects.masks]
    shown += [("aggregate", effects.aggregate), ("match", effects.match)]
    shown += [(verify_in_words(names), rows) for names, rows in table.verified_with(name).items()]
    shown += [(effect_in_words(ANSWER, asked), rows) for asked, rows in effects.answers]
    lines = [Line(coordinate, effect, _rows(table, rows, in_words)) for effect, rows in shown if rows]
    return lines or [Line(coordinate, "denied", "")]


def _rows(table: TypeDecision, rows: RowSet, in_words: Callable[[Predicate], str]) -> str:
    return " or ".join(dict.fromkeys(in_words(table.rows[index]) for index in sorted(rows)))
