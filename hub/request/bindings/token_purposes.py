"""The purposes that a token is bound to by its `authorization_details`.

A token without them may be used for each purpose that is granted. One that has them says which purposes it is for, and
nothing that the hub does not know: what cannot be read cannot be kept to. Source: RFC 9396, sections 2 and 9.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CLAIM: Final = "authorization_details"
TYPE: Final = "sluicegate_purposes"
"""The `type` of the entries: `{"type": "sluicegate_purposes", "purposes": ["safety.fire"]}`."""
MOST: Final = 64
"""Most purposes that one entry names, and most entries."""


def purposes_of_token(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """The purposes that a token is for, by their whole ids; None for each that is granted. Raises ValueError."""
    if CLAIM not in claims:
        return None
    entries = claims[CLAIM]
    if not isinstance(entries, list) or not 0 < len(entries) <= MOST:
        raise ValueError("are no list of entries")
    return frozenset(purpose for entry in entries for purpose in _purposes(entry))


def _purposes(entry: object) -> list[str]:
    if not isinstance(entry, dict) or entry.keys() != {"type", "purposes"} or entry["type"] != TYPE:
        raise ValueError("hold an entry that is not known")
    purposes = entry["purposes"]
    if not isinstance(purposes, list) or not 0 < len(purposes) <= MOST:
        raise ValueError("hold an entry without purposes")
    if not all(isinstance(each, str) and each for each in purposes):
        raise ValueError("hold a purpose that is no id")
    return purposes
