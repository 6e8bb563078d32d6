"""Makes the HTML of a page from its template, and the headers that every page has.

Templates hold no text of their own: all words come from `wording/`. Nothing runs in a page, so its
Content-Security-Policy allows no script at all. Whatever is put into a template is escaped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from hub.auditor.record_tables import act_of
from hub.console.assets import Assets
from hub.console.sessions.same_site import FIELD, form_token
from hub.console.visitor import Visitor
from hub.console.words import LANGUAGES, all_words

TEMPLATES: Final = Path(__file__).with_name("templates")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: under that a browser gives the Origin of a form as `null` (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """The templates of the console, with the words of each language; times are told in `zone`, and in UTC beside it."""

    def __init__(self, zone: dt.tzinfo, assets: Assets) -> None:
        self._zone = zone
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = assets.url
        self._templates.filters.update(moment=self._moment, written=self._written, what=act_of)
        all_words()  # a word that lacks a language is found when the hub starts

    def page(self, name: str, language: str, here: str, visitor: Visitor | None, **content: Any) -> Response:
        """The page of a template at the path `here`, for a visitor if anybody is signed in."""
        frame: Mapping[str, Any] = {
            "words": all_words()[language],
            "language": language,
            "other_language": next(each for each in LANGUAGES if each != language),
            "visitor": visitor,
            "here": here,
            "form_token": form_field(visitor.held) if visitor else "",
        }
        text = self._templates.get_template(f"{name}.html").render({**frame, **content})
        return HTMLResponse(text, headers={**HEADERS, "Content-Language": language})

    def _moment(self, seconds: int) -> Markup:
        """A moment in seconds since 1970, for a person."""
        return self._shown(dt.datetime.fromtimestamp(seconds, dt.UTC))

    def _written(self, time: str) -> Markup:
        """A moment as records write it (ISO 8601, UTC), for a person."""
        return self._shown(dt.datetime.fromisoformat(time))

    def _shown(self, then: dt.datetime) -> Markup:
        """The local time with its distance to UTC (`CST` is the name of several), and UTC where they point at it."""
        local, utc = then.astimezone(self._zone), f"{then:%Y-%m-%dT%H:%M:%SZ}"
        return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(utc, local.isoformat(" ", "seconds"))


def form_field(held: str) -> Markup:
    """What a form of the session has to bring that a browser holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token(held))
