"""The sample's market supervision: a REST server over `units.jsonl`, specified in docs/sample-county.md, section 8.

It gives no unit without an access token (OAuth 2.0 client credentials, RFC 6749), and to nobody more often than its
rate allows. It logs nothing of a request.
"""

import base64
import binascii
import hmac
import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.sample.dated_rows import DatedRows, InvalidParameter, moment, refuse_unknown, whole_number
from hub.sample.loopback import serve

LIMIT: Final = 100
LIMIT_MAX: Final = 500
_PARAMETERS: Final = frozenset({"changedSince", "cursor", "limit"})
_FORM_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class MarketRules:
    """The client that may ask, how long a token lives, and how many requests a window of time takes."""

    client_id: str
    client_secret: str
    token_seconds: float = 300.0
    requests: int = 5
    window_seconds: float = 1.0


@dataclass(slots=True)
class _Gate:
    """Tokens in force, and the requests of the present window."""

    rules: MarketRules
    _tokens: dict[str, float] = field(default_factory=dict)
    _window_ends: float = 0.0
    _requests: int = 0

    def issue(self) -> str:
        """A new token; tokens that have expired are forgotten."""
        now = time.monotonic()
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = now + self.rules.token_seconds
        return token

    def admits(self, header: str) -> bool:
        """Whether an Authorization header holds a token in force."""
        scheme, _, token = header.partition(" ")
        return scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > time.monotonic()

    def seconds_to_wait(self) -> int:
        """Count a request; 0 if the rate allows it, else the whole seconds until it will."""
        now = time.monotonic()
        if now >= self._window_ends:
            self._window_ends, self._requests = now + self.rules.window_seconds, 0
        self._requests += 1
        return 0 if self._requests <= self.rules.requests else math.ceil(self._window_ends - now)

    def knows(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the credentials of the client."""
        same_id = hmac.compare_digest(client_id.encode(), self.rules.client_id.encode())
        return hmac.compare_digest(client_secret.encode(), self.rules.client_secret.encode()) and same_id


def make_market_app(folder: Path, rules: MarketRules) -> Starlette:
    """The application over `folder/units.jsonl`.

    Raises `ValueError` if the client's secret is empty, `OSError` if there is no file of units.
    """
    if not rules.client_secret:
        raise ValueError("the market supervision needs a client secret")
    units, gate = DatedRows(folder / "units.jsonl", "creditCode"), _Gate(rules)

    async def give_token(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > _FORM_BYTES:
            return _refusal(400, "invalid_request")
        form = parse_qs((await request.body()).decode("latin-1"))
        if not gate.knows(*_credentials(request.headers.get("authorization", ""), form)):
            return _refusal(401, "invalid_client", {"WWW-Authenticate": "Basic"})
        if form.get("grant_type") != ["client_credentials"]:
            return _refusal(400, "unsupported_grant_type")
        answer = {"access_token": gate.issue(), "token_type": "Bearer", "expires_in": int(rules.token_seconds)}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def list_units(request: Request) -> Response:
        if not gate.admits(request.headers.get("authorization", "")):
            return _refusal(401, "invalid_token", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if wait := gate.seconds_to_wait():
            return _refusal(429, "too_many_requests", {"Retry-After": str(wait)})
        try:
            return JSONResponse(_page(units, request.query_params))
        except InvalidParameter as error:
            return JSONResponse({"error": "invalid_parameter", "parameter": error.parameter}, 400)

    return Starlette(
        routes=[
            Route("/oauth/token", give_token, methods=["POST"]),
            Route("/api/units", list_units, methods=["GET"]),
        ]
    )


@contextmanager
def serve_market(folder: Path, rules: MarketRules, port: int = 0) -> Iterator[str]:
    """Serve the units on loopback while the block runs; yields the base URL. Port 0 takes any free port.

    Raises `ServerFailed` if the server does not come up, `OSError` if the port is taken.
    """
    with serve(make_market_app(folder, rules), "market supervision", port) as base_url:
        yield base_url


def _refusal(status: int, error: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error}, status, headers)


def _credentials(header: str, form: dict[str, list[str]]) -> tuple[str, str]:
    """Client id and secret of the Basic header, or of the form if there is no header; empty texts if there are none."""
    if not header:
        return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
    scheme, _, packed = header.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    # RFC 6749, 2.3.1: both are form-encoded before they are joined.
    return (unquote_plus(client_id), unquote_plus(secret)) if scheme.lower() == "basic" else ("", "")


def _page(units: DatedRows, query: QueryParams) -> dict[str, Any]:
    refuse_unknown(query, _PARAMETERS)
    size = whole_number(query, "limit", LIMIT, LIMIT_MAX)
    rows = units.since(moment(query, "changedSince"))
    start = _place(query)
    end = start + size
    return {
        "data": rows[start:end],
        "nextCursor": base64.urlsafe_b64encode(f"unit {end}".encode()).decode() if end < len(rows) else None,
        "total": len(rows),
    }


def _place(query: QueryParams) -> int:
    """The place at which a cursor of ours goes on; 0 without one."""
    try:
        word, _, place = base64.b64decode(query.get("cursor", "dW5pdCAw"), b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidParameter("cursor") from None
    if word != "unit" or not (place.isascii() and place.isdigit() and len(place) <= 9):
        raise InvalidParameter("cursor")
    return int(place)
