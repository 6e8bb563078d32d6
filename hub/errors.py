"""The error codes of the hub, and the exception that carries one.

Each code has one HTTP status (another in the strict profile of GraphQL over HTTP, where the draft says so), one rule on
partial data and one page in `docs/errors/` (a test compares the two), and no public message tells anything about hidden
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The codes; their names are stable, so that a client may rely on them."""

    BAD_REQUEST = "BAD_REQUEST"
    METHOD = "METHOD"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED"
    PURPOSE_DENIED = "PURPOSE_DENIED"
    POLICY_CHANGED = "POLICY_CHANGED"
    CASE_REQUIRED = "CASE_REQUIRED"
    OPERATION_NOT_REGISTERED = "OPERATION_NOT_REGISTERED"
    INTROSPECTION_OFF = "INTROSPECTION_OFF"
    DAILY_CAP = "DAILY_CAP"
    POLICY_UNAVAILABLE = "POLICY_UNAVAILABLE"
    VALIDATION = "VALIDATION"
    DEPTH_LIMIT = "DEPTH_LIMIT"
    COST_LIMIT = "COST_LIMIT"
    BATCHING_DISABLED = "BATCHING_DISABLED"
    FIELD_NOT_FILTERABLE = "FIELD_NOT_FILTERABLE"
    BAD_CURSOR = "BAD_CURSOR"
    FIELD_DENIED = "FIELD_DENIED"
    SUPPRESSED = "SUPPRESSED"
    TIMEOUT = "TIMEOUT"
    RESULT_LIMIT = "RESULT_LIMIT"
    GRAPH_UNAVAILABLE = "GRAPH_UNAVAILABLE"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    CLIENT_GONE = "CLIENT_GONE"
    RATE_LIMIT = "RATE_LIMIT"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    OVERLOADED = "OVERLOADED"
    ASKER_DENIED = "ASKER_DENIED"
    DELEGATION_DENIED = "DELEGATION_DENIED"
    DELIVERY_DENIED = "DELIVERY_DENIED"
    EVENT_REFUSED = "EVENT_REFUSED"
    EVENT_WAITS = "EVENT_WAITS"
    EVENT_REUSED = "EVENT_REUSED"
    PROOF_UNKNOWN = "PROOF_UNKNOWN"
    TILE_UNKNOWN = "TILE_UNKNOWN"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Rule:
    """The HTTP status of a code, in the strict profile too, and whether an answer with it may still hold data."""

    http_status: int
    partial_data: bool = False
    strict_status: int | None = None
    """The status in the strict profile; None where it is the same."""


PARTIAL = 294
"""Partial success: data beside errors, in the strict profile."""

RULES: Mapping[Code, Rule] = {
    Code.BAD_REQUEST: Rule(400, strict_status=422),
    Code.METHOD: Rule(405),
    Code.NOT_ACCEPTABLE: Rule(406),
    Code.TOO_LARGE: Rule(413),
    Code.UNSUPPORTED_MEDIA_TYPE: Rule(415),
    Code.UNAUTHENTICATED: Rule(401),
    Code.PURPOSE_REQUIRED: Rule(400),
    Code.PURPOSE_DENIED: Rule(403),
    Code.POLICY_CHANGED: Rule(403),
    Code.CASE_REQUIRED: Rule(403),
    Code.OPERATION_NOT_REGISTERED: Rule(403),
    Code.INTROSPECTION_OFF: Rule(403),
    Code.DAILY_CAP: Rule(429),
    Code.POLICY_UNAVAILABLE: Rule(503),
    Code.VALIDATION: Rule(400, strict_status=422),
    Code.DEPTH_LIMIT: Rule(400, strict_status=422),
    Code.COST_LIMIT: Rule(400, strict_status=422),
    Code.BATCHING_DISABLED: Rule(400, strict_status=422),
    Code.FIELD_NOT_FILTERABLE: Rule(400, strict_status=422),
    Code.BAD_CURSOR: Rule(400, strict_status=422),
    Code.FIELD_DENIED: Rule(200, partial_data=True, strict_status=PARTIAL),
    Code.SUPPRESSED: Rule(200, partial_data=True, strict_status=PARTIAL),
    Code.TIMEOUT: Rule(504),
    Code.RESULT_LIMIT: Rule(400),
    Code.GRAPH_UNAVAILABLE: Rule(503),
    Code.AUDIT_UNAVAILABLE: Rule(503),
    Code.CLIENT_GONE: Rule(499),
    Code.RATE_LIMIT: Rule(429),
    Code.TOO_MANY_REQUESTS: Rule(429),
    Code.OVERLOADED: Rule(503),
    Code.ASKER_DENIED: Rule(403),
    Code.DELEGATION_DENIED: Rule(403),
    Code.DELIVERY_DENIED: Rule(403),
    Code.EVENT_REFUSED: Rule(422),
    Code.EVENT_WAITS: Rule(503),
    Code.EVENT_REUSED: Rule(409),
    Code.PROOF_UNKNOWN: Rule(404),
    Code.TILE_UNKNOWN: Rule(404),
    Code.INTERNAL: Rule(500),
}


class HubError(Exception):
    """A refusal. `public_message` is what the client reads; it never holds a value from data or from a request.

    `locations` are (line, column) pairs in the document; `access` tells how to ask for what was missing; `also` holds
    further faults of the same code; `retry_after` is the number of seconds after which the client may try again.
    `strict_status` is the HTTP status in the strict profile, where it is not that of the code.
    """

    def __init__(
        self,
        code: Code,
        public_message: str,
        *,
        path: tuple[str | int, ...] = (),
        locations: tuple[tuple[int, int], ...] = (),
        access: Mapping[str, Any] | None = None,
        also: tuple[HubError, ...] = (),
        retry_after: int | None = None,
        strict_status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {public_message}")
        self.code = code
        self.public_message = public_message
        self.path = path
        self.locations = locations
        self.access = access
        self.also = also
        self.retry_after = retry_after
        self._strict_status = strict_status

    @property
    def http_status(self) -> int:
        """The HTTP status that goes with the code."""
        return RULES[self.code].http_status

    @property
    def strict_status(self) -> int:
        """The HTTP status in the strict profile."""
        return self._strict_status or RULES[self.code].strict_status or self.http_status


def internal_error() -> HubError:
    """The refusal after a fault in the hub itself; the log holds the fault, the message nothing of it."""
    return HubError(Code.INTERNAL, "the hub failed; report this request id to the hub's operator")
