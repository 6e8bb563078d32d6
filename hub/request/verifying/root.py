"""A verification as a root of a plan, and what its result means.

The graph says of the one person who is found whether all values agree; nothing else leaves it but the surrogate, for
the audit record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.model import RowSet
from schema.answers.agreement import AGREES, CANNOT_SAY, DISAGREES
from schema.catalogue import Entity
from schema.predicate import Compare


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether one person whom `named` finds on `rows` has the values of `others` too; all are `eq` with a whole value.

    Its result is a list: empty, or the surrogate with true, false, or null where a value is not known.
    """

    name: str
    entity: Entity
    named: Compare
    others: tuple[Compare, ...]
    rows: RowSet

    @property
    def compared(self) -> tuple[Compare, ...]:
        """All comparisons, that which finds the person first."""
        return (self.named, *self.others)


def agreement(result: list[Any]) -> str:
    """What is told of a result: the same whether nobody was found, more than one, or a value is not known."""
    agrees = result[1] if result else None
    return CANNOT_SAY if agrees is None else AGREES if agrees else DISAGREES
