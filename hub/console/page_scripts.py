"""Which scripts a page has, by its template, and the Content-Security-Policy that lets those run and no other.

Every other page has none: its policy allows no script at all. A script is one file of `files/`, at its own address,
with its hash in the page; nothing runs that stands in a page, nothing makes code of text, and no text becomes markup
(Trusted Types without a policy). A page works without its scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.console.assets import Assets


@dataclass(frozen=True, slots=True)
class Needs:
    """The names of a page's scripts, and the paths at this hub that they may ask."""

    scripts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


NOTHING: Final = Needs()
NO_SCRIPT: Final = "; ".join(
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
"""What every page and every other answer says, whatever else it allows."""
NEEDS: Final[Mapping[str, Needs]] = {
    "dev_query": Needs(("editor.js",)),
    "edit": Needs(("editor.js",)),
    "live": Needs(("live.js",), ("/console/log/live",)),
}
"""By template."""

EDITOR_PHRASES: Final = {
    "Find": "editor_say_find",
    "Replace": "editor_say_replace_with",
    "next": "editor_say_next",
    "previous": "editor_say_previous",
    "all": "editor_say_all",
    "match case": "editor_say_case",
    "regexp": "editor_say_regexp",
    "by word": "editor_say_word",
    "replace": "editor_say_replace",
    "replace all": "editor_say_replace_all",
    "close": "editor_say_close",
    "current match": "editor_say_current",
    "on line": "editor_say_line",
    "Go to line": "editor_say_go_to",
    "go": "editor_say_go",
    "Diagnostics": "editor_say_problems",
    "No diagnostics": "editor_say_no_problems",
    "Completions": "editor_say_completions",
    "folded code": "editor_say_folded",
    "unfold": "editor_say_unfold",
    "Fold line": "editor_say_fold_line",
    "Unfold line": "editor_say_unfold_line",
    "replaced $ matches": "editor_say_replaced",
    "Control character": "editor_say_sign",
}
"""The words that the editor says itself, by the key under which pages give it others."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script as a page names it."""

    url: str
    integrity: str


def scripts_of(template: str, assets: Assets) -> Sequence[Script]:
    """The scripts of the page of a template, in the order in which they run."""
    return [Script(assets.url(name), assets.integrity(name)) for name in NEEDS.get(template, NOTHING).scripts]


def policy_of(template: str, assets: Assets, origin: str) -> str:
    """The Content-Security-Policy of the page of a template; `origin` is the address of the hub that was asked."""
    needs = NEEDS.get(template, NOTHING)
    runs = [origin + assets.url(name) for name in needs.scripts]
    asks = [origin + path for path in needs.asks]
    runs_and_asks = [f"{what} {' '.join(each)}" for what, each in (("script-src", runs), ("connect-src", asks)) if each]
    return "; ".join((*runs_and_asks, NO_SCRIPT))
