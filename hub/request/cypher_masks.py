"""Cypher expressions for masks, aggregate buckets and the order of lists.

A value that they mask never leaves the database in clear. `policies/masking.py` defines what each mask yields; a
property test compares the two on the real graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.graph.lots import lot_of_node
from hub.home.seals import ORDER_PRIME
from policies import masking
from policies.text import family_names
from policies.text.surnames import COMPOUND_SURNAMES
from schema.catalogue import Bucket, Field, Scalar
from schema.predicate import Placeholder

_COMPOUND_SURNAMES = tuple(COMPOUND_SURNAMES)
_SINGLE_SURNAMES = tuple(family_names.SINGLE_SURNAMES)
_LAST_OF_OTHERS = tuple(family_names.LAST_OF_OTHERS)
_OTHER_NAMES = tuple(sorted(family_names.OTHER_NAMES))

Operand = Callable[[Any], str]
"""Returns the parameter for a value or a placeholder."""


def bucket(value: str, bucket: Bucket, operand: Operand) -> str:
    """The coarse form of a value."""
    if bucket.kind == "age_band":
        return _age_band(value, operand)
    if bucket.level is not None:
        return cut(value, bucket.level.depth)
    return value


def place(node: str, keys: str) -> str:
    """Where a node stands in a list: a permutation of its lot, a residue of a prime.

    Each round adds a key and cubes (as MiMC does), so that the orders under two keys have nothing in common. Keys and
    sums stay below 2p, so that no product overflows. docs/adr/0009-an-order-for-each-purpose.md
    """
    return f"reduce(x = {lot_of_node(node)}, k IN {keys} | (x + k) * (x + k) % {ORDER_PRIME} * (x + k) % {ORDER_PRIME})"


def mask(value: str, field: Field, mask: masking.Mask, operand: Operand) -> str:
    """The masked form of a value; null stays null."""
    text = field.scalar in {Scalar.STRING, Scalar.ENUM, Scalar.REGION}
    redacted = f"CASE WHEN {value} IS NOT NULL THEN '{masking.REDACTED}' END" if text else "null"
    match mask:
        case masking.Partial(first, last):
            head = f"left({value}, {first}) + " if first else ""
            tail = f" + right({value}, {last})" if last else ""
            kept = f"{head}'****'{tail}"
            return f"CASE WHEN size({value}) > {first + last} THEN {kept} WHEN {value} IS NOT NULL THEN '***' END"
        case masking.Surname():
            return _surname(value, operand)
        case masking.Initial():
            return (
                f"CASE WHEN size({value}) > 1 THEN left({value}, 1) + '.' "
                f"WHEN {value} IS NOT NULL THEN '{masking.REDACTED}' END"
            )
        case masking.Round(base):
            rounded = f"floor({value} / {base}.0 + 0.5) * {base}"
            return rounded if field.scalar is Scalar.FLOAT else f"toInteger({rounded})"
        case masking.Year():
            return f"toString({value}.year)"
        case masking.AgeBand():
            return _age_band(value, operand)
        case masking.Region(level):
            return cut(value, level.depth)
        case _:
            return redacted


def _surname(value: str, operand: Operand) -> str:
    """`family_name` of `policies/text/family_names.py`; its lists are parameters, not text of the statement."""
    others = operand(_OTHER_NAMES)
    return (
        f"CASE WHEN NOT {value} =~ {operand(family_names.HAN_NAME)} OR right({value}, 1) IN {operand(_LAST_OF_OTHERS)} "
        f"OR {value} IN {others} OR left({value}, 2) IN {others} THEN '***' "
        f"WHEN left({value}, 2) IN {operand(_COMPOUND_SURNAMES)} "
        f"THEN CASE WHEN size({value}) > 2 THEN left({value}, 2) + '**' ELSE '***' END "
        f"WHEN size({value}) < 4 AND left({value}, 1) IN {operand(_SINGLE_SURNAMES)} "
        f"THEN left({value}, 1) + '**' WHEN {value} IS NOT NULL THEN '***' END"
    )


def _age_band(value: str, operand: Operand) -> str:
    """The band whose days of birth the value lies in: of 300,000 people in 0.6 s, and in 1.7 s by `duration`."""
    ends = range(10, masking.OLDEST_BAND + 1, 10)
    bands = (
        f"WHEN {value} > {operand(Placeholder('today', years))} THEN '{band}'"
        for years, band in zip(ends, masking.AGE_BANDS[:-1], strict=True)
    )
    return (
        f"CASE WHEN {value} > {operand(Placeholder('today'))} THEN null {' '.join(bands)} "
        f"WHEN {value} IS NOT NULL THEN '{masking.AGE_BANDS[-1]}' END"
    )


def cut(value: str, depth: int) -> str:
    """The division of a region at a depth of the administrative tree."""
    kept = f"[s IN split({value}, '/') WHERE s <> ''][0..{depth}]"
    return f"CASE WHEN {value} IS NOT NULL THEN reduce(path = '', s IN {kept} | path + s + '/') END"
