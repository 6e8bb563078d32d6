"""A query asked for real, by a developer for their application: the way of every request, from its token to its record.

The hub's own issuer makes the token, for one minute and this one request; nothing of it leaves the process. Where
another issuer's tokens count, nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.console.developer.answer_lines import Line, lines_of, masked_paths
from hub.console.developer.asked import Asked
from hub.console.steward.matrix import Effect
from hub.home.issuer import Issuer
from hub.request.pipeline import answer
from hub.request.running import Hub

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of an answer: its code, what it says, where in the document, and at which path of the answer.

    `places` are lines and columns, from 1.
    """

    code: str
    message: str
    places: tuple[tuple[int, int], ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """An answer as it came: its status, its lines with marks, what it hides, and the receipt of its record."""

    status: int
    lines: tuple[Line, ...]
    whole: bool
    """Whether these are all lines."""
    faults: tuple[Fault, ...]
    access: Mapping[str, Any]
    receipt: Mapping[str, Any]
    policy_version: str


def token_for(hub: Hub, application: str, person: str, seconds: int) -> str:
    """A token of the hub's own issuer, valid for so many seconds; reads its key file."""
    return Issuer(hub.settings).issue(application, person, seconds)


async def run_asked(hub: Hub, token: str, asked: Asked, language: str, source: str) -> Ran:
    """The answer to what is asked, already recorded; raises VariablesUnread before anything is asked."""
    sent = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json", "Access-Errors": "none"}
    response = await answer(hub, asked.arrival(language, source, sent))
    members = orjson.loads(bytes(response.body))
    extensions = members.get("extensions", {})
    access = extensions.get("access") or {}
    lines, whole = lines_of(members["data"], _marks(hub, asked, access)) if "data" in members else ((), True)
    return Ran(
        response.status_code,
        lines,
        whole,
        tuple(map(fault_of, members.get("errors", ()))),
        access,
        extensions.get("receipt") or {},
        extensions.get("policyVersion") or "",
    )


def _marks(hub: Hub, asked: Asked, access: Mapping[str, Any]) -> dict[tuple[str, ...], Effect]:
    """By path of response names: what is masked on some rows at least, and what is denied."""
    masked = frozenset(each["coordinate"] for each in access.get("masked", ()))
    marks = dict.fromkeys(masked_paths(hub.schema, asked.document, masked), Effect.MASK) if masked else {}
    denied = [tuple(map(str, path)) for each in access.get("denied", ()) for path in each["paths"]]
    return marks | dict.fromkeys(denied, Effect.NOTHING)


def fault_of(error: Mapping[str, Any]) -> Fault:
    """An error as GraphQL writes it."""
    places = tuple((each["line"], each["column"]) for each in error.get("locations", ()))
    path = ".".join(map(str, error.get("path", ())))
    return Fault(error["extensions"]["code"], error["message"], places, path)
