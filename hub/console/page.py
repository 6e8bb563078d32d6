"""What a page of the console is: where it is, who may see it, and whether it changes something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.sessions.residents import Resident
from hub.console.visitor import Visitor
from policies.stewards import Role


@dataclass(frozen=True, slots=True)
class Door:
    """A page for whoever comes, signed in or not; `path` is below `/console/`."""

    path: str
    answer: Callable[[Arrival], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is read by people who are signed in, with one of these roles; without roles, by all of them.

    `word` is what the menu calls it; without one it is not there.
    """

    path: str
    answer: Callable[[Arrival, Visitor], Awaitable[Response]]
    roles: frozenset[Role] = frozenset()
    word: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a form sends, by POST; it answers by sending the browser to a page, or with what was wrong."""

    path: str
    answer: Callable[[Arrival, Visitor, Mapping[str, str]], Awaitable[Response]]
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page that a resident reads who is signed in as themself; no session of anybody else opens it."""

    path: str
    answer: Callable[[Arrival, Resident], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What a form of such a page sends, by POST."""

    path: str
    answer: Callable[[Arrival, Resident, Mapping[str, str]], Awaitable[Response]]


Way = Door | Page | Change | OwnPage | OwnChange


def may(visitor: Visitor, way: Page | Change) -> bool:
    """Whether a visitor has a role that the page is for."""
    return not way.roles or bool(way.roles & set(visitor.roles))
