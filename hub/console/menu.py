"""The menu of the console: the pages that a visitor may open, by theme, and where among them they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from policies.stewards import Role

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
FIRST: Final = {
    Role.AUDITOR: ("log", "oversight"),
    Role.DEVELOPER: ("data",),
    Role.OPERATOR: ("operation",),
}
"""The themes that are the work of a role: they stand first for whoever has it and is no steward."""


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


def menu_of(paths: Mapping[str, str], here: str, roles: Collection[Role] = ()) -> tuple[Theme, ...]:
    """The themes that have any of these pages (their paths by their words), for whoever is at the path `here`.

    What is the work of their `roles` stands first.
    """
    filled = {
        theme: tuple(Entry(paths[word], word) for word in words if word in paths) for theme, words in _ordered(roles)
    }
    nearest = max(paths.values(), key=lambda path: _shared(path, here), default="")
    return tuple(
        Theme(f"menu_{theme}", entries, _shared(nearest, here) > 0 and nearest in [each.path for each in entries])
        for theme, entries in filled.items()
        if entries
    )


def _ordered(roles: Collection[Role]) -> list[tuple[str, tuple[str, ...]]]:
    """The themes with their words, those of the roles first; a steward's order is that of THEMES."""
    first = (
        []
        if Role.STEWARD in roles
        else [theme for role, of_role in FIRST.items() if role in roles for theme in of_role]
    )
    return sorted(THEMES.items(), key=lambda each: first.index(each[0]) if each[0] in first else len(first))


def _shared(path: str, here: str) -> int:
    """How near two addresses are: two for each step below the first page in common, one more if they are the same."""
    steps, others = (each.split("/")[2:] for each in (path, here))
    same = 0
    for step, other in zip(steps, others, strict=False):
        if step != other:
            break
        same += 1
    return 2 * same + (path == here)
