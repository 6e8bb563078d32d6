"""The menu of the console: the pages that a visitor may open, by theme, and where among them they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

THEMES: Final = {
    "policy": ("matrix", "rule_list", "versions", "review_preview", "review_why"),
    "waiting": ("rule_todo", "ask_queue", "obj_queue"),
    "log": ("log", "whole"),
    "oversight": ("over_person", "over_unusual", "over_review", "over_balance"),
    "data": ("dev_catalogue", "dev_query", "dev_operations", "ask_mine"),
    "operation": ("ops_sources", "ops_health", "ops_settings"),
    "own": ("sessions",),
}
"""Each theme with the words of its pages, in the order in which they stand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu, by its address and its word."""

    path: str
    word: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Pages that belong together; `here` if the page that is shown is one of them, or lies below one."""

    word: str
    entries: tuple[Entry, ...]
    here: bool


def menu_of(paths: Mapping[str, str], here: str) -> tuple[Theme, ...]:
    """The themes that have any of these pages (their paths by their words), for whoever is at the path `here`."""
    filled = {
        theme: tuple(Entry(paths[word], word) for word in words if word in paths) for theme, words in THEMES.items()
    }
    nearest = max(paths.values(), key=lambda path: _shared(path, here), default="")
    return tuple(
        Theme(f"menu_{theme}", entries, _shared(nearest, here) > 0 and nearest in [each.path for each in entries])
        for theme, entries in filled.items()
        if entries
    )


def _shared(path: str, here: str) -> int:
    """How near two addresses are: two for each step below the first page in common, one more if they are the same."""
    steps, others = (each.split("/")[2:] for each in (path, here))
    same = 0
    for step, other in zip(steps, others, strict=False):
        if step != other:
            break
        same += 1
    return 2 * same + (path == here)
