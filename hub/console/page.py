"""What a page of the console is: where it is, who may see it, and whether it changes something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.sessions.residents import Resident
from hub.console.visitor import Visitor
from policies.stewards import Role

SHOW: Final = "show"
"""The `act` of a form that is to be shown again as it was written, and nothing else."""
Form = Mapping[str, str]
Reread = Callable[[Form], Form] | None
"""Gives for a form the one by which its answer is read again in another language, and which changes nothing. None if
there is none: whoever changes the language then comes to the page that the form is of.
"""


def shown_again(form: Form) -> Form:
    """A form that is shown again as it was written."""
    return {**form, "act": SHOW}


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
    answer: Callable[[Arrival, Visitor, Form], Awaitable[Response]]
    roles: frozenset[Role] = frozenset()
    reread: Reread = None


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page that a resident reads who is signed in as themself; no session of anybody else opens it."""

    path: str
    answer: Callable[[Arrival, Resident], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What a form of such a page sends, by POST."""

    path: str
    answer: Callable[[Arrival, Resident, Form], Awaitable[Response]]
    reread: Reread = None


Way = Door | Page | Change | OwnPage | OwnChange


def may(visitor: Visitor, way: Page | Change) -> bool:
    """Whether a visitor has a role that the page is for."""
    return not way.roles or bool(way.roles & set(visitor.roles))
