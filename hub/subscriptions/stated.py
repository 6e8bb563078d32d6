"""What a client states when it connects: who asks, for which purpose, on which case, and how to be answered.

It is stated in the headers of the connection or in the payload of `connection_init`, by the names of the headers, and
is read by the same code as the headers of a query. A token is a text there and nothing else: no part of it is believed
before its signature is checked.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.errors import Code, HubError
from hub.request.answers.preferences import COST_HEADER, GRAPHQL_JSON, JSON, Profile
from hub.request.endpoint import Arrival

READ: Final = ("authorization", "access-purpose", "case-reference", "access-errors", "accept-language")
"""The headers that count, and the members of the payload, in any case."""
MOST: Final = 16_384
"""Characters of the payload, as many as all headers of a query may have."""
_NO_HEADER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""Signs that no header holds (RFC 9110, section 5.5)."""


@dataclass(frozen=True, slots=True)
class Stated:
    """The headers that each operation of a connection has; `source` is the address that it came from."""

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    path: str
    source: str = field(repr=False)
    profile: Profile
    key_shown: bool = False
    """Whether the proof for its token, if that is bound to a key, was checked when it was opened."""

    def arrival(self, body: bytes = b"") -> Arrival:
        """A request of this connection, as if it had just come by POST."""
        now, began = dt.datetime.now(dt.UTC), time.monotonic_ns()
        return Arrival(
            secrets.token_hex(16),
            now,
            began,
            "POST",
            self.path,
            self.headers,
            body,
            source=self.source,
            profile=self.profile,
            key_shown=self.key_shown,
        )


def without_form(arrival: Arrival) -> Arrival:
    """The arrival of a stream of events, as one that is refused with JSON: neither is compressed."""
    kept = ((name, value) for name, value in arrival.headers if name not in {"accept", "accept-encoding"})
    return replace(arrival, headers=(("accept", GRAPHQL_JSON), *kept))


def of_stream(arrival: Arrival) -> Stated:
    """What the arrival of a stream states, once its sender is known."""
    kept = [(name, value) for name, value in arrival.headers if name in {*READ, COST_HEADER}]
    return Stated((("content-type", JSON), *kept), arrival.path, arrival.source, arrival.profile, key_shown=True)


def read_stated(headers: Iterable[tuple[str, str]], payload: Any, path: str, source: str, profile: Profile) -> Stated:
    """What the headers and the payload state; raises HubError BAD_REQUEST for a payload that is not understood.

    A name that both state is refused with the first operation, like a header that comes twice.
    """
    kept = [(name, value) for name, value in headers if name in READ]
    return Stated((("content-type", JSON), *kept, *_members(payload)), path, source, profile)


def _members(payload: Any) -> list[tuple[str, str]]:
    if payload is None:
        return []
    if not isinstance(payload, Mapping):
        raise _not_understood()
    members = [(str(name).lower(), value) for name, value in payload.items()]
    if any(name not in READ or not isinstance(value, str) or _NO_HEADER.search(value) for name, value in members):
        raise _not_understood()
    if sum(len(name) + len(value) for name, value in members) > MOST:
        raise HubError(Code.BAD_REQUEST, f"the payload of connection_init has more than {MOST} characters")
    return members


def _not_understood() -> HubError:
    names = ", ".join(READ)
    return HubError(Code.BAD_REQUEST, f"the payload of connection_init is an object of texts, by these names: {names}")
