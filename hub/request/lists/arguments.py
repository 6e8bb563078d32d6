"""Reads which part of a list is asked for: `first` and `after` forwards, `last` and `before` backwards.

A part is asked for in one direction. Source: relay.dev/graphql/connections.htm, section 4 (arguments).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import FieldNode, VariableNode

from hub.errors import Code, HubError
from hub.request.selection import location_of
from schema.slot import Slot

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 200
"""How many rows a list holds if the client does not say, and at most."""
SIZES: Final = frozenset({"first", "last"})
"""The arguments that say how long a list is."""
_GOES_ON: Final = {"first": "get the next page with `after`", "last": "get the page before with `before`"}


class NotOfItsShape(Exception):
    """A plan that depends on a value, so that it cannot be made with a slot in its place."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `size` rows next to the row of `cursor`: those that come after it, or `backward`, before it.

    Without a cursor they are the first, or the last, of the list.
    """

    size: int
    cursor: str | None
    backward: bool


def window(arguments: Mapping[str, Any], node: FieldNode) -> Window:
    """The part of a connection that its field asks for; raises VALIDATION."""
    given = {name for name in ("first", "after", "last", "before") if arguments.get(name) is not None}
    backward = bool(given & {"last", "before"})
    if backward and given & {"first", "after"}:
        text = "ask for a page forwards, by `first` and `after`, or backwards, by `last` and `before`"
        raise HubError(Code.VALIDATION, text, locations=location_of(node))
    if backward:
        return Window(size(arguments, node, "last"), cursor(arguments, "before"), backward)
    return Window(size(arguments, node), cursor(arguments), backward)


def size(arguments: Mapping[str, Any], node: FieldNode, name: str = "first") -> int:
    """How many rows a field asks for; raises VALIDATION."""
    given = arguments.get(name)
    return PAGE_DEFAULT if given is None else at_most(PAGE_MAX, given, node, name)


def at_most(most: int, given: int, node: FieldNode, name: str = "first") -> int:
    """The page size of a field; the refusal of another stands at the argument, or at the field for a variable."""
    if not 0 <= given <= most:
        written = (each for each in node.arguments or () if each.name.value == name)
        at = next((each for each in written if not isinstance(each.value, VariableNode)), node)
        text = f"{name} takes 0 to {most}; {_GOES_ON[name]}"
        raise HubError(Code.VALIDATION, text, locations=location_of(at))
    return int(given)


def cursor(arguments: Mapping[str, Any], name: str = "after") -> str | None:
    """The sealed cursor that a field names, or None."""
    given: str | None = arguments.get(name)
    if isinstance(given, Slot):
        raise NotOfItsShape("where a page goes on depends on which keys of the row before it were null")
    return given
