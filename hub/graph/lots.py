"""Cypher for the lot of a node: the number that decides its place in lists, before a purpose's key permutes it.

A lot is made of the surrogate and kept beside it, because reading the digits of a surrogate anew takes 6 µs, for each
of the 700 people of a grid and each page of them. A node without one, written by an older release, has it made.
"""

from __future__ import annotations

from hub.home.seals import ORDER_PRIME

LOT = "lot"


def lot_number(surrogate: str) -> int:
    """The first 60 bits of a surrogate modulo the prime of the order of lists."""
    return int(surrogate[:15], 16) % ORDER_PRIME


def lot_of(surrogate: str) -> str:
    """The same in Cypher, of an expression."""
    return f"toInteger('0x' + left({surrogate}, 15)) % {ORDER_PRIME}"


def lot_of_node(node: str) -> str:
    """The lot that a node keeps, or else that of its surrogate."""
    return f"coalesce({node}.{LOT}, {lot_of(f'{node}.sid')})"
