"""The parts of connections and of nested lists with their page info, as a plan has them.

Each `name` is a response name. What a connection and a list have in common is that they show nodes, each in its own
way, and say something of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypenameCell:
    """`__typename`, whose text is known without asking the graph."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NodePart:
    """`node` of a Relay edge, or `nodes` of a nested list; `index` is that of its node plan in the page or the list."""

    name: str
    index: int


@dataclass(frozen=True, slots=True)
class CursorPart:
    """`cursor` of a Relay edge."""

    name: str


@dataclass(frozen=True, slots=True)
class EdgesPart:
    """`edges` of a connection."""

    name: str
    parts: tuple[NodePart | CursorPart | TypenameCell, ...]


@dataclass(frozen=True, slots=True)
class PageInfoPart:
    """`pageInfo`: pairs of response name and field name (or `__typename`)."""

    name: str
    parts: tuple[tuple[str, str], ...]


ConnectionShape = tuple[EdgesPart | PageInfoPart | TypenameCell, ...]
"""What a connection shows."""
ListShape = tuple[NodePart | PageInfoPart | TypenameCell, ...]
"""What a nested list shows that has its page info beside it."""

CURSORS = frozenset({"startCursor", "endCursor"})
"""The cursors among the fields of `PageInfo`."""


def shows_cursors(shape: ConnectionShape) -> bool:
    """Whether a page of this shape has a cursor anywhere in it."""
    for part in shape:
        match part:
            case EdgesPart(parts=parts) if any(isinstance(each, CursorPart) for each in parts):
                return True
            case PageInfoPart(parts=parts) if any(field in CURSORS for _, field in parts):
                return True
    return False
