"""Makes the entries of a node's provenance of what the statement found.

Two sources are compared by keyed digests of what they say of the same field; no digest is part of an entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

Found = Sequence[Any]
"""Of one source: its name, the time of its newest record, what that says, who says so, when it was last read well, and
whether that is too long ago."""


def entries(found: Sequence[Found], compared: Set[str]) -> list[dict[str, Any]]:
    """An entry for each source, by the fields of GraphQL's `Provenance`, in the order found.

    Sources are compared by what they say of the fields `compared`, and of no other.
    """
    said = {source: _said(text, compared) for source, _, text, *_ in found}
    return [
        {
            "source": source,
            "assertedBy": asserted_by,
            "asOf": as_of,
            "readAt": read_at,
            "stale": stale,
            "confirmedBy": [each for each in said if each != source and _differ(said[source], said[each]) is False],
            "disputedBy": [each for each in said if each != source and _differ(said[source], said[each])],
        }
        for source, as_of, _, asserted_by, read_at, stale in found
    ]


def _said(text: str | None, compared: Set[str]) -> Mapping[str, str]:
    """Digests by field; none of a record that was written when no other source wrote the same fields."""
    stated = dict(each.split("=") for each in (text or "").split())
    return {name: stated[name] for name in stated.keys() & compared}


def _differ(one: Mapping[str, str], other: Mapping[str, str]) -> bool | None:
    """Whether two records differ in a field that both state; None if there is none."""
    both = one.keys() & other.keys()
    return any(one[name] != other[name] for name in both) if both else None
