"""The codes that a request of an application can meet: what each means stands in `wording/codes.yaml`."""

from __future__ import annotations

from typing import Final

from hub.errors import Code

_OF_OTHERS: Final = frozenset(
    {Code.EVENT_REFUSED, Code.EVENT_WAITS, Code.EVENT_REUSED, Code.PROOF_UNKNOWN, Code.TILE_UNKNOWN}
)
"""Codes of other doors: events that are pushed, and proofs."""
CODES: Final = tuple(each for each in Code if each not in _OF_OTHERS)
