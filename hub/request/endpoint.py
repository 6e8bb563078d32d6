"""Reads the HTTP request (stage 1), and composes and renders its response.

Only one well-formed GraphQL request over POST goes on to the next stage. Its head is read first; its body is received
and parsed only for a sender who is known. Bodies are JSON in UTF-8 by the strict reading of RFC 7493, never compressed,
and never held beyond the limit. Source: GraphQL over HTTP (graphql.github.io/graphql-over-http), without GET, batching
or multipart; statuses and media types are those of the two profiles in `answers/`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from audit.log import Receipt
from hub.errors import RULES, Code, HubError
from hub.home.settings import Settings
from hub.home.strict_json import NotStrict, loads
from hub.request.answers.headers import headers_of
from hub.request.answers.languages import message_in
from hub.request.answers.preferences import JSON, Preferences, Profile, preferences_of
from hub.request.answers.statuses import media_type_of, status_of
from hub.request.bindings.document_ids import document_id_of
from hub.request.bindings.sender_keys import Shown
from hub.request.floods import source_address

BODY_SECONDS = 10.0
MAX_LENGTH_DIGITS = 12
SMALL_BODY = 4_096
"""Bytes of a body that is parsed on the event loop, because that takes less than moving it to a thread."""
DPOP = "dpop"  # a header, and a scheme of `Authorization`
SINGLE_HEADERS = (
    "authorization",
    "access-purpose",
    "case-reference",
    "access-errors",
    "access-cost",
    DPOP,
    "content-type",
    "content-length",
)
BY_POST = (
    "send queries by POST, as JSON: they hold personal values, and a URL is kept in logs and caches. In urql set "
    "preferGetMethod: false; in Apollo Client leave useGETForQueries off; in graphql-request leave method at POST; in "
    "Relay fetch with method: POST"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One HTTP request as it arrived; its body is empty until its sender is known.

    `started` is monotonic nanoseconds; `fault` says why `body` is incomplete. `source` is where it came from, in the
    form of `floods.source_address`. `key_shown` is for what goes on under a proof that was checked at its start.
    """

    request_id: str
    received: dt.datetime
    started: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    fault: Code | None = None
    source: str = field(repr=False, default="")
    profile: Profile = "common"
    key_shown: bool = False

    @property
    def preferences(self) -> Preferences:
        """The form that its client wants the answer in."""
        return preferences_of(self.headers, self.profile)

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header, by its lower-case name."""
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body: enough to find out who asks."""

    purpose_header: str | None = field(repr=False)
    case_header: str | None = field(repr=False)
    bearer: str | None = field(repr=False)
    traceparent: str | None = field(repr=False, default=None)
    shown: Shown | None = None
    """What it shows of a key, if it is sent with the scheme DPoP."""


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request; nothing in it is verified yet."""

    arrival: Arrival
    query: str = field(repr=False)
    operation_name: str | None = field(repr=False)
    variables: Mapping[str, Any] = field(repr=False)
    purpose_header: str | None = field(repr=False)
    case_header: str | None = field(repr=False)
    bearer: str | None = field(repr=False)
    document_id: str | None = field(default=None, repr=False)
    """The id of the document, if the request names one; `query` is empty then, until it is found."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is serialised, except for the receipt of its audit record."""

    status: int
    code: str
    content: bytes = field(repr=False)
    media_type: str
    request_id: str
    policy_version: str | None
    preferences: Preferences
    challenge: bool = False
    retry_after: int | None = None
    access: Mapping[str, Any] | None = None
    """What the answer hides, by coordinate."""


def arrive(incoming: HttpRequest, profile: Profile = "common") -> Arrival:
    """A request whose head has arrived; nothing of its body has been read."""
    started = time.monotonic_ns()
    received = dt.datetime.now(dt.UTC)
    headers = tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in incoming.headers.raw)
    source = source_address(incoming.client.host) if incoming.client else ""
    path = incoming.scope["path"]
    request_id = secrets.token_hex(16)
    return Arrival(request_id, received, started, incoming.method, path, headers, source=source, profile=profile)


async def receive_body(arrival: Arrival, incoming: HttpRequest, limit: int) -> Arrival:
    """The arrival with its body: at most `limit` bytes, within ten seconds."""
    body, fault = await _body(incoming, limit)
    return replace(arrival, body=body, fault=fault)


async def _body(incoming: HttpRequest, limit: int) -> tuple[bytes, Code | None]:
    kept = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in incoming.stream():
                kept += chunk[: limit + 1 - len(kept)]
                if len(kept) > limit:
                    return bytes(kept[:limit]), Code.TOO_LARGE
    except ClientDisconnect:
        return bytes(kept), Code.CLIENT_GONE
    except TimeoutError:
        return bytes(kept), Code.BAD_REQUEST
    return bytes(kept), None


def read_head(arrival: Arrival, settings: Settings) -> Head:
    """What an arrival says before its body.

    Raises HubError: METHOD, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, NOT_ACCEPTABLE or BAD_REQUEST.
    """
    if arrival.method != "POST":
        raise HubError(Code.METHOD, BY_POST)
    check_headers(arrival, settings.body_limit)
    _check_media(arrival)
    _check_preferences(arrival.preferences)
    return head_of(arrival)


def _check_preferences(preferences: Preferences) -> None:
    if not preferences.acceptable:
        raise HubError(Code.NOT_ACCEPTABLE, "answers are application/graphql-response+json or application/json")
    if not preferences.understood:
        raise _bad("the header Access-Errors takes list or none, and Access-Cost takes tell or none")


def check_headers(arrival: Arrival, limit: int) -> None:
    """Refuse headers that contradict each other, and a body of more than `limit` bytes or compressed."""
    for name in SINGLE_HEADERS:
        if len(arrival.header(name)) > 1:
            raise _bad(f"the header {name} appears more than once; send it once")
    length = _one(arrival, "content-length") or ""
    if length.isdecimal() and (len(length) > MAX_LENGTH_DIGITS or int(length) > limit):
        raise too_large(limit)
    if any(value.strip().lower() != "identity" for value in arrival.header("content-encoding")):
        raise HubError(Code.UNSUPPORTED_MEDIA_TYPE, "send the body uncompressed")


def head_of(arrival: Arrival) -> Head:
    """What the headers of an arrival say of who asks, and for what."""
    return Head(
        purpose_header=_one(arrival, "access-purpose"),
        case_header=_one(arrival, "case-reference"),
        bearer=_token(_one(arrival, "authorization")),
        shown=_shown(arrival),
        traceparent=_one(arrival, "traceparent") if len(arrival.header("traceparent")) == 1 else None,
    )


def read(arrival: Arrival, settings: Settings) -> Request:
    """The request of an arrival whose body is at hand; raises what `read_head` and `read_body` raise."""
    return read_body(arrival, read_head(arrival, settings), settings)


def read_body(arrival: Arrival, head: Head, settings: Settings) -> Request:
    """The request that an arrival carries, once it has its body.

    Raises HubError: TOO_LARGE, BATCHING_DISABLED, CLIENT_GONE or BAD_REQUEST.
    """
    check_complete(arrival, settings.body_limit)
    members = _members(arrival.body)
    document_id = document_id_of(members)
    return Request(
        arrival,
        query=_query(members) if document_id is None else "",
        operation_name=_operation_name(members),
        variables=_variables(members),
        purpose_header=head.purpose_header,
        case_header=head.case_header,
        bearer=head.bearer,
        document_id=document_id,
    )


def check_complete(arrival: Arrival, limit: int) -> None:
    """Refuse a body that did not arrive as a whole; raises TOO_LARGE, CLIENT_GONE or BAD_REQUEST."""
    if arrival.fault is Code.TOO_LARGE:
        raise too_large(limit)
    if arrival.fault is Code.CLIENT_GONE:
        raise client_gone()
    if arrival.fault is not None:
        text = "the body did not arrive completely; send the request again"
        raise HubError(Code.BAD_REQUEST, text, strict_status=408)


def _check_media(arrival: Arrival) -> None:
    kind, *parameters = [part.strip().lower() for part in (_one(arrival, "content-type") or "").split(";")]
    if kind != JSON or any(part not in {"charset=utf-8", 'charset="utf-8"'} for part in parameters):
        raise HubError(Code.UNSUPPORTED_MEDIA_TYPE, f"send the body as {JSON} in UTF-8")


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        members = loads(body)
    except NotStrict as wrong:
        raise HubError(Code.BAD_REQUEST, f"the body cannot be read: {wrong}", strict_status=400) from None
    if isinstance(members, list):
        raise HubError(
            Code.BATCHING_DISABLED, "one request carries one operation; send the operations of an array one by one"
        )
    if not isinstance(members, dict):
        raise _bad("the body must be an object with a `query`")
    extensions = members.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise _bad("`extensions` must be an object; what is in it is ignored")
    return members


def _query(members: Mapping[str, Any]) -> str:
    text = members.get("query")
    if not isinstance(text, str) or not text.strip():
        raise _bad("`query` must be the text of a GraphQL document, or `documentId` the id of a registered one")
    return text


def _operation_name(members: Mapping[str, Any]) -> str | None:
    name = members.get("operationName")
    if name is not None and not isinstance(name, str):
        raise _bad("`operationName` must be a string")
    return name


def _variables(members: Mapping[str, Any]) -> Mapping[str, Any]:
    variables = members.get("variables")
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        raise _bad("`variables` must be an object")
    return variables


def _one(arrival: Arrival, name: str) -> str | None:
    return next(iter(arrival.header(name)), None)


def _token(value: str | None) -> str | None:
    scheme, _, token = (value or "").partition(" ")
    return token if scheme.lower() in {"bearer", DPOP} and token else None


def _shown(arrival: Arrival) -> Shown | None:
    scheme = (_one(arrival, "authorization") or "").partition(" ")[0]
    shown = Shown(_one(arrival, DPOP), arrival.method, arrival.path, arrival.key_shown)
    return shown if scheme.lower() == DPOP else None


def too_large(limit: int) -> HubError:
    """The refusal of a body of more than `limit` bytes."""
    return HubError(Code.TOO_LARGE, f"the body is larger than {limit} bytes; ask for less in one request")


def _bad(message: str) -> HubError:
    return HubError(Code.BAD_REQUEST, message)


def client_gone() -> HubError:
    """The refusal of a request whose client closed the connection; it is seen in the log only."""
    return HubError(Code.CLIENT_GONE, "the client closed the connection before it was answered")


def compose(
    arrival: Arrival,
    policy_version: str | None,
    data: Mapping[str, Any] | None,
    errors: tuple[HubError, ...],
    access: Mapping[str, Any] | None = None,
) -> Reply:
    """Serialise an answer; if one of the errors allows no partial data, the answer holds no data.

    `access` tells what the data hides.
    """
    preferences = arrival.preferences
    blocking = next((each for each in errors if not RULES[each.code].partial_data), None)
    members: dict[str, Any] = {} if blocking is not None else {"data": data}
    if errors:
        told = _listed(errors, blocking)
        language = preferences.language
        members["errors"] = [_error(each, arrival.request_id, policy_version, language) for each in told]
    code = blocking.code if blocking is not None else None
    status = status_of(errors, blocking, preferences)
    return Reply(
        status=status,
        code=str(code or "OK"),
        content=orjson.dumps(members),
        media_type=media_type_of(status, preferences),
        request_id=arrival.request_id,
        policy_version=policy_version,
        preferences=preferences,
        challenge=code is Code.UNAUTHENTICATED,
        retry_after=blocking.retry_after if blocking is not None else None,
        access=access if blocking is None else None,
    )


def _listed(errors: tuple[HubError, ...], blocking: HubError | None) -> Iterator[HubError]:
    # Beside a blocking error nothing else is listed: errors of partial data, without that data, would confuse.
    for each in errors if blocking is None else (blocking,):
        yield each
        yield from each.also


def _error(error: HubError, request_id: str, policy_version: str | None, language: str | None) -> dict[str, Any]:
    extensions: dict[str, Any] = {
        "code": str(error.code),
        "policyVersion": policy_version,
        "requestId": request_id,
    }
    if error.access is not None:
        extensions["access"] = dict(error.access)
    members: dict[str, Any] = {"message": message_in(language, error), "extensions": extensions}
    if error.path:
        members["path"] = list(error.path)
    if error.locations:
        members["locations"] = [{"line": line, "column": column} for line, column in error.locations]
    return members


def render(
    reply: Reply,
    catalogue_version: str,
    log: str,
    receipt: Receipt | None,
    limits: Mapping[str, str] | None = None,
    cost: Mapping[str, int] | None = None,
) -> Response:
    """The HTTP response: the composed answer, with the receipt of its record in the log of the name `log`.

    `limits` are headers that tell what its sender has left, `cost` is what it cost, where that is asked.
    """
    extensions: dict[str, Any] = {
        "policyVersion": reply.policy_version,
        "catalogueVersion": catalogue_version,
        "requestId": reply.request_id,
    }
    if reply.access is not None:
        extensions["access"] = reply.access
    if cost is not None:
        extensions["cost"] = cost
    if receipt is not None:
        extensions["receipt"] = {"log": log, "index": receipt.index, "leafHash": receipt.leaf_hash}
    joined = b"".join((reply.content[:-1], b',"extensions":', orjson.dumps(extensions), b"}"))
    headers = headers_of(reply.preferences, reply.code, challenge=reply.challenge, retry_after=reply.retry_after)
    return Response(joined, reply.status, {**headers, **(limits or {})}, reply.media_type)
