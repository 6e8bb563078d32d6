"""Makes the HTML of a page from its template, and the headers that every page has.

Templates hold no text of their own: all words come from `wording/`. What runs in a page is in `page_scripts.py`.
Whatever is put into a template is escaped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from hub.console import departments
from hub.console.assets import Assets
from hub.console.mask_words import mask_in_words
from hub.console.page_scripts import EDITOR_PHRASES, NO_SCRIPT, policy_of, scripts_of
from hub.console.sessions.same_site import FIELD, form_token
from hub.console.visitor import Visitor
from hub.console.words import LANGUAGES, all_words

TEMPLATES: Final = Path(__file__).with_name("templates")
HEADERS: Final = {
    "Content-Security-Policy": NO_SCRIPT,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: under that a browser gives the Origin of a form as `null` (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # What `frame-ancestors` says, for browsers and scanners that do not read that.
    "X-Frame-Options": "DENY",
}


class Pages:
    """The templates of the console, with the words of each language; times are told in `zone`, and in UTC beside it."""

    def __init__(self, zone: dt.tzinfo, assets: Assets) -> None:
        self._zone, self._assets = zone, assets
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"asset": assets.url, "editor_phrases": EDITOR_PHRASES}
        filters = {"moment": self._moment, "written": self._written, "mask": mask_in_words}
        self._templates.filters.update(departments.FILTERS, **filters)
        all_words()  # a word that lacks a language is found when the hub starts

    def page(
        self, name: str, language: str, origin: str, here: str, visitor: Visitor | None, **content: Any
    ) -> Response:
        """The page of a template at the path `here` of `origin`, for a visitor if anybody is signed in."""
        frame: Mapping[str, Any] = {
            "words": all_words()[language],
            "language": language,
            "other_language": next(each for each in LANGUAGES if each != language),
            "visitor": visitor,
            "here": here,
            "scripts": scripts_of(name, self._assets),
            "form_token": form_field(visitor.held) if visitor else "",
        }
        text = self._templates.get_template(f"{name}.html").render({**frame, **content})
        policy = policy_of(name, self._assets, origin)
        headers = {**HEADERS, "Content-Security-Policy": policy, "Content-Language": language}
        return HTMLResponse(text, headers=headers)

    def _moment(self, seconds: int) -> Markup:
        """A moment in seconds since 1970, for a person."""
        return self._shown(dt.datetime.fromtimestamp(seconds, dt.UTC))

    def _written(self, time: str) -> Markup:
        """A moment as records write it (ISO 8601, UTC), for a person."""
        return self._shown(dt.datetime.fromisoformat(time))

    def told(self, time: str) -> tuple[str, str]:
        """A moment as records write it, in UTC (ISO 8601) and as it is told to a person."""
        return self._told(dt.datetime.fromisoformat(time))

    def _told(self, then: dt.datetime) -> tuple[str, str]:
        return f"{then.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}", then.astimezone(self._zone).isoformat(" ", "seconds")

    def _shown(self, then: dt.datetime) -> Markup:
        """The local time with its distance to UTC (`CST` is the name of several), and UTC where they point at it."""
        return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(*self._told(then))


def form_field(held: str) -> Markup:
    """What a form of the session has to bring that a browser holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token(held))
