"""What a request brings to the console: where it was sent, in which language, and what the browser holds.

Cookies are `__Host-` cookies (RFC 6265bis): of this host alone, over TLS or on this machine, and unreadable to scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from hub.console.refusals import PageRefused
from hub.console.sessions.same_site import FIELD
from hub.console.words import LANGUAGES
from hub.request.answers.preferences import preferences_of

FORM: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 2_000
"""Fields of a form: the rule of a policy that names ten types has some four hundred."""
LANGUAGE: Final = "language"
"""What an address or a form says beside its own words, to be answered in another language from now on."""
READ_BY: Final = ("GET", "HEAD")
"""The methods by which a page is read."""


class Cookie(StrEnum):
    """The cookies of the console."""

    SESSION = "__Host-sluicegate-session"
    BEGUN = "__Host-sluicegate-begun"
    RESIDENT = "__Host-sluicegate-resident"
    RESIDENT_BEGUN = "__Host-sluicegate-resident-begun"
    LANGUAGE = "__Host-sluicegate-language"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: `origin` is the address of this hub that it was sent to, such as `https://hub.example`."""

    request: Request
    origin: str
    language: str
    reread: Mapping[str, str] | None = None
    """The form by which its answer is read again in another language; None if there is none."""

    @property
    def path(self) -> str:
        """The path that was asked."""
        return str(self.request.scope["path"])

    @property
    def asked_by_script(self) -> bool:
        """Whether a script of a page asks, for JSON: what it asks is no use of the session by its person."""
        return self.request.headers.get("accept") == "application/json"

    @property
    def asked_again(self) -> str:
        """The query of a page without the language, for a link to it."""
        kept = [(name, text) for name, text in self.request.query_params.multi_items() if name != LANGUAGE]
        return urlencode(kept)

    def held(self, cookie: Cookie) -> str:
        """What the browser holds in a cookie; empty if nothing, or if it is sent twice.

        There is one `__Host-` cookie of a name; another that reads alike was slipped in by somebody else.
        """
        return held_in(self.request, cookie)


def with_form(
    arrival: Arrival, again: Callable[[Mapping[str, str]], Mapping[str, str]] | None, form: Mapping[str, str]
) -> tuple[Arrival, str]:
    """An arrival with the form by which its answer is read again, and the language that the form chooses, if any."""
    own = {name: text for name, text in form.items() if name not in {LANGUAGE, FIELD}}
    chosen = form.get(LANGUAGE, "")
    chosen = chosen if chosen in LANGUAGES else ""
    reread = None if again is None else again(own)
    return replace(arrival, language=chosen or arrival.language, reread=reread), chosen


def held_in(request: Request, cookie: Cookie) -> str:
    """What a request holds in a cookie; see Arrival.held."""
    pieces = [piece for line in request.headers.getlist("cookie") for piece in line.split(";")]
    found = [text for piece in pieces for name, text in cookie_parser(piece).items() if name == cookie]
    return found[0] if len(found) == 1 else ""


def language_of(request: Request) -> str:
    """The language that was chosen, else the browser's, else Chinese."""
    chosen = held_in(request, Cookie.LANGUAGE)
    if chosen in LANGUAGES:
        return chosen
    accepted = [("accept-language", request.headers.get("accept-language", ""))]
    return preferences_of(accepted, "common").language or LANGUAGES[0]


def origin_of(request: Request, addresses: Sequence[str], named: bool) -> str | None:
    """The address of the hub that a request was sent to, None if it is not one of them.

    `named` says that the settings name the one address; whatever stands before the hub may then ask it by another.
    """
    origins = [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)]
    if named:
        return origins[0]
    asked = request.headers.get("host", "").lower()
    return next((origin for origin in origins if urlsplit(origin).netloc == asked), None)


async def form_of(request: Request, limit: int) -> Mapping[str, str]:
    """The fields of a form, none of an empty one; PageRefused if it has more bytes, is none, or has a field twice."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise PageRefused("form")
    if not body:
        return {}
    try:
        fields = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise PageRefused("form") from None
    if kind != FORM or len({name for name, _ in fields}) != len(fields):
        raise PageRefused("form")
    return dict(fields)


def hold(response: Response, cookie: Cookie, value: str, seconds: int | None = None) -> None:
    """Have the browser hold a value, for some seconds or until it is closed."""
    response.set_cookie(cookie, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def forget(response: Response, cookie: Cookie) -> None:
    """Have the browser hold a cookie no more."""
    response.delete_cookie(cookie, path="/", secure=True, httponly=True, samesite="lax")
