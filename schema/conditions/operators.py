"""The comparisons of a condition, which of them a field takes, and the opposite of each.

A comparison that a field does not take is refused by name; `contains` is for the fields that a catalogue calls
searchable, in requests alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from schema.classification import Scalar
from schema.declarations import Field


class Op(StrEnum):
    """How a leaf compares; the `NOT_…` forms exist after `negation_normal` only."""

    EQ = "eq"
    IN = "in"
    STARTS_WITH = "startsWith"
    CONTAINS = "contains"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IS_NULL = "isNull"
    NOT_EQ = "notEq"
    NOT_IN = "notIn"
    NOT_STARTS_WITH = "notStartsWith"
    NOT_CONTAINS = "notContains"


NEGATED: Mapping[Op, Op] = {
    Op.EQ: Op.NOT_EQ,
    Op.IN: Op.NOT_IN,
    Op.STARTS_WITH: Op.NOT_STARTS_WITH,
    Op.CONTAINS: Op.NOT_CONTAINS,
    Op.LT: Op.GTE,
    Op.GTE: Op.LT,
    Op.GT: Op.LTE,
    Op.LTE: Op.GT,
    Op.NOT_EQ: Op.EQ,
    Op.NOT_IN: Op.IN,
    Op.NOT_STARTS_WITH: Op.STARTS_WITH,
    Op.NOT_CONTAINS: Op.CONTAINS,
}
"""What holds where a comparison does not, of all that is known."""
_ORDERED = (Op.EQ, Op.IN, Op.LT, Op.LTE, Op.GT, Op.GTE, Op.IS_NULL)
OPERATORS: Mapping[Scalar, tuple[Op, ...]] = {
    Scalar.STRING: (Op.EQ, Op.IN, Op.STARTS_WITH, Op.IS_NULL),
    Scalar.REGION: (Op.EQ, Op.IN, Op.STARTS_WITH, Op.IS_NULL),
    Scalar.ENUM: (Op.EQ, Op.IN, Op.IS_NULL),
    Scalar.BOOLEAN: (Op.EQ, Op.IS_NULL),
    Scalar.INT: _ORDERED,
    Scalar.FLOAT: _ORDERED,
    Scalar.DATE: _ORDERED,
    Scalar.DATETIME: _ORDERED,
}
"""Which comparisons a field of each scalar takes, in GraphQL and in policies alike."""
SEARCHED = (Op.EQ, Op.IN, Op.STARTS_WITH, Op.CONTAINS, Op.IS_NULL)
"""Those of a searchable field, in GraphQL."""
BUCKET_OPERATORS = (Op.EQ, Op.IN)


def operators_of(field: Field, *, in_policy: bool = False) -> tuple[Op, ...]:
    """Which comparisons a field takes; the rows of a grant must not turn on what somebody wrote in a text."""
    return SEARCHED if field.searchable and not in_policy else OPERATORS[field.scalar]
